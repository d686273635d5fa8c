#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <tyto/analysis.hpp>
#include <tyto/analysis_tools.hpp>
#include <tyto/error.hpp>
#include <tyto/math.hpp>
#include <tyto/plugin.hpp>

namespace {

/// Frequency and amplitude of a vector that goes round in a plane: the frequency is the slope of its angle by least
/// squares.
class Oscillation final : public tyto::Analysis {
 public:
  std::string probe;
  double from_s = 0;

  static auto parameters() {
    return tyto::parameters<Oscillation>("Frequency and amplitude of a decoded oscillation in two dimensions")
        .text("probe", &Oscillation::probe, "", "the probe that recorded the two values")
        .required()
        .time("from", &Oscillation::from_s, "0 s", "samples before this are left out")
        .compared(tyto::StepRole::before_end)
        .non_negative();
  }

  void check(const tyto::Model& model) const override {
    const tyto::ModelProbe& found = model.probes[tyto::probe_index(model, probe)];
    if (found.channels != 2) throw tyto::Error("the probe '" + probe + "' must have two channels");
  }

  void run(const tyto::FinishedRun& run, tyto::Table& table) const override {
    const auto data = run.probe(probe);
    std::vector<double> times, angles;
    double amplitude = 0, turns = 0, before = 0;
    for (std::size_t i = 0; i < data.time_s.size(); ++i) {
      if (data.time_s[i] < from_s) continue;
      const double x = data.values[2 * i], y = data.values[2 * i + 1];
      const double angle = tyto::atan2(y, x) / (2 * std::numbers::pi);
      if (!times.empty()) turns -= std::round(angle - before);
      before = angle;
      times.push_back(data.time_s[i]);
      angles.push_back(angle + turns);
      amplitude += std::sqrt(x * x + y * y);
    }
    if (times.size() < 2) throw tyto::Error("the probe '" + probe + "' has too few samples in that time");
    double mean_time = 0, mean_angle = 0, products = 0, squares = 0;
    const auto n = static_cast<double>(times.size());
    for (std::size_t i = 0; i < times.size(); ++i) {
      mean_time += times[i] / n;
      mean_angle += angles[i] / n;
    }
    for (std::size_t i = 0; i < times.size(); ++i) {
      products += (times[i] - mean_time) * (angles[i] - mean_angle);
      squares += (times[i] - mean_time) * (times[i] - mean_time);
    }
    table.variable("frequency", {}, std::vector{std::abs(products / squares)}, "Hz", "turns a second")
        .nan_means("a vector without length");
    table.variable("amplitude", {}, std::vector{amplitude / n}, "1", "mean length of the vector");
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<Oscillation>("oscillation", {tyto::capability::simulation}); }

#include <cmath>
#include <string>
#include <vector>

#include <tyto/analysis.hpp>
#include <tyto/analysis_tools.hpp>
#include <tyto/error.hpp>
#include <tyto/plugin.hpp>

namespace {

/// The rates that were measured while an ensemble's input moved, beside the tuning curves that solvers believe in.
/// Where the input moves slowly beside the time between spikes, they are the same.
class ResponseCurves final : public tyto::Analysis {
 public:
  std::string spikes;
  std::string input;
  int bins = 20;
  double from_s = 0;

  static auto parameters() {
    constexpr double most_bins = 1e4;
    return tyto::parameters<ResponseCurves>(
               "Measured response curves: the rate of each neuron against what its ensemble was given, seen along the "
               "neuron's encoder, and the rate that its tuning curve promises there")
        .text("spikes", &ResponseCurves::spikes, "", "the probe {of: ensemble, what: output}, sampled in every step")
        .required()
        .text("input", &ResponseCurves::input, "", "the probe {of: ensemble, what: input}, sampled in every step")
        .required()
        .integer("bins", &ResponseCurves::bins, "20", "bins of encoder . x / radius, from -1 to 1")
        .range(1, most_bins)
        .time("from", &ResponseCurves::from_s, "0 s", "samples before this are left out")
        .compared(tyto::StepRole::before_end)
        .non_negative();
  }

  void check(const tyto::Model& model) const override {
    using What = tyto::ModelProbe::What;
    const auto& of_spikes = model.probes[tyto::probe_index(model, spikes)];
    const auto& of_input = model.probes[tyto::probe_index(model, input)];
    if (of_spikes.what != What::output || of_input.what != What::input || of_spikes.layer != of_input.layer ||
        !model.layers[of_spikes.layer].ensemble)
      throw tyto::Error("'" + spikes + "' and '" + input + "' have to be the output and the input of one ensemble");
    if (of_spikes.every_steps != 1 || of_input.every_steps != 1)
      throw tyto::Error("'" + spikes + "' and '" + input + "' have to be sampled in every step");
  }

  void run(const tyto::FinishedRun& run, tyto::Table& table) const override {
    const tyto::Model& model = run.model();
    const std::size_t layer = model.probes[tyto::probe_index(model, spikes)].layer;
    const auto tuning = run.tuning(layer);
    const auto encoders = run.array(tyto::array_path(model.layers[layer], "encoders"));
    const auto output = run.probe(spikes), x = run.probe(input);
    const double scale = model.layers[layer].spiking ? 1 / model.input.dt_s : 1.0;
    const std::size_t n = tuning->neurons(), d = tuning->dimensions();
    const tyto::Bins places(-1, 1, static_cast<std::size_t>(bins));
    std::vector<tyto::Moments> measured(places.size() * n), promised(places.size() * n);
    std::vector<double> rates(n);
    for (std::size_t sample = 0; sample < output.time_s.size(); ++sample) {
      if (output.time_s[sample] < from_s) continue;
      const auto point = std::span(x.values).subspan(sample * d, d);
      tuning->rates_hz(point, rates);
      for (std::size_t i = 0; i < n; ++i) {
        double along = 0;
        for (std::size_t k = 0; k < d; ++k) along += encoders[i * d + k] * point[k] / tuning->radius();
        const auto bin = places.find(along);
        if (!bin) continue;
        measured[*bin * n + i].add(output.values[sample * n + i] * scale);
        promised[*bin * n + i].add(rates[i]);
      }
    }
    write(places, model.layers[layer].name + "_neuron", measured, promised, table);
  }

 private:
  static void write(const tyto::Bins& places, const std::string& neuron, const std::vector<tyto::Moments>& measured,
                    const std::vector<tyto::Moments>& promised, tyto::Table& table) {
    std::vector<double> rate, tuned;
    std::vector<std::int64_t> samples;
    double squares = 0, count = 0;
    for (std::size_t cell = 0; cell < measured.size(); ++cell) {
      rate.push_back(measured[cell].mean());
      tuned.push_back(promised[cell].mean());
      samples.push_back(static_cast<std::int64_t>(measured[cell].count()));
      if (measured[cell].count() == 0) continue;
      const auto weight = static_cast<double>(measured[cell].count());
      squares += weight * (rate.back() - tuned.back()) * (rate.back() - tuned.back());
      count += weight;
    }
    table
        .variable("rms_difference", {}, std::vector{count > 0 ? std::sqrt(squares / count) : NAN}, "Hz",
                  "root mean square difference of measured and promised rates over all samples")
        .nan_means("inputs that never were");
    table.axis("along_encoder", places.centres(), "1", "centre of the bin of encoder . x / radius");
    table.axis(neuron, tyto::numbered(measured.size() / places.size()), "1", "index of the neuron");
    table.variable("rate", {"along_encoder", neuron}, std::move(rate), "Hz", "measured rate; none where x never was")
        .nan_means("inputs that never were");
    table
        .variable("tuning", {"along_encoder", neuron}, std::move(tuned), "Hz",
                  "mean rate that the tuning curve gives for the same samples")
        .nan_means("inputs that never were");
    table.variable("samples", {"along_encoder", neuron}, std::move(samples), "1", "steps in the bin");
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<ResponseCurves>("response_curves", {tyto::capability::simulation}); }

#include <string>
#include <vector>

#include <tyto/analysis.hpp>
#include <tyto/analysis_tools.hpp>
#include <tyto/error.hpp>
#include <tyto/plugin.hpp>

namespace {

/// How neurons answer along each axis of what their ensemble represents, the other dimensions being 0.
class EnsembleCurves final : public tyto::Analysis {
 public:
  std::string layer;
  int points = 101;

  static auto parameters() {
    constexpr double most_points = 1e5;
    return tyto::parameters<EnsembleCurves>("Tuning curves of an ensemble's neurons and the currents that go with them")
        .text("layer", &EnsembleCurves::layer, "", "the ensemble")
        .required()
        .integer("points", &EnsembleCurves::points, "101", "places along each axis")
        .range(2, most_points);
  }

  void check(const tyto::Model& model) const override {
    if (!model.layers[tyto::layer_index(model, layer)].ensemble)
      throw tyto::Error("layer '" + layer + "' is no ensemble");
  }

  void run(const tyto::FinishedRun& run, tyto::Table& table) const override {
    const auto tuning = run.tuning(tyto::layer_index(run.model(), layer));
    const std::size_t n = tuning->neurons(), d = tuning->dimensions();
    const auto count = static_cast<std::size_t>(points);
    std::vector<double> places, rates, currents, one(n);
    for (std::size_t k = 0; k < d; ++k)
      for (std::size_t p = 0; p < count; ++p) {
        std::vector<double> x(d, 0.0);
        x[k] = tuning->radius() * (2 * static_cast<double>(p) / static_cast<double>(count - 1) - 1);
        if (k == 0) places.push_back(x[k]);
        tuning->rates_hz(x, one);
        rates.insert(rates.end(), one.begin(), one.end());
        tuning->currents(x, one);
        currents.insert(currents.end(), one.begin(), one.end());
      }
    const std::string dimension = layer + "_dimension", neuron = layer + "_neuron";
    table.axis(dimension, tyto::numbered(d), "1", "axis of what is represented");
    table.axis("x", places, "1", "place along the axis");
    table.axis(neuron, tyto::numbered(n), "1", "index of the neuron");
    table.variable("rate", {dimension, "x", neuron}, std::move(rates), "Hz", "rate of the neuron");
    table.variable("current", {dimension, "x", neuron}, std::move(currents), "1", "current of the neuron");
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<EnsembleCurves>("ensemble_curves", {tyto::capability::simulation}); }

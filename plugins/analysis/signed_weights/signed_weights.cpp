#include <string>
#include <vector>

#include <tyto/analysis.hpp>
#include <tyto/analysis_tools.hpp>
#include <tyto/dale.hpp>
#include <tyto/error.hpp>
#include <tyto/plugin.hpp>

namespace {

/// Weights of a connection by their sign.
class SignedWeights final : public tyto::Analysis {
 public:
  std::string layer;

  static auto parameters() {
    return tyto::parameters<SignedWeights>("How many weights excite and inhibit, and whether Dale's law is kept")
        .text("layer", &SignedWeights::layer, "", "the layer that the weights reach")
        .required();
  }

  void check(const tyto::Model& model, const tyto::Objective&) const override { check(model); }
  void check(const tyto::Model& model) const override {
    for (const auto& array : tyto::ArrayTable(model))
      if (is_meant(array, model)) return;
    throw tyto::Error("layer '" + layer + "' has no weights");
  }

  void run(const tyto::FinishedRun& run, tyto::Table& table) const override {
    std::vector<std::string> names;
    std::vector<std::int64_t> excitatory, inhibitory, zero, neurons_of_both, violations;
    for (const auto& array : tyto::ArrayTable(run.model())) {
      if (!is_meant(array, run.model())) continue;
      const auto values = run.array(array.path());
      names.push_back(array.path());
      std::int64_t above = 0, below = 0, both = 0;
      const std::size_t columns = array.info.shape[1];
      for (std::size_t row = 0; row < array.info.shape[0]; ++row) {
        std::int64_t up = 0, down = 0;
        for (std::size_t k = 0; k < columns; ++k) {
          up += values[row * columns + k] > 0 ? 1 : 0;
          down += values[row * columns + k] < 0 ? 1 : 0;
        }
        above += up;
        below += down;
        both += up > 0 && down > 0 ? 1 : 0;
      }
      excitatory.push_back(above);
      inhibitory.push_back(below);
      zero.push_back(static_cast<std::int64_t>(values.size()) - above - below);
      neurons_of_both.push_back(both);
      violations.push_back(broken(run, array, values));
    }
    table.axis("array", names, "", "the array of weights");
    table.variable("excitatory", {"array"}, excitatory, "1", "weights above 0");
    table.variable("inhibitory", {"array"}, inhibitory, "1", "weights below 0");
    table.variable("zero", {"array"}, zero, "1", "weights of 0");
    table.variable("mixed_neurons", {"array"}, neurons_of_both, "1", "neurons that both excite and inhibit");
    table.variable("violations", {"array"}, violations, "1",
                   "weights that have not the sign of their neuron, where Dale's law holds; -1 where it does not");
  }

 private:
  [[nodiscard]] bool is_meant(const tyto::NetworkArray& array, const tyto::Model& model) const {
    return array.owner == tyto::NetworkArray::Owner::connection && model.layers[array.index].name == layer &&
           array.info.trainable && array.info.shape.size() == 2;
  }

  static std::int64_t broken(const tyto::FinishedRun& run, const tyto::NetworkArray& array,
                             const std::vector<double>& values) {
    if (array.info.companion != "sign") return -1;
    return static_cast<std::int64_t>(
        tyto::sign_violations(values, run.array(array.group + "/" + array.info.companion)));
  }
};

}  // namespace

TYTO_PLUGIN(registrar) {
  registrar.add<SignedWeights>("signed_weights", {tyto::capability::simulation, tyto::capability::trials});
}

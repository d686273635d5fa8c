/// Ablation: what each hidden neuron is worth, silent neurons, and the gap between training and test trials.

#include <algorithm>
#include <cmath>

#include <tyto/analysis.hpp>
#include <tyto/analysis_tools.hpp>
#include <tyto/error.hpp>
#include <tyto/metrics.hpp>
#include <tyto/plugin.hpp>

namespace {

/// Whether a transform passes on each channel by itself, as far as its size tells.
bool keeps_channels(const tyto::ModelLayer& layer, std::size_t size) { return layer.transform && layer.size == size; }

/// Paths of the weights by which a layer acts on others, also through transforms; their rows belong to its neurons.
/// Throws Error if it acts by anything else.
std::vector<std::string> outgoing(const tyto::Model& model, std::size_t source, std::size_t size) {
  std::vector<std::string> found;
  for (std::size_t i = source + 1; i < model.layers.size(); ++i) {
    const auto& layer = model.layers[i];
    if (layer.transform && layer.from == source) {
      if (!keeps_channels(layer, size))
        throw tyto::Error("ablation cannot follow the neurons of layer '" + model.layers[source].name +
                          "' through layer '" + layer.name + "', which changes their number");
      const auto behind = outgoing(model, i, size);
      found.insert(found.end(), behind.begin(), behind.end());
    }
    for (const auto& input : layer.inputs) {
      if (input.from != source) continue;
      bool known = false;
      for (const auto& array : input.arrays)
        if (array.name == "w" && array.shape.size() >= 2 && array.shape[0] == size) {
          found.push_back(tyto::array_path(layer, input, array.name));
          known = true;
        }
      if (!known)
        throw tyto::Error("ablation silences neurons by their outgoing weights 'w', and the input '" + input.type +
                          "' of layer '" + layer.name + "' has none");
    }
  }
  return found;
}

/// The first trials of a set.
tyto::TrialSet first_of(const tyto::TrialSet& all, std::size_t count) {
  tyto::TrialSet some(all.shape(), all.target_info(), count);
  for (std::size_t trial = 0; trial < count; ++trial) some.copy(trial, all, trial);
  return some;
}

struct Ablation final : tyto::Analysis {
  std::string layer;
  int trials = 0;

  static auto parameters() {
    return tyto::parameters<Ablation>(
               "Ablation: accuracy, error and loss after silencing each neuron of the hidden layers, neurons that "
               "never fire, and how much better the network is on training trials than on test trials")
        .text("layer", &Ablation::layer, "",
              "layer whose neurons are silenced; empty: every spiking layer but the output")
        .integer("trials", &Ablation::trials, "4096", "test trials that each silenced network is asked, at most")
        .range(1, 1e8);
  }

  void check(const tyto::Model& model, const tyto::Objective&) const override {
    for (const std::size_t index : layers(model))
      if (outgoing(model, index, model.layers[index].size).empty())
        throw tyto::Error("ablation: layer '" + model.layers[index].name + "' acts on no other layer");
  }

  void run(const tyto::FinishedRun& run, tyto::Table& table) const override {
    const auto asked = first_of(run.trials(), std::min(run.trials().size(), static_cast<std::size_t>(trials)));
    const auto intact = tyto::measure(run.evaluate(asked, {}), asked, run.objective());
    const auto unit = tyto::reported_unit(run.objective().target_info().dimension);
    table.attribute("trials", static_cast<std::int64_t>(asked.size()));
    write_metrics("intact", "with all neurons", intact, run.objective(), unit, table);
    write_gap(run, unit, table);
    for (const std::size_t index : layers(run.model())) silence(run, index, asked, intact, unit, table);
  }

 private:
  [[nodiscard]] std::vector<std::size_t> layers(const tyto::Model& model) const {
    if (!layer.empty()) return {tyto::layer_index(model, layer)};
    auto chosen = tyto::choose_layers(model, "", tyto::LayerChoice::spiking);
    std::erase(chosen, model.layers.size() - 1);
    if (chosen.empty()) throw tyto::Error("ablation needs a spiking layer before the output layer");
    return chosen;
  }

  static void write_metrics(const std::string& name, const std::string& when, const tyto::Metrics& metrics,
                            const tyto::Objective& objective, const tyto::ReportedUnit& unit, tyto::Table& table) {
    if (objective.classifies())
      table.variable(name + "_accuracy", {}, std::vector<double>{*metrics.accuracy}, "1",
                     "part of the trials in the right class " + when);
    if (metrics.error)
      table.variable(name + "_error", {}, std::vector<double>{*metrics.error * unit.per_base}, unit.name,
                     "mean absolute error to the true target " + when);
    table.variable(name + "_loss", {}, std::vector<double>{metrics.loss}, "1", "mean loss " + when);
  }

  /// Both by the final weights, each on all of its trials.
  static void write_gap(const tyto::FinishedRun& run, const tyto::ReportedUnit& unit, tyto::Table& table) {
    if (run.training_trials().size() == 0) return;
    const auto& objective = run.objective();
    const auto train = tyto::measure(run.evaluate(run.training_trials(), {}), run.training_trials(), objective);
    const auto test = tyto::measure(run.evaluation(), run.trials(), objective);
    write_metrics("train", "in the training trials of the last epoch", train, objective, unit, table);
    write_metrics("test", "in all test trials", test, objective, unit, table);
    if (objective.classifies())
      table.variable("gap_accuracy", {}, std::vector<double>{*train.accuracy - *test.accuracy}, "1",
                     "accuracy in training trials minus accuracy in test trials");
    if (test.error)
      table.variable("gap_error", {}, std::vector<double>{(*test.error - *train.error) * unit.per_base}, unit.name,
                     "error in test trials minus error in training trials");
    table.variable("gap_loss", {}, std::vector<double>{test.loss - train.loss}, "1",
                   "loss in test trials minus loss in training trials");
  }

  static void silence(const tyto::FinishedRun& run, std::size_t index, const tyto::TrialSet& asked,
                      const tyto::Metrics& intact, const tyto::ReportedUnit& unit, tyto::Table& table) {
    const auto& silenced = run.model().layers[index];
    std::vector<double> accuracy, drop, error, loss;
    for (std::size_t neuron = 0; neuron < silenced.size; ++neuron) {
      std::vector<tyto::ChangedArray> changed;
      for (const auto& path : outgoing(run.model(), index, silenced.size)) {
        auto values = run.array(path);
        const std::size_t row = values.size() / silenced.size;
        std::fill_n(values.begin() + static_cast<std::ptrdiff_t>(neuron * row), row, 0.0);
        changed.push_back({path, std::move(values)});
      }
      const auto left = tyto::measure(run.evaluate(asked, changed), asked, run.objective());
      if (left.accuracy) {
        accuracy.push_back(*left.accuracy);
        drop.push_back(*intact.accuracy - *left.accuracy);
      }
      if (left.error) error.push_back(*left.error * unit.per_base);
      loss.push_back(left.loss);
    }
    const std::string& name = silenced.name;
    const std::string axis = name + "_neuron";
    table.axis(axis, tyto::numbered(silenced.size), "1", "neuron of layer " + name);
    const std::string without = " without this neuron";
    if (run.objective().classifies()) {
      table.variable(name + "_accuracy", {axis}, std::move(accuracy), "1",
                     "part of the trials in the right class" + without);
      table.variable(name + "_accuracy_drop", {axis}, std::move(drop), "1", "accuracy lost" + without);
    }
    if (intact.error)
      table.variable(name + "_error", {axis}, std::move(error), unit.name,
                     "mean absolute error to the true target" + without);
    table.variable(name + "_loss", {axis}, std::move(loss), "1", "mean loss" + without);
    write_silent(run, index, axis, table);
  }

  static void write_silent(const tyto::FinishedRun& run, std::size_t index, const std::string& axis,
                           tyto::Table& table) {
    const auto& described = run.model().layers[index];
    const auto& activity = run.evaluation().activity.at(index);
    std::vector<std::int8_t> silent(described.size, 1);
    for (std::size_t at = 0; at < activity.size(); ++at)
      if (activity[at] != 0) silent[at % described.size] = 0;
    std::int64_t count = 0;
    for (const auto flag : silent) count += flag;
    table.variable(described.name + "_silent", {axis}, std::move(silent), "1",
                   "1 if the neuron is silent in all test trials");
    table.variable(described.name + "_silent_count", {}, std::vector<std::int64_t>{count}, "1",
                   "neurons that are silent in all test trials");
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<Ablation>("ablation"); }

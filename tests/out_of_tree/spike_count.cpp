/// Spikes of each neuron of a layer in a trial, averaged over the trials of each class.
#include <tyto/analysis.hpp>
#include <tyto/analysis_tools.hpp>
#include <tyto/error.hpp>
#include <tyto/plugin.hpp>

namespace {

struct SpikeCount final : tyto::Analysis {
  std::string layer_name;

  static auto parameters() {
    return tyto::parameters<SpikeCount>("Spikes of each neuron in a trial of each class")
        .text("layer", &SpikeCount::layer_name, "hidden", "the layer whose spikes are counted");
  }

  void check(const tyto::Model& model, const tyto::Objective& objective) const override {
    if (!objective.classifies()) throw tyto::Error("spike_count needs an objective with classes");
    static_cast<void>(tyto::choose_layers(model, layer_name, tyto::LayerChoice::spiking));
  }

  void run(const tyto::FinishedRun& run, tyto::Table& table) const override {
    const std::size_t layer = run.layer(layer_name);
    const std::size_t neurons = run.model().layers[layer].size;
    const std::size_t classes = run.objective().outputs();
    const auto& rates = run.evaluation().activity[layer];  // spikes per step
    const auto steps = static_cast<double>(run.trials().shape().steps);
    std::vector<tyto::Moments> counts(classes * neurons);
    for (std::size_t trial = 0; trial < run.trials().size(); ++trial) {
      const std::size_t row = run.objective().class_of(run.target(trial)) * neurons;
      for (std::size_t i = 0; i < neurons; ++i) counts[row + i].add(steps * rates[trial * neurons + i]);
    }
    std::vector<double> means;
    for (const auto& count : counts) means.push_back(count.mean());
    table.axis("class", tyto::numbered(classes), "1", "class of the trial");
    table.axis("neuron", tyto::numbered(neurons), "1", "neuron of layer " + layer_name);
    table.variable("spikes", {"class", "neuron"}, means, "1", "mean number of spikes in a trial of the class");
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<SpikeCount>("spike_count"); }

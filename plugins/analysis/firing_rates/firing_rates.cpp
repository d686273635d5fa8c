/// Firing rates of spiking layers over the test trials.

#include <tyto/analysis.hpp>
#include <tyto/analysis_tools.hpp>
#include <tyto/plugin.hpp>

namespace {

struct FiringRates final : tyto::Analysis {
  std::string layer;

  static auto parameters() {
    return tyto::parameters<FiringRates>(
               "Firing rates of spiking layers: mean, SD, extremes and silence of every neuron")
        .text("layer", &FiringRates::layer, "", "spiking layer to describe; empty: every one");
  }

  void check(const tyto::Model& model, const tyto::Objective&) const override {
    (void)tyto::choose_layers(model, layer, tyto::LayerChoice::spiking);
  }

  void run(const tyto::FinishedRun& run, tyto::Table& table) const override {
    for (const std::size_t index : tyto::choose_layers(run.model(), layer, tyto::LayerChoice::spiking))
      describe(run, index, table);
  }

 private:
  static void describe(const tyto::FinishedRun& run, std::size_t index, tyto::Table& table) {
    const std::string& name = run.model().layers[index].name;
    const std::size_t neurons = run.model().layers[index].size;
    const std::size_t trials = run.trials().size();
    const double steps_per_second = 1 / run.trials().shape().dt_s;
    const auto& activity = run.evaluation().activity.at(index);
    std::vector<double> mean(neurons), sd(neurons), lowest(neurons), highest(neurons), silent(neurons);
    tyto::Moments population;
    std::int64_t silent_units = 0;
    for (std::size_t i = 0; i < neurons; ++i) {
      tyto::Moments rate_hz;
      std::size_t without_spikes = 0;
      for (std::size_t trial = 0; trial < trials; ++trial) {
        const double spikes_per_step = activity[trial * neurons + i];
        rate_hz.add(spikes_per_step * steps_per_second);
        without_spikes += spikes_per_step == 0 ? 1 : 0;
      }
      mean[i] = rate_hz.mean();
      sd[i] = rate_hz.sd();
      lowest[i] = rate_hz.minimum();
      highest[i] = rate_hz.maximum();
      silent[i] = static_cast<double>(without_spikes) / static_cast<double>(trials);
      population.add(mean[i]);
      silent_units += without_spikes == trials ? 1 : 0;
    }
    const std::string of = " of each neuron of layer " + name;
    const std::vector<std::string> axis{name + "_neuron"};
    table.axis(axis[0], tyto::numbered(neurons), "1", "neuron of layer " + name);
    table.variable(name + "_rate_mean", axis, std::move(mean), "Hz", "mean firing rate" + of + " over test trials");
    table
        .variable(name + "_rate_sd", axis, std::move(sd), "Hz",
                  "standard deviation (n - 1) of the firing rate" + of + " over test trials")
        .nan_means("a single trial");
    table.variable(name + "_rate_min", axis, std::move(lowest), "Hz", "lowest firing rate" + of + " in a test trial");
    table.variable(name + "_rate_max", axis, std::move(highest), "Hz", "highest firing rate" + of + " in a test trial");
    table.variable(name + "_silent_share", axis, std::move(silent), "1", "share of test trials without a spike" + of);
    table.variable(name + "_population_mean", {}, std::vector<double>{population.mean()}, "Hz",
                   "mean firing rate of layer " + name + " over neurons and test trials");
    table.variable(name + "_silent_units", {}, std::vector<std::int64_t>{silent_units}, "1",
                   "neurons of layer " + name + " without a spike in any test trial");
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<FiringRates>("firing_rates"); }

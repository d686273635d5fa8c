#include <algorithm>

#include <tyto/analysis.hpp>
#include <tyto/analysis_tools.hpp>
#include <tyto/plugin.hpp>

namespace {

/// When the neurons of spiking layers fire first.
struct FirstSpike final : tyto::Analysis {
  std::string layer;
  int trials = 0;

  static auto parameters() {
    return tyto::parameters<FirstSpike>("Mean time of the first spike of every neuron")
        .text("layer", &FirstSpike::layer, "", "spiking layer to describe; empty: every one")
        .integer("trials", &FirstSpike::trials, "100", "test trials to average over, from the first one on")
        .range(1, 100'000);
  }

  void check(const tyto::Model& model, const tyto::Objective&) const override {
    (void)tyto::choose_layers(model, layer, tyto::LayerChoice::spiking);
  }

  void run(const tyto::FinishedRun& run, tyto::Table& table) const override {
    const double step_ms = run.trials().shape().dt_s * 1000;
    const std::size_t count = std::min(run.trials().size(), static_cast<std::size_t>(trials));
    for (const std::size_t index : tyto::choose_layers(run.model(), layer, tyto::LayerChoice::spiking)) {
      const auto& described = run.model().layers[index];
      std::vector<tyto::Moments> times_ms(described.size);
      for (std::size_t trial = 0; trial < count; ++trial) {
        const auto recording = run.record(trial, index);
        for (std::size_t i = 0; i < described.size; ++i)
          for (std::size_t step = 0; step < recording.steps; ++step)
            if (recording.output[step * described.size + i] != 0) {
              times_ms[i].add(static_cast<double>(step) * step_ms);
              break;
            }
      }
      std::vector<double> mean;
      std::vector<std::int64_t> fired;
      for (const auto& times : times_ms) {
        mean.push_back(times.mean());
        fired.push_back(static_cast<std::int64_t>(times.count()));
      }
      const std::string& name = described.name;
      table.axis(name + "_neuron", tyto::numbered(described.size), "1", "neuron of layer " + name);
      table
          .variable(name + "_first_spike", {name + "_neuron"}, std::move(mean), "ms",
                    "mean time of the first spike over the trials in which the neuron fired")
          .nan_means("neurons that never fired");
      table.variable(name + "_trials_fired", {name + "_neuron"}, std::move(fired), "1",
                     "trials in which the neuron fired");
    }
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<FirstSpike>("first_spike"); }

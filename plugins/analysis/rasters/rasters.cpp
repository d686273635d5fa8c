/// Rasters: every spike of some test trials, and the time course of the output layer.

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include <tyto/analysis.hpp>
#include <tyto/analysis_tools.hpp>
#include <tyto/error.hpp>
#include <tyto/plugin.hpp>

namespace {

constexpr const char* input_name = "input";

/// Spikes of one layer, one entry each in every list.
struct SpikeList {
  std::vector<std::int64_t> trial;
  std::vector<double> time_s;
  std::vector<std::int64_t> neuron;

  void add(std::size_t of_trial, double at_s, std::size_t of_neuron) {
    trial.push_back(static_cast<std::int64_t>(of_trial));
    time_s.push_back(at_s);
    neuron.push_back(static_cast<std::int64_t>(of_neuron));
  }
};

/// `count` trials whose targets lie nearest to evenly spaced values of the target, by ascending target. Each
/// trial is taken once; all of them are if there are no more than `count`.
std::vector<std::size_t> spread_trials(const tyto::FinishedRun& run, std::size_t count) {
  std::vector<std::size_t> trials(run.trials().size());
  std::iota(trials.begin(), trials.end(), std::size_t{0});
  const auto by_target = [&](std::size_t a, std::size_t b) { return run.target(a) < run.target(b); };
  std::stable_sort(trials.begin(), trials.end(), by_target);
  if (trials.size() <= count) return trials;
  std::vector<std::size_t> chosen;
  for (const double wanted : tyto::target_bins(run.objective().target_info(), count).centres()) {
    const auto nearest = std::min_element(trials.begin(), trials.end(), [&](std::size_t a, std::size_t b) {
      return std::abs(run.target(a) - wanted) < std::abs(run.target(b) - wanted);
    });
    chosen.push_back(*nearest);
    trials.erase(nearest);
  }
  std::stable_sort(chosen.begin(), chosen.end(), by_target);
  return chosen;
}

struct Rasters final : tyto::Analysis {
  int trials = 8;
  std::string layer;

  static auto parameters() {
    return tyto::parameters<Rasters>("Spikes of some test trials, and the time course of the output layer")
        .integer("trials", &Rasters::trials, "8", "number of test trials, spread evenly over the target's range")
        .range(1, 1000)
        .text("layer", &Rasters::layer, "", "spiking layer to write besides the input; empty: every one");
  }

  void check(const tyto::Model& model, const tyto::Objective&) const override {
    if (!layer.empty()) (void)tyto::choose_layers(model, layer, tyto::LayerChoice::spiking);
    for (const auto& each : model.layers)
      if (each.name == input_name)
        throw tyto::Error("rasters writes the stimulus's spikes as 'input', so no layer may have that name");
  }

  void run(const tyto::FinishedRun& run, tyto::Table& table) const override {
    const auto chosen = spread_trials(run, static_cast<std::size_t>(trials));
    write_trials(run, chosen, table);
    if (!run.model().input.values) write_spikes(input_name, "the stimulus", input_spikes(run, chosen), table);
    for (std::size_t index = 0; index < run.model().layers.size(); ++index) {
      const auto& each = run.model().layers[index];
      const bool output = index + 1 == run.model().layers.size();
      const bool spikes = each.spiking && (layer.empty() || layer == each.name);
      if (!spikes && !output) continue;
      SpikeList list;
      std::vector<double> course;
      std::optional<std::size_t> steps;
      for (const std::size_t trial : chosen) {
        const auto recording = run.record(trial, index);
        if (steps.value_or(recording.steps) != recording.steps)
          throw tyto::Error("trials of different lengths cannot be put side by side");
        steps = recording.steps;
        if (spikes) add_spikes(recording, trial, run.trials().shape(), list);
        if (output) course.insert(course.end(), recording.output.begin(), recording.output.end());
      }
      if (spikes) write_spikes(each.name, "layer " + each.name, std::move(list), table);
      if (output)
        write_course(each, steps.value_or(run.trials().shape().steps), run.trials().shape(), std::move(course), table);
    }
  }

 private:
  /// The end of a step, as probes have it.
  static double time_s(std::size_t step, double dt_s) { return static_cast<double>(step + 1) * dt_s; }

  static SpikeList input_spikes(const tyto::FinishedRun& run, const std::vector<std::size_t>& chosen) {
    const double dt_s = run.trials().shape().dt_s;
    SpikeList list;
    for (const std::size_t trial : chosen) {
      const auto spikes = run.trials().spikes(trial);
      for (std::size_t step = 0; step < spikes.steps; ++step)
        spikes.for_each(step, [&](std::size_t channel) { list.add(trial, time_s(step, dt_s), channel); });
    }
    return list;
  }

  static void add_spikes(const tyto::Recording& recording, std::size_t trial, const tyto::TrialShape& shape,
                         SpikeList& list) {
    for (std::size_t step = 0; step < recording.steps; ++step)
      for (std::size_t i = 0; i < recording.neurons; ++i)
        if (recording.output[step * recording.neurons + i] != 0)
          list.add(trial, time_s(step + left_out(recording.steps, shape), shape.dt_s), i);
  }
  /// Steps at the begin of a trial that a transform has left out.
  static std::size_t left_out(std::size_t steps, const tyto::TrialShape& shape) {
    return shape.steps - std::min(steps, shape.steps);
  }

  static void write_trials(const tyto::FinishedRun& run, const std::vector<std::size_t>& chosen, tyto::Table& table) {
    const auto& target = run.objective().target_info();
    const auto unit = tyto::reported_unit(target.dimension);
    std::vector<std::int64_t> index;
    std::vector<double> truth, estimate;
    for (const std::size_t trial : chosen) {
      index.push_back(static_cast<std::int64_t>(trial));
      truth.push_back(run.target(trial));
      estimate.push_back(run.estimate(trial));
    }
    table.axis("raster_trial", std::move(index), "1", "index of the test trial, ordered by target");
    table.variable("true_value", {"raster_trial"}, tyto::reported_values(target, std::move(truth)), unit.name,
                   target.name + ", true value");
    table.variable("estimated_value", {"raster_trial"}, tyto::reported_values(target, std::move(estimate)), unit.name,
                   target.name + ", estimated value");
  }

  static void write_spikes(const std::string& name, const std::string& of, SpikeList list, tyto::Table& table) {
    const std::string axis = name + "_spike";
    table.axis(axis, tyto::numbered(list.trial.size()), "1", "spike of " + of);
    table.variable(axis + "_trial", {axis}, std::move(list.trial), "1",
                   "index of the test trial of each spike of " + of);
    table.variable(axis + "_time", {axis}, std::move(list.time_s), "s",
                   "end of the step of each spike of " + of + ", since the start of the trial");
    table.variable(axis + "_neuron", {axis}, std::move(list.neuron), "1", "neuron or channel of each spike of " + of);
  }

  static void write_course(const tyto::ModelLayer& of, std::size_t steps, const tyto::TrialShape& shape,
                           std::vector<double> course, tyto::Table& table) {
    std::vector<double> times(steps);
    for (std::size_t step = 0; step < steps; ++step) times[step] = time_s(step + left_out(steps, shape), shape.dt_s);
    table.axis("time", std::move(times), "s", "end of each step, since the start of the trial");
    table.axis(of.name + "_neuron", tyto::numbered(of.size), "1", "neuron of layer " + of.name);
    table.variable(of.name + "_course", {"raster_trial", "time", of.name + "_neuron"}, std::move(course), "1",
                   "output of layer " + of.name + " in every step");
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<Rasters>("rasters"); }

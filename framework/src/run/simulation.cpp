#include "simulation.hpp"

#include <algorithm>
#include <functional>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include <tyto/analysis_tools.hpp>

#include "../results/provenance.hpp"
#include "../results/results_file.hpp"
#include "checks.hpp"
#include "decoders.hpp"
#include "health.hpp"
#include "probes.hpp"
#include "report.hpp"
#include "stimulus_stream.hpp"
#include "stop_watch.hpp"
#include "weights.hpp"

namespace tyto::run {

namespace {

/// Steps between two looks at the clock and at requests to stop; the stimulus of so many steps is made at once.
constexpr std::size_t steps_at_once = 1000;

class Recorder {
 public:
  Recorder(const spec::Experiment& experiment, results::ResultsFile& file) : dt_s_(experiment.simulation->dt_s) {
    for (const auto& probe : experiment.model.probes) {
      const auto [axes, variable] = layout_of(probe, experiment.model);
      series_.emplace_back(file, "/probes/" + probe.name,
                           results::SeriesAxis{time_axis(probe), probe.what == ModelProbe::What::spikes}, axes,
                           variable, experiment.precision == Precision::float32);
    }
  }
  void operator()(std::size_t probe, std::uint64_t step, std::span<const double> sample) {
    series_[probe].append(static_cast<double>(step + 1) * dt_s_, sample);
  }
  void finish() {
    for (auto& series : series_) series.finish();
  }
  [[nodiscard]] results::Series& series(std::size_t probe) { return series_[probe]; }

 private:
  double dt_s_;
  std::vector<results::Series> series_;
};

class RecordedSimulation final : public FinishedRun {
 public:
  RecordedSimulation(const spec::Experiment& experiment, const ArrayStore& store, Recorder& recorder)
      : experiment_(experiment), store_(store), recorder_(recorder) {}

  [[nodiscard]] const Model& model() const override { return experiment_.model; }
  [[nodiscard]] double duration_s() const override {
    return static_cast<double>(experiment_.simulation->steps) * experiment_.simulation->dt_s;
  }
  [[nodiscard]] ProbeData probe(std::string_view name) const override {
    const std::size_t index = probe_index(experiment_.model, name);
    ProbeData data;
    data.channels = experiment_.model.probes[index].channels;
    std::tie(data.time_s, data.values) = recorder_.series(index).read();
    return data;
  }
  [[nodiscard]] std::vector<double> array(std::string_view path) const override {
    return store_.get(index_of(store_, path));
  }
  [[nodiscard]] std::unique_ptr<Tuning> tuning(std::size_t layer) const override {
    return std::make_unique<KeptTuning>(experiment_.model, layer, store_);
  }

 private:
  const spec::Experiment& experiment_;
  const ArrayStore& store_;
  Recorder& recorder_;
};

void check_stimulus(std::span<const double> stimulus, std::size_t channels, std::uint64_t step, double dt_s) {
  const auto found = first_not_finite(stimulus);
  if (!found) return;
  const std::uint64_t until = step + *found / channels + 1;
  throw Diverged(fmt::format("the stimulus is {} in channel {} at {:.6g} s", number_text(stimulus[*found]),
                             *found % channels, static_cast<double>(until) * dt_s));
}

/// Arrays that rules change on the way. There may be millions of others, which were looked at before the first step.
std::vector<std::size_t> arrays_that_learn(const Model& model, const ArrayTable& arrays) {
  std::vector<std::size_t> found;
  for (std::size_t layer = 0; layer < model.layers.size(); ++layer)
    for (std::size_t k = 0; k < model.layers[layer].inputs.size(); ++k) {
      const auto& learning = model.layers[layer].inputs[k].learning;
      if (!learning) continue;
      const ArrayRange range = learning->rule->needs().encoders ? arrays.of_layer(layer) : arrays.of_input(layer, k);
      for (std::size_t index = range.first; index < range.first + range.count; ++index) found.push_back(index);
    }
  return found;
}

/// What a file need not hold, since it was drawn and nothing has changed it, if that is asked for.
std::set<std::size_t> left_as_drawn(const spec::Experiment& experiment, const Program& simulation,
                                    const std::set<std::string>& given) {
  std::set<std::size_t> left;
  if (experiment.simulation->write_drawn) return left;
  const auto& arrays = simulation.arrays();
  const auto learning = arrays_that_learn(experiment.model, arrays);
  for (std::size_t index = 0; index < arrays.size(); ++index) {
    const NetworkArray& array = arrays[index];
    if (array.owner != NetworkArray::Owner::connection || !array.info.initialise) continue;
    const bool solved = experiment.model.layers[array.index].inputs[array.input].decodes;
    const bool learns = std::find(learning.begin(), learning.end(), index) != learning.end();
    if (!solved && !learns && !given.contains(array.path())) left.insert(index);
  }
  return left;
}

void check_state(const Program& simulation, std::span<const std::size_t> learning, std::uint64_t step, double dt_s) {
  const std::string by = fmt::format("by {:.6g} s", static_cast<double>(step) * dt_s);
  check_arrays(simulation, learning, by,
               "the rule that changes it may learn too fast, or an error may have the wrong sign");
  if (const std::string found = simulation.not_finite(); !found.empty())
    throw Diverged(fmt::format("{} {}: weights or inputs may be too large for this time step", found, by));
}

void simulate(const spec::Experiment& experiment, Program& simulation, StimulusStream& stream, Recorder& recorder,
              Progress& progress, const std::stop_token& stop) {
  const auto& plan = *experiment.simulation;
  const std::size_t channels = experiment.model.input.channels;
  const std::string arithmetic = arithmetic_text(experiment);
  const auto learning = arrays_that_learn(experiment.model, simulation.arrays());
  simulation.start(experiment.seeds.trials);
  progress.start_steps(plan.steps, plan.dt_s);
  for (std::uint64_t step = 0; step < plan.steps; step += steps_at_once) {
    if (stop.stop_requested()) throw Interrupted();
    const std::size_t steps = std::min<std::uint64_t>(steps_at_once, plan.steps - step);
    const auto shown =
        from_plugin(component_text(experiment, Kind::stimulus), [&] { return stream.next(step, steps); });
    if (shown.values != nullptr) check_stimulus({shown.values, steps * channels}, channels, step, plan.dt_s);
    from_plugin(arithmetic, [&] { simulation.advance(shown, std::ref(recorder)); });
    check_state(simulation, learning, step + steps, plan.dt_s);
    progress.steps(step + steps);
  }
  recorder.finish();
}

}  // namespace

StageResult run_simulation(const spec::Experiment& experiment, const Stages& stages, results::ResultsFile& file,
                           Executor& executor, Progress& progress, const std::stop_token& stop) {
  StageResult result;
  RunSummary& summary = result.summary;
  const auto simulation = from_plugin(arithmetic_text(experiment), [&] {
    return experiment.backend->compile(experiment.model, experiment.precision, executor);
  });
  initialise(*simulation, experiment.seeds.weights);
  std::set<std::string> given;
  if (experiment.weights)
    given = take_weights(*simulation, *experiment.weights, true, stages, experiment.weights_place);
  check_arrays(*simulation, "before the first step", "it was drawn, read or scaled so");
  find_decoders(experiment.model, *simulation, experiment.seeds.weights, given, file);
  check_arrays(*simulation, "before the first step", "its solver found so");
  check_bounds(experiment.model, *simulation);
  check_receptors(experiment.model, *simulation);

  // The series are closed before the file is.
  Recorder recorder(experiment, file);
  auto stream = from_plugin(component_text(experiment, Kind::stimulus), [&] { return StimulusStream(experiment); });
  const StopWatch watch;
  try {
    simulate(experiment, *simulation, stream, recorder, progress, stop);
  } catch (const Diverged& error) {
    result.diverged = error.what();
    recorder.finish();
  }
  summary.simulation_s = watch.seconds();
  progress.clear();
  result.conduct.simulation_s = summary.simulation_s;
  if (experiment.simulation->sequence) file.write("/trials", stream.trials(experiment.simulation->steps));
  if (!result.diverged.empty()) {
    file.write("/health", health_of(experiment).table());
    return result;
  }
  write_weights(*simulation, experiment.precision, file, left_as_drawn(experiment, *simulation, given));
  if (!experiment.stage.empty()) result.weights = kept_weights(*simulation);  // for later stages
  const Health health = health_of(experiment, simulation->activity());
  file.write("/health", health.table());
  summary.findings = health.findings();
  const RecordedSimulation finished(experiment, *simulation, recorder);
  run_analyses(experiment, finished, file, result, stop);
  return result;
}

}  // namespace tyto::run

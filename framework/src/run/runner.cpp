#include "runner.hpp"

#include <cmath>
#include <numeric>
#include <optional>
#include <set>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "../results/provenance.hpp"
#include "../results/results_file.hpp"
#include "checks.hpp"
#include "decoders.hpp"
#include "finished_run.hpp"
#include "health.hpp"
#include "probes.hpp"
#include "report.hpp"
#include "simulation.hpp"
#include "stop_watch.hpp"
#include "trainer.hpp"
#include "weights.hpp"

namespace tyto::run {

namespace {

std::vector<std::uint32_t> all_of(const TrialSet& trials) {
  std::vector<std::uint32_t> index(trials.size());
  std::iota(index.begin(), index.end(), 0U);
  return index;
}

struct Tested {
  Evaluation evaluation;
  Metrics metrics;
};

Tested test(Program& network, const TrialSet& trials, const Objective& objective, bool activity) {
  const auto index = all_of(trials);
  Tested tested;
  tested.evaluation = network.evaluate({&trials, index, {}}, objective, activity);
  tested.metrics = measure(tested.evaluation, trials, objective);
  return tested;
}

void write_metrics(Program& network, const TrialSet& trials, const Objective& objective, const std::string& group,
                   results::ResultsFile& file) {
  if (trials.size() > 0) file.write(group, metrics_table(test(network, trials, objective, false).metrics, objective));
}

/// Samples of probes, which lose nothing else if they cannot be had.
void record(const spec::Experiment& experiment, Program& network, const TrialSet& trials, results::ResultsFile& file,
            StageResult& result, const std::stop_token& stop) {
  Recorded recorded;
  try {
    recorded = from_plugin(arithmetic_text(experiment), [&] { return Recorded(experiment, network, trials, stop); });
  } catch (const Interrupted&) {
    throw;
  } catch (const std::exception& error) {
    result.failures.emplace_back(error.what());
  }
  for (const auto& [group, table] : recorded.tables()) file.write(group, table);
  result.failures.insert(result.failures.end(), recorded.failures().begin(), recorded.failures().end());
}

/// A run through trials, up to the last analysis.
StageResult run_trials(const spec::Experiment& experiment, const Stages& stages, results::ResultsFile& file,
                       Executor& executor, Progress& progress, const std::stop_token& stop) {
  const auto check_stop = [&] {
    if (stop.stop_requested()) throw Interrupted();
  };
  StageResult result;
  RunSummary& summary = result.summary;

  StopWatch making;
  const auto make = [&](Split split, int count) {
    check_stop();
    return from_plugin(component_text(experiment, Kind::stimulus), [&] {
      return make_trials(*experiment.stimulus, experiment.seeds.trials, split, static_cast<std::size_t>(count),
                         executor);
    });
  };
  TrialSet train_trials = make(Split::train, experiment.train_trials);
  const TrialSet validation_trials = make(Split::validation, experiment.validation_trials);
  const TrialSet test_trials = make(Split::test, experiment.test_trials);
  summary.trials_s = making.seconds();
  check_stop();

  const std::string arithmetic = arithmetic_text(experiment);
  const auto network = from_plugin(
      arithmetic, [&] { return experiment.backend->compile(experiment.model, experiment.precision, executor); });
  initialise(*network, experiment.seeds.weights);
  check_arrays(*network, "before any training", "it was drawn so");
  std::set<std::string> given;
  if (experiment.weights) {
    given = take_weights(*network, *experiment.weights, false, stages, experiment.weights_place);
    check_arrays(*network, "before any training", "it was read so, or scaled beyond what numbers can hold");
  }
  find_decoders(experiment.model, *network, experiment.seeds.weights, given, file);
  check_arrays(*network, "before any training", "its solver found so");

  check_bounds(experiment.model, *network);
  check_receptors(experiment.model, *network);
  Training training;
  std::vector<std::string> unchanged;
  if (experiment.rule->trains()) {
    const ArraysBefore before(*network, experiment.model);
    progress.say(fmt::format("{} training and {} test trials made in {:.2f} s", train_trials.size(), test_trials.size(),
                             summary.trials_s));
    StopWatch learning;
    training = train(experiment, *network, {train_trials, validation_trials, executor}, progress, stop);
    summary.training_s = learning.seconds();
    unchanged = before.unchanged(*network);
    summary.epochs = static_cast<int>(training.epochs.size());
  }
  check_stop();
  for (const auto& row : training.epochs) result.conduct.epoch_s.push_back(row.seconds);
  result.conduct.trials_s = summary.trials_s;
  result.diverged = training.diverged;
  if (experiment.rule->trains()) file.write("/training", training_table(training, experiment));
  write_weights(*network, experiment.precision, file);
  write_categories(experiment.objective, file);
  if (!experiment.stage.empty()) result.weights = kept_weights(*network);  // for later stages
  if (!result.diverged.empty()) {
    file.write("/health", health_of(experiment).table());
    return result;
  }

  const Tested tested =
      from_plugin(arithmetic, [&] { return test(*network, test_trials, experiment.objective, true); });
  summary.test = tested.metrics;
  if (!std::isfinite(tested.metrics.loss)) {
    result.diverged = fmt::format("the loss of the test trials is {}: {}", number_text(tested.metrics.loss), exploding);
    file.write("/health", health_of(experiment).table());
    return result;
  }
  if (!training.epochs.empty()) {
    write_metrics(*network, train_trials, experiment.objective, "/metrics/train", file);
    write_metrics(*network, validation_trials, experiment.objective, "/metrics/validation", file);
  }
  file.write("/metrics/test", metrics_table(tested.metrics, experiment.objective));
  const Health health = health_of(
      experiment, TestedTrials{tested.evaluation, test_trials, tested.metrics, training, std::move(unchanged)});
  file.write("/health", health.table());
  summary.findings = health.findings();
  record(experiment, *network, test_trials, file, result, stop);
  const TestedRun finished(experiment, *network, train_trials, test_trials, tested.evaluation, executor);
  run_analyses(experiment, finished, file, result, stop);
  return result;
}

StageResult run_one(const spec::Experiment& planned, const Stages& stages, results::ResultsFile& file,
                    Executor& executor, Progress& progress, const std::stop_token& stop) {
  const spec::Experiment experiment = with_prepared_stimulus(planned);
  StageResult result = experiment.simulation ? run_simulation(experiment, stages, file, executor, progress, stop)
                                             : run_trials(experiment, stages, file, executor, progress, stop);
  write_root(file, experiment, result);
  return result;
}

}  // namespace

RunSummary run_experiment(const spec::Experiment& experiment, const RunOptions& options, Executor& executor,
                          Progress& progress, const std::stop_token& stop) {
  using Building = results::ResultsFile::Building;
  bool streams = experiment.simulation.has_value();
  for (const auto& stage : experiment.stages) streams = streams || stage.simulation;
  const std::string started = results::utc_now();
  // Made first, so that a folder that cannot be written is found out before the work, not after it.
  results::ResultsFile file(options.out, streams ? Building::on_disk : Building::in_memory);
  if (options.part_of_sweep) file.keep_names_of_axes();
  // Before the work, too: a file that is gone when it is done must not cost the results.
  std::vector<results::InputUse> inputs;
  if (!options.part_of_sweep) inputs = results::inputs_of(spec::files_read_by(experiment));
  Stages finished;
  StageResult last;
  std::vector<std::string> failures;
  std::vector<Finding> findings;
  if (experiment.stages.empty()) last = run_one(experiment, finished, file, executor, progress, stop);
  for (const auto& stage : experiment.stages) {
    progress.say("stage " + stage.stage);
    file.enter("/stages/" + stage.stage);
    last = run_one(stage, finished, file, executor, progress, stop);
    finished[stage.stage] = last.weights;
    file.enter("");
    for (const auto& finding : last.summary.findings)
      findings.push_back({finding.kind, "stage " + stage.stage + ": " + finding.sentence});
    for (const auto& failure : last.failures) failures.push_back("stage " + stage.stage + ": " + failure);
    if (!last.diverged.empty()) last.diverged = "stage " + stage.stage + ": " + last.diverged;
    if (!last.diverged.empty()) break;
  }
  if (experiment.stages.empty()) failures = last.failures;
  last.failures = failures;
  if (!experiment.stages.empty()) write_root(file, experiment, last);
  Conduct conduct = std::move(last.conduct);
  conduct.started = started;
  conduct.inputs = std::move(inputs);
  conduct.threads = executor.threads();
  write_provenance(file, experiment, options, conduct);
  if (stop.stop_requested()) throw Interrupted();
  const bool sound = last.diverged.empty() && failures.empty();
  if (sound || options.keep_sound) file.commit();
  const std::string kept = options.keep_sound ? " ('" + options.out.string() + "' has what was sound)" : "";
  if (!last.diverged.empty()) throw Diverged(last.diverged + kept);
  if (!failures.empty()) throw Error(fmt::format("{}{}", fmt::join(failures, "; "), kept));
  if (!experiment.stages.empty()) last.summary.findings = findings;
  return last.summary;
}

}  // namespace tyto::run

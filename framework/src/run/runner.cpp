#include "runner.hpp"

#include <numeric>
#include <optional>

#include <fmt/format.h>

#include "../results/provenance.hpp"
#include "../results/results_file.hpp"
#include "finished_run.hpp"
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

Tested test(Network& network, const TrialSet& trials, const Objective& objective, bool activity) {
  const auto index = all_of(trials);
  Tested tested;
  tested.evaluation = network.evaluate({&trials, index, {}}, objective, activity);
  tested.metrics = measure(tested.evaluation, trials, objective);
  return tested;
}

void write_metrics(Network& network, const TrialSet& trials, const Objective& objective, const std::string& group,
                   results::ResultsFile& file) {
  if (trials.size() > 0) file.write(group, metrics_table(test(network, trials, objective, false).metrics, objective));
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
    return make_trials(*experiment.stimulus, experiment.seed, split, static_cast<std::size_t>(count), executor);
  };
  TrialSet train_trials = make(Split::train, experiment.train_trials);
  const TrialSet validation_trials = make(Split::validation, experiment.validation_trials);
  const TrialSet test_trials = make(Split::test, experiment.test_trials);
  summary.trials_s = making.seconds();
  check_stop();

  const auto network = experiment.backend->compile(experiment.model, experiment.precision, executor);
  initialise(*network, experiment.seed);
  if (experiment.weights) take_weights(*network, *experiment.weights, stages, experiment.weights_place);

  Training training;
  if (experiment.rule->trains()) {
    progress.say(fmt::format("{} training and {} test trials made in {:.2f} s", train_trials.size(), test_trials.size(),
                             summary.trials_s));
    StopWatch learning;
    training = train(experiment, *network, {train_trials, validation_trials, executor}, progress, stop);
    summary.training_s = learning.seconds();
    summary.epochs = static_cast<int>(training.epochs.size());
  }
  check_stop();

  const Tested tested = test(*network, test_trials, experiment.objective, true);
  summary.test = tested.metrics;
  write_root(file, experiment);
  if (!training.epochs.empty()) {
    file.write("/training", training_table(training, experiment));
    write_metrics(*network, train_trials, experiment.objective, "/metrics/train", file);
    write_metrics(*network, validation_trials, experiment.objective, "/metrics/validation", file);
  }
  file.write("/metrics/test", metrics_table(tested.metrics, experiment.objective));
  write_weights(*network, experiment.precision, file);
  const TestedRun finished(experiment, *network, train_trials, test_trials, tested.evaluation, executor);
  for (const auto& item : experiment.analyses) {
    check_stop();
    Table table;
    item.analysis->run(finished, table);
    file.write("/analysis/" + item.name, table);
  }
  result.weights = kept_weights(*network);
  result.conduct.trials_s = summary.trials_s;
  for (const auto& row : training.epochs) result.conduct.epoch_s.push_back(row.seconds);
  return result;
}

StageResult run_one(const spec::Experiment& experiment, const Stages& stages, results::ResultsFile& file,
                    Executor& executor, Progress& progress, const std::stop_token& stop) {
  return experiment.simulation ? run_simulation(experiment, stages, file, progress, stop)
                               : run_trials(experiment, stages, file, executor, progress, stop);
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
  Stages finished;
  StageResult last;
  if (experiment.stages.empty()) last = run_one(experiment, finished, file, executor, progress, stop);
  for (const auto& stage : experiment.stages) {
    progress.say("stage " + stage.stage);
    file.enter("/stages/" + stage.stage);
    last = run_one(stage, finished, file, executor, progress, stop);
    finished[stage.stage] = last.weights;
    file.enter("");
  }
  if (!experiment.stages.empty()) write_root(file, experiment);
  Conduct conduct = std::move(last.conduct);
  conduct.started = started;
  conduct.threads = executor.threads();
  write_provenance(file, experiment, options, conduct);
  if (stop.stop_requested()) throw Interrupted();
  file.commit();
  return last.summary;
}

}  // namespace tyto::run

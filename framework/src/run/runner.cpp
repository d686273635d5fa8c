#include "runner.hpp"

#include <chrono>
#include <numeric>
#include <optional>

#include <fmt/format.h>

#include "../results/provenance.hpp"
#include "../results/results_file.hpp"
#include "finished_run.hpp"
#include "trainer.hpp"
#include "weights.hpp"

namespace tyto::run {

namespace {

class StopWatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

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

void write_root(results::ResultsFile& file, const spec::Experiment& experiment) {
  Table root;
  root.attribute("tyto_version", std::string(TYTO_VERSION));
  root.attribute("schema", std::string("tyto-results/1"));
  root.attribute("title", experiment.title);
  root.attribute("seed", static_cast<std::int64_t>(experiment.seed));
  root.attribute("status", std::string("complete"));
  file.write("/", root);
}

/// How a run was conducted, as far as its provenance tells.
struct Conduct {
  std::string started;
  std::size_t threads = 0;
  double trials_s = 0;
};

void write_provenance(results::ResultsFile& file, const spec::Experiment& experiment, const RunOptions& options,
                      const Conduct& conduct, const Training& training) {
  results::Provenance provenance;
  provenance.source_yaml = experiment.source;
  provenance.resolved_yaml = experiment.resolved;
  provenance.command_line = options.command_line;
  provenance.started = conduct.started;
  provenance.finished = results::utc_now();
  provenance.threads = conduct.threads;
  provenance.backend = experiment.backend_name;
  provenance.experiment_file = options.experiment_file;
  provenance.plugins = results::plugins_of(experiment.components);
  provenance.trials_s = conduct.trials_s;
  for (const auto& row : training.epochs) provenance.epoch_s.push_back(row.seconds);
  file.write("/provenance", results::provenance_table(provenance));
}

}  // namespace

RunSummary run_experiment(const spec::Experiment& experiment, const RunOptions& options, Executor& executor,
                          Progress& progress, const std::stop_token& stop) {
  const auto check_stop = [&] {
    if (stop.stop_requested()) throw Interrupted();
  };
  const std::string started = results::utc_now();
  // Made first, so that a folder that cannot be written is found out before the work, not after it.
  results::ResultsFile file(options.out);
  RunSummary summary;

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
  if (experiment.weights) take_weights(*network, *experiment.weights, experiment.weights_place);

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
  write_weights(*network, file);
  const TestedRun finished(experiment, *network, train_trials, test_trials, tested.evaluation, executor);
  for (const auto& item : experiment.analyses) {
    check_stop();
    Table table;
    item.analysis->run(finished, table);
    file.write("/analysis/" + item.name, table);
  }

  write_provenance(file, experiment, options, {started, executor.threads(), summary.trials_s}, training);
  check_stop();
  file.commit();
  return summary;
}

}  // namespace tyto::run

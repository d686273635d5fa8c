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

void write_root(results::ResultsFile& file, const spec::Experiment& experiment) {
  Table root;
  root.attribute("tyto_version", std::string(TYTO_VERSION));
  root.attribute("schema", std::string("tyto-results/1"));
  root.attribute("title", experiment.title);
  root.attribute("seed", static_cast<std::int64_t>(experiment.seed));
  root.attribute("status", std::string("complete"));
  file.write("/", root);
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
  const auto count = [](int trials) { return static_cast<std::size_t>(trials); };
  const TrialSet train_trials =
      make_trials(*experiment.stimulus, experiment.seed, Split::train, count(experiment.train_trials), executor);
  check_stop();
  const TrialSet test_trials =
      make_trials(*experiment.stimulus, experiment.seed, Split::test, count(experiment.test_trials), executor);
  summary.trials_s = making.seconds();
  check_stop();

  const auto network = experiment.backend->compile(experiment.model, experiment.precision, executor);
  initialise(*network, experiment.seed);
  if (experiment.weights) take_weights(*network, *experiment.weights, experiment.weights_place);

  std::vector<EpochRow> epochs;
  if (experiment.rule->trains()) {
    progress.say(fmt::format("{} training and {} test trials made in {:.2f} s", train_trials.size(), test_trials.size(),
                             summary.trials_s));
    StopWatch training;
    epochs = train(experiment, *network, train_trials, progress, stop);
    summary.training_s = training.seconds();
    summary.epochs = static_cast<int>(epochs.size());
  }
  check_stop();

  const Tested tested = test(*network, test_trials, experiment.objective, true);
  summary.test = tested.metrics;
  write_root(file, experiment);
  if (!epochs.empty()) {
    file.write("/training", training_table(epochs, experiment.objective));
    const Tested trained = test(*network, train_trials, experiment.objective, false);
    file.write("/metrics/train", metrics_table(trained.metrics, experiment.objective));
  }
  file.write("/metrics/test", metrics_table(tested.metrics, experiment.objective));
  write_weights(*network, file);
  const TestedRun finished(experiment.model, experiment.objective, *network, test_trials, tested.evaluation);
  for (const auto& item : experiment.analyses) {
    check_stop();
    Table table;
    item.analysis->run(finished, table);
    file.write("/analysis/" + item.name, table);
  }

  results::Provenance provenance;
  provenance.source_yaml = experiment.source;
  provenance.resolved_yaml = experiment.resolved;
  provenance.command_line = options.command_line;
  provenance.started = started;
  provenance.finished = results::utc_now();
  provenance.threads = executor.threads();
  provenance.backend = experiment.backend_name;
  provenance.experiment_file = options.experiment_file;
  provenance.plugins = results::plugins_of(experiment.components);
  provenance.trials_s = summary.trials_s;
  for (const auto& row : epochs) provenance.epoch_s.push_back(row.seconds);
  file.write("/provenance", results::provenance_table(provenance));
  check_stop();
  file.commit();
  return summary;
}

}  // namespace tyto::run

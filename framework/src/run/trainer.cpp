#include "trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

#include <fmt/format.h>

#include <tyto/dale.hpp>

#include "checks.hpp"
#include "metrics.hpp"

namespace tyto::run {

std::vector<std::uint32_t> shuffled(std::uint64_t seed, int epoch, std::size_t count) {
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  Random random(stream_key(seed, "shuffle"), static_cast<std::uint64_t>(epoch));
  for (std::size_t i = count; i > 1; --i) std::swap(order[i - 1], order[random.below(static_cast<std::uint32_t>(i))]);
  return order;
}

namespace {

/// One pass over all trials. A last batch with fewer trials counts by its size.
EpochRow train_epoch(const spec::Experiment& experiment, Program& network, const TrialSet& trials, int epoch, int falls,
                     Progress& progress, const std::stop_token& stop) {
  const auto order = shuffled(experiment.seeds.order, epoch, trials.size());
  const auto batch_size = static_cast<std::size_t>(experiment.batch_size);
  const std::string who = component_text(experiment, Kind::learning_rule);
  EpochRow row;
  std::size_t done = 0;
  std::size_t correct = 0;
  for (std::size_t first = 0; first < order.size(); first += batch_size) {
    if (stop.stop_requested()) throw Interrupted();
    Batch batch{&trials, std::span(order).subspan(first, std::min(batch_size, order.size() - first)), {}};
    batch.pass.training = true;
    batch.pass.seed = experiment.seeds.order;
    batch.pass.epoch = static_cast<std::uint32_t>(epoch);
    batch.pass.progress =
        (epoch - 1 + static_cast<double>(first) / static_cast<double>(order.size())) / experiment.epochs;
    const double done_after = static_cast<double>(first + batch.index.size()) / static_cast<double>(order.size());
    batch.pass.rate_factor = experiment.schedule.factor({epoch, batch.pass.progress, epoch - 1 + done_after, falls});
    const BatchResult result =
        from_plugin(who, [&] { return experiment.rule->learn(network, batch, experiment.objective); });
    const std::size_t number = first / batch_size + 1;
    if (!std::isfinite(result.loss))
      throw Diverged(
          fmt::format("the loss is {} in epoch {}, batch {}: {}", number_text(result.loss), epoch, number, exploding));
    check_arrays(network, fmt::format("after epoch {}, batch {}", epoch, number), exploding);
    const auto weight = static_cast<double>(result.trials);
    row.loss += result.loss * weight;
    row.penalty += result.penalty * weight;
    correct += result.correct;
    done += result.trials;
    progress.batch(epoch, number, row.loss / static_cast<double>(done));
  }
  const auto total = static_cast<double>(done);
  row.loss /= total;
  row.penalty /= total;
  row.accuracy = static_cast<double>(correct) / total;
  return row;
}

/// Loss and accuracy on the validation trials.
void validate(const spec::Experiment& experiment, Program& network, const TrialSet& trials, EpochRow& row) {
  if (trials.size() == 0) return;
  std::vector<std::uint32_t> all(trials.size());
  std::iota(all.begin(), all.end(), 0U);
  const Metrics metrics =
      measure(network.evaluate({&trials, all, {}}, experiment.objective, false), trials, experiment.objective);
  if (!std::isfinite(metrics.loss))
    throw Diverged(fmt::format("the loss of the validation trials is {}: {}", number_text(metrics.loss), exploding));
  row.validation_loss = metrics.loss;
  row.validation_accuracy = metrics.accuracy.value_or(0);
}

/// Numbers of all arrays, to go back to.
class Snapshot {
 public:
  void take(const Program& network) {
    arrays_.resize(network.arrays().size());
    for (std::size_t array = 0; array < arrays_.size(); ++array) arrays_[array] = network.get(array);
  }
  void restore(Program& network) const {
    if (arrays_.empty()) return;
    for (std::size_t array = 0; array < arrays_.size(); ++array) network.set(array, arrays_[array]);
  }

 private:
  std::vector<std::vector<double>> arrays_;
};

/// Follows the figure by which epochs are judged; lower is better.
class Judge {
 public:
  Judge(const spec::Experiment& experiment, bool validates) : validates_(validates), patience_(experiment.epochs) {
    if (!experiment.early_stopping) return;
    by_accuracy_ = experiment.early_stopping->monitor == spec::EarlyStopping::Monitor::accuracy;
    patience_ = experiment.early_stopping->patience;
  }

  /// Whether an epoch, counted from 1, is the best one so far. The first of equal ones is.
  bool improves(int epoch, const EpochRow& row) {
    const double figure = by_accuracy_ ? -(validates_ ? row.validation_accuracy : row.accuracy)
                                       : (validates_ ? row.validation_loss : row.loss);
    if (best_epoch_ > 0 && !(figure < best_)) return false;
    best_ = figure;
    best_epoch_ = epoch;
    return true;
  }
  [[nodiscard]] bool out_of_patience(int epoch) const { return epoch - best_epoch_ >= patience_; }
  [[nodiscard]] int best_epoch() const { return best_epoch_; }

 private:
  bool validates_;
  bool by_accuracy_ = false;
  int patience_;
  int best_epoch_ = 0;
  double best_ = 0;
};

/// Weights of the wrong sign; nothing where no array obeys Dale's law.
std::optional<std::size_t> count_sign_violations(const Program& network) {
  std::optional<std::size_t> count;
  for (std::size_t array = 0; array < network.arrays().size(); ++array) {
    const auto signs = network.arrays().companion(array);
    if (!signs || network.arrays()[*signs].info.name != "sign") continue;
    count = count.value_or(0) + sign_violations(network.get(array), network.get(*signs));
  }
  return count;
}

std::string accuracy_text(const spec::Experiment& experiment, const EpochRow& row, bool validates) {
  if (!experiment.objective.classifies())
    return validates ? fmt::format("  validation loss {:.4f}", row.validation_loss) : "";
  return fmt::format("  accuracy {:.1f} %", 100 * row.accuracy) +
         (validates ? fmt::format("  validation {:.1f} %", 100 * row.validation_accuracy) : "");
}

/// The next trials of the training split take the place of those of the epoch before.
void refresh(const spec::Experiment& experiment, const TrainingTrials& trials, int epoch) {
  const std::size_t count = trials.train.size();
  trials.train = TrialSet();  // frees its memory before the next set needs as much
  trials.train = make_trials(*experiment.stimulus, experiment.seeds.trials, Split::train, count, trials.executor,
                             static_cast<std::uint64_t>(epoch - 1) * count);
}

}  // namespace

Training train(const spec::Experiment& experiment, Program& network, const TrainingTrials& trials, Progress& progress,
               const std::stop_token& stop) {
  from_plugin(component_text(experiment, Kind::learning_rule),
              [&] { experiment.rule->begin(experiment.model, experiment.objective); });
  const auto batch_size = static_cast<std::size_t>(experiment.batch_size);
  progress.start(experiment.epochs, (trials.train.size() + batch_size - 1) / batch_size);
  const bool validates = trials.validation.size() > 0;
  const bool restores = experiment.early_stopping && experiment.early_stopping->restore_best;
  Training training;
  Judge judge(experiment, validates);
  Snapshot best, good;
  int falls = 0, fallen_after = 0;
  good.take(network);
  for (int epoch = 1; epoch <= experiment.epochs && !judge.out_of_patience(epoch - 1); ++epoch) {
    const auto begin = std::chrono::steady_clock::now();
    if (experiment.fresh_trials && epoch > 1) refresh(experiment, trials, epoch);
    EpochRow row;
    try {
      row = train_epoch(experiment, network, trials.train, epoch, falls, progress, stop);
      validate(experiment, network, trials.validation, row);
    } catch (const Diverged& error) {
      good.restore(network);
      training.diverged = error.what();
      break;
    }
    good.take(network);
    row.sign_violations = count_sign_violations(network);
    if (row.sign_violations.value_or(0) > 0)
      throw Error(fmt::format("{} weights break Dale's law after epoch {}", *row.sign_violations, epoch));
    if (judge.improves(epoch, row) && restores) best.take(network);
    if (epoch - std::max(judge.best_epoch(), fallen_after) >= experiment.schedule.step_epochs) {
      ++falls;
      fallen_after = epoch;
    }
    row.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    progress.epoch(epoch, row.loss, accuracy_text(experiment, row, validates));
    training.epochs.push_back(row);
  }
  progress.clear();
  if ((validates || experiment.early_stopping) && judge.best_epoch() > 0) training.best_epoch = judge.best_epoch();
  training.restored = restores && training.diverged.empty();
  if (training.restored) best.restore(network);
  return training;
}

Table training_table(const Training& training, const spec::Experiment& experiment) {
  Table table;
  const auto& rows = training.epochs;
  const bool classifies = experiment.objective.classifies();
  std::vector<std::int64_t> epochs(rows.size());
  std::iota(epochs.begin(), epochs.end(), 1);
  table.axis("epoch", epochs, "1", "epoch, counted from 1");
  const auto column = [&](const std::string& name, double EpochRow::*member, const std::string& text) {
    std::vector<double> values;
    values.reserve(rows.size());
    for (const auto& row : rows) values.push_back(row.*member);
    table.variable(name, {"epoch"}, std::move(values), "1", text);
  };
  column("loss", &EpochRow::loss, "mean training loss, penalties included");
  column("penalty", &EpochRow::penalty, "the penalties' part of the loss");
  if (classifies)
    column("accuracy", &EpochRow::accuracy, "part of the training trials in the right class, measured while training");
  if (experiment.validation_trials > 0) {
    column("validation_loss", &EpochRow::validation_loss, "mean loss of the validation trials, without penalties");
    if (classifies)
      column("validation_accuracy", &EpochRow::validation_accuracy, "part of the validation trials in the right class");
  }
  if (!rows.empty() && rows.back().sign_violations) {
    std::vector<std::int64_t> counts;
    counts.reserve(rows.size());
    for (const auto& row : rows) counts.push_back(static_cast<std::int64_t>(row.sign_violations.value_or(0)));
    table.variable("sign_violations", {"epoch"}, std::move(counts), "1",
                   "weights that break Dale's law after the epoch");
  }
  table.attribute("epochs_asked_for", static_cast<std::int64_t>(experiment.epochs));
  table.attribute("epochs_run", static_cast<std::int64_t>(rows.size()));
  if (training.best_epoch) table.attribute("best_epoch", static_cast<std::int64_t>(*training.best_epoch));
  table.attribute("weights_of", std::string(training.restored ? "best epoch" : "last epoch"));
  if (!training.diverged.empty()) table.attribute("diverged", training.diverged);
  return table;
}

}  // namespace tyto::run

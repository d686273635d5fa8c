#include "trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

#include <fmt/format.h>

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
EpochRow train_epoch(const spec::Experiment& experiment, Network& network, const TrialSet& trials, int epoch,
                     Progress& progress, const std::stop_token& stop) {
  const auto begin = std::chrono::steady_clock::now();
  const auto order = shuffled(experiment.seed, epoch, trials.size());
  const auto batch_size = static_cast<std::size_t>(experiment.batch_size);
  EpochRow row;
  std::size_t done = 0;
  std::size_t correct = 0;
  for (std::size_t first = 0; first < order.size(); first += batch_size) {
    if (stop.stop_requested()) throw Interrupted();
    Batch batch{&trials, std::span(order).subspan(first, std::min(batch_size, order.size() - first)), {}};
    batch.pass.training = true;
    batch.pass.seed = experiment.seed;
    batch.pass.epoch = static_cast<std::uint32_t>(epoch);
    batch.pass.progress =
        (epoch - 1 + static_cast<double>(first) / static_cast<double>(order.size())) / experiment.epochs;
    const BatchResult result = experiment.rule->learn(network, batch, experiment.objective);
    if (!std::isfinite(result.loss))
      throw Error(fmt::format("the loss became {} in epoch {}, batch {}: the learning rate may be too large",
                              result.loss, epoch, first / batch_size + 1));
    const auto weight = static_cast<double>(result.trials);
    row.loss += result.loss * weight;
    row.penalty += result.penalty * weight;
    correct += result.correct;
    done += result.trials;
    progress.batch(epoch, first / batch_size + 1, row.loss / static_cast<double>(done));
  }
  const auto total = static_cast<double>(done);
  row.loss /= total;
  row.penalty /= total;
  row.accuracy = static_cast<double>(correct) / total;
  row.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return row;
}

}  // namespace

std::vector<EpochRow> train(const spec::Experiment& experiment, Network& network, const TrialSet& trials,
                            Progress& progress, const std::stop_token& stop) {
  experiment.rule->begin(experiment.model, experiment.objective);
  const auto batch_size = static_cast<std::size_t>(experiment.batch_size);
  progress.start(experiment.epochs, (trials.size() + batch_size - 1) / batch_size);
  std::vector<EpochRow> rows;
  for (int epoch = 1; epoch <= experiment.epochs; ++epoch) {
    rows.push_back(train_epoch(experiment, network, trials, epoch, progress, stop));
    const auto& row = rows.back();
    progress.epoch(epoch, row.loss,
                   experiment.objective.classifies() ? fmt::format("  accuracy {:.1f} %", 100 * row.accuracy) : "");
  }
  progress.clear();
  return rows;
}

Table training_table(const std::vector<EpochRow>& rows, const Objective& objective) {
  Table table;
  std::vector<std::int64_t> epochs(rows.size());
  std::iota(epochs.begin(), epochs.end(), 1);
  table.axis("epoch", epochs, "1", "epoch, counted from 1");
  const auto column = [&](double EpochRow::*member) {
    std::vector<double> values;
    for (const auto& row : rows) values.push_back(row.*member);
    return values;
  };
  table.variable("loss", {"epoch"}, column(&EpochRow::loss), "1", "mean training loss, penalties included");
  table.variable("penalty", {"epoch"}, column(&EpochRow::penalty), "1", "the penalties' part of the loss");
  if (objective.classifies())
    table.variable("accuracy", {"epoch"}, column(&EpochRow::accuracy), "1",
                   "part of the training trials in the right class, measured while training");
  return table;
}

}  // namespace tyto::run

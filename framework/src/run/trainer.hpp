/// The training loop.
#pragma once

#include <optional>
#include <stop_token>
#include <vector>

#include <tyto/backend.hpp>
#include <tyto/parallel.hpp>
#include <tyto/table.hpp>

#include "../spec/experiment.hpp"
#include "progress.hpp"

namespace tyto::run {

/// One row of /training.
struct EpochRow {
  double loss = 0;
  double penalty = 0;
  double accuracy = 0;
  double validation_loss = 0;      ///< only with validation trials
  double validation_accuracy = 0;  ///< only with validation trials
  double seconds = 0;
  std::optional<std::size_t> sign_violations;  ///< weights that break Dale's law, where some must obey it
};

struct Training {
  std::vector<EpochRow> epochs;   ///< may be fewer than were asked for
  std::optional<int> best_epoch;  ///< by what early stopping or the validation trials judge; counted from 1
  bool restored = false;          ///< the network has the best epoch's weights
  std::string diverged;           ///< why the training ended early; the network has the last good epoch's weights
};

/// What a network is trained with. Fresh trials take the place of the training trials from epoch to epoch.
struct TrainingTrials {
  TrialSet& train;
  const TrialSet& validation;  ///< may be empty
  Executor& executor;          ///< makes fresh trials
};

/// The order of `count` trials in an epoch, from the seed's stream "shuffle".
[[nodiscard]] std::vector<std::uint32_t> shuffled(std::uint64_t seed, int epoch, std::size_t count);

/// Trains `network` in place, epoch by epoch, until its numbers are no longer finite, if that happens. Throws
/// Interrupted between batches when `stop` is requested.
[[nodiscard]] Training train(const spec::Experiment& experiment, Program& network, const TrainingTrials& trials,
                             Progress& progress, const std::stop_token& stop);

/// The table /training.
[[nodiscard]] Table training_table(const Training& training, const spec::Experiment& experiment);

}  // namespace tyto::run

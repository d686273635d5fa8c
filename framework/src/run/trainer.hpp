/// The training loop.
#pragma once

#include <stop_token>
#include <vector>

#include <tyto/backend.hpp>
#include <tyto/table.hpp>

#include "../spec/experiment.hpp"
#include "progress.hpp"

namespace tyto::run {

/// One row of /training.
struct EpochRow {
  double loss = 0;
  double penalty = 0;
  double accuracy = 0;
  double seconds = 0;
};

/// The order of `count` trials in an epoch, from the seed's stream "shuffle".
[[nodiscard]] std::vector<std::uint32_t> shuffled(std::uint64_t seed, int epoch, std::size_t count);

/// Trains `network` in place, epoch by epoch. Throws Interrupted between batches when `stop` is requested.
[[nodiscard]] std::vector<EpochRow> train(const spec::Experiment& experiment, Network& network, const TrialSet& trials,
                                          Progress& progress, const std::stop_token& stop);

/// The table /training.
[[nodiscard]] Table training_table(const std::vector<EpochRow>& rows, const Objective& objective);

}  // namespace tyto::run

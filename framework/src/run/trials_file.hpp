/// The trials of an experiment as a file, for those who want to look at them or to train something else on the same
/// ones.
#pragma once

#include <stop_token>

#include <tyto/parallel.hpp>

#include "../spec/experiment.hpp"
#include "runner.hpp"

namespace tyto::run {

/// Writes the groups /train, /validation and /test, as far as there are such trials: `spikes` (trial, step, byte),
/// eight channels in a byte, the first one in its lowest bit, and the targets. Throws InvalidInput for an experiment
/// without trials, Interrupted when `stop` is requested.
void write_trials(const spec::Experiment& experiment, const RunOptions& options, Executor& executor,
                  const std::stop_token& stop);

}  // namespace tyto::run

/// Runs an experiment of the sort that goes step by step through a stream.
#pragma once

#include <stop_token>

#include "runner.hpp"

namespace tyto::run {

/// Finds decoders, simulates, records, analyses; see run_experiment(). Its samples go to the file while they come.
RunSummary run_simulation(const spec::Experiment& experiment, const RunOptions& options, Progress& progress,
                          const std::stop_token& stop);

}  // namespace tyto::run

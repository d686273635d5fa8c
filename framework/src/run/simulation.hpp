/// A run of the sort that goes step by step through a stream.
#pragma once

#include <stop_token>

#include "progress.hpp"
#include "report.hpp"
#include "weights.hpp"

namespace tyto::run {

/// Finds decoders, simulates, records, analyses. Samples go to the file while they come.
[[nodiscard]] StageResult run_simulation(const spec::Experiment& experiment, const Stages& stages,
                                         results::ResultsFile& file, Executor& executor, Progress& progress,
                                         const std::stop_token& stop);

}  // namespace tyto::run

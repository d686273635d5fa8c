/// Compares times and frequencies with the time step and the length of a run.
#pragma once

#include <optional>
#include <vector>

#include "reader.hpp"

namespace tyto::spec {

/// Faults where the step makes a value meaningless, warnings where it is coarse. `run_s` is the length of a simulation.
void check_time_steps(const std::vector<TimedValue>& values, double dt_s, std::optional<double> run_s, Reader& reader);

}  // namespace tyto::spec

/// Compares times and frequencies with the time step and the length of a run.
#pragma once

#include <string>
#include <vector>

#include "reader.hpp"

namespace tyto::spec {

/// What times have to lie in: a simulation, or each trial.
struct Whole {
  double duration_s = 0;  ///< 0 if unknown
  std::string word;       ///< "run" or "trial"
};

/// Faults where the step makes a value meaningless, or where it lies outside of the whole; warnings where it is coarse.
void check_time_steps(const std::vector<TimedValue>& values, double dt_s, const Whole& whole, Reader& reader);

}  // namespace tyto::spec

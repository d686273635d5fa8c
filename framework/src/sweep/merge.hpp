/// From the results of the runs to the one results file of the sweep.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "../spec/sweep.hpp"
#include "parts.hpp"
#include "plan.hpp"
#include "summary.hpp"

namespace tyto::sweep {

/// A run that failed.
struct Failure {
  std::size_t run = 0;
  std::string message;
};

struct MergeOptions {
  std::filesystem::path out;
  results::Origin origin;
  std::string started;
  std::size_t threads = 1;
};

struct Merged {
  Grid grid;
  std::vector<Metric> metrics;           ///< of all groups below /metrics and /analysis
  std::optional<std::size_t> seed_axis;  ///< the axis that runs over seeds alone
};

/// Writes the results file and puts it in place. `failures` are in the order of the runs.
Merged merge(const spec::Sweep& sweep, const Plan& plan, const Parts& parts, const std::vector<Failure>& failures,
             const MergeOptions& options);

}  // namespace tyto::sweep

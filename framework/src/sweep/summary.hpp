/// Mean, standard error and 95 % interval over seeds.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tyto/table.hpp>

#include "stack.hpp"

namespace tyto::sweep {

/// A figure of which every run has one.
struct Metric {
  std::string group;  ///< "/metrics/test"
  std::string name;
  std::string units;
  std::string long_name;
  std::vector<double> values;  ///< over the grid; NaN where a run failed
};

struct Statistics {
  std::int64_t count = 0;  ///< values that are there
  double mean = 0;         ///< NaN without a value
  double sem = 0;          ///< standard error of the mean; NaN with fewer than 2 values
  double half = 0;         ///< half the 95 % interval of the mean, by Student's t; NaN with fewer than 2 values
};

[[nodiscard]] Statistics statistics(std::span<const double> values);

/// The statistics over one axis of a grid, in the order of the others.
[[nodiscard]] std::vector<Statistics> over_axis(const Metric& metric, const Grid& grid, std::size_t axis);
/// The grid without one axis.
[[nodiscard]] Grid without_axis(const Grid& grid, std::size_t axis);

/// NAME_mean, NAME_sem, NAME_low, NAME_high and NAME_n for every metric of one group.
[[nodiscard]] Table summary_table(const std::vector<Metric>& metrics, const std::string& group, const Grid& grid,
                                  std::size_t seed_axis);

/// One line for each setting, a column for each metric of /metrics/test, or of that of the last stage that has one.
/// `labels` are those of the grid's axes.
[[nodiscard]] std::string summary_text(const std::vector<Metric>& metrics, const Grid& grid,
                                       const std::vector<std::vector<std::string>>& labels,
                                       std::optional<std::size_t> seed_axis);

}  // namespace tyto::sweep

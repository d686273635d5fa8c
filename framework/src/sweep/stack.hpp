/// Puts the tables of many runs on top of each other: every variable gets the sweep's axes in front of its own.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <tyto/table.hpp>

namespace tyto::sweep {

/// The axes of a sweep as they stand in every group of the results.
struct Grid {
  std::vector<Axis> axes;             ///< the last one varies fastest
  std::vector<Variable> coordinates;  ///< along zipped axes: the values of each path

  [[nodiscard]] std::size_t runs() const;
  [[nodiscard]] std::vector<std::string> names() const;
};

/// Adds the axes and the zipped coordinates to a table.
void add_grid(const Grid& grid, Table& table);

/// One table from those of the runs, in the grid's order; null where a run failed or has no such group.
///
/// Values that are missing are NaN (numbers) or "" (texts). An axis that has the same values in all runs stays; one
/// that is only longer in some runs takes the longest; any other becomes an index, its values the variable NAME_values.
/// Variables whose shapes differ are padded to the largest in each direction and named in the attribute `padded`;
/// those that cannot be stacked (other axes or another kind of content from run to run) are named in `left_out`.
/// Attributes that differ become variables.
[[nodiscard]] Table stack(const Grid& grid, const std::vector<const Table*>& runs);

}  // namespace tyto::sweep

/// Reads groups of this program's own results files back into tables.
#pragma once

#include <string>
#include <vector>

#include <tyto/table.hpp>

#include "hdf5.hpp"

namespace tyto::results {

/// Paths of all groups of an open file, "/" first, in the order of their creation.
[[nodiscard]] std::vector<std::string> group_paths(const h5::Handle& file);

/// A group as it was given to ResultsFile::write(), numbers in the type in which they are stored. Throws Error.
[[nodiscard]] Table read_table(const h5::Handle& file, const std::string& group);

}  // namespace tyto::results

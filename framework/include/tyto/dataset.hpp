/// Numbers out of somebody's HDF5 file, for components that are given one.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <tyto/export.hpp>

namespace tyto {

struct Dataset {
  std::vector<std::size_t> shape;
  std::vector<double> values;  ///< the last axis runs fastest
};

/// Reads one data set of numbers. The file is not trusted: damaged ones neither hang nor kill the program. Throws
/// Error: no such file, not an HDF5 file, no such data set, no numbers, more than 1 GiB.
[[nodiscard]] TYTO_API Dataset read_dataset(const std::string& file, const std::string& path);

}  // namespace tyto

/// What two results files differ in, bit by bit.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace tyto::stored {

struct Differences {
  std::vector<std::string> settings;  ///< a line for each value of the whole configurations that is not the same
  std::vector<std::string> data;      ///< a line for each data set that is not the same
  std::size_t equal = 0;              ///< data sets that are
};

/// All but what the files say of where and when they were made (/provenance). Throws Error if one cannot be read.
[[nodiscard]] Differences differences(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace tyto::stored

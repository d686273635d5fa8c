/// What is in a results file, for a person.
#pragma once

#include <filesystem>
#include <string>

namespace tyto::stored {

/// How it was made, its metrics, and a line for each data set. Throws Error if the file cannot be read.
[[nodiscard]] std::string overview(const std::filesystem::path& file);

/// The data sets of a group, or the values of one data set, of which long ones are cut. Throws Error.
[[nodiscard]] std::string contents(const std::filesystem::path& file, const std::string& path);

}  // namespace tyto::stored

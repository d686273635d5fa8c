/// Numbers of a results file as CSV (RFC 4180): a column for each axis, and one for the value.
#pragma once

#include <cstddef>
#include <filesystem>
#include <ostream>
#include <string>

namespace tyto::stored {

/// One data set. Throws Error.
void write_csv(const std::filesystem::path& file, const std::string& path, std::ostream& out);

/// A file for each data set that is no axis, in a folder that is made; returns how many there are. Throws Error, also
/// if the folder is there already.
std::size_t write_csv_files(const std::filesystem::path& file, const std::filesystem::path& folder);

}  // namespace tyto::stored

/// Where results may be written.
#pragma once

#include <filesystem>
#include <span>
#include <string>

namespace tyto::results {

/// Whether a file is one that Tyto has written. Looks for the name of the format, and does not trust the file to HDF5.
[[nodiscard]] bool is_results_file(const std::filesystem::path& file);

/// Throws InvalidInput unless results can be put at `out`: its folder is there, and `out` is either new or, if results
/// may be replaced, a results file of Tyto that is none of the run's own inputs.
void check_target(const std::filesystem::path& out, std::span<const std::string> inputs, bool replace);

/// `file` if there is none of that name, else the first of name-2.h5, name-3.h5, ... that is not there.
[[nodiscard]] std::filesystem::path free_name(const std::filesystem::path& file);

}  // namespace tyto::results

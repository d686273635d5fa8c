/// NumPy's format for several arrays: a ZIP archive with a .npy file for each.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "numbers_on_disk.hpp"

namespace tyto::files {

[[nodiscard]] bool is_zip(const Descriptor& file);

/// Names of the arrays. Throws Error if the archive is damaged.
[[nodiscard]] std::vector<std::string> names_in_npz(const std::filesystem::path& file);

/// Unpacks one array into a temporary file. Throws Error.
[[nodiscard]] std::shared_ptr<DataArray::Source> read_npz(const std::filesystem::path& file, const std::string& name);

}  // namespace tyto::files

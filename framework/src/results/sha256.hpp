/// SHA-256, which tells one file from another in provenance and manifests.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace tyto::results {

/// SHA-256 of a file's contents in lower-case hexadecimal; throws Error if it cannot be read.
[[nodiscard]] std::string sha256_file(const std::filesystem::path& file);

/// SHA-256 of a text in lower-case hexadecimal.
[[nodiscard]] std::string sha256_text(std::string_view text);

}  // namespace tyto::results

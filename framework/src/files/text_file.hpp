/// Small files, read whole.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace tyto::files {

/// The content of a regular file of up to `most` bytes. Throws Error with a sentence without the file's name: there is
/// no such file, it is a folder, a pipe or something else that could make its reader wait, or it is larger.
[[nodiscard]] std::string read_text_file(const std::filesystem::path& file, std::size_t most);

}  // namespace tyto::files

#pragma once

#include <filesystem>

namespace tyto {

/// The framework's own library, as an absolute path; empty if it cannot be found.
[[nodiscard]] std::filesystem::path own_library();

}  // namespace tyto

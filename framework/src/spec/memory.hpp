/// Sizes in bytes against this machine's memory.
#pragma once

#include <string>

namespace tyto::spec {

/// True if so many bytes are more than the machine's physical memory.
[[nodiscard]] bool exceeds_memory(double bytes);
/// "1.5 GB"
[[nodiscard]] std::string size_text(double bytes);

}  // namespace tyto::spec

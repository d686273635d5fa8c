/// Sizes in bytes against this machine's memory.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <tyto/layer.hpp>

#include "reader.hpp"

namespace tyto::spec {

/// True if so many bytes are more than the machine's physical memory.
[[nodiscard]] bool exceeds_memory(double bytes);
/// "1.5 GB"
[[nodiscard]] std::string size_text(double bytes);

/// Reports weights that no memory could hold.
void check_memory_of(const std::vector<ArrayInfo>& arrays, std::size_t from, std::size_t to, const Place& place,
                     Reader& reader);

}  // namespace tyto::spec

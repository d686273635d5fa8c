#include "memory.hpp"

#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdio>

namespace tyto::spec {

bool exceeds_memory(double bytes) {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page_size = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page_size <= 0) return false;
  return bytes > static_cast<double>(pages) * static_cast<double>(page_size);
}

std::string size_text(double bytes) {
  static constexpr std::array<const char*, 7> units{"bytes", "kB", "MB", "GB", "TB", "PB", "EB"};
  std::size_t unit = 0;
  while (bytes >= 999.5 && unit + 1 < units.size()) {
    bytes /= 1000;
    ++unit;
  }
  std::array<char, 32> buffer{};
  const int length = std::snprintf(buffer.data(), buffer.size(), "%.3g %s", bytes, units[unit]);
  return {buffer.data(), static_cast<std::size_t>(length)};
}

void check_memory_of(const std::vector<ArrayInfo>& arrays, std::size_t from, std::size_t to, const Place& place,
                     Reader& reader) {
  double numbers = 0;
  for (const auto& array : arrays) {
    double product = 1;
    for (const std::size_t extent : array.shape) product *= static_cast<double>(extent);
    numbers += product;
  }
  // Weights, their gradients and what an optimizer remembers of them, in the narrower precision.
  constexpr double bytes_per_weight = 4 * sizeof(float);
  if (exceeds_memory(numbers * bytes_per_weight))
    reader.fault(place, "the weights from " + std::to_string(from) + " to " + std::to_string(to) + " neurons need " +
                            size_text(numbers * bytes_per_weight) + " of memory, more than this machine has");
}

}  // namespace tyto::spec

/// NumPy's format for one array: a line of text that says what it is, and its numbers
/// (numpy.lib.format, versions 1 to 3).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "numbers_on_disk.hpp"

namespace tyto::files {

/// Whether a file begins as one of these does.
[[nodiscard]] bool is_npy(const Descriptor& file);

/// Bytes that a file of this format has by what stands at its beginning; 0 if it holds what cannot be used. Throws
/// Error.
[[nodiscard]] std::uint64_t npy_bytes(const Descriptor& file, const std::string& name);

/// `name` is for messages. Throws Error, with a way out where it holds what cannot be used.
[[nodiscard]] std::shared_ptr<DataArray::Source> read_npy(const std::shared_ptr<const Descriptor>& file,
                                                          const std::string& name);

}  // namespace tyto::files

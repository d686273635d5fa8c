#pragma once

#include <cstddef>
#include <string_view>

// What tyto-read is asked for, and what it sends, in the machine's own byte order:
//   'A' path rank extent... values...   one array
//   'E' sentence                        it failed, and why
//   'Z'                                 all arrays have been sent
// where a text is its length (64 bits) and its bytes.

namespace tyto::results {

/// The pipe that the records are written to.
constexpr int records_descriptor = 3;

/// More bytes of numbers than this are not read of one file.
constexpr std::size_t bytes_limit = std::size_t{1} << 30U;

/// All data sets below a group, or one data set.
enum class Extent { group, dataset };

constexpr std::string_view word_of(Extent extent) { return extent == Extent::group ? "group" : "dataset"; }

}  // namespace tyto::results

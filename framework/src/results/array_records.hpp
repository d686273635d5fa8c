#pragma once

#include <cstddef>
#include <string_view>

// What tyto-read is asked for, and what it sends, in the machine's own byte order:
//   'A' path extents values...      one array; its values are 64-bit floating-point numbers
//   'D' element extents rows        of Extent::array: its values have been put into the file that was handed over
//   'T' extents texts               of Extent::array: texts
//   'N'                             of Extent::array: there is no such array
//   'E' sentence                    it failed, and why
//   'Z'                             all arrays have been sent
// where a text is its length (64 bits) and its bytes, and a list, such as extents, rows or texts, its length and items.

namespace tyto::results {

/// The pipe that the records are written to, and the file for values.
constexpr int records_descriptor = 3;
constexpr int values_descriptor = 4;

/// More bytes of numbers than this are not sent of one file.
constexpr std::size_t bytes_limit = std::size_t{1} << 30U;

/// All data sets of numbers below a group, or one data set of numbers, of lists of numbers, or of texts; of `look` only
/// whether it is there.
enum class Extent { group, array, look };

constexpr std::string_view word_of(Extent extent) {
  return extent == Extent::group ? "group" : extent == Extent::array ? "array" : "look";
}

}  // namespace tyto::results

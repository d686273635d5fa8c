#pragma once

#include <cstddef>
#include <string_view>

// What tyto-read is asked for, and what it sends, in the machine's own byte order:
//   'A' path extents values...      one array; its values are 64-bit floating-point numbers
//   'D' element extents rows        of Extent::array: its values have been put into the file that was handed over
//   'T' extents texts               of Extent::array: texts
//   'N'                             of Extent::look: there is no such data set
//   'G' path names texts            of Extent::outline: a group, and its attributes
//   'S' path element extents axes units long_name, and 1 (64 bits) if it is an axis: of Extent::outline, a data set
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
/// whether it is there; the outline of a file: its groups and data sets, without their numbers.
enum class Extent { group, array, look, outline };

constexpr std::string_view word_of(Extent extent) {
  switch (extent) {
    case Extent::group:
      return "group";
    case Extent::array:
      return "array";
    case Extent::look:
      return "look";
    case Extent::outline:
      return "outline";
  }
  return "";
}

}  // namespace tyto::results

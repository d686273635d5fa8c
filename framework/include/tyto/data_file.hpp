/// Numbers and texts out of somebody's file, for components that are given one: HDF5, or NumPy's .npy and .npz.
///
/// No file is trusted: damaged ones neither hang nor kill the program. Numbers stay on disk until they are asked for,
/// so that a file may be larger than the memory; what has to be unpacked goes into a temporary file without a name.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <tyto/export.hpp>

namespace tyto {

/// One array of a file. Copies share what they read from; read() may be called from many threads at once.
class TYTO_API DataArray {
 public:
  enum class Content {
    real,   ///< floating-point numbers
    whole,  ///< whole numbers and truth values
    text
  };
  /// Where numbers and texts come from.
  class Source;

  DataArray() = default;
  explicit DataArray(std::shared_ptr<const Source> source) : source_(std::move(source)) {}

  [[nodiscard]] Content content() const;
  /// The last axis runs fastest. Of ragged arrays, whose rows have lengths of their own, the number of rows.
  [[nodiscard]] const std::vector<std::size_t>& shape() const;
  /// Numbers or texts in all.
  [[nodiscard]] std::size_t size() const;
  /// Of a ragged array: row i has the numbers rows()[i] .. rows()[i + 1] - 1. Else empty.
  [[nodiscard]] std::span<const std::size_t> rows() const;
  /// Numbers first .. first + values.size() - 1. Throws Error if they cannot be read.
  void read(std::size_t first, std::span<double> values) const;
  [[nodiscard]] std::vector<double> numbers() const;
  /// Throws Error if there are none.
  [[nodiscard]] std::vector<std::string> texts() const;
  /// Half of the relative distance between neighbouring numbers of 32 bits, if it has such; else 0.
  [[nodiscard]] double rounding() const;
  /// Whether its numbers are whole ones of eight bits.
  [[nodiscard]] bool is_bytes() const;

 private:
  std::shared_ptr<const Source> source_;
};

/// Reads one array of a file. Of a .npy file, which has but one, `path` does not matter; of a .npz file it is the
/// array's name. Throws Error: no such file, of none of these formats, no such array, no numbers or texts, too large.
[[nodiscard]] TYTO_API DataArray read_data(const std::string& file, const std::string& path);

/// Whether a file has an array of that name. Throws Error as read_data().
[[nodiscard]] TYTO_API bool has_data(const std::string& file, const std::string& path);

}  // namespace tyto

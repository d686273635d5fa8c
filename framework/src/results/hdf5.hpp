/// A thin layer over the HDF5 C library: identifiers that close themselves, and failures as tyto::Error
/// with the library's own reason. The library is not safe to call from two threads at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tyto/error.hpp>
#include <tyto/table.hpp>

namespace tyto::results::h5 {

/// The library's hid_t, named here so that its header stays out of this one.
using Id = std::int64_t;

/// The library could not do what it was told.
class Failure : public Error {
 public:
  using Error::Error;
};

/// Owns one HDF5 identifier.
class Handle {
 public:
  using Close = int (*)(Id);
  Handle() = default;
  Handle(Id id, Close close) : id_(id), close_(close) {}
  ~Handle() { reset(); }
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  [[nodiscard]] Id get() const { return id_; }
  [[nodiscard]] explicit operator bool() const { return id_ >= 0; }
  /// Never closes what it owned.
  void leak() noexcept { id_ = -1; }
  void reset() noexcept {
    if (id_ >= 0) close_(std::exchange(id_, -1));
  }

 private:
  Id id_ = -1;
  Close close_ = nullptr;
};

using Shape = std::vector<std::size_t>;

/// Keeps other threads out of the library while it lives. Runs that go on at the same time write their files under it.
[[nodiscard]] std::unique_lock<std::mutex> exclusive();

// Files and groups.

/// A new file that lives in memory only; image() gives the bytes to be written to disk. A full disk is then an
/// ordinary failed write, and never meets the library halfway through its own bookkeeping. The library tells files
/// apart by `name`, which must be that of no other open file.
[[nodiscard]] Handle create_in_memory(const std::string& name);
/// A new file on disk, which grows while it is written.
[[nodiscard]] Handle create_on_disk(const std::filesystem::path& file);
void flush(const Handle& file);
/// For a file on disk that could not be written, most often since the disk is full. The library does not survive
/// closing it: it would try again to write what it holds back, and fall over its own unfinished work. So its
/// identifiers have to be leaked (Handle::leak()); this gives back the space on the disk.
void abandon(Id file) noexcept;
[[nodiscard]] std::vector<std::byte> image(const Handle& file);
/// Opens a file for reading, without file locks: results files are replaced as a whole, never changed in place.
[[nodiscard]] Handle open_file(const std::filesystem::path& file);
/// Opens the group at an absolute path, after making it and the groups above it where missing.
[[nodiscard]] Handle create_group(const Handle& file, const std::string& path);
/// Whether every part of a path is there, reached by hard links only, which cannot lead out of the file.
[[nodiscard]] bool exists(const Handle& at, const std::string& path);
[[nodiscard]] bool is_group(const Handle& at, const std::string& path);
[[nodiscard]] Handle open_group(const Handle& at, const std::string& path);
[[nodiscard]] Handle open_dataset(const Handle& at, const std::string& path);
/// Names of a group's members, in the order of their creation where the file keeps it, else by name.
[[nodiscard]] std::vector<std::string> members(const Handle& group);
/// Paths, relative to the group and sorted, of all data sets below it; throws Error if there are more than `limit`.
[[nodiscard]] std::vector<std::string> datasets_below(const Handle& group, std::size_t limit);

// Data sets.

enum class Content { number, lists, text, other };  // lists of numbers, of lengths of their own

struct DatasetInfo {
  Shape shape;
  Content content = Content::other;
  std::vector<std::string> filters;  ///< "shuffle", "deflate", "fletcher32", in the order of their use
  bool chunked = false;
  bool stored_elsewhere = false;  ///< the data lie in other files (external or virtual storage)
};

/// Writes numbers or texts. Arrays of numbers are chunked, shuffled, compressed and checksummed; a single number
/// lies in the object header, which has a checksum of its own.
[[nodiscard]] Handle write_dataset(const Handle& group, const std::string& name, const Shape& shape,
                                   const Values& values);
/// An empty data set of rows of a shape, to which more rows can be added; of 32-bit numbers if `narrow`.
[[nodiscard]] Handle create_series(const Handle& group, const std::string& name, const Shape& row, bool narrow,
                                   std::size_t rows_at_once);
void append_rows(const Handle& series, std::size_t rows_before, std::size_t rows, std::span<const double> values);
/// Makes a one-dimensional data set the scale of the dimension `name`.
void make_scale(const Handle& dataset, const std::string& name);
void attach_scale(const Handle& dataset, const Handle& scale, std::size_t axis, const std::string& label);
[[nodiscard]] DatasetInfo inspect(const Handle& dataset);
/// For each axis of a data set the name of its dimension scale, empty where there is none.
[[nodiscard]] std::vector<std::string> scales_of(const Handle& dataset);
/// How the numbers of a data set, or of its lists, can be kept without loss, as NumPy names it: "f4", "u1", ...
[[nodiscard]] std::string element_of(const Handle& dataset);
/// Opens a data set to be read piece by piece, which is quicker so where it is compressed.
[[nodiscard]] Handle open_for_pieces(const Handle& at, const std::string& path);
/// Rows of a data set, which has at least one axis, as numbers of the given kind.
void read_rows(const Handle& dataset, std::size_t first, std::size_t rows, const std::string& element, void* out);
/// Lists of a data set with one axis, one behind the other; adds the end of each to `ends`.
[[nodiscard]] std::vector<std::byte> read_lists(const Handle& dataset, std::size_t first, std::size_t lists,
                                                const std::string& element, std::vector<std::size_t>& ends);
/// Whether a data set has the values along an axis.
[[nodiscard]] bool is_scale(const Handle& dataset);
/// All values of a numeric data set as double; an h5py bool reads as 0 or 1.
[[nodiscard]] std::vector<double> read_numbers(const Handle& dataset);
[[nodiscard]] std::vector<std::string> read_texts(const Handle& dataset);

// Attributes of a group or data set. Writing replaces an attribute of that name.

void write_attribute(const Handle& object, const Attribute& attribute);
/// `units` and `long_name`, which every variable and axis has.
void describe(const Handle& dataset, const std::string& name, const std::string& units, const std::string& long_name);
/// In the order of their creation where the file keeps it, else by name.
[[nodiscard]] std::vector<std::string> attribute_names(const Handle& object);
[[nodiscard]] Attribute read_attribute(const Handle& object, const std::string& name);
[[nodiscard]] bool has_attribute(const Handle& object, const std::string& name);
[[nodiscard]] double read_number_attribute(const Handle& object, const std::string& name);
[[nodiscard]] std::string read_text_attribute(const Handle& object, const std::string& name);

}  // namespace tyto::results::h5

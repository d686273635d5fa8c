/// The results file: one HDF5 file, written beside its final name and put in place atomically.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tyto/error.hpp>
#include <tyto/table.hpp>

namespace tyto::results {

/// A results file that cannot be written, most often since the disk is full; says which.
class CannotWrite : public Error {
 public:
  using Error::Error;
};

/// A file that appears under its name only when commit() has succeeded: temporary file in the same
/// folder, close, fsync, rename, fsync of the folder. Without commit() nothing is left behind.
class ResultsFile {
 public:
  /// Where the file is put together: in memory, so that a full disk is met by one write at the end, or on disk, for
  /// results that may be larger than the memory.
  enum class Building { in_memory, on_disk };

  /// Throws Error if the folder cannot be written.
  explicit ResultsFile(const std::filesystem::path& target, Building building = Building::in_memory);
  ~ResultsFile();
  ResultsFile(const ResultsFile&) = delete;
  ResultsFile& operator=(const ResultsFile&) = delete;

  /// From now on, paths of groups stand below this one, as in "/stages/learn"; empty for the root.
  void enter(std::string group);
  /// Writes a table as a group, e.g. "/analysis/confusion" ("/" for the root's attributes). An axis that has the name
  /// of one with other values elsewhere in the file, or in the group that was entered, becomes "confusion_<axis>". Axes
  /// become dimension scales; data are chunked, shuffled, compressed and checksummed (fletcher32); every variable has
  /// `units` and `long_name`; creation order is kept.
  void write(const std::string& group, const Table& table);
  /// Lets axes of one name have other values in other groups, as in a part of a sweep, whose merged file lines them up.
  void keep_names_of_axes();
  /// Puts the file in place, replacing one of that name.
  void commit();

 private:
  friend class Series;
  void write_table(const std::string& group, const Table& table);
  [[nodiscard]] Table lined_up(const std::string& group, const Table& table);
  struct Impl;
  struct Close {
    void operator()(Impl* impl) const;
  };
  std::unique_ptr<Impl, Close> impl_;
};

/// What a series grows along: samples at times, or events, each of which has a time.
struct SeriesAxis {
  std::string name;
  bool events = false;
};

/// A variable that grows, written in pieces while the samples come. Belongs to a group of its
/// own.
class Series {
 public:
  /// Makes the group. `axes` are those of one sample; `narrow` stores samples as 32-bit numbers. The file must outlive
  /// this.
  Series(ResultsFile& file, const std::string& group, SeriesAxis along, const std::vector<Axis>& axes,
         const Variable& variable, bool narrow);
  ~Series();
  Series(Series&&) noexcept;
  Series& operator=(Series&&) noexcept;

  void append(double time_s, std::span<const double> sample);
  /// Writes what has been kept back, and numbers events. After it nothing can be appended.
  void finish();
  [[nodiscard]] std::size_t samples() const;
  /// Everything that was appended: times, then samples.
  [[nodiscard]] std::pair<std::vector<double>, std::vector<double>> read();

 private:
  struct Impl;
  void flush();
  std::unique_ptr<Impl> impl_;
};

/// An array read from somebody's file.
struct ReadArray {
  std::string path;  ///< "/weights/hidden/stimulus/w"
  std::vector<std::size_t> shape;
  std::vector<double> values;
};

/// Reads every numeric dataset below a group of an untrusted HDF5 file. The file is opened in a child
/// process with limits on time and memory, since damaged files can hang or kill the HDF5 library.
/// Throws Error: no such file, not an HDF5 file, no such group, unreadable or too large.
[[nodiscard]] std::vector<ReadArray> read_arrays(const std::filesystem::path& file, const std::string& group);

}  // namespace tyto::results

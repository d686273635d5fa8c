/// The results file: one HDF5 file, written beside its final name and put in place atomically.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <tyto/table.hpp>

namespace tyto::results {

/// A file that appears under its name only when commit() has succeeded: temporary file in the same
/// folder, close, fsync, rename, fsync of the folder. Without commit() nothing is left behind.
class ResultsFile {
 public:
  /// Throws Error if the folder cannot be written.
  explicit ResultsFile(std::filesystem::path target);
  ~ResultsFile();
  ResultsFile(const ResultsFile&) = delete;
  ResultsFile& operator=(const ResultsFile&) = delete;

  /// Writes a table as a group, e.g. "/analysis/confusion" ("/" for the root's attributes). Axes become
  /// dimension scales; data are chunked, shuffled, compressed and checksummed (fletcher32); every variable has
  /// `units` and `long_name`; creation order is kept.
  void write(const std::string& group, const Table& table);
  /// Puts the file in place, replacing one of that name.
  void commit();

 private:
  struct Impl;
  struct Close {
    void operator()(Impl* impl) const;
  };
  std::unique_ptr<Impl, Close> impl_;
};

/// An array read from somebody's file.
struct ReadArray {
  std::string path;  ///< "/weights/hidden/w"
  std::vector<std::size_t> shape;
  std::vector<double> values;
};

/// Reads every numeric dataset below a group of an untrusted HDF5 file. The file is opened in a child
/// process with limits on time and memory, since damaged files can hang or kill the HDF5 library.
/// Throws Error: no such file, not an HDF5 file, no such group, unreadable or too large.
[[nodiscard]] std::vector<ReadArray> read_arrays(const std::filesystem::path& file, const std::string& group);

}  // namespace tyto::results

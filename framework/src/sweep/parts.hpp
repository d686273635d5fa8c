/// The folder in which the results of a sweep's runs are kept until all are there.
#pragma once

#include <filesystem>
#include <string>

namespace tyto::sweep {

/// Beside "name.h5" the folder "name.parts", with one results file for each run. Locked while this lives, so that two
/// programs do not work on one sweep.
class Parts {
 public:
  /// Makes the folder. Throws Error if it cannot, or if another program has it.
  explicit Parts(const std::filesystem::path& out);
  ~Parts();
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  /// Whether a sweep with this results file has been begun and kept parts.
  [[nodiscard]] static bool begun(const std::filesystem::path& out);
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] std::filesystem::path file(const std::string& key) const;
  /// Keeps the checksum of a run's results, which are complete.
  void seal(const std::string& key) const;
  /// Whether the run's results are there, and are what was sealed, to the last bit.
  [[nodiscard]] bool has(const std::string& key) const;
  /// Removes every part, those of earlier versions of the experiment included, and the folder if nothing else is in it.
  void remove();

 private:
  [[nodiscard]] std::string sum_of(const std::string& key) const;
  [[nodiscard]] std::filesystem::path sum_file(const std::string& key) const;

  std::filesystem::path folder_;
  int lock_ = -1;
};

}  // namespace tyto::sweep

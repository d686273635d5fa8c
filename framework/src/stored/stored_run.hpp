/// A run as its results file knows it: how to do it again, and how to ask its network anew.
#pragma once

#include <filesystem>
#include <string>

#include "../results/outline.hpp"
#include "../spec/document.hpp"
#include "../spec/experiment.hpp"

namespace tyto::stored {

class StoredRun {
 public:
  /// Throws Error: no such file, no results file of Tyto.
  explicit StoredRun(std::filesystem::path file);

  [[nodiscard]] const std::filesystem::path& file() const { return file_; }
  [[nodiscard]] const results::Outline& outline() const { return outline_; }
  [[nodiscard]] bool is_sweep() const { return outline_.find("/sweep/settings") != nullptr || has_group("/sweep"); }

  /// What was run: the whole configuration, or of a sweep its file, to which settings() belong. Throws InvalidInput if
  /// a file that was read is not there any more, or not the same.
  [[nodiscard]] spec::Document document() const;
  /// What the command line changed in the document.
  [[nodiscard]] spec::Overrides settings() const;
  /// The same model with the weights that it ended with, asked without learning; of a run with stages one of these.
  /// Throws InvalidInput if that cannot be.
  [[nodiscard]] spec::Document evaluation(const std::string& stage) const;

 private:
  [[nodiscard]] bool has_group(const std::string& path) const;
  [[nodiscard]] std::filesystem::path folder() const;
  void check_inputs() const;

  std::filesystem::path file_;
  results::Outline outline_;
};

}  // namespace tyto::stored

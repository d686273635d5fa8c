/// A run as its results file knows it: how to do it again, and how to ask its network anew.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "../results/outline.hpp"
#include "../results/provenance.hpp"
#include "../spec/document.hpp"
#include "../spec/experiment.hpp"

namespace tyto::stored {

class StoredRun {
 public:
  /// Throws Error: no such file, no results file of Tyto.
  explicit StoredRun(std::filesystem::path file);

  [[nodiscard]] const std::filesystem::path& file() const { return file_; }
  [[nodiscard]] bool is_sweep() const { return has_group("/sweep"); }

  /// What was run: the whole configuration, or of a sweep its file, to which settings() belong.
  [[nodiscard]] spec::Document document() const;
  /// What the command line changed in the document.
  [[nodiscard]] spec::Overrides settings() const;
  /// Where the experiment came from.
  [[nodiscard]] results::Origin origin() const;
  /// Of files that are to be read, those that the run did not read as they are now. Nothing if it does not know.
  [[nodiscard]] std::vector<std::string> changed(const std::vector<std::string>& files) const;
  /// The same model with the weights that it ended with, asked without learning; of a run with stages one of these.
  /// Throws InvalidInput if that cannot be.
  [[nodiscard]] spec::Document evaluation(const std::string& stage) const;

 private:
  [[nodiscard]] bool has_group(const std::string& path) const;
  [[nodiscard]] std::filesystem::path folder() const;

  std::filesystem::path file_;
  results::Outline outline_;
};

}  // namespace tyto::stored

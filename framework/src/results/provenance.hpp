/// Where a results file comes from: everything needed to repeat the run, and to tell what it ran on.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tyto/component.hpp>
#include <tyto/table.hpp>

namespace tyto::results {

/// A plugin that took part in a run.
struct PluginUse {
  std::string name;
  std::string version;
  std::string library;  ///< file name
  std::string sha256;   ///< of the library
};

/// A file that a run reads.
struct InputUse {
  std::string path;  ///< absolute
  std::string sha256;
};

/// Who asked for a run, and how.
struct Origin {
  std::string command_line;
  std::filesystem::path experiment_file;
  std::filesystem::path folder;       ///< what names of files in the experiment are relative to
  std::string build_revision;         ///< git commit that the program was built from; empty if that is not known
  std::vector<std::string> settings;  ///< options of the command line that change the experiment: "--set a=b"
  bool named = true;                  ///< whether host, command line and folders may be kept
};

struct Provenance {
  Origin origin;
  std::string source_yaml;    ///< the experiment as its author wrote it
  std::string resolved_yaml;  ///< with everything included and every default filled in
  std::vector<PluginUse> plugins;
  std::vector<InputUse> inputs;
  std::string started;  ///< utc_now() at the start
  std::string finished;
  std::string backend;
  std::size_t threads = 1;
  double trials_s = 0;                 ///< wall time of making the trials
  std::vector<double> epoch_s;         ///< wall time of each epoch
  std::optional<double> simulation_s;  ///< wall time of a simulation's steps, instead of the two above
};

/// The group /provenance. Tyto's version, the host, its processor and the git revision of the experiment's folder
/// are found out here.
[[nodiscard]] Table provenance_table(const Provenance& provenance);

/// The plugins that provide these components, each once, by name. Their libraries are open.
[[nodiscard]] std::vector<PluginUse> plugins_of(std::span<const ComponentInfo* const> components);

/// Absolute names and digests of files.
[[nodiscard]] std::vector<InputUse> inputs_of(std::span<const std::string> files);

/// The time of day as "2024-05-31T12:34:56Z".
[[nodiscard]] std::string utc_now();

/// The commit that is checked out in the git repository around a folder, read from the repository's files;
/// empty if there is none. Never fails.
[[nodiscard]] std::string git_revision(const std::filesystem::path& folder) noexcept;

}  // namespace tyto::results

/// Checks every run of a sweep before the first one starts, and names each by what its results depend on.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "../results/provenance.hpp"
#include "../spec/sweep.hpp"

namespace tyto::sweep {

struct Plan {
  /// For each run, SHA-256 over its whole configuration, the program, the plugins that it uses, and the weights that
  /// it starts from. Runs of one key have the same results.
  std::vector<std::string> keys;
  std::string title;
  std::string source;    ///< the experiment file
  std::string resolved;  ///< the configuration of the first run
  std::string backend;
  std::vector<results::PluginUse> plugins;  ///< of all runs
  std::vector<spec::Warning> warnings;      ///< of all runs, each once
  std::vector<std::string> inputs;          ///< files that any of the runs reads
};

/// Throws InvalidInput with every fault of every value, each once.
[[nodiscard]] Plan make_plan(const spec::Sweep& sweep, const spec::Document& document, const spec::Overrides& overrides,
                             plugin::Components& components, const std::stop_token& stop);

/// What the command line changes, and the settings of one run.
[[nodiscard]] spec::Overrides overrides_of_run(const spec::Overrides& overrides, const spec::Sweep& sweep,
                                               const std::vector<std::size_t>& position);

}  // namespace tyto::sweep

/// Runs a sweep: many runs side by side, each kept when it ends, and one results file at the end.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "../results/provenance.hpp"
#include "../run/progress.hpp"
#include "../spec/sweep.hpp"

namespace tyto::sweep {

struct SweepOptions {
  std::filesystem::path out;  ///< the results file of the whole sweep
  results::Origin origin;
  spec::Document document;  ///< the experiment
  spec::Overrides overrides;
  std::size_t threads = 1;
  bool keep_parts = false;
  bool replace = false;  ///< an existing results file, also without parts that wait to be gone on with
  run::Progress::Style style = run::Progress::Style::lines;
  std::vector<std::string> must_stay = {};  ///< files that the results must not replace, beside the inputs
};

struct SweepOutcome {
  std::size_t runs = 0;
  std::size_t failed = 0;
  std::string findings;  ///< what may be amiss with the networks of the runs that were made now, in one line
  std::string table;     ///< a line for each setting, for a person
};

/// Runs what is missing and merges. A run that fails is reported, and the others go on. Throws InvalidInput before the
/// first run if a value is wrong, Interrupted when `stop` is requested; what is done then is kept for the next call.
SweepOutcome run_sweep(const spec::Sweep& sweep, const SweepOptions& options, plugin::Components& components,
                       const std::stop_token& stop);

}  // namespace tyto::sweep

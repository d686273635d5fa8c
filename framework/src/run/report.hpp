/// What every results file says of itself.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "../results/results_file.hpp"
#include "../spec/experiment.hpp"
#include "runner.hpp"

namespace tyto::run {

/// How a run was conducted, as far as its provenance tells; where there are stages, the last one tells of times.
struct Conduct {
  std::string started;
  std::size_t threads = 0;
  double trials_s = 0;
  std::optional<double> simulation_s;
  std::vector<double> epoch_s;
};

/// What one run, or one stage of several, leaves behind.
struct StageResult {
  RunSummary summary;
  Conduct conduct;
  std::vector<results::ReadArray> weights;  ///< for later stages
};

/// Attributes of the root.
void write_root(results::ResultsFile& file, const spec::Experiment& experiment);
/// The group /provenance.
void write_provenance(results::ResultsFile& file, const spec::Experiment& experiment, const RunOptions& options,
                      const Conduct& conduct);
/// Takes the single numbers of an analysis over into what a person sees at the end of a run.
void add_numbers(const std::string& analysis, const Table& table, RunSummary& summary);

}  // namespace tyto::run

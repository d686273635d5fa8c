/// What every results file says of itself.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "../results/results_file.hpp"
#include "../spec/experiment.hpp"
#include "checks.hpp"
#include "runner.hpp"

namespace tyto::run {

/// How a run was conducted, as far as its provenance tells; where there are stages, the last one tells of times.
struct Conduct {
  std::string started;
  std::vector<results::InputUse> inputs;  ///< as they were before the work
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
  std::string diverged;                     ///< why it ended early; empty if it did not
  std::vector<std::string> failures;        ///< of analyses, a sentence each
};

/// Attributes of the root, and what went wrong: `status` is "complete", "diverged", or "incomplete" where an analysis
/// failed.
void write_root(results::ResultsFile& file, const spec::Experiment& experiment, const StageResult& result);
/// The table /failures, if there are any.
void write_failures(const std::vector<std::string>& failures, results::ResultsFile& file);
/// Takes the single numbers of an analysis over into what a person sees at the end of a run.
void add_numbers(const std::string& analysis, const Table& table, RunSummary& summary);
/// Runs the analyses of a finished run. One that fails is left out, and named in the result and in /failures.
template <class Finished>
void run_analyses(const spec::Experiment& experiment, const Finished& finished, results::ResultsFile& file,
                  StageResult& result, const std::stop_token& stop) {
  for (const auto& item : experiment.analyses) {
    if (stop.stop_requested()) throw Interrupted();
    Table table;
    try {
      from_plugin("analysis '" + item.name + "'", [&] { item.analysis->run(finished, table); });
      check_finite("analysis '" + item.name + "'", table);
      say_what_is_missing(table);
    } catch (const Interrupted&) {
      throw;
    } catch (const std::exception& error) {
      result.failures.emplace_back(error.what());
      continue;
    }
    try {
      file.write("/analysis/" + item.name, table);
    } catch (const results::CannotWrite&) {
      throw;
    } catch (const std::exception& error) {
      result.failures.emplace_back("analysis '" + item.name + "': " + error.what());
      continue;
    }
    add_numbers(item.name, table, result.summary);
  }
  write_failures(result.failures, file);
}
/// The group /provenance.
void write_provenance(results::ResultsFile& file, const spec::Experiment& experiment, const RunOptions& options,
                      const Conduct& conduct);

}  // namespace tyto::run

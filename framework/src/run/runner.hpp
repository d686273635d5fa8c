/// Runs an experiment: trials, training, metrics, analyses, one results file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include <tyto/parallel.hpp>
#include <tyto/table.hpp>

#include "../results/provenance.hpp"
#include "../spec/experiment.hpp"
#include "metrics.hpp"
#include "progress.hpp"

namespace tyto::run {

struct RunOptions {
  std::filesystem::path out;  ///< the results file
  results::Origin origin;
  bool keep_sound = true;  ///< results of a run that diverged, or of which an analysis failed, too
  /// Whether the results are a part of a sweep's, which names its inputs once and lines up axes when all are there.
  bool part_of_sweep = false;
};

/// A number that is worth a place in a run's last line.
struct SummaryNumber {
  std::string name;
  double value = 0;
  std::string units;
};

/// Something that may be amiss with a network: one of Health::kinds(), and a sentence.
struct Finding {
  std::string kind;
  std::string sentence;
};

struct RunSummary {
  Metrics test;                        ///< of a run with trials
  std::vector<SummaryNumber> numbers;  ///< of a simulation's analyses
  double trials_s = 0;                 ///< wall time of making the trials
  double training_s = 0;               ///< wall time of all epochs
  int epochs = 0;
  double simulation_s = 0;        ///< wall time of a simulation's steps
  std::vector<Finding> findings;  ///< what may be amiss with the networks, of all stages
};

/// Runs everything and puts the results file in place. Throws Diverged or Error, after that, if numbers were no longer
/// finite or an analysis failed. Throws Interrupted when `stop` is requested, and
/// leaves no partial file in any case.
RunSummary run_experiment(const spec::Experiment& experiment, const RunOptions& options, Executor& executor,
                          Progress& progress, const std::stop_token& stop);

}  // namespace tyto::run

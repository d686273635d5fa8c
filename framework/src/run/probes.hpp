/// What probes record, and where it goes in the results file.
#pragma once

#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <tyto/backend.hpp>
#include <tyto/table.hpp>

#include "../spec/experiment.hpp"

namespace tyto::run {

/// The axis of a probe's samples, their times: "time" if each step is sampled, so that these line up with one another.
/// Of spikes, which are events and have a time each, their numbers.
[[nodiscard]] std::string time_axis(const ModelProbe& probe);
/// Axes of one sample of a probe, and what its numbers are.
[[nodiscard]] std::pair<std::vector<Axis>, Variable> layout_of(const ModelProbe& probe, const Model& model);

/// What probes record of the first test trials, as many as each of them asks for.
class Recorded {
 public:
  Recorded() = default;
  Recorded(const spec::Experiment& experiment, Program& program, const TrialSet& trials, const std::stop_token& stop);

  /// Groups of the results file: `value` along trial, time and what a sample has; of single spikes, of which each trial
  /// has a number of its own, an event each.
  [[nodiscard]] const std::vector<std::pair<std::string, Table>>& tables() const { return tables_; }
  /// Probes with samples that are not finite, a sentence each.
  [[nodiscard]] const std::vector<std::string>& failures() const { return failures_; }

 private:
  std::vector<std::pair<std::string, Table>> tables_;
  std::vector<std::string> failures_;
};

}  // namespace tyto::run

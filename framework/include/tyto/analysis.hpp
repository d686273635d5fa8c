/// An analysis reads a finished run and writes tables.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tyto/backend.hpp>
#include <tyto/table.hpp>

namespace tyto {

/// Values in place of an array's trained ones, e.g. to silence a neuron.
struct ChangedArray {
  std::string path;  ///< see array_path()
  std::vector<double> values;
};

/// Samples of a probe, one after the other.
struct ProbeData {
  std::vector<double> time_s;  ///< at the end of the sampled step
  std::size_t channels = 0;
  std::vector<double> values;  ///< [sample][channel]
};

/// A finished run. What only one kind of run has throws Error in the other.
class TYTO_API FinishedRun {
 public:
  virtual ~FinishedRun() = default;
  [[nodiscard]] virtual const Model& model() const = 0;
  /// An array as it is at the end, see array_path(); throws Error for an unknown one.
  [[nodiscard]] virtual std::vector<double> array(std::string_view path) const = 0;
  /// Index of a layer by name; throws Error that names the layers there are.
  [[nodiscard]] std::size_t layer(std::string_view name) const;

  // With trials: seen through the test trials.

  [[nodiscard]] virtual const Objective& objective() const;
  [[nodiscard]] virtual const TrialSet& trials() const;
  /// Scores and mean activity of every layer for every test trial.
  [[nodiscard]] virtual const Evaluation& evaluation() const;
  /// Time courses, computed when asked for.
  [[nodiscard]] virtual Recording record(std::size_t trial, std::size_t layer) const;
  /// The training trials of the last epoch; none if the rule does not train.
  [[nodiscard]] virtual const TrialSet& training_trials() const;
  /// What the trained network answers to any trials of its shape with some arrays changed. The network stays as it is.
  [[nodiscard]] virtual Evaluation evaluate(const TrialSet& trials, std::span<const ChangedArray> changed) const;
  /// For a stimulus that offers capability::likelihood: Stimulus::log_likelihood() of the objective's target for every
  /// test trial, [trial][value].
  [[nodiscard]] virtual std::vector<double> log_likelihood(std::span<const double> values) const;
  /// The target of a trial, in base units.
  [[nodiscard]] double target(std::size_t trial) const { return trials().targets(trial)[objective().target_index()]; }
  /// What the network took it for, in base units.
  [[nodiscard]] double estimate(std::size_t trial) const {
    const std::size_t outputs = objective().outputs();
    return objective().estimate(std::span(evaluation().scores).subspan(trial * outputs, outputs));
  }

  // A simulation.

  [[nodiscard]] virtual double duration_s() const;
  /// All samples of a probe; throws Error for an unknown name.
  [[nodiscard]] virtual ProbeData probe(std::string_view name) const;
  /// How the neurons of an ensemble answer; throws Error for another layer. Lives no longer than this.
  [[nodiscard]] virtual std::unique_ptr<Tuning> tuning(std::size_t layer) const;
};

/// Interface of the plugin kind "analysis". One with capability::simulation is made of simulations, one with
/// capability::trials or without either of runs with trials.
class TYTO_API Analysis {
 public:
  virtual ~Analysis() = default;
  /// Called at validation; throws Error if the analysis cannot be made of such a run with trials.
  virtual void check([[maybe_unused]] const Model& model, [[maybe_unused]] const Objective& objective) const {}
  /// Capabilities that the stimulus must offer, matched at validation.
  [[nodiscard]] virtual std::vector<std::string_view> needs_of_stimulus() const { return {}; }
  /// The same for a simulation.
  virtual void check([[maybe_unused]] const Model& model) const {}
  virtual void run(const FinishedRun& run, Table& table) const = 0;
};

}  // namespace tyto

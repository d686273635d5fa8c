/// What a simulation is shown, some steps at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <tyto/spikes.hpp>
#include <tyto/stimulus.hpp>
#include <tyto/table.hpp>

#include "../spec/experiment.hpp"

namespace tyto::run {

/// Values of a stimulus, or nothing where there is none, or what its trials show, one trial after the other with
/// silence between them. Steps are asked for in order.
class StimulusStream {
 public:
  explicit StimulusStream(const spec::Experiment& experiment);

  /// The signal of steps `first` to first + steps - 1; valid until the next call.
  [[nodiscard]] Signal<double> next(std::uint64_t first, std::size_t steps);
  /// When the trials began, of those that began before a step, and their targets; of a stream of trials.
  [[nodiscard]] Table trials(std::uint64_t before) const;

 private:
  void show_trials(std::uint64_t first, std::size_t steps);
  /// Makes trial `number` unless it is there.
  void make(std::uint64_t number);

  const spec::Experiment& experiment_;
  std::unique_ptr<ValueStream> values_of_;
  std::vector<double> values_;
  // Of a stream of trials.
  TrialShape shape_;
  std::uint64_t steps_of_trial_ = 0;  ///< with the pause
  std::vector<std::uint64_t> shown_, trial_;
  std::vector<float> trial_values_;
  std::vector<double> targets_;  ///< [trial][target], of all that have been made
  std::uint64_t made_ = 0;
};

}  // namespace tyto::run

/// A data set: trials of one stimulus, spikes bit-packed, with their targets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <tyto/parallel.hpp>
#include <tyto/stimulus.hpp>

namespace tyto {

class TYTO_API TrialSet {
 public:
  TrialSet() = default;
  /// A set of `count` trials with no spikes, or with values of 0; fill it through spikes() or values(), and targets().
  TrialSet(TrialShape shape, std::vector<TargetInfo> targets, std::size_t count);

  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] const TrialShape& shape() const { return shape_; }
  [[nodiscard]] const std::vector<TargetInfo>& target_info() const { return target_info_; }
  /// Throws Error if shape() has values.
  [[nodiscard]] Spikes spikes(std::size_t trial) const;
  [[nodiscard]] MutableSpikes spikes(std::size_t trial);
  /// [step][channel]; throws Error if shape() has spikes.
  [[nodiscard]] std::span<const float> values(std::size_t trial) const;
  [[nodiscard]] std::span<float> values(std::size_t trial);
  /// Makes a trial the same as one of another set of this shape and these targets.
  void copy(std::size_t trial, const TrialSet& from, std::size_t from_trial);
  /// Names a trial; whatever else is random about it comes from there, too.
  [[nodiscard]] TrialKey key(std::size_t trial) const { return {first_.seed, first_.split, first_.trial + trial}; }
  /// The key of the first one; the others follow. Without it keys begin with trial 0 of seed 0.
  void number_from(const TrialKey& first) { first_ = first; }
  /// One value for each of target_info().
  [[nodiscard]] std::span<const double> targets(std::size_t trial) const;
  [[nodiscard]] std::span<double> targets(std::size_t trial);

 private:
  TrialShape shape_;
  std::vector<TargetInfo> target_info_;
  std::size_t count_ = 0;
  TrialKey first_;
  std::vector<std::uint64_t> bits_;
  std::vector<float> values_;
  std::vector<double> targets_;
};

/// Makes trials first .. first+count-1 of a split, on all threads. Which trials come out does not
/// depend on the number of threads.
[[nodiscard]] TYTO_API TrialSet make_trials(const Stimulus& stimulus, std::uint64_t seed, Split split,
                                            std::size_t count, Executor& executor, std::uint64_t first = 0);

}  // namespace tyto

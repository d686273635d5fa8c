#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <string>
#include <tyto/error.hpp>
#include <tyto/trials.hpp>

namespace tyto {

namespace {

/// Trials of one task: long enough to hide the hand-over to another thread, short enough to share evenly.
constexpr std::size_t kTrialsPerTask = 64;

/// a * b, or the largest number if that is too large.
std::size_t saturated_product(std::size_t a, std::size_t b) {
  std::size_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<std::size_t>::max() : product;
}

std::size_t bytes_of_memory() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page_size = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page_size <= 0) return std::numeric_limits<std::size_t>::max();
  return saturated_product(static_cast<std::size_t>(pages), static_cast<std::size_t>(page_size));
}

[[noreturn]] void refuse_size(const TrialShape& shape, std::size_t count) {
  throw Error(std::to_string(count) + " trials of " + std::to_string(shape.steps) + " steps and " +
              std::to_string(shape.channels) + " channels do not fit into this machine's memory");
}

/// Numbers of `bytes` each for all trials; throws Error if they cannot be had. The machine's memory is asked for first,
/// since the operating system grants more than there is and kills the process later.
std::size_t checked_size(const TrialShape& shape, std::size_t count, std::size_t row, std::size_t bytes) {
  const std::size_t size = saturated_product(count, saturated_product(shape.steps, row));
  if (saturated_product(size, bytes) >= bytes_of_memory()) refuse_size(shape, count);
  return size;
}

}  // namespace

TrialSet::TrialSet(TrialShape shape, std::vector<TargetInfo> targets, std::size_t count)
    : shape_(shape), target_info_(std::move(targets)), count_(count) {
  try {
    if (shape.values)
      values_.resize(checked_size(shape, count, shape.channels, sizeof(float)));
    else
      bits_.resize(checked_size(shape, count, words_for(shape.channels), sizeof(std::uint64_t)));
    targets_.resize(saturated_product(count, target_info_.size()));
  } catch (const std::bad_alloc&) {
    refuse_size(shape, count);
  } catch (const std::length_error&) {
    refuse_size(shape, count);
  }
}

Spikes TrialSet::spikes(std::size_t trial) const {
  if (shape_.values) throw Error("the trials of this stimulus have values, and spikes are needed");
  return {bits_.data() + trial * shape_.steps * words_for(shape_.channels), shape_.steps, shape_.channels};
}

MutableSpikes TrialSet::spikes(std::size_t trial) {
  if (shape_.values) throw Error("the trials of this stimulus have values, and spikes are needed");
  return {bits_.data() + trial * shape_.steps * words_for(shape_.channels), shape_.steps, shape_.channels};
}

std::span<const float> TrialSet::values(std::size_t trial) const {
  if (!shape_.values) throw Error("the trials of this stimulus have spikes, and values are needed");
  return std::span(values_).subspan(trial * shape_.steps * shape_.channels, shape_.steps * shape_.channels);
}

std::span<float> TrialSet::values(std::size_t trial) {
  if (!shape_.values) throw Error("the trials of this stimulus have spikes, and values are needed");
  return std::span(values_).subspan(trial * shape_.steps * shape_.channels, shape_.steps * shape_.channels);
}

void TrialSet::copy(std::size_t trial, const TrialSet& from, std::size_t from_trial) {
  std::copy_n(from.targets(from_trial).begin(), targets(trial).size(), targets(trial).begin());
  const auto copy_row = [&](const auto& source, auto& target, std::size_t row) {
    const std::size_t size = shape_.steps * row;
    std::copy_n(source.begin() + static_cast<std::ptrdiff_t>(from_trial * size), size,
                target.begin() + static_cast<std::ptrdiff_t>(trial * size));
  };
  if (shape_.values)
    copy_row(from.values_, values_, shape_.channels);
  else
    copy_row(from.bits_, bits_, words_for(shape_.channels));
}

std::span<const double> TrialSet::targets(std::size_t trial) const {
  return std::span(targets_).subspan(trial * target_info_.size(), target_info_.size());
}

std::span<double> TrialSet::targets(std::size_t trial) {
  return std::span(targets_).subspan(trial * target_info_.size(), target_info_.size());
}

TrialSet make_trials(const Stimulus& stimulus, std::uint64_t seed, Split split, std::size_t count, Executor& executor,
                     std::uint64_t first) {
  TrialSet set(stimulus.shape(), stimulus.targets(), count);
  set.number_from({seed, split, first});
  const std::size_t tasks = count / kTrialsPerTask + (count % kTrialsPerTask != 0 ? 1 : 0);
  executor.for_each(tasks, [&](std::size_t task) {
    const std::size_t end = std::min(count, (task + 1) * kTrialsPerTask);
    for (std::size_t trial = task * kTrialsPerTask; trial < end; ++trial) {
      const TrialKey key{seed, split, first + trial};
      if (set.shape().values)
        stimulus.make_values(key, set.values(trial), set.targets(trial));
      else
        stimulus.make(key, set.spikes(trial), set.targets(trial));
    }
  });
  for (std::size_t trial = 0; trial < count; ++trial)
    for (std::size_t k = 0; k < set.targets(trial).size(); ++k)
      if (!std::isfinite(set.targets(trial)[k]))
        throw Error("the target '" + set.target_info()[k].name + "' of trial " + std::to_string(first + trial) +
                    " is not a finite number");
  return set;
}

}  // namespace tyto

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

/// Words for all spikes; throws Error if they cannot be had. The machine's memory is asked for first,
/// since the operating system grants more than there is and kills the process later.
std::size_t checked_words(const TrialShape& shape, std::size_t count) {
  const std::size_t words = saturated_product(count, saturated_product(shape.steps, words_for(shape.channels)));
  if (saturated_product(words, sizeof(std::uint64_t)) >= bytes_of_memory()) refuse_size(shape, count);
  return words;
}

}  // namespace

TrialSet::TrialSet(TrialShape shape, std::vector<TargetInfo> targets, std::size_t count)
    : shape_(shape), target_info_(std::move(targets)), count_(count) {
  const std::size_t words = checked_words(shape, count);
  try {
    bits_.resize(words);
    targets_.resize(saturated_product(count, target_info_.size()));
  } catch (const std::bad_alloc&) {
    refuse_size(shape, count);
  } catch (const std::length_error&) {
    refuse_size(shape, count);
  }
}

Spikes TrialSet::spikes(std::size_t trial) const {
  return {bits_.data() + trial * shape_.steps * words_for(shape_.channels), shape_.steps, shape_.channels};
}

MutableSpikes TrialSet::spikes(std::size_t trial) {
  return {bits_.data() + trial * shape_.steps * words_for(shape_.channels), shape_.steps, shape_.channels};
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
    for (std::size_t trial = task * kTrialsPerTask; trial < end; ++trial)
      stimulus.make({seed, split, first + trial}, set.spikes(trial), set.targets(trial));
  });
  for (std::size_t trial = 0; trial < count; ++trial)
    for (std::size_t k = 0; k < set.targets(trial).size(); ++k)
      if (!std::isfinite(set.targets(trial)[k]))
        throw Error("the target '" + set.target_info()[k].name + "' of trial " + std::to_string(first + trial) +
                    " is not a finite number");
  return set;
}

}  // namespace tyto

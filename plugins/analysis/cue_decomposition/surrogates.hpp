/// Surrogate trials: copies of trials with one property of the spike trains destroyed and others kept.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include <tyto/random.hpp>
#include <tyto/trials.hpp>

namespace cues {

/// A range of channels that belong to one ear.
struct Ear {
  std::size_t first = 0;
  std::size_t end = 0;
};

struct Ears {
  Ear left;
  Ear right;
};

[[nodiscard]] inline Ears ears(std::size_t channels, std::size_t left_channels) {
  return {{0, left_channels}, {left_channels, channels}};
}

[[nodiscard]] inline std::size_t count_spikes(const tyto::Spikes& spikes, const Ear& ear) {
  std::size_t count = 0;
  for (std::size_t t = 0; t < spikes.steps; ++t)
    spikes.for_each(t, [&](std::size_t c) { count += c >= ear.first && c < ear.end ? 1 : 0; });
  return count;
}

/// Copies the spikes of an ear, `shift` steps later and round the trial's end.
inline void copy_ear(const tyto::Spikes& from, const tyto::MutableSpikes& to, const Ear& ear, std::size_t shift = 0) {
  for (std::size_t t = 0; t < from.steps; ++t)
    from.for_each(t, [&](std::size_t c) {
      if (c >= ear.first && c < ear.end) to.set((t + shift) % from.steps, c);
    });
}

/// Each channel's spikes at random steps: how many there are is kept, when they are is not.
inline void scatter_ear(const tyto::Spikes& from, const tyto::MutableSpikes& to, const Ear& ear, tyto::Random& random) {
  std::vector<std::size_t> counts(ear.end - ear.first);
  for (std::size_t t = 0; t < from.steps; ++t)
    from.for_each(t, [&](std::size_t c) {
      if (c >= ear.first && c < ear.end) ++counts[c - ear.first];
    });
  std::vector<std::size_t> steps(from.steps);
  std::iota(steps.begin(), steps.end(), std::size_t{0});
  for (std::size_t c = ear.first; c < ear.end; ++c)
    for (std::size_t k = 0; k < counts[c - ear.first]; ++k) {
      std::swap(steps[k], steps[k + random.below(static_cast<std::uint32_t>(steps.size() - k))]);
      to.set(steps[k], c);
    }
}

/// `keep` of an ear's spikes, chosen at random, at their steps.
inline void thin_ear(const tyto::Spikes& from, const tyto::MutableSpikes& to, const Ear& ear, std::size_t keep,
                     tyto::Random& random) {
  std::vector<std::pair<std::size_t, std::size_t>> all;
  for (std::size_t t = 0; t < from.steps; ++t)
    from.for_each(t, [&](std::size_t c) {
      if (c >= ear.first && c < ear.end) all.emplace_back(t, c);
    });
  for (std::size_t k = 0; k < std::min(keep, all.size()); ++k) {
    std::swap(all[k], all[k + random.below(static_cast<std::uint32_t>(all.size() - k))]);
    to.set(all[k].first, all[k].second);
  }
}

/// A set of as many trials with the same targets, each made by make(trial, spikes, surrogate).
template <class Make>
[[nodiscard]] tyto::TrialSet surrogate(const tyto::TrialSet& trials, std::size_t count, const Make& make) {
  tyto::TrialSet made(trials.shape(), trials.target_info(), count);
  for (std::size_t trial = 0; trial < count; ++trial) {
    std::copy_n(trials.targets(trial).begin(), trials.target_info().size(), made.targets(trial).begin());
    make(trial, trials.spikes(trial), made.spikes(trial));
  }
  return made;
}

}  // namespace cues

/// Inverted dropout (Srivastava et al. 2014): in training every value of every step is kept with probability 1 - p and
/// then divided by it, so that evaluation needs no change. The arithmetic takes the mask as an argument.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include <tyto/spikes.hpp>

namespace dropout {

/// Values that a mask keeps, [step][channel], times `scale`. Both are packed alike.
template <class S>
void keep_spikes(const tyto::Spikes& spikes, const tyto::Spikes& mask, S scale, S* values) {
  std::fill_n(values, spikes.steps * spikes.channels, S(0));
  for (std::size_t t = 0; t < spikes.steps; ++t) {
    const auto fired = spikes.row(t);
    const auto kept = mask.row(t);
    for (std::size_t w = 0; w < fired.size(); ++w)
      for (std::uint64_t bits = fired[w] & kept[w]; bits != 0; bits &= bits - 1)
        values[t * spikes.channels + w * 64 + static_cast<std::size_t>(std::countr_zero(bits))] = scale;
  }
}

/// to[step][channel] += scale * from[step][channel] where the mask keeps it.
template <class S>
void add_kept(const S* from, const tyto::Spikes& mask, S scale, S* to) {
  for (std::size_t t = 0; t < mask.steps; ++t)
    mask.for_each(t, [&](std::size_t c) { to[t * mask.channels + c] += scale * from[t * mask.channels + c]; });
}

/// Output of either kind of input under a given mask.
template <class S>
void forward(const tyto::Signal<S>& input, const tyto::Spikes& mask, S scale, S* values) {
  if (input.bits != nullptr) {
    keep_spikes(input.spikes(), mask, scale, values);
    return;
  }
  std::fill_n(values, input.steps * input.channels, S(0));
  add_kept(input.values, mask, scale, values);
}

}  // namespace dropout

#include "products.hpp"

#include <algorithm>

// Highway compiles this file once for each instruction set. Left out are two that other ones stand in for.
#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "spike_gradients.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h has to come first.
#include <hwy/highway.h>

#include "products-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dense::HWY_NAMESPACE {

/// One mask from the bits of a word that begin at `bit`, a multiple of the lanes.
template <class D>
HWY_INLINE hn::Mask<D> mask_at(D d, const std::uint64_t* words, std::size_t bit) {
  return mask_of(d, words[bit / 64] >> (bit % 64));
}

/// Adds a step's gradient, kept in registers, to the rows of its spikes.
template <class S, std::size_t vectors>
HWY_INLINE void add_step_gradients(const tyto::Spikes& spikes, std::size_t t, const S* gradient, std::size_t length,
                                   S* rows) {
  const Tag<S> d;
  std::array<hn::Vec<Tag<S>>, vectors> gradients;
  for (std::size_t v = 0; v < vectors; ++v) gradients[v] = hn::LoadU(d, gradient + v * hn::Lanes(d));
  spikes.for_each(t, [&](std::size_t i) HWY_ATTR {
    S* const row = rows + i * length;
    for (std::size_t v = 0; v < vectors; ++v) {
      S* const place = row + v * hn::Lanes(d);
      hn::StoreU(hn::Add(hn::LoadU(d, place), gradients[v]), d, place);
    }
  });
}

template <class S>
void add_gradients_by_row(std::span<const tyto::Spikes> trials, std::span<const tyto::Rows<const S>> grad_currents,
                          std::size_t to, S* grad_w) {
  const std::size_t lanes = hn::Lanes(Tag<S>());
  const std::size_t length = padded_length<S>(to);
  const std::size_t from = trials.front().channels;
  thread_local Scratch<S> copy, gradient;
  const bool in_place = length == to;
  if (!in_place) padded_rows(grad_w, from, to, length, copy);
  S* const rows = in_place ? grad_w : copy.data();
  gradient.assign(length, S(0));
  for (std::size_t trial = 0; trial < trials.size(); ++trial)
    for (std::size_t t = 0; t < trials[trial].steps; ++t) {
      std::copy_n(grad_currents[trial][t], to, gradient.data());
      in_blocks(length / lanes, [&]<std::size_t vectors>(std::size_t first) HWY_ATTR {
        add_step_gradients<S, vectors>(trials[trial], t, gradient.data() + first * lanes, length, rows + first * lanes);
      });
    }
  if (in_place) return;
  for (std::size_t i = 0; i < from; ++i) std::copy_n(rows + i * length, to, grad_w + i * to);
}

/// Vectors of masked sums per output that are kept in registers beside those of other outputs, and how many of these.
constexpr std::size_t masked_vectors = HWY_TARGET <= HWY_AVX3 ? 2 : 1;
constexpr std::size_t masked_outputs = 12;

/// Calls block<outputs>(first) for the width `outputs`.
template <std::size_t most, class Block>
HWY_INLINE void in_block(std::size_t outputs, std::size_t first, Block&& block) {
  if (outputs == most)
    block.template operator()<most>(first);
  else if constexpr (most > 1)
    in_block<most - 1>(outputs, first, block);
}

/// Calls block<outputs>(first) until `count` columns are done, by as few blocks as possible that are as wide as each
/// other or one wider: the narrower one is, the more its masks cost.
template <class Block>
HWY_INLINE void in_even_blocks(std::size_t count, Block&& block) {
  const std::size_t blocks = vectors_for(count, masked_outputs);
  for (std::size_t k = 0; k < blocks; ++k) {
    const std::size_t first = count * k / blocks;
    in_block<masked_outputs>(count * (k + 1) / blocks - first, first, block);
  }
}

/// Room for the vectors of some outputs, to turn them into columns of rows.
template <std::size_t outputs, class S>
using LaneBlock = std::array<std::array<S, masked_vectors * HWY_MAX_BYTES / sizeof(S)>, outputs>;

/// `outputs` columns of the gradients from column `first` on, lanes over the inputs from i on: every step of every
/// trial adds its gradient to the inputs that fired in it.
template <class S, std::size_t vectors, std::size_t outputs>
HWY_INLINE void masked_inputs(std::span<const tyto::Spikes> trials, std::span<const tyto::Rows<const S>> grad_currents,
                              std::size_t i, std::size_t to, std::size_t first, S* grad_w) {
  const Tag<S> d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t filled = HWY_MIN(vectors * lanes, trials.front().channels - i);
  HWY_ALIGN LaneBlock<outputs, S> block{};
  for (std::size_t l = 0; l < filled; ++l)
    for (std::size_t q = 0; q < outputs; ++q) block[q][l] = grad_w[(i + l) * to + first + q];
  std::array<hn::Vec<Tag<S>>, vectors * outputs> sums;
  for (std::size_t v = 0; v < vectors; ++v)
    for (std::size_t q = 0; q < outputs; ++q) sums[v * outputs + q] = hn::Load(d, block[q].data() + v * lanes);
  for (std::size_t trial = 0; trial < trials.size(); ++trial) {
    const std::size_t words = trials[trial].words();
    const std::uint64_t* bits = trials[trial].data;
    const tyto::Rows<const S> gradients = grad_currents[trial];
    for (std::size_t t = 0; t < trials[trial].steps; ++t, bits += words) {
      const S* const gradient = gradients[t] + first;
      for (std::size_t v = 0; v < vectors; ++v) {
        const auto fired = mask_at(d, bits, i + v * lanes);
        for (std::size_t q = 0; q < outputs; ++q) {
          auto& sum = sums[v * outputs + q];
          sum = hn::IfThenElse(fired, hn::Add(sum, hn::Set(d, gradient[q])), sum);
        }
      }
    }
  }
  for (std::size_t v = 0; v < vectors; ++v)
    for (std::size_t q = 0; q < outputs; ++q) hn::Store(sums[v * outputs + q], d, block[q].data() + v * lanes);
  for (std::size_t l = 0; l < filled; ++l)
    for (std::size_t q = 0; q < outputs; ++q) grad_w[(i + l) * to + first + q] = block[q][l];
}

template <class S, std::size_t outputs>
HWY_INLINE void masked_gradient_columns(std::span<const tyto::Spikes> trials,
                                        std::span<const tyto::Rows<const S>> grad_currents, std::size_t to,
                                        std::size_t first, S* grad_w) {
  const std::size_t lanes = hn::Lanes(Tag<S>());
  const std::size_t from = trials.front().channels;
  std::size_t i = 0;
  for (; i + (masked_vectors - 1) * lanes < from; i += masked_vectors * lanes)
    masked_inputs<S, masked_vectors, outputs>(trials, grad_currents, i, to, first, grad_w);
  for (; i < from; i += lanes) masked_inputs<S, 1, outputs>(trials, grad_currents, i, to, first, grad_w);
}

/// A mask costs its making, once for each block of outputs.
std::size_t mask_cost(std::size_t masks, std::size_t to) {
  return masks * (to + vectors_for(to, masked_outputs) * 2) / 2;
}

/// Beyond this, rows are in any case so long that masks cannot pay.
constexpr std::size_t widest_masked = 48;

template <class S>
void add_spike_gradients(std::span<const tyto::Spikes> trials, std::span<const tyto::Rows<const S>> grad_currents,
                         std::size_t to, S* grad_w) {
  if (trials.empty()) return;
  const std::size_t lanes = hn::Lanes(Tag<S>());
  const auto& typical = trials.front();
  if (to > widest_masked ||
      row_cost(typical, to, lanes) < mask_cost(typical.steps * vectors_for(typical.channels, lanes), to))
    return add_gradients_by_row(trials, grad_currents, to, grad_w);
  in_even_blocks(to, [&]<std::size_t outputs>(std::size_t first) {
    masked_gradient_columns<S, outputs>(trials, grad_currents, to, first, grad_w);
  });
}

// One plain function for each product and precision: what the dispatch tables point to.
#define DENSE_FOR_EACH(S, suffix)                                                                                    \
  void add_spike_gradients_##suffix(std::span<const tyto::Spikes> trials,                                            \
                                    std::span<const tyto::Rows<const S>> grad_currents, std::size_t to, S* grad_w) { \
    add_spike_gradients<S>(trials, grad_currents, to, grad_w);                                                       \
  }
DENSE_FOR_EACH(float, f32)
DENSE_FOR_EACH(double, f64)
#undef DENSE_FOR_EACH

}  // namespace dense::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dense {

#define DENSE_DISPATCH(S, suffix)                                                                                    \
  HWY_EXPORT(add_spike_gradients_##suffix);                                                                          \
  template <>                                                                                                        \
  void add_spike_gradients(std::span<const tyto::Spikes> trials, std::span<const tyto::Rows<const S>> grad_currents, \
                           std::size_t to, S* grad_w) {                                                              \
    HWY_DYNAMIC_DISPATCH(add_spike_gradients_##suffix)(trials, grad_currents, to, grad_w);                           \
  }
DENSE_DISPATCH(float, f32)
DENSE_DISPATCH(double, f64)
#undef DENSE_DISPATCH

}  // namespace dense
#endif

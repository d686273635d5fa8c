#include "products.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

// Highway compiles this file once for each instruction set. Left out are two that other ones stand in for.
#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "products.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h has to come first.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace dense::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class S>
using Tag = hn::ScalableTag<S>;

/// One mask from the bits of a word that begin at `bit`, a multiple of the lanes.
template <class D>
HWY_INLINE hn::Mask<D> mask_at(D d, const std::uint64_t* words, std::size_t bit) {
  const std::uint64_t word = words[bit / 64] >> (bit % 64);
  std::array<std::uint8_t, 8> bytes;
  std::memcpy(bytes.data(), &word, sizeof word);
  return hn::LoadMaskBits(d, bytes.data());
}

/// to[j] += factor * from[j], multiplied and added apart.
template <class S>
HWY_INLINE void add_scaled_row(S factor, const S* HWY_RESTRICT from, std::size_t count, S* HWY_RESTRICT to) {
  const Tag<S> d;
  const auto factors = hn::Set(d, factor);
  std::size_t j = 0;
  for (; j + hn::Lanes(d) <= count; j += hn::Lanes(d))
    hn::StoreU(hn::Add(hn::LoadU(d, to + j), hn::Mul(factors, hn::LoadU(d, from + j))), d, to + j);
  for (; j < count; ++j) to[j] += factor * from[j];
}

/// Rows whose length is a multiple of the vectors', so that no row has a rest: the matrix itself, or a copy.
template <class S>
const S* padded_rows(const S* matrix, std::size_t rows, std::size_t length, std::size_t padded, std::vector<S>& copy) {
  if (padded == length) return matrix;
  copy.assign(rows * padded, S(0));
  for (std::size_t i = 0; i < rows; ++i) std::copy_n(matrix + i * length, length, copy.data() + i * padded);
  return copy.data();
}

template <class S>
std::size_t padded_length(std::size_t length) {
  const std::size_t lanes = hn::Lanes(Tag<S>());
  return (length + lanes - 1) / lanes * lanes;
}

/// `vectors` vectors of the sum of the rows of a step's spikes, which stay in registers meanwhile.
template <class S, std::size_t vectors>
HWY_INLINE void sum_step_rows(const tyto::Spikes& spikes, std::size_t t, const S* rows, std::size_t length, S* sum) {
  const Tag<S> d;
  std::array<hn::Vec<Tag<S>>, vectors> sums;
  for (auto& part : sums) part = hn::Zero(d);
  spikes.for_each(t, [&](std::size_t i) HWY_ATTR {
    const S* const row = rows + i * length;
    for (std::size_t v = 0; v < vectors; ++v) sums[v] = hn::Add(sums[v], hn::LoadU(d, row + v * hn::Lanes(d)));
  });
  for (std::size_t v = 0; v < vectors; ++v) hn::StoreU(sums[v], d, sum + v * hn::Lanes(d));
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

/// Calls block<8>(first vector), block<4>(...), ... until all of a row's vectors are done.
template <class Block>
HWY_INLINE void in_vectors(std::size_t vectors, Block&& block) {
  std::size_t first = 0;
  for (; first + 8 <= vectors; first += 8) block.template operator()<8>(first);
  if (first + 4 <= vectors) block.template operator()<4>(first), first += 4;
  if (first + 2 <= vectors) block.template operator()<2>(first), first += 2;
  if (first < vectors) block.template operator()<1>(first);
}

/// Follows the spikes one by one: lanes over outputs.
template <class S>
void add_spikes_by_row(std::span<const tyto::Spikes> trials, const S* w, std::size_t to,
                       std::span<const tyto::Rows<S>> currents) {
  const std::size_t lanes = hn::Lanes(Tag<S>());
  const std::size_t length = padded_length<S>(to);
  thread_local std::vector<S> copy, sum;  // scratch, so that no call allocates
  const S* const rows = padded_rows(w, trials.front().channels, to, length, copy);
  sum.resize(length);
  for (std::size_t trial = 0; trial < trials.size(); ++trial)
    for (std::size_t t = 0; t < trials[trial].steps; ++t) {
      in_vectors(length / lanes, [&]<std::size_t vectors>(std::size_t first) HWY_ATTR {
        sum_step_rows<S, vectors>(trials[trial], t, rows + first * lanes, length, sum.data() + first * lanes);
      });
      S* const current = currents[trial][t];
      for (std::size_t j = 0; j < to; ++j) current[j] += sum[j];
    }
}

/// Looks up the sum for every pattern of spikes: for few inputs, and more steps than patterns.
template <class S>
void add_spikes_by_pattern(std::span<const tyto::Spikes> trials, const S* w, std::size_t to,
                           std::span<const tyto::Rows<S>> currents) {
  const Tag<S> d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t length = padded_length<S>(to);
  const std::size_t from = trials.front().channels;
  thread_local std::vector<S> copy, sums;
  const S* const rows = padded_rows(w, from, to, length, copy);
  sums.assign(length << from, S(0));
  for (std::size_t pattern = 1; pattern < std::size_t{1} << from; ++pattern) {
    // Without its last spike the pattern has been seen already.
    const auto last = static_cast<std::size_t>(std::bit_width(pattern)) - 1;
    const S* const before = sums.data() + (pattern ^ (std::size_t{1} << last)) * length;
    for (std::size_t j = 0; j < length; j += lanes)
      hn::StoreU(hn::Add(hn::LoadU(d, before + j), hn::LoadU(d, rows + last * length + j)), d,
                 sums.data() + pattern * length + j);
  }
  for (std::size_t trial = 0; trial < trials.size(); ++trial)
    for (std::size_t t = 0; t < trials[trial].steps; ++t) {
      const S* const sum = sums.data() + trials[trial].data[t] * length;
      S* const current = currents[trial][t];
      std::size_t j = 0;
      for (; j + lanes <= to; j += lanes)
        hn::StoreU(hn::Add(hn::LoadU(d, current + j), hn::LoadU(d, sum + j)), d, current + j);
      for (; j < to; ++j) current[j] += sum[j];
    }
}

template <class S>
void add_gradients_by_row(std::span<const tyto::Spikes> trials, std::span<const tyto::Rows<const S>> grad_currents,
                          std::size_t to, S* grad_w) {
  const std::size_t lanes = hn::Lanes(Tag<S>());
  const std::size_t length = padded_length<S>(to);
  const std::size_t from = trials.front().channels;
  thread_local std::vector<S> copy, gradient;
  const bool in_place = length == to;
  if (!in_place) padded_rows(grad_w, from, to, length, copy);
  S* const rows = in_place ? grad_w : copy.data();
  gradient.assign(length, S(0));
  for (std::size_t trial = 0; trial < trials.size(); ++trial)
    for (std::size_t t = 0; t < trials[trial].steps; ++t) {
      std::copy_n(grad_currents[trial][t], to, gradient.data());
      in_vectors(length / lanes, [&]<std::size_t vectors>(std::size_t first) HWY_ATTR {
        add_step_gradients<S, vectors>(trials[trial], t, gradient.data() + first * lanes, length, rows + first * lanes);
      });
    }
  if (in_place) return;
  for (std::size_t i = 0; i < from; ++i) std::copy_n(rows + i * length, to, grad_w + i * to);
}

/// Spikes of one trial, turned: word [k][t][w] holds channel 64 w + k in the steps from 64 t on.
struct Columns {
  std::size_t steps = 0, channels = 0;
  std::size_t step_words = 0, channel_words = 0;
  std::size_t width = 0;  ///< words of one k
  std::vector<std::uint64_t> words;
};

/// Swaps rows and columns of blocks of 64 x 64 bits (Warren, Hacker's Delight), lanes over blocks.
void transpose(const tyto::Spikes& spikes, Columns& columns) {
  const hn::ScalableTag<std::uint64_t> d;
  columns.steps = spikes.steps;
  columns.channels = spikes.channels;
  columns.step_words = tyto::words_for(spikes.steps);
  columns.channel_words = spikes.words();
  const std::size_t blocks = columns.step_words * columns.channel_words;
  columns.width = (blocks + hn::Lanes(d) - 1) / hn::Lanes(d) * hn::Lanes(d);
  columns.words.assign(64 * columns.width, 0);
  for (std::size_t t = 0; t < spikes.steps; ++t)
    for (std::size_t w = 0; w < columns.channel_words; ++w)
      columns.words[t % 64 * columns.width + t / 64 * columns.channel_words + w] =
          spikes.data[t * columns.channel_words + w];
  const auto swap = [&]<int half>(std::uint64_t mask) HWY_ATTR {
    const auto masks = hn::Set(d, mask);
    for (std::size_t k = 0; k < 64; k = (k + half + 1) & ~std::size_t{half}) {
      std::uint64_t* const above = columns.words.data() + k * columns.width;
      std::uint64_t* const below = above + half * columns.width;
      for (std::size_t block = 0; block < columns.width; block += hn::Lanes(d)) {
        const auto a = hn::LoadU(d, above + block);
        const auto b = hn::LoadU(d, below + block);
        const auto swapped = hn::And(hn::Xor(hn::ShiftRight<half>(a), b), masks);
        hn::StoreU(hn::Xor(a, hn::ShiftLeft<half>(swapped)), d, above + block);
        hn::StoreU(hn::Xor(b, swapped), d, below + block);
      }
    }
  };
  swap.template operator()<32>(0x00000000FFFFFFFFULL);
  swap.template operator()<16>(0x0000FFFF0000FFFFULL);
  swap.template operator()<8>(0x00FF00FF00FF00FFULL);
  swap.template operator()<4>(0x0F0F0F0F0F0F0F0FULL);
  swap.template operator()<2>(0x3333333333333333ULL);
  swap.template operator()<1>(0x5555555555555555ULL);
}

/// Vectors of masked sums per output that are kept in registers beside those of up to eight outputs.
constexpr std::size_t masked_vectors = HWY_TARGET <= HWY_AVX3 ? 2 : 1;

/// Room for the vectors of some outputs, to turn them into columns of rows.
template <std::size_t outputs, class S>
using LaneBlock = std::array<std::array<S, masked_vectors * HWY_MAX_BYTES / sizeof(S)>, outputs>;

/// `outputs` columns of the current from column `first` on, lanes over the steps from t on: every input adds its
/// weight in the steps in which it fired.
template <class S, std::size_t vectors, std::size_t outputs>
HWY_INLINE void masked_steps(const Columns& columns, std::size_t t, const S* w, std::size_t to, std::size_t first,
                             tyto::Rows<S> current) {
  const Tag<S> d;
  const std::size_t lanes = hn::Lanes(d);
  std::array<hn::Vec<Tag<S>>, vectors * outputs> sums;
  for (auto& sum : sums) sum = hn::Zero(d);
  const S* weights = w + first;
  for (std::size_t word = 0; word < columns.channel_words; ++word) {
    std::array<const std::uint64_t*, vectors> place;
    for (std::size_t v = 0; v < vectors; ++v)
      place[v] = columns.words.data() + (t + v * lanes) / 64 * columns.channel_words + word;
    const std::size_t channels = HWY_MIN(columns.channels - word * 64, std::size_t{64});
    for (std::size_t k = 0; k < channels; ++k, weights += to)
      for (std::size_t v = 0; v < vectors; ++v) {
        const auto fired = mask_at(d, place[v] + k * columns.width, (t + v * lanes) % 64);
        for (std::size_t q = 0; q < outputs; ++q) {
          auto& sum = sums[v * outputs + q];
          sum = hn::IfThenElse(fired, hn::Add(sum, hn::Set(d, weights[q])), sum);
        }
      }
  }
  HWY_ALIGN LaneBlock<outputs, S> block;
  for (std::size_t v = 0; v < vectors; ++v)
    for (std::size_t q = 0; q < outputs; ++q) hn::Store(sums[v * outputs + q], d, block[q].data() + v * lanes);
  const std::size_t filled = HWY_MIN(vectors * lanes, columns.steps - t);
  for (std::size_t l = 0; l < filled; ++l) {
    S* const row = current[t + l] + first;
    for (std::size_t q = 0; q < outputs; ++q) row[q] += block[q][l];
  }
}

template <class S, std::size_t outputs>
HWY_INLINE void masked_columns(const Columns& columns, const S* w, std::size_t to, std::size_t first,
                               tyto::Rows<S> current) {
  const std::size_t lanes = hn::Lanes(Tag<S>());
  std::size_t t = 0;
  for (; t + (masked_vectors - 1) * lanes < columns.steps; t += masked_vectors * lanes)
    masked_steps<S, masked_vectors, outputs>(columns, t, w, to, first, current);
  for (; t < columns.steps; t += lanes) masked_steps<S, 1, outputs>(columns, t, w, to, first, current);
}

/// The same for gradients, lanes over the inputs from i on: every step of every trial adds its gradient to the inputs
/// that fired in it.
template <class S, std::size_t vectors, std::size_t outputs>
HWY_INLINE void masked_inputs(std::span<const tyto::Spikes> trials,
                              std::span<const tyto::Rows<const S>> grad_currents, std::size_t i, std::size_t to,
                              std::size_t first, S* grad_w) {
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

/// Calls block<8>(first), block<4>(first), ... until all `to` outputs are done.
template <class Block>
HWY_INLINE void in_blocks(std::size_t to, Block&& block) {
  std::size_t first = 0;
  for (; first + 8 <= to; first += 8) block.template operator()<8>(first);
  if (first + 4 <= to) block.template operator()<4>(first), first += 4;
  if (first + 2 <= to) block.template operator()<2>(first), first += 2;
  if (first < to) block.template operator()<1>(first);
}

// What the ways cost, in processor cycles for one trial, roughly: which is taken changes no bit.

std::size_t spikes_in(const tyto::Spikes& spikes) {
  std::size_t count = 0;
  for (std::size_t k = 0; k < spikes.steps * spikes.words(); ++k)
    count += static_cast<std::size_t>(std::popcount(spikes.data[k]));
  return count;
}
std::size_t vectors_for(std::size_t count, std::size_t lanes) { return (count + lanes - 1) / lanes; }
/// A spike costs its place in a word, its row and the loop round it.
std::size_t row_cost(const tyto::Spikes& spikes, std::size_t to, std::size_t lanes) {
  return spikes.steps * 15 + spikes_in(spikes) * (6 + vectors_for(to, lanes) * 3 / 2);
}
/// A mask costs its making, once for eight outputs.
std::size_t mask_cost(std::size_t masks, std::size_t to) { return masks * (to + vectors_for(to, 8) * 2) / 2; }

/// Beyond this, rows are in any case so long that masks cannot pay.
constexpr std::size_t widest_masked = 48;

template <class S>
void add_spikes(std::span<const tyto::Spikes> trials, const S* w, std::size_t to,
                std::span<const tyto::Rows<S>> currents) {
  if (trials.empty()) return;
  const std::size_t lanes = hn::Lanes(Tag<S>());
  const std::size_t steps = trials.front().steps, from = trials.front().channels;
  constexpr std::size_t most_inputs = 8;
  if (from <= most_inputs && (std::size_t{1} << from) <= 2 * steps * trials.size())
    return add_spikes_by_pattern(trials, w, to, currents);
  const std::size_t turning = 1000 * vectors_for(steps, 64) + steps * to * 3;
  if (to > widest_masked ||
      row_cost(trials.front(), to, lanes) < mask_cost(vectors_for(steps, lanes) * from, to) + turning)
    return add_spikes_by_row(trials, w, to, currents);
  thread_local Columns columns;  // scratch, so that no call allocates
  for (std::size_t trial = 0; trial < trials.size(); ++trial) {
    transpose(trials[trial], columns);
    in_blocks(to, [&]<std::size_t outputs>(std::size_t first) {
      masked_columns<S, outputs>(columns, w, to, first, currents[trial]);
    });
  }
}

template <class S>
void add_spike_gradients(std::span<const tyto::Spikes> trials, std::span<const tyto::Rows<const S>> grad_currents,
                         std::size_t to, S* grad_w) {
  if (trials.empty()) return;
  const std::size_t lanes = hn::Lanes(Tag<S>());
  const auto& typical = trials.front();
  if (to > widest_masked ||
      row_cost(typical, to, lanes) < mask_cost(typical.steps * vectors_for(typical.channels, lanes), to))
    return add_gradients_by_row(trials, grad_currents, to, grad_w);
  in_blocks(to, [&]<std::size_t outputs>(std::size_t first) {
    masked_gradient_columns<S, outputs>(trials, grad_currents, to, first, grad_w);
  });
}

template <class S>
void add_values(const S* values, std::size_t steps, std::size_t from, const S* w, std::size_t to,
                tyto::Rows<S> current) {
  for (std::size_t t = 0; t < steps; ++t)
    for (std::size_t i = 0; i < from; ++i)
      if (values[t * from + i] != S(0)) add_scaled_row(values[t * from + i], w + i * to, to, current[t]);
}

template <class S>
void add_value_gradients(const S* values, std::size_t steps, std::size_t from, tyto::Rows<const S> grad_current,
                         std::size_t to, S* grad_w) {
  for (std::size_t t = 0; t < steps; ++t)
    for (std::size_t i = 0; i < from; ++i)
      if (values[t * from + i] != S(0)) add_scaled_row(values[t * from + i], grad_current[t], to, grad_w + i * to);
}

/// `rows` steps times `vectors` vectors of inputs: sums over outputs that stay in registers meanwhile.
template <class S, std::size_t rows, std::size_t vectors>
HWY_INLINE void input_gradient_block(tyto::Rows<const S> gradient, std::size_t to, const S* turned, std::size_t length,
                                     S* sums) {
  const Tag<S> d;
  std::array<hn::Vec<Tag<S>>, rows * vectors> block;
  for (auto& sum : block) sum = hn::Zero(d);
  for (std::size_t j = 0; j < to; ++j) {
    for (std::size_t v = 0; v < vectors; ++v) {
      const auto weights = hn::LoadU(d, turned + j * length + v * hn::Lanes(d));
      for (std::size_t r = 0; r < rows; ++r)
        block[r * vectors + v] = hn::Add(block[r * vectors + v], hn::Mul(hn::Set(d, gradient[r][j]), weights));
    }
  }
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t v = 0; v < vectors; ++v)
      hn::StoreU(block[r * vectors + v], d, sums + r * length + v * hn::Lanes(d));
}

/// The sums of `rows` steps for all inputs.
template <class S, std::size_t rows>
HWY_INLINE void input_gradient_rows(tyto::Rows<const S> gradient, std::size_t to, const S* turned, std::size_t length,
                                    S* sums) {
  const std::size_t lanes = hn::Lanes(Tag<S>());
  std::size_t first = 0;
  for (; first + 4 <= length / lanes; first += 4)
    input_gradient_block<S, rows, 4>(gradient, to, turned + first * lanes, length, sums + first * lanes);
  for (; first < length / lanes; ++first)
    input_gradient_block<S, rows, 1>(gradient, to, turned + first * lanes, length, sums + first * lanes);
}

template <class S>
void add_input_gradients(std::span<const tyto::Rows<const S>> grad_currents, std::size_t steps, const S* w,
                         std::size_t from, std::size_t to, std::span<const tyto::Rows<S>> grad_inputs) {
  constexpr std::size_t rows = 4;
  const std::size_t length = padded_length<S>(from);
  thread_local std::vector<S> turned;  // w with lanes over inputs
  thread_local std::vector<S> sums;
  turned.assign(to * length, S(0));
  sums.resize(rows * length);
  for (std::size_t i = 0; i < from; ++i)
    for (std::size_t j = 0; j < to; ++j) turned[j * length + i] = w[i * to + j];
  for (std::size_t trial = 0; trial < grad_currents.size(); ++trial)
    for (std::size_t t = 0; t < steps; t += rows) {
      const tyto::Rows<const S> gradient{grad_currents[trial][t], grad_currents[trial].stride};
      const std::size_t filled = HWY_MIN(rows, steps - t);
      if (filled == rows)
        input_gradient_rows<S, rows>(gradient, to, turned.data(), length, sums.data());
      else
        for (std::size_t r = 0; r < filled; ++r)
          input_gradient_rows<S, 1>({gradient[r], 0}, to, turned.data(), length, sums.data() + r * length);
      for (std::size_t r = 0; r < filled; ++r) {
        S* const target = grad_inputs[trial][t + r];
        for (std::size_t i = 0; i < from; ++i) target[i] += sums[r * length + i];
      }
    }
}

// One plain function for each product and precision: what the dispatch tables point to.
#define DENSE_FOR_EACH(S, suffix)                                                                                      \
  void add_spikes_##suffix(std::span<const tyto::Spikes> trials, const S* w, std::size_t to,                           \
                           std::span<const tyto::Rows<S>> currents) {                                                  \
    add_spikes<S>(trials, w, to, currents);                                                                            \
  }                                                                                                                    \
  void add_spike_gradients_##suffix(std::span<const tyto::Spikes> trials,                                              \
                                    std::span<const tyto::Rows<const S>> grad_currents, std::size_t to, S* grad_w) {   \
    add_spike_gradients<S>(trials, grad_currents, to, grad_w);                                                         \
  }                                                                                                                    \
  void add_values_##suffix(const S* values, std::size_t steps, std::size_t from, const S* w, std::size_t to,           \
                           tyto::Rows<S> current) {                                                                    \
    add_values<S>(values, steps, from, w, to, current);                                                                \
  }                                                                                                                    \
  void add_value_gradients_##suffix(const S* values, std::size_t steps, std::size_t from,                              \
                                    tyto::Rows<const S> grad_current, std::size_t to, S* grad_w) {                     \
    add_value_gradients<S>(values, steps, from, grad_current, to, grad_w);                                             \
  }                                                                                                                    \
  void add_input_gradients_##suffix(std::span<const tyto::Rows<const S>> grad_currents, std::size_t steps, const S* w, \
                                    std::size_t from, std::size_t to, std::span<const tyto::Rows<S>> grad_inputs) {    \
    add_input_gradients<S>(grad_currents, steps, w, from, to, grad_inputs);                                            \
  }
DENSE_FOR_EACH(float, f32)
DENSE_FOR_EACH(double, f64)
#undef DENSE_FOR_EACH

}  // namespace dense::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dense {

#define DENSE_DISPATCH(S, suffix)                                                                                     \
  HWY_EXPORT(add_spikes_##suffix);                                                                                    \
  HWY_EXPORT(add_spike_gradients_##suffix);                                                                           \
  HWY_EXPORT(add_values_##suffix);                                                                                    \
  HWY_EXPORT(add_value_gradients_##suffix);                                                                           \
  HWY_EXPORT(add_input_gradients_##suffix);                                                                           \
  template <>                                                                                                         \
  void add_spikes(std::span<const tyto::Spikes> trials, const S* w, std::size_t to,                                   \
                  std::span<const tyto::Rows<S>> currents) {                                                          \
    HWY_DYNAMIC_DISPATCH(add_spikes_##suffix)(trials, w, to, currents);                                               \
  }                                                                                                                   \
  template <>                                                                                                         \
  void add_spike_gradients(std::span<const tyto::Spikes> trials, std::span<const tyto::Rows<const S>> grad_currents,  \
                           std::size_t to, S* grad_w) {                                                               \
    HWY_DYNAMIC_DISPATCH(add_spike_gradients_##suffix)(trials, grad_currents, to, grad_w);                            \
  }                                                                                                                   \
  template <>                                                                                                         \
  void add_values(const S* values, std::size_t steps, std::size_t from, const S* w, std::size_t to,                   \
                  tyto::Rows<S> current) {                                                                            \
    HWY_DYNAMIC_DISPATCH(add_values_##suffix)(values, steps, from, w, to, current);                                   \
  }                                                                                                                   \
  template <>                                                                                                         \
  void add_value_gradients(const S* values, std::size_t steps, std::size_t from, tyto::Rows<const S> grad_current,    \
                           std::size_t to, S* grad_w) {                                                               \
    HWY_DYNAMIC_DISPATCH(add_value_gradients_##suffix)(values, steps, from, grad_current, to, grad_w);                \
  }                                                                                                                   \
  template <>                                                                                                         \
  void add_input_gradients(std::span<const tyto::Rows<const S>> grad_currents, std::size_t steps, const S* w,         \
                           std::size_t from, std::size_t to, std::span<const tyto::Rows<S>> grad_inputs) {            \
    HWY_DYNAMIC_DISPATCH(add_input_gradients_##suffix)(grad_currents, steps, w, from, to, grad_inputs);               \
  }
DENSE_DISPATCH(float, f32)
DENSE_DISPATCH(double, f64)
#undef DENSE_DISPATCH

}  // namespace dense
#endif

#include "products.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

#include <boost/align/aligned_allocator.hpp>

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

/// No vector of it lies across two lines of the cache.
template <class S>
using Scratch = std::vector<S, boost::alignment::aligned_allocator<S, 64>>;

/// The weights of this many neighbouring inputs are added up before they join the sum, so that the sums of all patterns
/// of their spikes can be looked up.
constexpr std::size_t group_inputs = 4;
constexpr std::size_t patterns = std::size_t{1} << group_inputs;
constexpr std::size_t groups_per_word = 64 / group_inputs;

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
const S* padded_rows(const S* matrix, std::size_t rows, std::size_t length, std::size_t padded, Scratch<S>& copy) {
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
  for (auto& whole : sums) whole = hn::Zero(d);
  for (std::size_t w = 0; w < spikes.words(); ++w)
    for (std::uint64_t bits = spikes.row(t)[w]; bits != 0;) {
      const auto first = static_cast<std::size_t>(std::countr_zero(bits));
      const std::size_t begin = first / group_inputs * group_inputs;
      const std::uint64_t group = std::uint64_t{15} << begin & bits;
      bits ^= group;
      const S* row = rows + (w * 64 + first) * length;
      std::array<hn::Vec<Tag<S>>, vectors> parts;
      for (std::size_t v = 0; v < vectors; ++v) parts[v] = hn::LoadU(d, row + v * hn::Lanes(d));
      for (std::uint64_t rest = group & (group - 1); rest != 0; rest &= rest - 1) {
        row = rows + (w * 64 + static_cast<std::size_t>(std::countr_zero(rest))) * length;
        for (std::size_t v = 0; v < vectors; ++v) parts[v] = hn::Add(parts[v], hn::LoadU(d, row + v * hn::Lanes(d)));
      }
      for (std::size_t v = 0; v < vectors; ++v) sums[v] = hn::Add(sums[v], parts[v]);
    }
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
  thread_local Scratch<S> copy, sum;  // scratch, so that no call allocates
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

/// Some neighbouring groups, few enough for their table to stay in the nearest cache. All lie in one word of a step.
struct Block {
  std::size_t first_group = 0;
  std::size_t groups = 0;
};

/// The sums of all patterns of spikes of each group, [group][pattern][vectors * lanes], for `columns` columns of the
/// weights.
template <class D, class S, std::size_t vectors>
HWY_INLINE void tabulate(D d, const S* w, std::size_t from, std::size_t to, std::size_t columns, S* table) {
  constexpr std::size_t length = vectors * hn::MaxLanes(D());
  HWY_ALIGN std::array<S, length> row{};
  for (std::size_t group = 0; group * group_inputs < from; ++group, table += patterns * length) {
    std::fill_n(table, length, S(0));
    for (std::size_t k = 0; k < group_inputs; ++k) {
      const std::size_t i = group * group_inputs + k;
      if (i < from) std::copy_n(w + i * to, columns, row.data());
      // Without its last spike a pattern has been seen already.
      const std::size_t spike = std::size_t{1} << k;
      for (std::size_t pattern = spike; pattern < 2 * spike; ++pattern)
        for (std::size_t j = 0; j < length; j += hn::Lanes(d))
          hn::StoreU(hn::Add(hn::LoadU(d, table + (pattern - spike) * length + j), hn::Load(d, row.data() + j)), d,
                     table + pattern * length + j);
    }
  }
}

/// Adds a block's part to the sums of `rows` steps from t on. They go on side by side, so that none waits for another
/// one's addition.
template <class D, class S, std::size_t vectors, std::size_t rows>
HWY_INLINE void look_up(D d, const tyto::Spikes& spikes, std::size_t t, const Block& block, const S* table, S* sums) {
  constexpr std::size_t length = vectors * hn::MaxLanes(D());
  std::array<hn::Vec<D>, rows * vectors> parts;
  for (std::size_t k = 0; k < rows * vectors; ++k) parts[k] = hn::LoadU(d, sums + t * length + k * hn::Lanes(d));
  std::array<std::uint64_t, rows> bits;
  for (std::size_t r = 0; r < rows; ++r)
    bits[r] =
        spikes.row(t + r)[block.first_group / groups_per_word] >> (block.first_group % groups_per_word * group_inputs);
  for (std::size_t group = 0; group < block.groups; ++group, table += patterns * length)
    for (std::size_t r = 0; r < rows; ++r) {
      const S* const part = table + bits[r] % patterns * length;
      bits[r] /= patterns;
      for (std::size_t v = 0; v < vectors; ++v)
        parts[r * vectors + v] = hn::Add(parts[r * vectors + v], hn::LoadU(d, part + v * hn::Lanes(d)));
    }
  for (std::size_t k = 0; k < rows * vectors; ++k) hn::StoreU(parts[k], d, sums + t * length + k * hn::Lanes(d));
}

/// Looks up the sums of groups of inputs by their patterns of spikes.
template <class D, class S, std::size_t vectors>
HWY_INLINE void add_columns_by_pattern(D d, std::span<const tyto::Spikes> trials, const S* w, std::size_t to,
                                       std::size_t first, std::span<const tyto::Rows<S>> currents) {
  constexpr std::size_t rows = 4;
  constexpr std::size_t length = vectors * hn::MaxLanes(D());
  constexpr std::size_t block_groups = length * sizeof(S) > 64 ? groups_per_word / 2 : groups_per_word;
  const std::size_t steps = trials.front().steps, from = trials.front().channels;
  const std::size_t groups = (from + group_inputs - 1) / group_inputs;
  const std::size_t columns = HWY_MIN(to - first, vectors * hn::Lanes(d));
  thread_local Scratch<S> table, sums;  // scratch, so that no call allocates
  table.resize(groups * patterns * length);
  tabulate<D, S, vectors>(d, w + first, from, to, columns, table.data());
  for (std::size_t trial = 0; trial < trials.size(); ++trial) {
    sums.assign(steps * length, S(0));
    for (Block block; block.first_group < groups; block.first_group += block_groups) {
      block.groups = HWY_MIN(groups - block.first_group, block_groups);
      const S* const own = table.data() + block.first_group * patterns * length;
      std::size_t t = 0;
      for (; t + rows <= steps; t += rows) look_up<D, S, vectors, rows>(d, trials[trial], t, block, own, sums.data());
      for (; t < steps; ++t) look_up<D, S, vectors, 1>(d, trials[trial], t, block, own, sums.data());
    }
    for (std::size_t t = 0; t < steps; ++t) {
      const S* const sum = sums.data() + t * length;
      S* const current = currents[trial][t] + first;
      for (std::size_t j = 0; j < columns; ++j) current[j] += sum[j];
    }
  }
}

template <class S>
void add_spikes_by_pattern(std::span<const tyto::Spikes> trials, const S* w, std::size_t to,
                           std::span<const tyto::Rows<S>> currents) {
  const hn::CappedTag<S, 8> few;
  const Tag<S> d;
  if (to <= hn::Lanes(few)) return add_columns_by_pattern<decltype(few), S, 1>(few, trials, w, to, 0, currents);
  std::size_t first = 0;
  for (; first + hn::Lanes(d) < to; first += 2 * hn::Lanes(d))
    add_columns_by_pattern<Tag<S>, S, 2>(d, trials, w, to, first, currents);
  if (first < to) add_columns_by_pattern<Tag<S>, S, 1>(d, trials, w, to, first, currents);
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
      in_vectors(length / lanes, [&]<std::size_t vectors>(std::size_t first) HWY_ATTR {
        add_step_gradients<S, vectors>(trials[trial], t, gradient.data() + first * lanes, length, rows + first * lanes);
      });
    }
  if (in_place) return;
  for (std::size_t i = 0; i < from; ++i) std::copy_n(rows + i * length, to, grad_w + i * to);
}

/// Vectors of masked sums per output that are kept in registers beside those of up to eight outputs.
constexpr std::size_t masked_vectors = HWY_TARGET <= HWY_AVX3 ? 2 : 1;

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

/// Calls block<8>(first), block<4>(first), ... until all `to` outputs are done.
template <class Block>
HWY_INLINE void in_blocks(std::size_t to, Block&& block) {
  std::size_t first = 0;
  for (; first + 8 <= to; first += 8) block.template operator()<8>(first);
  if (first + 4 <= to) block.template operator()<4>(first), first += 4;
  if (first + 2 <= to) block.template operator()<2>(first), first += 2;
  if (first < to) block.template operator()<1>(first);
}

// What the ways cost for one trial, in processor cycles, roughly. Which one is taken changes no bit.

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
  const auto& typical = trials.front();
  const std::size_t groups = vectors_for(typical.channels, group_inputs);
  const std::size_t lookups = groups * (typical.steps + patterns * 3 / 2 / trials.size());
  if (row_cost(typical, to, lanes) < lookups * (1 + vectors_for(to, lanes)))
    add_spikes_by_row(trials, w, to, currents);
  else
    add_spikes_by_pattern(trials, w, to, currents);
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

/// Calls visit(i, values[i]) for those that are not 0. They are found first, by a loop without branches: where they lie
/// cannot be foreseen.
template <class S, class Visit>
HWY_INLINE void for_each_value(const S* values, std::size_t count, Visit&& visit) {
  thread_local std::vector<std::uint32_t> places;
  places.resize(count + 1);
  std::uint32_t* const place = places.data();
  std::size_t found = 0;
  for (std::size_t i = 0; i < count; ++i) {
    place[found] = static_cast<std::uint32_t>(i);
    found += values[i] != S(0) ? 1U : 0U;
  }
  for (std::size_t k = 0; k < found; ++k) visit(place[k], values[place[k]]);
}

template <class S>
void add_values(const S* values, std::size_t steps, std::size_t from, const S* w, std::size_t to,
                tyto::Rows<S> current) {
  for (std::size_t t = 0; t < steps; ++t)
    for_each_value(values + t * from, from,
                   [&](std::size_t i, S value) HWY_ATTR { add_scaled_row(value, w + i * to, to, current[t]); });
}

template <class S>
void add_value_gradients(const S* values, std::size_t steps, std::size_t from, tyto::Rows<const S> grad_current,
                         std::size_t to, S* grad_w) {
  for (std::size_t t = 0; t < steps; ++t)
    for_each_value(values + t * from, from, [&](std::size_t i, S value) HWY_ATTR {
      add_scaled_row(value, grad_current[t], to, grad_w + i * to);
    });
}

/// The first `count` lanes of a sum are added to numbers.
template <class S>
HWY_INLINE void add_lanes(hn::Vec<Tag<S>> sum, std::size_t count, S* numbers) {
  const Tag<S> d;
  if (count >= hn::Lanes(d)) return hn::StoreU(hn::Add(hn::LoadU(d, numbers), sum), d, numbers);
  HWY_ALIGN std::array<S, HWY_MAX_BYTES / sizeof(S)> lanes;
  hn::Store(sum, d, lanes.data());
  for (std::size_t k = 0; k < count; ++k) numbers[k] += lanes[k];
}

/// Adds the sums of `rows` steps for `vectors` vectors of inputs, of which `columns` inputs exist, to the targets. They
/// stay in registers meanwhile.
template <class S, std::size_t rows, std::size_t vectors>
HWY_INLINE void input_gradient_rows(tyto::Rows<const S> gradient, std::size_t to, const S* turned, std::size_t length,
                                    std::size_t columns, tyto::Rows<S> target) {
  const Tag<S> d;
  std::array<hn::Vec<Tag<S>>, rows * vectors> sums;
  for (auto& sum : sums) sum = hn::Zero(d);
  for (std::size_t j = 0; j < to; ++j) {
    for (std::size_t v = 0; v < vectors; ++v) {
      const auto weights = hn::LoadU(d, turned + j * length + v * hn::Lanes(d));
      for (std::size_t r = 0; r < rows; ++r)
        sums[r * vectors + v] = hn::Add(sums[r * vectors + v], hn::Mul(hn::Set(d, gradient[r][j]), weights));
    }
  }
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t v = 0; v < vectors; ++v) {
      const std::size_t first = v * hn::Lanes(d);
      if (first < columns) add_lanes<S>(sums[r * vectors + v], columns - first, target[r] + first);
    }
}

/// The same for all steps of all trials, so that the weights of these inputs stay in the nearest cache.
template <class S, std::size_t vectors>
HWY_INLINE void input_gradient_columns(std::span<const tyto::Rows<const S>> grad_currents, std::size_t steps,
                                       std::size_t to, const S* turned, std::size_t length, std::size_t first,
                                       std::size_t columns, std::span<const tyto::Rows<S>> grad_inputs) {
  constexpr std::size_t rows = 8;
  for (std::size_t trial = 0; trial < grad_currents.size(); ++trial) {
    const tyto::Rows<const S> gradient = grad_currents[trial];
    const tyto::Rows<S> target{grad_inputs[trial].data + first, grad_inputs[trial].stride};
    std::size_t t = 0;
    for (; t + rows <= steps; t += rows)
      input_gradient_rows<S, rows, vectors>({gradient[t], gradient.stride}, to, turned + first, length, columns,
                                            {target[t], target.stride});
    for (; t < steps; ++t)
      input_gradient_rows<S, 1, vectors>({gradient[t], gradient.stride}, to, turned + first, length, columns,
                                         {target[t], target.stride});
  }
}

/// turned[j][i] = w[i][j], in rows that are filled up with zeros. It goes by tiles, so that the lines of the cache that
/// are read and written are all used while they are at hand.
template <class S>
void turn(const S* HWY_RESTRICT w, std::size_t from, std::size_t to, std::size_t length, S* HWY_RESTRICT turned) {
  constexpr std::size_t tile = 16;
  for (std::size_t i = 0; i < from; i += tile) {
    const std::size_t end = HWY_MIN(from, i + tile);
    for (std::size_t j = 0; j < to; ++j)
      for (std::size_t k = i; k < end; ++k) turned[j * length + k] = w[k * to + j];
  }
  for (std::size_t j = 0; j < to; ++j) std::fill(turned + j * length + from, turned + (j + 1) * length, S(0));
}

template <class S>
void add_input_gradients(std::span<const tyto::Rows<const S>> grad_currents, std::size_t steps, const S* w,
                         std::size_t from, std::size_t to, std::span<const tyto::Rows<S>> grad_inputs) {
  const std::size_t lanes = hn::Lanes(Tag<S>());
  const std::size_t length = padded_length<S>(from);
  thread_local Scratch<S> turned;  // w with lanes over inputs
  turned.resize(to * length);
  turn(w, from, to, length, turned.data());
  std::size_t first = 0;
  for (; first + lanes < from; first += 2 * lanes)
    input_gradient_columns<S, 2>(grad_currents, steps, to, turned.data(), length, first,
                                 HWY_MIN(from - first, 2 * lanes), grad_inputs);
  if (first < from)
    input_gradient_columns<S, 1>(grad_currents, steps, to, turned.data(), length, first, from - first, grad_inputs);
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

#define DENSE_DISPATCH(S, suffix)                                                                                    \
  HWY_EXPORT(add_spikes_##suffix);                                                                                   \
  HWY_EXPORT(add_spike_gradients_##suffix);                                                                          \
  HWY_EXPORT(add_values_##suffix);                                                                                   \
  HWY_EXPORT(add_value_gradients_##suffix);                                                                          \
  HWY_EXPORT(add_input_gradients_##suffix);                                                                          \
  template <>                                                                                                        \
  void add_spikes(std::span<const tyto::Spikes> trials, const S* w, std::size_t to,                                  \
                  std::span<const tyto::Rows<S>> currents) {                                                         \
    HWY_DYNAMIC_DISPATCH(add_spikes_##suffix)(trials, w, to, currents);                                              \
  }                                                                                                                  \
  template <>                                                                                                        \
  void add_spike_gradients(std::span<const tyto::Spikes> trials, std::span<const tyto::Rows<const S>> grad_currents, \
                           std::size_t to, S* grad_w) {                                                              \
    HWY_DYNAMIC_DISPATCH(add_spike_gradients_##suffix)(trials, grad_currents, to, grad_w);                           \
  }                                                                                                                  \
  template <>                                                                                                        \
  void add_values(const S* values, std::size_t steps, std::size_t from, const S* w, std::size_t to,                  \
                  tyto::Rows<S> current) {                                                                           \
    HWY_DYNAMIC_DISPATCH(add_values_##suffix)(values, steps, from, w, to, current);                                  \
  }                                                                                                                  \
  template <>                                                                                                        \
  void add_value_gradients(const S* values, std::size_t steps, std::size_t from, tyto::Rows<const S> grad_current,   \
                           std::size_t to, S* grad_w) {                                                              \
    HWY_DYNAMIC_DISPATCH(add_value_gradients_##suffix)(values, steps, from, grad_current, to, grad_w);               \
  }                                                                                                                  \
  template <>                                                                                                        \
  void add_input_gradients(std::span<const tyto::Rows<const S>> grad_currents, std::size_t steps, const S* w,        \
                           std::size_t from, std::size_t to, std::span<const tyto::Rows<S>> grad_inputs) {           \
    HWY_DYNAMIC_DISPATCH(add_input_gradients_##suffix)(grad_currents, steps, w, from, to, grad_inputs);              \
  }
DENSE_DISPATCH(float, f32)
DENSE_DISPATCH(double, f64)
#undef DENSE_DISPATCH

}  // namespace dense
#endif

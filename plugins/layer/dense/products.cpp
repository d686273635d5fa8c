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

/// One mask from the bits of a word that begin at `bit`. The word behind `bits` must hold them all.
template <class D>
HWY_INLINE hn::Mask<D> mask_at(D d, const std::uint64_t* row, std::size_t bit) {
  const std::uint64_t word = row[bit / 64] >> (bit % 64);
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

/// Adds the rows of a step's spikes to `vectors` vectors of its sum, which stay in registers meanwhile.
template <class S, std::size_t vectors>
HWY_INLINE void add_step_rows(const tyto::Spikes& spikes, std::size_t t, const S* rows, std::size_t length, S* sum) {
  const Tag<S> d;
  std::array<hn::Vec<Tag<S>>, vectors> sums;
  for (std::size_t v = 0; v < vectors; ++v) sums[v] = hn::LoadU(d, sum + v * hn::Lanes(d));
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
void add_spikes_by_row(const tyto::Spikes& spikes, const S* w, std::size_t to, S* current) {
  const std::size_t lanes = hn::Lanes(Tag<S>());
  const std::size_t length = padded_length<S>(to);
  thread_local std::vector<S> copy, sum;  // scratch, so that no call allocates
  const S* const rows = padded_rows(w, spikes.channels, to, length, copy);
  sum.assign(length, S(0));
  for (std::size_t t = 0; t < spikes.steps; ++t) {
    std::copy_n(current + t * to, to, sum.data());
    in_vectors(length / lanes, [&]<std::size_t vectors>(std::size_t first) HWY_ATTR {
      add_step_rows<S, vectors>(spikes, t, rows + first * lanes, length, sum.data() + first * lanes);
    });
    std::copy_n(sum.data(), to, current + t * to);
  }
}

template <class S>
void add_gradients_by_row(const tyto::Spikes& spikes, const S* grad_current, std::size_t to, S* grad_w) {
  const std::size_t lanes = hn::Lanes(Tag<S>());
  const std::size_t length = padded_length<S>(to);
  thread_local std::vector<S> copy, gradient;
  const bool in_place = length == to;
  if (!in_place) padded_rows(grad_w, spikes.channels, to, length, copy);
  S* const rows = in_place ? grad_w : copy.data();
  gradient.assign(length, S(0));
  for (std::size_t t = 0; t < spikes.steps; ++t) {
    std::copy_n(grad_current + t * to, to, gradient.data());
    in_vectors(length / lanes, [&]<std::size_t vectors>(std::size_t first) HWY_ATTR {
      add_step_gradients<S, vectors>(spikes, t, gradient.data() + first * lanes, length, rows + first * lanes);
    });
  }
  if (in_place) return;
  for (std::size_t i = 0; i < spikes.channels; ++i) std::copy_n(rows + i * length, to, grad_w + i * to);
}

/// `outputs` columns of the current from column `first` on, lanes over steps: every input adds its
/// weight in the steps in which it fired. `columns` is [from][word of steps].
template <class S, std::size_t outputs>
HWY_INLINE void masked_columns(const std::uint64_t* columns, std::size_t steps, std::size_t from, const S* w,
                               std::size_t to, std::size_t first, S* current) {
  const Tag<S> d;
  using V = hn::Vec<Tag<S>>;
  const std::size_t words = tyto::words_for(steps);
  HWY_ALIGN std::array<std::array<S, HWY_MAX_BYTES / sizeof(S)>, outputs> lanes;
  for (std::size_t t = 0; t < steps; t += hn::Lanes(d)) {
    const std::size_t filled = HWY_MIN(hn::Lanes(d), steps - t);
    std::array<V, outputs> sums;
    for (std::size_t q = 0; q < outputs; ++q) {
      lanes[q].fill(S(0));
      for (std::size_t l = 0; l < filled; ++l) lanes[q][l] = current[(t + l) * to + first + q];
      sums[q] = hn::Load(d, lanes[q].data());
    }
    for (std::size_t i = 0; i < from; ++i) {
      const auto fired = mask_at(d, columns + i * words, t);
      const S* const weights = w + i * to + first;
      for (std::size_t q = 0; q < outputs; ++q)
        sums[q] = hn::IfThenElse(fired, hn::Add(sums[q], hn::Set(d, weights[q])), sums[q]);
    }
    for (std::size_t q = 0; q < outputs; ++q) {
      hn::Store(sums[q], d, lanes[q].data());
      for (std::size_t l = 0; l < filled; ++l) current[(t + l) * to + first + q] = lanes[q][l];
    }
  }
}

/// The same for gradients, lanes over inputs: every step adds its gradient to the inputs that fired in it.
template <class S, std::size_t outputs>
HWY_INLINE void masked_gradient_columns(const tyto::Spikes& spikes, const S* grad_current, std::size_t to,
                                        std::size_t first, S* grad_w) {
  const Tag<S> d;
  using V = hn::Vec<Tag<S>>;
  const std::size_t words = spikes.words();
  HWY_ALIGN std::array<std::array<S, HWY_MAX_BYTES / sizeof(S)>, outputs> lanes;
  for (std::size_t i = 0; i < spikes.channels; i += hn::Lanes(d)) {
    const std::size_t filled = HWY_MIN(hn::Lanes(d), spikes.channels - i);
    std::array<V, outputs> sums;
    for (auto& lane : lanes) lane.fill(S(0));
    for (std::size_t l = 0; l < filled; ++l)
      for (std::size_t q = 0; q < outputs; ++q) lanes[q][l] = grad_w[(i + l) * to + first + q];
    for (std::size_t q = 0; q < outputs; ++q) sums[q] = hn::Load(d, lanes[q].data());
    for (std::size_t t = 0; t < spikes.steps; ++t) {
      const auto fired = mask_at(d, spikes.data + t * words, i);
      const S* const gradient = grad_current + t * to + first;
      for (std::size_t q = 0; q < outputs; ++q)
        sums[q] = hn::IfThenElse(fired, hn::Add(sums[q], hn::Set(d, gradient[q])), sums[q]);
    }
    for (std::size_t q = 0; q < outputs; ++q) hn::Store(sums[q], d, lanes[q].data());
    for (std::size_t l = 0; l < filled; ++l)
      for (std::size_t q = 0; q < outputs; ++q) grad_w[(i + l) * to + first + q] = lanes[q][l];
  }
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

/// Swaps rows and columns of a 64 x 64 block of bits (Warren, Hacker's Delight).
void transpose_block(std::array<std::uint64_t, 64>& rows) {
  std::uint64_t mask = 0x00000000FFFFFFFFULL;
  for (std::size_t half = 32; half != 0; half /= 2, mask ^= mask << half)
    for (std::size_t k = 0; k < 64; k = (k + half + 1) & ~half) {
      const std::uint64_t swapped = ((rows[k] >> half) ^ rows[k + half]) & mask;
      rows[k] ^= swapped << half;
      rows[k + half] ^= swapped;
    }
}

/// [step][word of channels] to [channel][word of steps].
void transpose_bits(const tyto::Spikes& spikes, std::vector<std::uint64_t>& columns) {
  const std::size_t words = tyto::words_for(spikes.steps);
  columns.resize(spikes.words() * 64 * words);
  std::array<std::uint64_t, 64> block;
  for (std::size_t w = 0; w < spikes.words(); ++w)
    for (std::size_t t = 0; t < words; ++t) {
      for (std::size_t k = 0; k < 64; ++k) block[k] = t * 64 + k < spikes.steps ? spikes.row(t * 64 + k)[w] : 0;
      transpose_block(block);
      for (std::size_t k = 0; k < 64; ++k) columns[(w * 64 + k) * words + t] = block[k];
    }
}

/// Whether adding under masks is cheaper than following spikes. Both give the same bits.
bool masks_pay(const tyto::Spikes& spikes, std::size_t to, std::size_t lanes) {
  constexpr std::size_t widest = 48;
  if (to > widest) return false;
  std::size_t count = 0;
  for (std::size_t k = 0; k < spikes.steps * spikes.words(); ++k)
    count += static_cast<std::size_t>(std::popcount(spikes.data[k]));
  // A spike costs its place in a word, its row and the loop round it; a mask costs its making.
  const std::size_t row_cost = count * (4 + (to + lanes - 1) / lanes * 2);
  const std::size_t mask_cost = spikes.steps * spikes.channels / lanes * (to + (to + 7) / 8 * 2);
  return mask_cost < row_cost;
}

template <class S>
void add_spikes(const tyto::Spikes& spikes, const S* w, std::size_t to, S* current) {
  if (!masks_pay(spikes, to, hn::Lanes(Tag<S>()))) return add_spikes_by_row(spikes, w, to, current);
  thread_local std::vector<std::uint64_t> columns;  // scratch, so that no call allocates
  transpose_bits(spikes, columns);
  in_blocks(to, [&]<std::size_t outputs>(std::size_t first) {
    masked_columns<S, outputs>(columns.data(), spikes.steps, spikes.channels, w, to, first, current);
  });
}

template <class S>
void add_spike_gradients(const tyto::Spikes& spikes, const S* grad_current, std::size_t to, S* grad_w) {
  if (!masks_pay(spikes, to, hn::Lanes(Tag<S>()))) return add_gradients_by_row(spikes, grad_current, to, grad_w);
  in_blocks(to, [&]<std::size_t outputs>(std::size_t first) {
    masked_gradient_columns<S, outputs>(spikes, grad_current, to, first, grad_w);
  });
}

template <class S>
void add_values(const S* values, std::size_t steps, std::size_t from, const S* w, std::size_t to, S* current) {
  for (std::size_t t = 0; t < steps; ++t)
    for (std::size_t i = 0; i < from; ++i)
      if (values[t * from + i] != S(0)) add_scaled_row(values[t * from + i], w + i * to, to, current + t * to);
}

template <class S>
void add_value_gradients(const S* values, std::size_t steps, std::size_t from, const S* grad_current, std::size_t to,
                         S* grad_w) {
  for (std::size_t t = 0; t < steps; ++t)
    for (std::size_t i = 0; i < from; ++i)
      if (values[t * from + i] != S(0))
        add_scaled_row(values[t * from + i], grad_current + t * to, to, grad_w + i * to);
}

/// `rows` steps times `vectors` vectors of inputs: sums over outputs that stay in registers meanwhile.
template <class S, std::size_t rows, std::size_t vectors>
HWY_INLINE void input_gradient_block(const S* gradient, std::size_t to, const S* turned, std::size_t length, S* sums) {
  const Tag<S> d;
  std::array<hn::Vec<Tag<S>>, rows * vectors> block;
  for (auto& sum : block) sum = hn::Zero(d);
  for (std::size_t j = 0; j < to; ++j) {
    for (std::size_t v = 0; v < vectors; ++v) {
      const auto weights = hn::LoadU(d, turned + j * length + v * hn::Lanes(d));
      for (std::size_t r = 0; r < rows; ++r)
        block[r * vectors + v] = hn::Add(block[r * vectors + v], hn::Mul(hn::Set(d, gradient[r * to + j]), weights));
    }
  }
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t v = 0; v < vectors; ++v)
      hn::StoreU(block[r * vectors + v], d, sums + r * length + v * hn::Lanes(d));
}

/// The sums of `rows` steps for all inputs.
template <class S, std::size_t rows>
HWY_INLINE void input_gradient_rows(const S* gradient, std::size_t to, const S* turned, std::size_t length, S* sums) {
  const std::size_t lanes = hn::Lanes(Tag<S>());
  std::size_t first = 0;
  for (; first + 4 <= length / lanes; first += 4)
    input_gradient_block<S, rows, 4>(gradient, to, turned + first * lanes, length, sums + first * lanes);
  for (; first < length / lanes; ++first)
    input_gradient_block<S, rows, 1>(gradient, to, turned + first * lanes, length, sums + first * lanes);
}

template <class S>
void add_input_gradients(const S* grad_current, std::size_t steps, const S* w, std::size_t from, std::size_t to,
                         S* grad_input) {
  constexpr std::size_t rows = 4;
  const std::size_t length = padded_length<S>(from);
  thread_local std::vector<S> turned;  // w with lanes over inputs
  thread_local std::vector<S> sums;
  turned.assign(to * length, S(0));
  sums.resize(rows * length);
  for (std::size_t i = 0; i < from; ++i)
    for (std::size_t j = 0; j < to; ++j) turned[j * length + i] = w[i * to + j];
  for (std::size_t t = 0; t < steps; t += rows) {
    const std::size_t filled = HWY_MIN(rows, steps - t);
    if (filled == rows)
      input_gradient_rows<S, rows>(grad_current + t * to, to, turned.data(), length, sums.data());
    else
      for (std::size_t r = 0; r < filled; ++r)
        input_gradient_rows<S, 1>(grad_current + (t + r) * to, to, turned.data(), length, sums.data() + r * length);
    for (std::size_t r = 0; r < filled; ++r)
      for (std::size_t i = 0; i < from; ++i) grad_input[(t + r) * from + i] += sums[r * length + i];
  }
}

// One plain function for each product and precision: what the dispatch tables point to.
#define DENSE_FOR_EACH(S, suffix)                                                                                   \
  void add_spikes_##suffix(const tyto::Spikes& spikes, const S* w, std::size_t to, S* current) {                    \
    add_spikes<S>(spikes, w, to, current);                                                                          \
  }                                                                                                                 \
  void add_spike_gradients_##suffix(const tyto::Spikes& spikes, const S* grad_current, std::size_t to, S* grad_w) { \
    add_spike_gradients<S>(spikes, grad_current, to, grad_w);                                                       \
  }                                                                                                                 \
  void add_values_##suffix(const S* values, std::size_t steps, std::size_t from, const S* w, std::size_t to,        \
                           S* current) {                                                                            \
    add_values<S>(values, steps, from, w, to, current);                                                             \
  }                                                                                                                 \
  void add_value_gradients_##suffix(const S* values, std::size_t steps, std::size_t from, const S* grad_current,    \
                                    std::size_t to, S* grad_w) {                                                    \
    add_value_gradients<S>(values, steps, from, grad_current, to, grad_w);                                          \
  }                                                                                                                 \
  void add_input_gradients_##suffix(const S* grad_current, std::size_t steps, const S* w, std::size_t from,         \
                                    std::size_t to, S* grad_input) {                                                \
    add_input_gradients<S>(grad_current, steps, w, from, to, grad_input);                                           \
  }
DENSE_FOR_EACH(float, f32)
DENSE_FOR_EACH(double, f64)
#undef DENSE_FOR_EACH

}  // namespace dense::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dense {

#define DENSE_DISPATCH(S, suffix)                                                                                  \
  HWY_EXPORT(add_spikes_##suffix);                                                                                 \
  HWY_EXPORT(add_spike_gradients_##suffix);                                                                        \
  HWY_EXPORT(add_values_##suffix);                                                                                 \
  HWY_EXPORT(add_value_gradients_##suffix);                                                                        \
  HWY_EXPORT(add_input_gradients_##suffix);                                                                        \
  template <>                                                                                                      \
  void add_spikes(const tyto::Spikes& spikes, const S* w, std::size_t to, S* current) {                            \
    HWY_DYNAMIC_DISPATCH(add_spikes_##suffix)(spikes, w, to, current);                                             \
  }                                                                                                                \
  template <>                                                                                                      \
  void add_spike_gradients(const tyto::Spikes& spikes, const S* grad_current, std::size_t to, S* grad_w) {         \
    HWY_DYNAMIC_DISPATCH(add_spike_gradients_##suffix)(spikes, grad_current, to, grad_w);                          \
  }                                                                                                                \
  template <>                                                                                                      \
  void add_values(const S* values, std::size_t steps, std::size_t from, const S* w, std::size_t to, S* current) {  \
    HWY_DYNAMIC_DISPATCH(add_values_##suffix)(values, steps, from, w, to, current);                                \
  }                                                                                                                \
  template <>                                                                                                      \
  void add_value_gradients(const S* values, std::size_t steps, std::size_t from, const S* grad_current,            \
                           std::size_t to, S* grad_w) {                                                            \
    HWY_DYNAMIC_DISPATCH(add_value_gradients_##suffix)(values, steps, from, grad_current, to, grad_w);             \
  }                                                                                                                \
  template <>                                                                                                      \
  void add_input_gradients(const S* grad_current, std::size_t steps, const S* w, std::size_t from, std::size_t to, \
                           S* grad_input) {                                                                        \
    HWY_DYNAMIC_DISPATCH(add_input_gradients_##suffix)(grad_current, steps, w, from, to, grad_input);              \
  }
DENSE_DISPATCH(float, f32)
DENSE_DISPATCH(double, f64)
#undef DENSE_DISPATCH

}  // namespace dense
#endif

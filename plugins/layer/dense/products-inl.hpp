/// What the products have in common, compiled once for each instruction set: included behind highway.h.
#if defined(DENSE_PRODUCTS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DENSE_PRODUCTS_INL
#undef DENSE_PRODUCTS_INL
#else
#define DENSE_PRODUCTS_INL
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include <hwy/highway.h>
#include <boost/align/aligned_allocator.hpp>

#include "products.hpp"

HWY_BEFORE_NAMESPACE();
namespace dense::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class S>
using Tag = hn::ScalableTag<S>;

/// No vector of it lies across two lines of the cache.
template <class S>
using Scratch = std::vector<S, boost::alignment::aligned_allocator<S, 64>>;

/// The lanes whose bit is set in a word.
template <class D>
HWY_INLINE hn::Mask<D> mask_of(D d, std::uint64_t word) {
  const auto bytes = std::bit_cast<std::array<std::uint8_t, 8>>(word);
  return hn::LoadMaskBits(d, bytes.data());
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

/// Calls block<8>(first), block<4>(...), ... until `count` vectors or columns are done.
template <class Block>
HWY_INLINE void in_blocks(std::size_t count, Block&& block) {
  std::size_t first = 0;
  for (; first + 8 <= count; first += 8) block.template operator()<8>(first);
  if (first + 4 <= count) block.template operator()<4>(first), first += 4;
  if (first + 2 <= count) block.template operator()<2>(first), first += 2;
  if (first < count) block.template operator()<1>(first);
}

// What the ways cost for one trial, in processor cycles, roughly. Which one is taken changes no bit.

inline std::size_t spikes_in(const tyto::Spikes& spikes) {
  std::size_t count = 0;
  for (std::size_t k = 0; k < spikes.steps * spikes.words(); ++k)
    count += static_cast<std::size_t>(std::popcount(spikes.data[k]));
  return count;
}
inline std::size_t vectors_for(std::size_t count, std::size_t lanes) { return (count + lanes - 1) / lanes; }
/// A spike costs its place in a word, its row and the loop round it.
inline std::size_t row_cost(const tyto::Spikes& spikes, std::size_t to, std::size_t lanes) {
  return spikes.steps * 15 + spikes_in(spikes) * (6 + vectors_for(to, lanes) * 3 / 2);
}
}  // namespace dense::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif

#include "pack.hpp"

#include <algorithm>
#include <type_traits>
#include <vector>

#include <tyto/spikes.hpp>

// Highway compiles this file once for each instruction set. Left out are two that other ones stand in for.
#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pack.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h has to come first.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// The lanes that are not 0, one bit each.
template <class D>
HWY_INLINE std::uint64_t bits_of(D d, hn::Vec<D> numbers) {
  // As long as what is stored, so that it can be loaded without waiting for the cache.
  std::conditional_t<(hn::MaxLanes(D()) > 8), std::uint16_t, std::uint8_t> bits = 0;
  hn::StoreMaskBits(d, hn::Ne(numbers, hn::Zero(d)), reinterpret_cast<std::uint8_t*>(&bits));
  return bits;
}

/// Bit k of `bits` is set where numbers[k] is not 0. Writes all words that the bits need.
template <class S>
HWY_INLINE void compare_row(const S* numbers, std::size_t count, std::uint64_t* bits) {
  const hn::ScalableTag<S> d;
  for (std::size_t k = 0; k < count; ++bits) {
    std::uint64_t word = 0;
    const std::size_t end = std::min(count, k + 64);
    std::size_t bit = 0;
    for (; k + hn::Lanes(d) <= end; k += hn::Lanes(d), bit += hn::Lanes(d))
      word |= bits_of(d, hn::LoadU(d, numbers + k)) << bit;
    for (; k < end; ++k, ++bit) word |= static_cast<std::uint64_t>(numbers[k] != S(0)) << bit;
    *bits = word;
  }
}

template <class S>
void pack_rows(const S* output, std::size_t steps, std::size_t trials, std::size_t neurons, std::uint64_t* bits,
               std::size_t rows) {
  const std::size_t words = tyto::words_for(neurons);
  thread_local std::vector<std::uint64_t> row;  // scratch, so that no call allocates
  row.assign(tyto::words_for(trials * neurons) + 1, 0);
  for (std::size_t t = 0; t < steps; ++t) {
    compare_row(output + t * trials * neurons, trials * neurons, row.data());
    if (words == 1 && trials * neurons <= 64) {  // one word for all
      const std::uint64_t own = ~std::uint64_t{0} >> (64 - neurons);
      for (std::size_t trial = 0; trial < trials; ++trial) bits[trial * rows + t] = row[0] >> (trial * neurons) & own;
      continue;
    }
    for (std::size_t trial = 0; trial < trials; ++trial)
      for (std::size_t w = 0; w < words; ++w)
        bits[(trial * rows + t) * words + w] =
            tyto::bits_at(row.data(), trial * neurons + w * 64, std::min(neurons - w * 64, std::size_t{64}));
  }
}

void pack_f32(const float* output, std::size_t steps, std::size_t trials, std::size_t neurons, std::uint64_t* bits,
              std::size_t rows) {
  pack_rows(output, steps, trials, neurons, bits, rows);
}
void pack_f64(const double* output, std::size_t steps, std::size_t trials, std::size_t neurons, std::uint64_t* bits,
              std::size_t rows) {
  pack_rows(output, steps, trials, neurons, bits, rows);
}

}  // namespace cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cpu {

HWY_EXPORT(pack_f32);
HWY_EXPORT(pack_f64);

template <>
void pack(const float* output, std::size_t steps, std::size_t trials, std::size_t neurons, std::uint64_t* bits,
          std::size_t rows) {
  HWY_DYNAMIC_DISPATCH(pack_f32)(output, steps, trials, neurons, bits, rows);
}
template <>
void pack(const double* output, std::size_t steps, std::size_t trials, std::size_t neurons, std::uint64_t* bits,
          std::size_t rows) {
  HWY_DYNAMIC_DISPATCH(pack_f64)(output, steps, trials, neurons, bits, rows);
}

}  // namespace cpu
#endif

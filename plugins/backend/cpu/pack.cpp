#include "pack.hpp"

#include <algorithm>
#include <array>
#include <cstring>
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

/// Bit k of `bits` is set where numbers[k] is not 0. Writes all words that the bits need.
template <class S>
HWY_INLINE void compare_row(const S* numbers, std::size_t count, std::uint64_t* bits) {
  const hn::ScalableTag<S> d;
  std::fill_n(bits, tyto::words_for(count), 0);
  std::size_t k = 0;
  for (; k + hn::Lanes(d) <= count; k += hn::Lanes(d)) {
    std::array<std::uint8_t, 8> bytes{};
    hn::StoreMaskBits(d, hn::Ne(hn::LoadU(d, numbers + k), hn::Zero(d)), bytes.data());
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);
    bits[k / 64] |= word << (k % 64);
  }
  for (; k < count; ++k) bits[k / 64] |= static_cast<std::uint64_t>(numbers[k] != S(0)) << (k % 64);
}

template <class S>
void pack_rows(const S* output, std::size_t steps, std::size_t trials, std::size_t neurons, std::uint64_t* bits) {
  const std::size_t words = tyto::words_for(neurons);
  thread_local std::vector<std::uint64_t> row;  // scratch, so that no call allocates
  row.assign(tyto::words_for(trials * neurons) + 1, 0);
  for (std::size_t t = 0; t < steps; ++t) {
    compare_row(output + t * trials * neurons, trials * neurons, row.data());
    for (std::size_t trial = 0; trial < trials; ++trial)
      for (std::size_t w = 0; w < words; ++w)
        bits[(trial * steps + t) * words + w] = tyto::bits_at(row.data(), trial * neurons + w * 64,
                                                              std::min(neurons - w * 64, std::size_t{64}));
  }
}

void pack_f32(const float* output, std::size_t steps, std::size_t trials, std::size_t neurons, std::uint64_t* bits) {
  pack_rows(output, steps, trials, neurons, bits);
}
void pack_f64(const double* output, std::size_t steps, std::size_t trials, std::size_t neurons, std::uint64_t* bits) {
  pack_rows(output, steps, trials, neurons, bits);
}

}  // namespace cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cpu {

HWY_EXPORT(pack_f32);
HWY_EXPORT(pack_f64);

template <>
void pack(const float* output, std::size_t steps, std::size_t trials, std::size_t neurons, std::uint64_t* bits) {
  HWY_DYNAMIC_DISPATCH(pack_f32)(output, steps, trials, neurons, bits);
}
template <>
void pack(const double* output, std::size_t steps, std::size_t trials, std::size_t neurons, std::uint64_t* bits) {
  HWY_DYNAMIC_DISPATCH(pack_f64)(output, steps, trials, neurons, bits);
}

}  // namespace cpu
#endif

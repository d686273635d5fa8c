#include "whole_steps.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include <tyto/targets.hpp>

// Highway compiles this file once for each instruction set. Left out are two that other ones stand in for.
#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "layer/delay/whole_steps.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h has to come first.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace delay::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// The sums of a vector of channels from i on, of which `count` exist.
template <class S>
HWY_INLINE void sum_channels(const tyto::Spikes& spikes, const S* gradient, std::size_t i, std::size_t count, S* at,
                             S* after) {
  const hn::ScalableTag<S> d;
  const auto exists = hn::FirstN(d, count);
  const S* row = gradient + i;
  auto here = hn::MaskedLoad(exists, d, row);
  auto sum = hn::MaskedLoad(exists, d, at + i), sum_after = hn::MaskedLoad(exists, d, after + i);
  for (std::size_t t = 0; t < spikes.steps; ++t) {
    row += spikes.channels;
    const auto next = t + 1 < spikes.steps ? hn::MaskedLoad(exists, d, row) : hn::Zero(d);
    const std::uint64_t word = spikes.row(t)[i / 64] >> (i % 64);
    std::array<std::uint8_t, 8> bytes;
    std::memcpy(bytes.data(), &word, sizeof word);
    const auto fired = hn::LoadMaskBits(d, bytes.data());
    sum = hn::IfThenElse(fired, hn::Add(sum, here), sum);
    sum_after = hn::IfThenElse(fired, hn::Add(sum_after, next), sum_after);
    here = next;
  }
  HWY_ALIGN std::array<S, HWY_MAX_BYTES / sizeof(S)> lanes;
  hn::Store(sum, d, lanes.data());
  std::copy_n(lanes.data(), count, at + i);
  hn::Store(sum_after, d, lanes.data());
  std::copy_n(lanes.data(), count, after + i);
}

template <class S>
void sum_all(const tyto::Spikes& spikes, const S* gradient, S* at, S* after) {
  const std::size_t lanes = hn::Lanes(hn::ScalableTag<S>());
  for (std::size_t i = 0; i < spikes.channels; i += lanes)
    sum_channels(spikes, gradient, i, std::min(lanes, spikes.channels - i), at, after);
}

void sum_f32(const tyto::Spikes& spikes, const float* gradient, float* at, float* after) {
  sum_all(spikes, gradient, at, after);
}
void sum_f64(const tyto::Spikes& spikes, const double* gradient, double* at, double* after) {
  sum_all(spikes, gradient, at, after);
}

}  // namespace delay::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace delay {

namespace {

using Square = std::array<std::uint64_t, 64>;  ///< 64 x 64 bits

/// Bit b of row k becomes bit k of row b: squares of 32 x 32 bits change places, then those of 16 x 16 within them, ...
TYTO_MANY_TARGETS void turn(Square& rows) {
  std::uint64_t low = 0xFFFFFFFF;
  for (std::size_t side = 32; side > 0; side /= 2, low ^= low << side)
    for (std::size_t first = 0; first < rows.size(); first += 2 * side)
      for (std::size_t k = first; k < first + side; ++k) {
        const std::uint64_t changed = ((rows[k] >> side) ^ rows[k + side]) & low;
        rows[k] ^= changed << side;
        rows[k + side] ^= changed;
      }
}

}  // namespace

void shift_spikes(const tyto::Spikes& input, std::span<const std::uint32_t> shift, std::size_t skip,
                  const tyto::MutableSpikes& output) {
  const std::size_t longest = shift.empty() ? 0 : *std::max_element(shift.begin(), shift.end());
  // A channel's bits over time, with room before and behind, so that they can be read from any place.
  const std::size_t before = tyto::words_for(longest);
  const std::size_t length = before + tyto::words_for(input.steps) + tyto::words_for(skip) + 2;
  thread_local std::vector<std::uint64_t> columns;  // scratch, so that no call allocates
  for (std::size_t word = 0; word < input.words(); ++word) {
    const std::size_t count = std::min<std::size_t>(64, input.channels - word * 64);
    columns.assign(64 * length, 0);
    Square square;
    for (std::size_t t = 0; t < input.steps; t += 64) {
      square.fill(0);
      for (std::size_t k = 0; k < std::min<std::size_t>(64, input.steps - t); ++k) square[k] = input.row(t + k)[word];
      turn(square);
      for (std::size_t c = 0; c < count; ++c) columns[c * length + before + t / 64] = square[c];
    }
    for (std::size_t t = 0; t < output.steps; t += 64) {
      square.fill(0);
      for (std::size_t c = 0; c < count; ++c)
        square[c] = tyto::bits_at(columns.data() + c * length, before * 64 + t + skip - shift[word * 64 + c], 64);
      turn(square);
      for (std::size_t k = 0; k < std::min<std::size_t>(64, output.steps - t); ++k) output.row(t + k)[word] = square[k];
    }
  }
}

HWY_EXPORT(sum_f32);
HWY_EXPORT(sum_f64);

template <>
void sum_at_spikes(const tyto::Spikes& spikes, const float* gradient, std::span<float> at, std::span<float> after) {
  HWY_DYNAMIC_DISPATCH(sum_f32)(spikes, gradient, at.data(), after.data());
}
template <>
void sum_at_spikes(const tyto::Spikes& spikes, const double* gradient, std::span<double> at, std::span<double> after) {
  HWY_DYNAMIC_DISPATCH(sum_f64)(spikes, gradient, at.data(), after.data());
}

}  // namespace delay
#endif

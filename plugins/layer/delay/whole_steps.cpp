#include "whole_steps.hpp"

#include <algorithm>
#include <array>
#include <bit>
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

/// The sums of a vector of channels from i on.
template <class D, class S = hn::TFromD<D>>
HWY_INLINE void sum_channels(D d, const tyto::Spikes& spikes, const S* gradient, std::size_t i, S* at, S* after) {
  auto here = hn::LoadU(d, gradient + i), sum = hn::LoadU(d, at + i), sum_after = hn::LoadU(d, after + i);
  for (std::size_t t = 0; t < spikes.steps; ++t) {
    const auto next = t + 1 < spikes.steps ? hn::LoadU(d, gradient + (t + 1) * spikes.channels + i) : hn::Zero(d);
    const std::uint64_t word = spikes.row(t)[i / 64] >> (i % 64);
    const auto bytes = std::bit_cast<std::array<std::uint8_t, 8>>(word);
    const auto fired = hn::LoadMaskBits(d, bytes.data());
    sum = hn::IfThenElse(fired, hn::Add(sum, here), sum);
    sum_after = hn::IfThenElse(fired, hn::Add(sum_after, next), sum_after);
    here = next;
  }
  hn::StoreU(sum, d, at + i);
  hn::StoreU(sum_after, d, after + i);
}

/// By vectors of `most` lanes while there are enough channels, then of fewer, down to one.
template <std::size_t most, class S>
HWY_INLINE void sum_from(const tyto::Spikes& spikes, const S* gradient, std::size_t i, S* at, S* after) {
  const hn::CappedTag<S, most> d;
  for (; i + hn::Lanes(d) <= spikes.channels; i += hn::Lanes(d)) sum_channels(d, spikes, gradient, i, at, after);
  if constexpr (most > 1) sum_from<most / 2>(spikes, gradient, i, at, after);
}

template <class S>
void sum_all(const tyto::Spikes& spikes, const S* gradient, S* at, S* after) {
  sum_from<HWY_MAX_BYTES / sizeof(S)>(spikes, gradient, 0, at, after);
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

/// Some squares of 64 x 64 bits side by side: [row][square]. As many as suit vectors.
constexpr std::size_t side_by_side = 4;
using Squares = std::array<std::array<std::uint64_t, side_by_side>, 64>;

/// Bit b of row k becomes bit k of row b: squares of 32 x 32 bits change places, then those of 16 x 16 within them, ...
TYTO_MANY_TARGETS void turn(Squares& rows) {
  std::uint64_t low = 0xFFFFFFFF;
  for (std::size_t side = 32; side > 0; side /= 2, low ^= low << side)
    for (std::size_t first = 0; first < rows.size(); first += 2 * side)
      for (std::size_t k = first; k < first + side; ++k)
        for (std::size_t s = 0; s < side_by_side; ++s) {
          const std::uint64_t changed = ((rows[k][s] >> side) ^ rows[k + side][s]) & low;
          rows[k][s] ^= changed << side;
          rows[k + side][s] ^= changed;
        }
}

/// Mostly of as many words as stand side by side, which takes no call then.
void copy_words(const std::uint64_t* from, std::size_t words, std::uint64_t* to) {
  if (words == side_by_side)
    std::copy_n(from, side_by_side, to);
  else
    std::copy_n(from, words, to);
}

/// The channels of some words over time, with room before and behind, so that they can be read from any place.
struct Columns {
  std::size_t before = 0;  ///< words before step 0
  std::size_t length = 0;  ///< words of a channel
  std::vector<std::uint64_t> bits;

  [[nodiscard]] std::uint64_t* of(std::size_t channel) { return bits.data() + channel * length; }
};

}  // namespace

void shift_spikes(const tyto::Spikes& input, std::span<const std::uint32_t> shift, std::size_t skip,
                  const tyto::MutableSpikes& output) {
  if (shift.empty()) return;
  thread_local Columns columns;  // scratch, so that no call allocates
  columns.before = tyto::words_for(*std::max_element(shift.begin(), shift.end()));
  columns.length = columns.before + tyto::words_for(input.steps) + tyto::words_for(skip) + 2;
  Squares squares;
  for (std::size_t word = 0; word < input.words(); word += side_by_side) {
    const std::size_t words = std::min(side_by_side, input.words() - word);
    const std::size_t channels = std::min(words * 64, input.channels - word * 64);
    columns.bits.assign(channels * columns.length, 0);
    for (std::size_t t = 0; t < input.steps; t += 64) {
      squares = {};
      for (std::size_t k = 0; k < std::min<std::size_t>(64, input.steps - t); ++k)
        copy_words(input.row(t + k).data() + word, words, squares[k].data());
      turn(squares);
      for (std::size_t c = 0; c < channels; ++c) columns.of(c)[columns.before + t / 64] = squares[c % 64][c / 64];
    }
    for (std::size_t t = 0; t < output.steps; t += 64) {
      squares = {};
      for (std::size_t c = 0; c < channels; ++c)
        squares[c % 64][c / 64] =
            tyto::bits_at(columns.of(c), columns.before * 64 + t + skip - shift[word * 64 + c], 64);
      turn(squares);
      for (std::size_t k = 0; k < std::min<std::size_t>(64, output.steps - t); ++k)
        copy_words(squares[k].data(), words, output.row(t + k).data() + word);
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

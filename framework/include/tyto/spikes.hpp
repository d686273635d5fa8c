/// Bit-packed spike trains: bit c of row t is set if channel c fires in step t.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace tyto {

[[nodiscard]] constexpr std::size_t words_for(std::size_t channels) { return (channels + 63) / 64; }

/// Spikes of one trial; rows of whole 64-bit words, unused bits zero.
template <class Word>
struct BasicSpikes {
  Word* data = nullptr;
  std::size_t steps = 0;
  std::size_t channels = 0;

  [[nodiscard]] std::size_t words() const { return words_for(channels); }
  [[nodiscard]] std::span<Word> row(std::size_t step) const { return {data + step * words(), words()}; }
  [[nodiscard]] bool at(std::size_t step, std::size_t channel) const {
    return (row(step)[channel / 64] >> (channel % 64)) & 1U;
  }
  void set(std::size_t step, std::size_t channel) const {
    row(step)[channel / 64] |= std::uint64_t{1} << (channel % 64);
  }
  /// Calls visit(channel) for every spike of a step, channels ascending.
  template <class Visit>
  void for_each(std::size_t step, Visit&& visit) const {
    const auto words_of_step = row(step);
    for (std::size_t w = 0; w < words_of_step.size(); ++w)
      for (std::uint64_t bits = words_of_step[w]; bits != 0; bits &= bits - 1)
        visit(w * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
  }
};

/// `count` <= 64 bits from bit `first` on. The word behind the last bit's must exist.
[[nodiscard]] inline std::uint64_t bits_at(const std::uint64_t* words, std::size_t first, std::size_t count) {
  const std::size_t shift = first % 64;
  std::uint64_t bits = words[first / 64] >> shift;
  if (shift != 0) bits |= words[first / 64 + 1] << (64 - shift);
  return count < 64 ? bits & ((std::uint64_t{1} << count) - 1) : bits;
}

using Spikes = BasicSpikes<const std::uint64_t>;
using MutableSpikes = BasicSpikes<std::uint64_t>;

/// What one neuron layer hands to the next for one trial: packed spikes, or values.
/// Exactly one of the pointers is set.
template <class S>
struct Signal {
  std::size_t steps = 0;
  std::size_t channels = 0;
  const std::uint64_t* bits = nullptr;  ///< [step][word]
  const S* values = nullptr;            ///< [step][channel]

  [[nodiscard]] Spikes spikes() const { return {bits, steps, channels}; }
  /// 1 or 0 for a spike.
  [[nodiscard]] S at(std::size_t step, std::size_t channel) const {
    return bits != nullptr ? S(spikes().at(step, channel)) : values[step * channels + channel];
  }
};

/// Numbers of one trial, a row for each step. Between its rows may lie those of other trials.
template <class S>
struct Rows {
  S* data = nullptr;
  std::size_t stride = 0;  ///< from one step to the next

  [[nodiscard]] S* operator[](std::size_t step) const { return data + step * stride; }
  operator Rows<const S>() const { return {data, stride}; }  // NOLINT(google-explicit-constructor)
};

}  // namespace tyto

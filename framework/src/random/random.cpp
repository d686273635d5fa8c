#include <Random123/philox.h>

#include <cmath>
#include <numbers>
#include <tyto/math.hpp>
#include <tyto/random.hpp>

namespace tyto {

namespace {

constexpr std::uint32_t low_word(std::uint64_t value) { return static_cast<std::uint32_t>(value & 0xffffffffU); }
constexpr std::uint32_t high_word(std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32U); }

/// FNV-1a, 64 bits (Fowler, Noll and Vo): works byte by byte, so it is the same on every machine.
constexpr std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char character : text) {
    hash ^= static_cast<unsigned char>(character);
    hash *= 0x100000001b3U;
  }
  return hash;
}

}  // namespace

/// The name's FNV-1a hash and its length form a Philox counter, encrypted under the seed as the key;
/// the first two words of the result are the stream's key. The cipher spreads names that differ in one
/// letter, and seeds that differ by one, over all 2^64 keys.
StreamKey stream_key(std::uint64_t seed, std::string_view stream_name) {
  const std::uint64_t hash = fnv1a(stream_name);
  const std::uint64_t length = stream_name.size();
  const r123::Philox4x32::ctr_type counter{{low_word(hash), high_word(hash), low_word(length), high_word(length)}};
  const r123::Philox4x32::key_type key{{low_word(seed), high_word(seed)}};
  const auto words = r123::Philox4x32{}(counter, key);
  return {{words[0], words[1]}};
}

std::array<std::uint32_t, 4> philox(StreamKey key, std::uint32_t block, std::uint32_t step, std::uint64_t trial) {
  const r123::Philox4x32::ctr_type counter{{block, step, low_word(trial), high_word(trial)}};
  const auto words = r123::Philox4x32{}(counter, r123::Philox4x32::key_type{{key.word[0], key.word[1]}});
  return {words[0], words[1], words[2], words[3]};
}

std::uint32_t Random::bits() {
  if (used_ == 4) {
    words_ = philox(key_, block_++, step_, trial_);
    used_ = 0;
  }
  return words_[static_cast<std::size_t>(used_++)];
}

double Random::uniform() {
  const std::uint64_t high = bits() >> 5U;
  const std::uint64_t low = bits() >> 6U;
  return static_cast<double>((high << 26U) | low) * 0x1p-53;
}

double Random::normal() {
  // 1 - u lies in (0, 1], where the logarithm is finite. Only the cosine of the pair is used, so that
  // every call consumes the same four words.
  const double radius = std::sqrt(-2.0 * tyto::log(1.0 - uniform()));
  return radius * tyto::cos(2.0 * std::numbers::pi * uniform());
}

std::uint32_t Random::below(std::uint32_t n) {
  std::uint64_t product = std::uint64_t{bits()} * n;
  if (low_word(product) < n) {
    // 2^32 words cannot fall on n values evenly. Every value has one product too many in its lowest part,
    // or none, and drawing anew below this bound leaves each value equally many.
    const std::uint32_t excess = (0U - n) % n;
    while (low_word(product) < excess) product = std::uint64_t{bits()} * n;
  }
  return high_word(product);
}

}  // namespace tyto

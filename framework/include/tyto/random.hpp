/// Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011, as in Random123). A draw is a pure
/// function of (seed, stream name, trial, step, channel), so that it does not depend on the order of
/// the work, the number of threads, or the backend.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <tyto/export.hpp>

namespace tyto {

/// The 64-bit Philox key of a named stream of a seed.
struct StreamKey {
  std::uint32_t word[2] = {};
};
[[nodiscard]] TYTO_API StreamKey stream_key(std::uint64_t seed, std::string_view stream_name);

/// One Philox block: 4 random words for the 128-bit counter (block, step, trial low, trial high).
[[nodiscard]] TYTO_API std::array<std::uint32_t, 4> philox(StreamKey key, std::uint32_t block, std::uint32_t step,
                                                           std::uint64_t trial);

/// Draws numbers one after the other from one (stream, trial, step). Cheap to make; keep it local.
class TYTO_API Random {
 public:
  explicit Random(StreamKey key, std::uint64_t trial = 0, std::uint32_t step = 0)
      : key_(key), step_(step), trial_(trial) {}

  /// The next 32 random bits.
  std::uint32_t bits();
  /// Uniform in [0, 1), 53 bits.
  double uniform();
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// Normal with mean 0 and standard deviation 1 (Box and Muller 1958).
  double normal();
  /// Uniform whole number in [0, n), unbiased (Lemire 2019). n > 0.
  std::uint32_t below(std::uint32_t n);

 private:
  StreamKey key_;
  std::uint32_t step_;
  std::uint64_t trial_;
  std::uint32_t block_ = 0;
  int used_ = 4;
  std::array<std::uint32_t, 4> words_{};
};

}  // namespace tyto

/// Firing probabilities of the interaural stimulus.
///
/// A fibre of phase psi fires in a step with probability rate_max dt g(theta), where
/// g(theta) = ((1 + sin theta) / 2)^power and theta = 2 pi (f t + start) + psi (+ ipd in the right ear).
/// (1 + sin theta) / 2 is cos^2 of (theta - pi/2) / 2, so that g is a sum of power + 1 cosines with positive
/// coefficients that add up to 1: there is no cancellation at any power. The mean over a step damps and
/// shifts each of these cosines, which makes the exact integral as cheap as the value at one time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tyto::itd {

enum class RateIntegration { pointwise, exact };

struct Rates {
  double frequency_hz = 50;
  double dt_s = 1e-3;
  double rate_max_hz = 600;
  int envelope_power = 2;
  RateIntegration integration = RateIntegration::pointwise;

  bool operator==(const Rates&) const = default;
};

/// probability(theta) = mean + sum over k = 1 .. power of amplitude[k-1] cos(k theta + shift[k-1]), with
/// theta taken at the start of the step.
struct Harmonics {
  double mean = 0;
  std::vector<double> amplitude;
  std::vector<double> shift_rad;
};

[[nodiscard]] Harmonics harmonics(const Rates& rates);

/// Phase of the sound's cycle at a step, in [0, 1) turns, so that long trials lose no precision.
[[nodiscard]] double turns_at(const Rates& rates, std::size_t step, double start_turns);

/// Phases of the left ear's fibres followed by the right ear's, without the ipd.
using FibrePhases = std::vector<double>;

/// Firing probability for each step and channel, [step][channel], left ear first; in double precision.
[[nodiscard]] std::vector<double> probabilities(const Rates& rates, double start_turns, double ipd_rad,
                                                std::span<const double> fibre_phases_rad, std::size_t steps);

/// Steps are drawn in tiles of this many, whatever the width of the machine's vectors.
inline constexpr std::size_t kTileSteps = 16;
/// Thresholds are probabilities times 2^16: what a 16-bit draw is compared with.
inline constexpr double kDrawScale = 65536.0;

/// Turns the harmonics of a tile's first step into those of all its steps.
class TileRates {
 public:
  explicit TileRates(const Rates& rates);

  /// Number of harmonics: the envelope's power, less the highest ones if they are too small to matter.
  [[nodiscard]] std::size_t count() const { return harmonics_.amplitude.size(); }
  /// Threshold averaged over a period.
  [[nodiscard]] float mean_threshold() const;
  /// Floats that fill() writes.
  [[nodiscard]] std::size_t size() const { return 2 * count() * 2 * kTileSteps; }
  /// Terms of the tile that starts at `first_step`, [ear][k][a, b][step in tile]: a fibre of phase psi
  /// has the threshold mean + sum over k of a cos(k psi) + b sin(k psi).
  void fill(std::size_t first_step, double start_turns, double ipd_rad, std::span<float> terms) const;

 private:
  Rates rates_;
  Harmonics harmonics_;
  std::vector<double> rotation_;  ///< [k][step in tile][cos, sin] of k 2 pi f t
};

}  // namespace tyto::itd

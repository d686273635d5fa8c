#include "rates.hpp"

#include <cmath>
#include <numbers>

#include <tyto/math.hpp>

namespace tyto::itd {

namespace {

constexpr double kTurn = 2 * std::numbers::pi;
/// The highest harmonics of a high power are smaller than this. All 64 together could not shift a firing
/// probability by a fiftieth of the 2^-32 to which it is resolved, and they would slow the sums down by
/// running into denormal numbers.
constexpr double kNegligible = 0x1p-44;

/// sin(x) / x
double sinc(double x) { return x == 0 ? 1 : tyto::sin(x) / x; }

}  // namespace

double turns_at(const Rates& rates, std::size_t step, double start_turns) {
  const double turns = rates.frequency_hz * (static_cast<double>(step) * rates.dt_s) + start_turns;
  return turns - std::floor(turns);
}

Harmonics harmonics(const Rates& rates) {
  const int power = rates.envelope_power;
  // cos^2n(x/2) = 4^-n (C(2n, n) + 2 sum over k of C(2n, n-k) cos(k x)); each coefficient from the one before.
  double coefficient = 1;
  for (int i = 1; i <= power; ++i) coefficient *= (2.0 * i - 1) / (2.0 * i);
  const double peak = rates.rate_max_hz * rates.dt_s;
  const double half_step_rad = std::numbers::pi * rates.frequency_hz * rates.dt_s;
  const bool exact = rates.integration == RateIntegration::exact;

  Harmonics result;
  result.mean = peak * coefficient;
  coefficient *= 2;
  for (int k = 1; k <= power; ++k) {
    coefficient *= static_cast<double>(power - k + 1) / (power + k);
    result.amplitude.push_back(peak * coefficient * (exact ? sinc(k * half_step_rad) : 1));
    result.shift_rad.push_back(-k * std::numbers::pi / 2 + (exact ? k * half_step_rad : 0));
  }
  return result;
}

std::vector<double> probabilities(const Rates& rates, double start_turns, double ipd_rad,
                                  std::span<const double> fibre_phases_rad, std::size_t steps) {
  const Harmonics terms = harmonics(rates);
  const std::size_t channels = fibre_phases_rad.size();
  std::vector<double> result;
  result.reserve(steps * channels);
  for (std::size_t step = 0; step < steps; ++step) {
    const double sound_rad = kTurn * turns_at(rates, step, start_turns);
    for (std::size_t channel = 0; channel < channels; ++channel) {
      const double theta = sound_rad + fibre_phases_rad[channel] + (channel < channels / 2 ? 0 : ipd_rad);
      double probability = 0;
      for (std::size_t k = terms.amplitude.size(); k > 0; --k)
        probability += terms.amplitude[k - 1] * tyto::cos(static_cast<double>(k) * theta + terms.shift_rad[k - 1]);
      result.push_back(probability + terms.mean);
    }
  }
  return result;
}

TileRates::TileRates(const Rates& rates) : rates_(rates), harmonics_(harmonics(rates)) {
  std::size_t needed = harmonics_.amplitude.size();
  while (needed > 1 && std::abs(harmonics_.amplitude[needed - 1]) < kNegligible) --needed;
  harmonics_.amplitude.resize(needed);
  harmonics_.shift_rad.resize(needed);

  rotation_.reserve(count() * kTileSteps * 2);
  for (std::size_t k = 1; k <= count(); ++k) {
    for (std::size_t step = 0; step < kTileSteps; ++step) {
      const double angle = static_cast<double>(k) * kTurn * turns_at(rates, step, 0);
      const auto [sine, cosine] = tyto::sin_cos(angle);
      rotation_.push_back(cosine);
      rotation_.push_back(sine);
    }
  }
}

float TileRates::mean_threshold() const { return static_cast<float>(harmonics_.mean * kDrawScale); }

void TileRates::fill(std::size_t first_step, double start_turns, double ipd_rad, std::span<float> terms) const {
  const double sound_rad = kTurn * turns_at(rates_, first_step, start_turns);
  float* out = terms.data();
  for (const double ear_rad : {0.0, ipd_rad}) {
    for (std::size_t k = 1; k <= count(); ++k, out += 2 * kTileSteps) {
      const double angle = static_cast<double>(k) * (sound_rad + ear_rad) + harmonics_.shift_rad[k - 1];
      const double amplitude = harmonics_.amplitude[k - 1] * kDrawScale;
      const auto [unit_sine, unit_cosine] = tyto::sin_cos(angle);
      const double cosine = amplitude * unit_cosine;
      const double sine = amplitude * unit_sine;
      const double* rotation = rotation_.data() + (k - 1) * kTileSteps * 2;
      for (std::size_t step = 0; step < kTileSteps; ++step) {
        const double turn_cosine = rotation[2 * step];
        const double turn_sine = rotation[2 * step + 1];
        out[step] = static_cast<float>(cosine * turn_cosine - sine * turn_sine);
        out[kTileSteps + step] = static_cast<float>(-(sine * turn_cosine + cosine * turn_sine));
      }
    }
  }
}

}  // namespace tyto::itd

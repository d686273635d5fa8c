/// The probability of a trial's spikes, as a function of the interaural phase difference.
///
/// The left ear does not depend on the phase difference, so that only the right ear's fibres count. For each step and
/// phase difference, the probability of the spikes of many fibres is a product of many factors; it is gathered in a few
/// products that cannot underflow before a logarithm is taken of them, since logarithms cost more than all else.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include <tyto/math.hpp>
#include <tyto/neuron.hpp>

#include "itd.hpp"

namespace tyto::itd {

namespace {

constexpr double kTurn = 2 * std::numbers::pi;
constexpr std::size_t kLanes = 8;
/// Fibres whose factors are multiplied before logarithms are taken, a multiple of the lanes.
constexpr std::size_t kBlock = 112;
/// Draws resolve a probability to 32 bits, so that nothing is less likely than about this. Two lanes of a block hold
/// 28 factors, at least 2^-896 together, which is above the smallest normal number.
constexpr double kLeastFactor = 0x1p-32;

/// Cosine and sine of k x for k = 1 .. count, [k][cos, sin].
void put_multiples(double x, std::size_t count, double shift_by, std::span<const double> shifts, double* out) {
  for (std::size_t k = 1; k <= count; ++k) {
    const double angle = static_cast<double>(k) * x + shift_by * shifts[k - 1];
    const auto [sine, cosine] = tyto::sin_cos(angle);
    out[2 * (k - 1)] = cosine;
    out[2 * (k - 1) + 1] = sine;
  }
}

/// The right ear's fibres, filled up to whole blocks with fibres whose factor is always 1.
struct Ear {
  std::size_t fibres = 0;         ///< a multiple of kLanes
  std::vector<double> multiples;  ///< [k][cos or sin][fibre]
};

Ear right_ear(const FibrePhases& phases, std::size_t harmonics) {
  Ear ear;
  const std::size_t own = phases.size() / 2;
  ear.fibres = (own + kLanes - 1) / kLanes * kLanes;
  ear.multiples.assign(2 * harmonics * ear.fibres, 0.0);
  for (std::size_t k = 0; k < harmonics; ++k)
    for (std::size_t fibre = 0; fibre < own; ++fibre) {
      const double angle = static_cast<double>(k + 1) * phases[own + fibre];
      const auto [sine, cosine] = tyto::sin_cos(angle);
      ear.multiples[2 * k * ear.fibres + fibre] = cosine;
      ear.multiples[(2 * k + 1) * ear.fibres + fibre] = sine;
    }
  return ear;
}

/// The factor of a fibre is offset + slope p: p where it fired, 1 - p where it did not, 1 for the fibres that fill up.
struct Factors {
  std::vector<double> offset;
  std::vector<double> slope;
};

void put_factors(const Spikes& spikes, std::size_t step, std::size_t own, Factors& factors) {
  for (std::size_t fibre = 0; fibre < own; ++fibre) {
    const bool fired = spikes.at(step, own + fibre);
    factors.offset[fibre] = fired ? 0.0 : 1.0;
    factors.slope[fibre] = fired ? 1.0 : -1.0;
  }
}

/// Sum of the logarithms of the factors of one step: terms[k] holds the coefficients of cos and sin of k psi.
TYTO_MANY_TARGETS double log_probability(const Ear& ear, const Factors& factors, double mean, const double* terms,
                                         std::size_t harmonics) {
  double total = 0;
  for (std::size_t first = 0; first < ear.fibres; first += kBlock) {
    std::array<double, kLanes> product{};
    product.fill(1.0);
    const std::size_t end = std::min(ear.fibres, first + kBlock);
    for (std::size_t fibre = first; fibre < end; fibre += kLanes) {
      std::array<double, kLanes> p{};
      p.fill(mean);
      for (std::size_t k = 0; k < harmonics; ++k) {
        const double* cosine = ear.multiples.data() + 2 * k * ear.fibres + fibre;
        const double* sine = cosine + ear.fibres;
        for (std::size_t lane = 0; lane < kLanes; ++lane)
          p[lane] += terms[2 * k] * cosine[lane] + terms[2 * k + 1] * sine[lane];
      }
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const double factor = factors.offset[fibre + lane] + factors.slope[fibre + lane] * p[lane];
        product[lane] *= factor > kLeastFactor ? factor : kLeastFactor;
      }
    }
    for (std::size_t lane = 0; lane < kLanes; lane += 2) total += tyto::log(product[lane] * product[lane + 1]);
  }
  return total;
}

}  // namespace

void Itd::log_likelihood(const TrialKey& key, const Spikes& spikes, std::size_t, std::span<const double> values,
                         std::span<double> result) const {
  const Rates rates = parameters.rates();
  const Harmonics terms = harmonics(rates);
  const std::size_t count = terms.amplitude.size();
  const TrialPhases phases = trial_phases(parameters, key);
  const Ear ear = right_ear(phases.fibres_rad, count);
  const auto own = static_cast<std::size_t>(parameters.fibres_per_ear);
  Factors factors{std::vector<double>(ear.fibres, 1.0), std::vector<double>(ear.fibres, 0.0)};

  std::vector<double> of_value(values.size() * 2 * count);
  for (std::size_t i = 0; i < values.size(); ++i)
    put_multiples(values[i], count, 0, terms.shift_rad, of_value.data() + i * 2 * count);
  std::vector<double> of_step(2 * count);
  std::vector<double> both(2 * count);
  std::fill(result.begin(), result.end(), 0.0);
  for (std::size_t step = 0; step < spikes.steps; ++step) {
    put_multiples(kTurn * turns_at(rates, step, phases.start_turns), count, 1, terms.shift_rad, of_step.data());
    put_factors(spikes, step, own, factors);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double* value = of_value.data() + i * 2 * count;
      for (std::size_t k = 0; k < count; ++k) {
        const double cosine = of_step[2 * k] * value[2 * k] - of_step[2 * k + 1] * value[2 * k + 1];
        const double sine = of_step[2 * k + 1] * value[2 * k] + of_step[2 * k] * value[2 * k + 1];
        both[2 * k] = terms.amplitude[k] * cosine;
        both[2 * k + 1] = -terms.amplitude[k] * sine;
      }
      result[i] += log_probability(ear, factors, terms.mean, both.data(), count);
    }
  }
}

}  // namespace tyto::itd

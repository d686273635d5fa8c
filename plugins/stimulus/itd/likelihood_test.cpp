#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include <tyto/error.hpp>

#include "stimulus/itd/itd.hpp"

namespace tyto::itd {
namespace {

/// The same sum by its definition, from the double-precision probabilities of both ears.
double plain(const Itd& stimulus, const TrialKey& key, const Spikes& spikes, double ipd_rad) {
  const TrialPhases phases = trial_phases(stimulus.parameters, key);
  const auto p = probabilities(stimulus.parameters.rates(), phases.start_turns, ipd_rad, phases.fibres_rad,
                               stimulus.parameters.steps());
  double total = 0;
  for (std::size_t t = 0; t < spikes.steps; ++t)
    for (std::size_t c = 0; c < spikes.channels; ++c) {
      const double q = p[t * spikes.channels + c];
      total += std::log(std::max(spikes.at(t, c) ? q : 1 - q, 0x1p-32));
    }
  return total;
}

void expect_definition(const Itd& stimulus, const TrialKey& key) {
  const TrialShape shape = stimulus.shape();
  std::vector<std::uint64_t> bits(shape.steps * words_for(shape.channels));
  double ipd = 0;
  stimulus.make(key, {bits.data(), shape.steps, shape.channels}, std::span(&ipd, 1));
  const Spikes spikes{bits.data(), shape.steps, shape.channels};
  const std::vector<double> values{-1.5, -0.3, ipd, 0.9, 1.4};
  std::vector<double> result(values.size());
  stimulus.log_likelihood(key, spikes, 0, values, result);
  const double offset = result[0] - plain(stimulus, key, spikes, values[0]);
  for (std::size_t i = 1; i < values.size(); ++i)
    EXPECT_NEAR(result[i], plain(stimulus, key, spikes, values[i]) + offset, 1e-8 * std::abs(result[i])) << i;
}

TEST(ItdLikelihood, IsTheProbabilityOfTheSpikes) {
  for (const auto& [fibres, power] : std::vector<std::pair<int, int>>{{1, 1}, {7, 2}, {100, 2}, {130, 5}}) {
    SCOPED_TRACE(fibres);
    Itd stimulus;
    stimulus.parameters.fibres_per_ear = fibres;
    stimulus.parameters.envelope_power = power;
    for (const auto integration : {RateIntegration::exact, RateIntegration::pointwise})
      for (const auto start : {StartPhase::fixed, StartPhase::per_data_set, StartPhase::per_trial}) {
        stimulus.parameters.rate_integration = integration;
        stimulus.parameters.start_phase = start;
        expect_definition(stimulus, {5, Split::test, 3});
      }
  }
}

TEST(ItdLikelihood, KnowsThePhasesOfNoisyAndReversedFibres) {
  Itd stimulus;
  stimulus.parameters.rate_integration = RateIntegration::exact;
  stimulus.parameters.right_fibre_phases = RightLayout::reversed;
  stimulus.parameters.phase_noise_rad = 0.3;
  for (const auto draw : {NoiseDraw::per_data_set, NoiseDraw::per_trial}) {
    stimulus.parameters.phase_noise_draw = draw;
    expect_definition(stimulus, {2, Split::test, 11});
  }
}

// The curvature of the log-likelihood is the Fisher information: the estimate's error has that size.
TEST(ItdLikelihood, IsHighestNearTheTruePhaseDifference) {
  Itd stimulus;
  stimulus.parameters.rate_integration = RateIntegration::exact;
  const TrialShape shape = stimulus.shape();
  std::vector<double> grid;
  for (int i = 0; i < 181; ++i) grid.push_back((i - 90) * std::numbers::pi / 180);
  std::vector<double> result(grid.size());
  for (std::uint64_t trial = 0; trial < 20; ++trial) {
    std::vector<std::uint64_t> bits(shape.steps * words_for(shape.channels));
    double ipd = 0;
    const TrialKey key{1, Split::test, trial};
    stimulus.make(key, {bits.data(), shape.steps, shape.channels}, std::span(&ipd, 1));
    stimulus.log_likelihood(key, {bits.data(), shape.steps, shape.channels}, 0, grid, result);
    const auto best = std::max_element(result.begin(), result.end()) - result.begin();
    EXPECT_NEAR(grid[static_cast<std::size_t>(best)], ipd, 5 * std::numbers::pi / 180) << trial;
  }
}

/// A stimulus that does not know its probabilities.
struct Silent final : Stimulus {
  [[nodiscard]] TrialShape shape() const override { return {2, 2, 1e-3}; }
  [[nodiscard]] std::vector<TargetInfo> targets() const override { return {}; }
  void make(const TrialKey&, const MutableSpikes&, std::span<double>) const override {}
};

TEST(Likelihood, IsRefusedWhereItIsNotKnown) {
  const Silent stimulus;
  EXPECT_THROW(stimulus.log_likelihood({}, {}, 0, {}, {}), Error);
}

}  // namespace
}  // namespace tyto::itd

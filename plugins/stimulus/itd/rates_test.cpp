#include "stimulus/itd/rates.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <string>

#include "stimulus/itd/itd.hpp"
#include "support/golden.hpp"

namespace tyto::itd {
namespace {

constexpr double kPi = std::numbers::pi;

TEST(ItdRates, AgreeWithGoldenVectors) {
  const golden::File file("itd_rates");
  std::size_t cases = 0;
  for (const std::string& name : file.members()) {
    SCOPED_TRACE(name);
    const golden::Array ipd = file.array(name + "/ipd_rad");
    for (const auto integration : {RateIntegration::pointwise, RateIntegration::exact}) {
      const golden::Array expected =
          file.array(name + (integration == RateIntegration::exact ? "/probability_exact" : "/probability_pointwise"));
      ASSERT_EQ(expected.shape.size(), 3U);
      ItdParameters p;
      p.frequency_hz = file.attribute_number(name + "/frequency_hz");
      p.dt_s = file.attribute_number(name + "/dt");
      p.rate_max_hz = file.attribute_number(name + "/rate_max_hz");
      p.envelope_power = static_cast<int>(file.attribute_number(name + "/power"));
      p.fibres_per_ear = static_cast<int>(expected.shape[2] / 2);
      p.rate_integration = integration;
      const std::string layout = file.attribute_text(name + "/fibre_phases");
      if (layout == "none") p.fibre_phases = FibreLayout::none;
      if (layout == "right_reversed") p.right_fibre_phases = RightLayout::reversed;
      const auto phases = trial_phases(p, {}).fibres_rad;
      const double start_turns = file.attribute_number(name + "/start_phase_turns");
      auto value = expected.values.begin();
      for (const double ipd_rad : ipd.values)
        for (const double probability : probabilities(p.rates(), start_turns, ipd_rad, phases, expected.shape[1])) {
          ASSERT_NEAR(probability, *value++, 1e-12);
          ++cases;
        }
      EXPECT_EQ(value, expected.values.end());
    }
  }
  EXPECT_GT(cases, 0U);
}

// The mean over a step by the midpoint rule, against the closed form, at the highest power.
TEST(ItdRates, ExactIsTheMeanOverAStep) {
  const Rates rates{40, 1e-3, 1000, 64, RateIntegration::exact};
  const std::vector<double> fibres{0.3, 1.0};
  const auto exact = probabilities(rates, 0.1, -0.7, fibres, 25);
  const int parts = 20000;
  for (std::size_t step = 0; step < 25; ++step)
    for (std::size_t channel = 0; channel < 2; ++channel) {
      double mean = 0;
      for (int part = 0; part < parts; ++part) {
        const double time_s = 1e-3 * (static_cast<double>(step) + (part + 0.5) / parts);
        const double theta = 2 * kPi * (40 * time_s + 0.1) + fibres[channel] + (channel == 0 ? 0 : -0.7);
        mean += std::pow((1 + std::sin(theta)) / 2, 64) / parts;
      }
      ASSERT_NEAR(exact[step * 2 + channel], mean, 1e-8);
    }
}

TEST(ItdRates, StayProbabilitiesAtHighPowers) {
  for (const int power : {1, 2, 17, 64}) {
    const Rates rates{50, 1e-3, 1000, power, RateIntegration::pointwise};
    const std::vector<double> fibres{0, 0.5, 0, 0.5};
    for (const double p : probabilities(rates, 0.25, 0.2, fibres, 100)) {
      EXPECT_GE(p, -1e-15);
      EXPECT_LE(p, 1 + 1e-15);
    }
    const Harmonics terms = harmonics(rates);
    double sum = terms.mean;
    for (const double amplitude : terms.amplitude) sum += amplitude;
    EXPECT_NEAR(sum, 1, 1e-14);
  }
}

// Thresholds in single precision, summed here in double, against the oracle in double precision.
TEST(ItdRates, TilesAgreeWithProbabilities) {
  for (const int power : {1, 2, 5, 64}) {
    ItdParameters p;
    p.envelope_power = power;
    p.rate_integration = RateIntegration::exact;
    p.fibres_per_ear = 7;
    const TrialKey key{1, Split::train, 4};
    const TrialPhases phases = trial_phases(p, key);
    const auto expected = probabilities(p.rates(), phases.start_turns, phases.ipd_rad, phases.fibres_rad, p.steps());
    const TileRates rates(p.rates());
    const auto fibres = fibre_table(phases.fibres_rad, rates.count());
    ASSERT_EQ(fibres.size(), 16 * rates.count() * 2);
    std::vector<float> terms(rates.size());
    for (std::size_t step = 0; step < p.steps(); ++step) {
      if (step % kTileSteps == 0) rates.fill(step, phases.start_turns, phases.ipd_rad, terms);
      for (std::size_t channel = 0; channel < 14; ++channel) {
        double threshold = rates.mean_threshold();
        for (std::size_t k = 0; k < rates.count(); ++k) {
          const std::size_t term = ((channel / 7 * rates.count() + k) * 2) * kTileSteps + step % kTileSteps;
          const std::size_t fibre = (channel * rates.count() + k) * 2;
          threshold += double{terms[term]} * double{fibres[fibre]} +
                       double{terms[term + kTileSteps]} * double{fibres[fibre + 1]};
        }
        ASSERT_NEAR(threshold / kDrawScale, expected[step * 14 + channel], 2e-7);
      }
    }
  }
}

}  // namespace
}  // namespace tyto::itd

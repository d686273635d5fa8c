/// Poisson neurons: the distribution of what they hand on, and on what it depends.
#include <cmath>
#include <map>

#include "support/workshop.hpp"

namespace {

std::vector<double> draw(const std::string& yaml, std::size_t steps, std::size_t neurons, std::uint64_t seed = 1,
                         std::size_t window = 1000, double dt_s = 1e-3) {
  const auto kernel = workshop::make<tyto::Layer>(yaml)->population_f64(dt_s);
  std::vector<double> all(steps * neurons, -1.0);
  tyto::Pass pass;
  pass.seed = seed;
  pass.layer = "outside";
  for (std::size_t first = 0; first < steps; first += window) {
    tyto::ForwardScan<double> scan;
    scan.steps = std::min(window, steps - first);
    scan.neurons = neurons;
    scan.output = all.data() + first * neurons;
    scan.first_step = first;
    scan.pass = &pass;
    kernel->forward(scan);
  }
  return all;
}

TEST(Poisson, CountsHaveThePoissonDistribution) {
  for (const double mean : {0.02, 0.7, 2.0, 30.0}) {
    SCOPED_TRACE(mean);
    const auto all = draw("{type: poisson, counts: true, rate: " + std::to_string(mean) + " kHz}", 2000, 101);
    std::map<double, double> seen;
    for (const double count : all) ++seen[count];
    const auto n = static_cast<double>(all.size());
    double chi_squared = 0, cells = 0, rest = n, rest_expected = n;
    for (int k = 0; k < 100; ++k) {
      const double expected = n * std::exp(k * std::log(mean) - mean - std::lgamma(k + 1));
      if (expected < 10) continue;
      chi_squared += (seen[k] - expected) * (seen[k] - expected) / expected;
      rest -= seen[k];
      rest_expected -= expected;
      ++cells;
    }
    if (rest_expected > 1) chi_squared += (rest - rest_expected) * (rest - rest_expected) / rest_expected;
    EXPECT_LT(chi_squared, cells + 5 * std::sqrt(2 * cells + 2));
  }
}

TEST(Poisson, SpikesWithTheProbabilityOfAnyEvent) {
  const auto all = draw("{type: poisson, rate: 300 Hz}", 2000, 101);
  const auto n = static_cast<double>(all.size());
  const double p = 1 - std::exp(-0.3);
  double spikes = 0;
  for (const double output : all) {
    EXPECT_TRUE(output == 0 || output == 1);
    spikes += output;
  }
  EXPECT_NEAR(spikes / n, p, 4 * std::sqrt(p * (1 - p) / n));
}

TEST(Poisson, NeuronsAndStepsAreIndependent) {
  const std::size_t steps = 2000, neurons = 60;
  const auto all = draw("{type: poisson, rate: 200 Hz}", steps, neurons);
  const double p = 1 - std::exp(-0.2), both = p * p;
  double neighbours = 0, following = 0;
  for (std::size_t t = 0; t + 1 < steps; ++t)
    for (std::size_t i = 0; i + 1 < neurons; ++i) {
      neighbours += all[t * neurons + i] * all[t * neurons + i + 1];
      following += all[t * neurons + i] * all[(t + 1) * neurons + i];
    }
  const double pairs = (steps - 1) * (neurons - 1), allowed = 5 * std::sqrt(both * (1 - both) * pairs);
  EXPECT_NEAR(neighbours, both * pairs, allowed);
  EXPECT_NEAR(following, both * pairs, allowed);
}

TEST(Poisson, DependsOnSeedStepAndNeuronAlone) {
  const std::string yaml = "{type: poisson, rate: 3 kHz, counts: true}";
  const auto all = draw(yaml, 300, 41);
  EXPECT_EQ(draw(yaml, 300, 41, 1, 7), all);
  EXPECT_EQ(draw(yaml, 300, 41, 1, 1), all);
  EXPECT_NE(draw(yaml, 300, 41, 2), all);
  // Further neurons change nothing for those that there were.
  const auto more = draw(yaml, 300, 50);
  for (std::size_t t = 0; t < 300; ++t)
    for (std::size_t i = 0; i < 41; ++i) ASSERT_EQ(more[t * 50 + i], all[t * 41 + i]);
}

TEST(Poisson, BeginsAndEndsWhenItIsTold) {
  const auto all = draw("{type: poisson, rate: 400 kHz, counts: true, start: 20 ms, stop: 50 ms}", 100, 3);
  for (std::size_t t = 0; t < 100; ++t) EXPECT_EQ(all[t * 3] > 0, t >= 20 && t < 50) << t;
}

TEST(Poisson, RefusesMoreEventsThanItCanHandOn) {
  EXPECT_THROW(draw("{type: poisson, rate: 2 kHz}", 1, 1), tyto::Error);
  EXPECT_THROW(draw("{type: poisson, rate: 600 kHz, counts: true}", 1, 1), tyto::Error);
  for (const double count : draw("{type: poisson, rate: 0 Hz}", 50, 9)) EXPECT_EQ(count, 0);
}

}  // namespace

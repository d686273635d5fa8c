/// Releases against closed forms, and against the equations from spike to spike.
#include <cmath>

#include "support/workshop.hpp"

namespace {

/// What is released in each step.
std::vector<double> release(const std::string& yaml, const std::vector<double>& spikes, double dt_s) {
  const auto kernel = workshop::make<tyto::Layer>(yaml)->population_f64(dt_s);
  std::vector<double> output(spikes.size());
  tyto::ForwardScan<double> scan;
  scan.steps = spikes.size();
  scan.neurons = 1;
  scan.current = spikes.data();
  scan.output = output.data();
  kernel->forward(scan);
  return output;
}

TEST(TsodyksMarkram, DepressesARegularTrainAsTheClosedFormSays) {
  const double use = 0.6, decay = std::exp(-50.0 / 300.0);
  std::vector<double> spikes(5000, 0.0);
  for (std::size_t t = 0; t < spikes.size(); t += 50) spikes[t] = 1;
  const auto released = release("{type: tsodyks_markram, use: 0.6, tau_rec: 300 ms}", spikes, 1e-3);
  EXPECT_DOUBLE_EQ(released[0], use);
  EXPECT_NEAR(released[50], use * (1 - use * decay), 1e-12);
  EXPECT_NEAR(released[4950], use * (1 - decay) / (1 - (1 - use) * decay), 1e-12);
  EXPECT_EQ(released[51], 0);
}

TEST(TsodyksMarkram, FollowsTheEquationsFromSpikeToSpikeWhateverTheStep) {
  const std::vector<double> times_ms{3, 4, 11, 30, 31, 95, 200, 203};
  const double use = 0.15, recovery_ms = 130, facilitation_ms = 530;
  // Resources and use right after a spike, and what they have become at the next one.
  double u = 0, left = 1, before_ms = 0;
  std::vector<double> expected;
  for (const double time_ms : times_ms) {
    left = 1 - (1 - left) * std::exp(-(time_ms - before_ms) / recovery_ms);
    u *= std::exp(-(time_ms - before_ms) / facilitation_ms);
    u += use * (1 - u);
    expected.push_back(u * left);
    left -= u * left;
    before_ms = time_ms;
  }
  EXPECT_GT(expected[1], expected[0]) << "it should facilitate";
  for (const int steps_of_ms : {1, 2, 10}) {
    std::vector<double> spikes(210 * static_cast<std::size_t>(steps_of_ms), 0.0);
    for (const double time_ms : times_ms) spikes[static_cast<std::size_t>(time_ms * steps_of_ms)] = 1;
    const auto released =
        release("{type: tsodyks_markram, use: 0.15, tau_rec: 130 ms, tau_facil: 530 ms}", spikes, 1e-3 / steps_of_ms);
    for (std::size_t k = 0; k < times_ms.size(); ++k)
      EXPECT_NEAR(released[static_cast<std::size_t>(times_ms[k] * steps_of_ms)], expected[k], 1e-12);
  }
}

TEST(TsodyksMarkram, ReleasesOnceInAStepAtMost) {
  const std::string yaml = "{type: tsodyks_markram, use: 0.8, tau_rec: 100 ms}";
  EXPECT_EQ(release(yaml, {3, -2, 1}, 1e-3), release(yaml, {1, 0, 1}, 1e-3));
}

/// What is released counts as spikes do: through a synapse it does the same whatever the step.
TEST(TsodyksMarkram, CountsAsSpikes) {
  const auto layer = workshop::make<tyto::Layer>("tsodyks_markram");
  EXPECT_TRUE(layer->counts_spikes());
  EXPECT_FALSE(layer->spikes());
  EXPECT_TRUE(layer->takes_charges());
}

}  // namespace

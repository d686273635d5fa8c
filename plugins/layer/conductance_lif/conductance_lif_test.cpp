/// Neurons with conductances against closed forms, against plain loops, and against an integrator with short steps.
#include <cmath>

#include "support/workshop.hpp"

namespace {

struct Trace {
  std::vector<double> output, v;
};

/// A neuron whose receptors get numbers that hold still.
Trace simulate(const std::string& yaml, const std::vector<double>& arriving, double dt_s, std::size_t steps) {
  const auto kernel = workshop::make<tyto::Layer>(yaml)->population_f64(dt_s);
  std::vector<double> current, states(steps * kernel->state_size());
  for (std::size_t t = 0; t < steps; ++t) current.insert(current.end(), arriving.begin(), arriving.end());
  Trace trace;
  trace.output.resize(steps);
  tyto::ForwardScan<double> scan;
  scan.steps = steps;
  scan.neurons = 1;
  scan.current = current.data();
  scan.output = trace.output.data();
  scan.states = states.data();
  kernel->forward(scan);
  for (std::size_t t = 0; t < steps; ++t) trace.v.push_back(states[t * kernel->state_size()]);
  return trace;
}

std::vector<double> times_of(const Trace& trace, double dt_s) {
  std::vector<double> times;
  for (std::size_t t = 0; t < trace.output.size(); ++t)
    if (trace.output[t] != 0) times.push_back(static_cast<double>(t + 1) * dt_s);
  return times;
}

TEST(ConductanceLif, FollowsTheExactSolutionWhateverTheStep) {
  const double excitatory = 0.1, inhibitory = 0.4, current = 3, tau = 20e-3;
  const double g = 1 + excitatory + inhibitory, aim = (-60 + current - 80 * inhibitory) / g;
  for (const double dt_s : {1e-4, 1e-3, 7e-3}) {
    const auto trace = simulate("conductance_lif", {current, excitatory, inhibitory}, dt_s, 50);
    for (std::size_t t = 0; t < 50; ++t)
      ASSERT_NEAR(trace.v[t], aim + (-60 - aim) * std::exp(-static_cast<double>(t) * dt_s * g / tau), 1e-10);
  }
}

TEST(ConductanceLif, FiresAtTheRateOfTheClosedForm) {
  const double dt_s = 1e-5, excitatory = 0.5, tau = 20e-3, refractory = 2e-3;
  const double g = 1 + excitatory, aim = -60 / g;
  const double interval = refractory + tau / g * std::log((aim + 60) / (aim + 50));
  const auto times = times_of(simulate("conductance_lif", {0, excitatory, 0}, dt_s, 50000), dt_s);
  ASSERT_GT(times.size(), 10U);
  for (std::size_t k = 1; k < times.size(); ++k) EXPECT_NEAR(times[k] - times[k - 1], interval, 2 * dt_s);
}

TEST(ConductanceLif, IsHeldAtTheResetInTheRefractoryTime) {
  const auto trace = simulate("{type: conductance_lif, refractory: 5 ms, reset: -70}", {30, 0, 0}, 1e-3, 100);
  std::size_t fired = 0;
  for (std::size_t t = 0; t + 6 < 100; ++t) {
    if (trace.output[t] == 0) continue;
    ++fired;
    for (std::size_t k = 1; k <= 6; ++k) EXPECT_EQ(trace.v[t + k], -70) << k;
    for (std::size_t k = 1; k <= 5; ++k) EXPECT_EQ(trace.output[t + k], 0) << k;
  }
  EXPECT_GT(fired, 3U);
}

TEST(ConductanceLif, MagnesiumBlocksNmdaAtRest) {
  // Where the membrane comes to rest, the current through the receptor is the leak's.
  for (const double magnesium : {0.0, 1.0, 4.0}) {
    const auto trace =
        simulate("{type: conductance_lif, nmda: true, threshold: 10, magnesium: " + std::to_string(magnesium) + "}",
                 {0, 0, 0, 0.3}, 1e-3, 2000);
    const double v = trace.v.back();
    EXPECT_NEAR(-60 - v + 0.3 / (1 + magnesium / 3.57 * std::exp(-0.062 * v)) * (0 - v), 0, 1e-9) << magnesium;
  }
}

TEST(ConductanceLif, TakesConductancesBelowZeroForNone) {
  EXPECT_EQ(simulate("conductance_lif", {2, -1, -5}, 1e-3, 100).v, simulate("conductance_lif", {2, 0, 0}, 1e-3, 100).v);
}

/// The equations with steps so short that the method does not matter.
std::vector<double> adex_times(double current, double excitatory, double duration_s) {
  const double tau = 9.37e-3, slope = 2, threshold = -50.4, rest = -70.6, h = 1e-7;
  double v = rest, w = 0, free_s = 0;
  std::vector<double> times;
  for (double t = h; t < duration_s; t += h) {
    const double dw = (0.133 * (v - rest) - w) / 144e-3;
    if (t > free_s)
      v += h / tau * (rest - v + slope * std::exp((v - threshold) / slope) - w + current - excitatory * v);
    w += h * dw;
    if (v <= 20) continue;
    times.push_back(t);
    v = rest;
    w += 2.68;
    free_s = t + 2e-3;
  }
  return times;
}

TEST(Adex, FiresWhenTheEquationsDo) {
  for (const auto& [current, excitatory] : {std::pair{30.0, 0.0}, {0.0, 0.5}}) {
    const auto expected = adex_times(current, excitatory, 0.2);
    ASSERT_GT(expected.size(), 3U);
    double before = 0;
    for (const double dt_s : {2e-5, 2e-6}) {
      const auto times = times_of(simulate("{type: adex, refractory: 2 ms}", {current, excitatory, 0}, dt_s,
                                           static_cast<std::size_t>(std::lround(0.2 / dt_s))),
                                  dt_s);
      ASSERT_EQ(times.size(), expected.size());
      double worst = 0;
      for (std::size_t k = 0; k < times.size(); ++k) worst = std::max(worst, std::abs(times[k] - expected[k]));
      EXPECT_LT(worst, before == 0 ? 1e-3 : 1e-4);
      if (before > 0) {
        EXPECT_LT(worst, before / 3) << "shorter steps come closer";
      }
      before = worst;
    }
  }
}

TEST(Adex, Adapts) {
  const auto times = times_of(simulate("{type: adex, refractory: 2 ms}", {40, 0, 0}, 1e-5, 50000), 1e-5);
  ASSERT_GT(times.size(), 5U);
  EXPECT_GT(times.back() - times[times.size() - 2], 1.3 * (times[1] - times[0]));
}

TEST(Adex, StaysFiniteHoweverStrongTheCurrent) {
  const auto trace = simulate("{type: adex, refractory: 2 ms}", {1e6, 100, 0}, 1e-3, 200);
  for (const double v : trace.v) EXPECT_TRUE(std::isfinite(v));
}

}  // namespace

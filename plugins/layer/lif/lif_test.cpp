/// The derived backward pass against one written by hand, and the options of the model against plain loops.
#include "layer/lif/lif.hpp"

#include <cmath>
#include <type_traits>

#include <gtest/gtest.h>

#include "support/workshop.hpp"

namespace {

template <class S>
std::unique_ptr<tyto::PopulationKernel<S>> kernel(const lif::Lif& neuron, double dt_s = 1e-3) {
  tyto::NeuronLayer<lif::Lif> layer;
  layer.neuron = neuron;
  if constexpr (std::is_same_v<S, float>)
    return layer.population_f32(dt_s);
  else
    return layer.population_f64(dt_s);
}

lif::Lif neuron(lif::Timing timing = lif::Timing::next_step, lif::Reset reset = lif::Reset::to_zero,
                double refractory_s = 0) {
  lif::Lif lif;
  lif.tau_s = 5e-3;
  lif.threshold = 1;
  lif.refractory_s = refractory_s;
  lif.timing = timing;
  lif.reset = reset;
  return lif;
}

template <class S>
std::vector<S> noise(std::size_t count, double low, double high, std::uint64_t seed) {
  tyto::Random random(tyto::stream_key(seed, "lif test"));
  std::vector<S> values(count);
  for (S& value : values) value = static_cast<S>(random.uniform(low, high));
  return values;
}

template <class S>
struct Trace {
  std::vector<S> output, states, distances;
};

template <class S>
Trace<S> simulate(const lif::Lif& lif, const std::vector<S>& current, std::size_t neurons) {
  const auto scan_kernel = kernel<S>(lif);
  Trace<S> trace;
  trace.output.resize(current.size());
  trace.distances.resize(current.size());
  trace.states.resize(current.size() * scan_kernel->state_size());
  tyto::ForwardScan<S> scan;
  scan.steps = current.size() / neurons;
  scan.neurons = neurons;
  scan.current = current.data();
  scan.output = trace.output.data();
  scan.states = trace.states.data();
  scan.distances = trace.distances.data();
  scan_kernel->forward(scan);
  return trace;
}

template <class S>
std::vector<S> differentiate(const lif::Lif& lif, const std::vector<S>& current, const Trace<S>& trace,
                             const std::vector<S>& psi, const std::vector<S>& grad_output, std::size_t neurons,
                             bool detach) {
  std::vector<S> grad_current(current.size());
  tyto::BackwardScan<S> scan;
  scan.steps = current.size() / neurons;
  scan.neurons = neurons;
  scan.current = current.data();
  scan.states = trace.states.data();
  scan.psi = psi.data();
  scan.grad_output = grad_output.data();
  scan.grad_current = grad_current.data();
  scan.detach_reset = detach;
  kernel<S>(lif)->backward(scan);
  return grad_current;
}

template <class S>
class LifOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(LifOf, Scalars);

TYPED_TEST(LifOf, DerivedBackwardPassEqualsTheOneWrittenByHand) {
  using S = TypeParam;
  const std::size_t neurons = 7;
  const std::size_t steps = 60;
  const auto current = noise<S>(steps * neurons, -0.2, 0.9, 1);
  const auto grad_output = noise<S>(steps * neurons, -1, 1, 2);
  const auto psi = noise<S>(steps * neurons, 0, 1.25, 3);
  const auto trace = simulate<S>(neuron(), current, neurons);
  const S a = static_cast<S>(std::exp(-0.2));
  for (const bool detach : {false, true}) {
    const auto derived = differentiate<S>(neuron(), current, trace, psi, grad_output, neurons, detach);
    for (std::size_t i = 0; i < neurons; ++i) {
      S dv(0), ds(0);  // of the state after the step
      for (std::size_t t = steps; t-- > 0;) {
        const S v = trace.states[(t * 2) * neurons + i];
        const S s = trace.states[(t * 2 + 1) * neurons + i];
        const S h = current[t * neurons + i];
        const S expected = (S(1) - s) * dv;
        EXPECT_NEAR(derived[t * neurons + i], expected,
                    (std::is_same_v<S, float> ? 1e-5 : 1e-14) * (1 + std::abs(expected)));
        const S before_s = grad_output[t * neurons + i] - (detach ? S(0) : (a * v + h) * dv);
        dv = a * (S(1) - s) * dv + psi[t * neurons + i] * ds;
        ds = before_s;
      }
    }
  }
}

TYPED_TEST(LifOf, NextStepFollowsTheRecurrence) {
  using S = TypeParam;
  const auto current = noise<S>(200, -0.2, 1.2, 4);
  for (const auto reset : {lif::Reset::to_zero, lif::Reset::subtract}) {
    const auto trace = simulate<S>(neuron(lif::Timing::next_step, reset), current, 1);
    const S a = static_cast<S>(std::exp(-0.2));
    S v(0), s(0);
    int spikes = 0;
    for (std::size_t t = 0; t < current.size(); ++t) {
      ASSERT_EQ(trace.output[t], s) << t;
      ASSERT_EQ(trace.states[2 * t], v) << t;
      const S charged = a * v + S(1) * current[t];
      const S next = reset == lif::Reset::to_zero ? charged * (S(1) - s) : charged - s;
      s = v - S(1) > S(0) ? S(1) : S(0);
      v = next;
      spikes += s > 0 ? 1 : 0;
    }
    EXPECT_GT(spikes, 10);
  }
}

TYPED_TEST(LifOf, SameStepFiresAndResetsAtTheCrossing) {
  using S = TypeParam;
  const auto current = noise<S>(200, -0.2, 1.2, 5);
  for (const auto reset : {lif::Reset::to_zero, lif::Reset::subtract}) {
    const auto trace = simulate<S>(neuron(lif::Timing::same_step, reset), current, 1);
    const S a = static_cast<S>(std::exp(-0.2));
    S v(0);
    for (std::size_t t = 0; t < current.size(); ++t) {
      ASSERT_EQ(trace.states[t], v) << t;
      v = a * v + S(1) * current[t];
      const S s = v - S(1) > S(0) ? S(1) : S(0);
      ASSERT_EQ(trace.output[t], s) << t;
      if (s > 0) v = reset == lif::Reset::to_zero ? S(0) : v - S(1);
    }
  }
}

TYPED_TEST(LifOf, ConstantCurrentFiresWithPeriodPlusRefractoryTime) {
  using S = TypeParam;
  // v reaches 1 after the first n with 0.3 (1 - a^n) / (1 - a) > 1.
  const double a = std::exp(-0.2);
  int charge = 1;
  while (0.3 * (1 - std::pow(a, charge)) / (1 - a) <= 1) ++charge;
  const std::vector<S> current(400, S(0.3));
  for (const auto timing : {lif::Timing::same_step, lif::Timing::next_step}) {
    for (const int refractory_steps : {0, 1, 4}) {
      const auto trace = simulate<S>(neuron(timing, lif::Reset::to_zero, refractory_steps * 1e-3), current, 1);
      std::vector<int> times;
      for (std::size_t t = 0; t < current.size(); ++t)
        if (trace.output[t] > 0) times.push_back(static_cast<int>(t));
      ASSERT_GT(times.size(), 5U);
      if (timing == lif::Timing::next_step && refractory_steps == 0) continue;  // fires twice in a row: see below
      // In next_step timing the step between crossing and spike, and that of the reset, come on top.
      const int period = charge + refractory_steps + (timing == lif::Timing::next_step ? 2 : 0);
      for (std::size_t k = 1; k < times.size(); ++k) EXPECT_EQ(times[k] - times[k - 1], period) << refractory_steps;
    }
  }
}

TYPED_TEST(LifOf, NextStepTimingFiresTwiceIfTheMembraneStaysAboveThreshold) {
  using S = TypeParam;
  // The crossing at t is reset at t + 2, so that t + 1 is above threshold too: the published models' semantics.
  const std::vector<S> current(12, S(0.6));
  const auto trace = simulate<S>(neuron(), current, 1);
  std::vector<int> times;
  for (std::size_t t = 0; t < current.size(); ++t)
    if (trace.output[t] > 0) times.push_back(static_cast<int>(t));
  ASSERT_GE(times.size(), 2U);
  EXPECT_EQ(times[1], times[0] + 1);
}

TYPED_TEST(LifOf, NoGradientReachesInputsOfTheRefractoryTime) {
  using S = TypeParam;
  const std::size_t steps = 40;
  const std::vector<S> current(steps, S(0.5));
  const auto lif = neuron(lif::Timing::same_step, lif::Reset::to_zero, 5e-3);
  const auto trace = simulate<S>(lif, current, 1);
  const std::vector<S> ones(steps, S(1));
  const auto gradient = differentiate<S>(lif, current, trace, ones, ones, 1, false);
  std::size_t t = 0;
  while (trace.output[t] == S(0)) ++t;
  EXPECT_NE(gradient[t], S(0));
  for (std::size_t k = 1; k <= 5; ++k) EXPECT_EQ(gradient[t + k], S(0)) << k;
  EXPECT_NE(gradient[t + 6], S(0));
}

/// A potential at rest above the threshold makes the neuron fire of itself, from the value to which it is reset.
TYPED_TEST(LifOf, ResetToAValueGivesThePeriodOfTheClosedForm) {
  using S = TypeParam;
  auto lif = neuron(lif::Timing::same_step, lif::Reset::to_value);
  lif.threshold = -1;
  lif.reset_value = -11;
  lif.tau_s = 20e-3;
  const auto trace = simulate<S>(lif, std::vector<S>(400, S(0)), 1);
  // -11 exp(-t / tau) > -1 for the first time after tau ln 11 = 47.96 ms.
  std::vector<int> times;
  for (std::size_t t = 0; t < trace.output.size(); ++t)
    if (trace.output[t] > 0) times.push_back(static_cast<int>(t));
  ASSERT_GT(times.size(), 5U);
  for (std::size_t k = 1; k < times.size(); ++k) EXPECT_EQ(times[k] - times[k - 1], 48);
}

TEST(Lif, OffersWhatSurrogateGradientsNeed) {
  const auto* info = workshop::registry().find(tyto::Kind::layer, "lif");
  ASSERT_NE(info, nullptr);
  EXPECT_TRUE(info->offers(tyto::capability::spiking));
  EXPECT_TRUE(info->offers(tyto::capability::surrogate));
  EXPECT_TRUE(info->offers(tyto::capability::jacobian));
  EXPECT_FALSE(workshop::registry().find(tyto::Kind::layer, "leaky_integrator")->offers(tyto::capability::spiking));
}

}  // namespace

/// The adaptive threshold against plain loops, against the neuron without adaptation, and by finite differences.
#include "support/finite_differences.hpp"

namespace {

struct Trace {
  std::vector<double> output, states;
  std::size_t variables = 0;
};

std::vector<double> noise(std::size_t count, double low, double high) {
  tyto::Random random(tyto::stream_key(21, "adaptive lif test"));
  std::vector<double> values(count);
  for (double& value : values) value = random.uniform(low, high);
  return values;
}

Trace simulate(const std::string& yaml, const std::vector<double>& current) {
  const auto kernel = workshop::make<tyto::Layer>(yaml)->population_f64(1e-3);
  Trace trace;
  trace.variables = kernel->state_size();
  trace.output.resize(current.size());
  trace.states.resize(current.size() * trace.variables);
  tyto::ForwardScan<double> scan;
  scan.steps = current.size();
  scan.neurons = 1;
  scan.current = current.data();
  scan.output = trace.output.data();
  scan.states = trace.states.data();
  kernel->forward(scan);
  return trace;
}

std::size_t spikes(const Trace& trace) {
  std::size_t count = 0;
  for (const double s : trace.output) count += s != 0 ? 1 : 0;
  return count;
}

TEST(AdaptiveLif, FollowsTheRecurrence) {
  const auto current = noise(300, -0.2, 1.2);
  const double decay = std::exp(-1.0 / 5), fall = std::exp(-1.0 / 40);
  for (const bool subtract : {false, true})
    for (const bool same_step : {false, true}) {
      const auto trace =
          simulate(std::string("{type: adaptive_lif, tau: 5 ms, adaptation: 0.2, tau_adaptation: 40 ms") +
                       (subtract ? ", reset: subtract" : "") + (same_step ? "}" : ", timing: next_step}"),
                   current);
      double v = 0, a = 0, s = 0;
      for (std::size_t t = 0; t < current.size(); ++t) {
        ASSERT_NEAR(trace.states[t * trace.variables], v, 1e-12) << t;
        ASSERT_NEAR(trace.states[t * trace.variables + 1], a, 1e-12) << t;
        const double raised = decay * v + current[t];
        const double output = same_step ? (raised > 1 + a ? 1 : 0) : s;
        if (!same_step) s = v > 1 + a ? 1 : 0;
        v = subtract ? raised - output : raised * (1 - output);
        a = fall * a + 0.2 * output;
        ASSERT_EQ(trace.output[t], output) << t;
      }
      EXPECT_GT(spikes(trace), 10U);
    }
}

TEST(AdaptiveLif, WithoutAdaptationIsALif) {
  const auto current = noise(300, -0.2, 1.2);
  for (const std::string options : {"", ", reset: subtract", ", timing: next_step", ", refractory: 3 ms",
                                    ", timing: next_step, refractory: 2 ms", ", input_scale: one_minus_decay"}) {
    const std::string rest = ", tau: 5 ms, threshold: 0.4" + options + "}";
    const auto plain = simulate("{type: lif" + rest, current);
    EXPECT_EQ(simulate("{type: adaptive_lif, adaptation: 0" + rest, current).output, plain.output) << options;
    EXPECT_GT(spikes(plain), 10U) << options;
    EXPECT_LT(spikes(simulate("{type: adaptive_lif, adaptation: 0.3" + rest, current)), spikes(plain)) << options;
  }
}

TEST(AdaptiveLif, GradientEqualsFiniteDifferences) {
  constexpr tyto::TrialShape shape{20, 6, 1e-3};
  const auto trials = workshop::random_trials(5, shape, 3);
  tyto::Objective objective;
  objective.classes = 3;
  objective.bind(trials.target_info());
  tyto::Executor executor(2);
  for (const std::string options :
       {"", "reset: subtract", "timing: next_step",
        "timing: next_step, reset: subtract, input_scale: one_minus_decay, threshold: 0.3"}) {
    SCOPED_TRACE(options);
    const auto network = workshop::compile(
        workshop::chain(
            shape,
            {{"hidden", 5, "{type: adaptive_lif, tau: 5 ms, adaptation: 0.3, tau_adaptation: 20 ms, " + options + "}"},
             {"output", 3, "{type: leaky_integrator, tau: 4 ms}"}}),
        {"cpu", tyto::Precision::float64}, executor);
    tyto::initialise(*network, 3);
    workshop::expect_true_gradients(*network, trials, objective);
  }
}

TEST(AdaptiveLif, NamesItsStates) {
  const auto kernel = workshop::make<tyto::Layer>("adaptive_lif")->population_f64(1e-3);
  EXPECT_EQ(kernel->state_names(), (std::vector<std::string>{"v", "a"}));
}

}  // namespace

/// Streams, against closed forms.
#include <cmath>
#include <numeric>

#include <gmock/gmock.h>

#include "support/simulations.hpp"

namespace {

using testing::ElementsAre;
using workshop::run;
using workshop::simulation;

constexpr double dt_s = 1e-3;

class Stream : public testing::TestWithParam<workshop::Arithmetic> {
 protected:
  [[nodiscard]] workshop::MadeSimulation make(const std::string& layers, const std::string& probes) const {
    return simulation(layers, probes, dt_s, 1, GetParam());
  }
  [[nodiscard]] double tolerance() const { return GetParam().is_double() ? 1e-12 : 1e-5; }
};

std::vector<double> impulse(std::size_t steps) {
  std::vector<double> values(steps, 0.0);
  values[0] = 1;
  return values;
}

TEST_P(Stream, AnExponentialSynapseDecaysAndHasTheArea1) {
  const auto made =
      make("node: {type: node, size: 1, input: {type: direct, from: stimulus, synapse: 5 ms}}", "node: {of: node}");
  const auto y = run(made, impulse(200))["node"];
  EXPECT_EQ(y[0], 0);  // it comes out from the next step on
  for (std::size_t n = 1; n < y.size(); ++n)
    EXPECT_NEAR(y[n], (1 - std::exp(-0.2)) * std::exp(-0.2 * static_cast<double>(n - 1)), tolerance());
  EXPECT_NEAR(std::accumulate(y.begin(), y.end(), 0.0), 1, 1e-6);
}

TEST_P(Stream, AnAlphaSynapseRisesAndFallsAndHasTheArea1) {
  const auto made =
      make("node: {type: node, size: 1, input: {type: direct, from: stimulus, synapse: {type: alpha, tau: 5 ms}}}",
           "node: {of: node}");
  const auto y = run(made, impulse(200))["node"];
  // The step response of 1 / (tau s + 1)^2 is 1 - (1 + t/tau) exp(-t/tau); an impulse of one step is a difference of
  // two of them.
  const auto response = [](double t) { return t <= 0 ? 0 : 1 - (1 + t / 5) * std::exp(-t / 5); };
  for (std::size_t n = 0; n < y.size(); ++n)
    EXPECT_NEAR(y[n], response(static_cast<double>(n)) - response(static_cast<double>(n) - 1), tolerance());
  EXPECT_NEAR(std::accumulate(y.begin(), y.end(), 0.0), 1, 1e-6);
}

TEST_P(Stream, AnExponentialSynapseCanRiseByTheWeight) {
  const auto made = make(
      "node: {type: node, size: 1, input: {type: direct, from: stimulus, synapse: {type: exponential, tau: 5 ms, "
      "scale: "
      "peak}}}",
      "node: {of: node}");
  const auto y = run(made, impulse(50))["node"];
  EXPECT_EQ(y[0], 0);
  for (std::size_t n = 1; n < y.size(); ++n)
    EXPECT_NEAR(y[n], std::exp(-0.2 * static_cast<double>(n - 1)), tolerance());
}

TEST_P(Stream, StatesBeginAsTheyAreTold) {
  const auto made = make(
      "given: {type: lif, size: 3, tau: 10 ms, initial: {v: {values: [0.1, 0.2, -0.3]}}}\n"
      "drawn: {type: lif, size: 2000, tau: 10 ms, initial: {v: {low: -2, high: -1}}}",
      "given: {of: given, what: v}\ndrawn: {of: drawn, what: v}");
  tyto::initialise(*made.simulation, 7);
  for (int again = 0; again < 2; ++again) {
    auto samples = run(made, {0});
    const double decay = std::exp(-0.1);
    EXPECT_NEAR(samples["given"][0], 0.1 * decay, tolerance());
    EXPECT_NEAR(samples["given"][2], -0.3 * decay, tolerance());
    const auto& v = samples["drawn"];
    EXPECT_GE(*std::min_element(v.begin(), v.end()), -2 * decay - 1e-6);
    EXPECT_LE(*std::max_element(v.begin(), v.end()), -1 * decay + 1e-6);
    EXPECT_NEAR(std::accumulate(v.begin(), v.end(), 0.0) / 2000, -1.5 * decay, 0.02);
  }
}

TEST_P(Stream, SpikesAreRecordedOneByOne) {
  const auto made = make(
      "cells: {type: lif, size: 3, timing: same_step, input: {type: direct, from: stimulus, transform: [1, 2, 0]}}",
      "output: {of: cells}\nspikes: {of: cells, what: spikes}");
  std::vector<double> output, neurons;
  std::vector<std::uint64_t> steps;
  made.simulation->start(0);
  const std::vector<double> stimulus{0, 0.7, 2, 0, 2};
  made.simulation->advance({5, 1, nullptr, stimulus.data()}, [&](std::size_t probe, std::uint64_t step, auto sample) {
    auto& all = probe == 0 ? output : neurons;
    all.insert(all.end(), sample.begin(), sample.end());
    if (probe == 1) steps.push_back(step);
  });
  EXPECT_THAT(neurons, ElementsAre(1, 0, 1, 0, 1));
  EXPECT_THAT(steps, ElementsAre(1, 2, 2, 4, 4));
  EXPECT_EQ(std::accumulate(output.begin(), output.end(), 0.0), 5);
}

TEST_P(Stream, WithoutASynapseEarlierLayersActAtOnceAndLaterOnesAStepLater) {
  const auto made = make(
      "first: {type: node, size: 1, input: [{type: direct, from: stimulus}, {type: direct, from: second}]}\n"
      "second: {type: node, size: 1, input: {type: direct, from: first, transform: 0.5}}",
      "first: {of: first}\nsecond: {of: second}");
  auto samples = run(made, impulse(4));
  EXPECT_THAT(samples["first"], ElementsAre(1, 0.5, 0.25, 0.125));
  EXPECT_THAT(samples["second"], ElementsAre(0.5, 0.25, 0.125, 0.0625));
}

TEST_P(Stream, ALayerThatIsItsOwnInputKeepsASum) {
  const auto made =
      make("sum: {type: node, size: 1, input: [{type: direct, from: stimulus}, {type: direct, from: sum}]}",
           "sum: {of: sum}");
  EXPECT_THAT(run(made, {1, 2, 3, 4})["sum"], ElementsAre(1, 3, 6, 10));
}

TEST_P(Stream, FunctionsAndTransformsAreApplied) {
  const auto made = make(
      "pair: {type: node, size: 2, input: {type: direct, from: stimulus, function: [x, x^2], transform: [1, 0, 1, 1]}}",
      "pair: {of: pair}\nproduct: {from: pair, type: direct, function: x1*x2}");
  auto samples = run(made, {2, 3});
  EXPECT_THAT(samples["pair"], ElementsAre(2, 6, 3, 12));
  EXPECT_THAT(samples["product"], ElementsAre(12, 36));
}

TEST_P(Stream, ProbesTakeEverySoManiethSample) {
  const auto made = make("node: {type: node, size: 1, input: {type: direct, from: stimulus}}",
                         "all: {of: node}\nsome: {of: node, every: 2 ms}");
  auto samples = run(made, {1, 2, 3, 4, 5});
  EXPECT_THAT(samples["all"], ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(samples["some"], ElementsAre(2, 4));
}

/// A layer written for trials does in a simulation what it does in a trial.
TEST_P(Stream, LayersForTrialsRunStepByStep) {
  for (const std::size_t late : {0, 1}) {
    const auto made = make(std::string("leak: {type: leaky_integrator, tau: 5 ms, size: 1, timing: ") +
                               (late == 0 ? "same_step" : "next_step") + ", input: {type: dense, from: stimulus}}",
                           "leak: {of: leak}");
    made.set("leak/w", {2});
    const auto y = run(made, impulse(5))["leak"];
    for (std::size_t n = 0; n < late; ++n) EXPECT_EQ(y[n], 0);
    for (std::size_t n = late; n < y.size(); ++n)
      EXPECT_NEAR(y[n], 2 * std::exp(-0.2 * static_cast<double>(n - late)), tolerance());
  }
}

TEST_P(Stream, ItDoesNotMatterInHowManyStretchesItGoesOn) {
  const std::string layers =
      "pre: {type: ensemble, size: 20, input: {type: direct, from: stimulus}}\n"
      "post: {type: ensemble, size: 20, input: {type: decoded, from: pre, synapse: 5 ms}}";
  const auto made = make(layers, "post: {of: post}\nv: {of: post, what: v}");
  tyto::initialise(*made.simulation, 3);
  made.set("post/decoders", std::vector<double>(20, 1e-3));
  std::vector<double> stimulus(300);
  for (std::size_t n = 0; n < stimulus.size(); ++n) stimulus[n] = std::sin(0.02 * static_cast<double>(n));
  const auto once = run(made, stimulus);
  std::map<std::string, std::vector<double>> pieces;
  made.simulation->start(0);
  for (std::size_t first = 0; first < stimulus.size();) {
    const std::size_t count = std::min<std::size_t>(1 + first / 2, stimulus.size() - first);
    made.simulation->advance({count, 1, nullptr, stimulus.data() + first},
                             [&](std::size_t probe, std::uint64_t, auto sample) {
                               auto& all = pieces[made.model.probes[probe].name];
                               all.insert(all.end(), sample.begin(), sample.end());
                             });
    first += count;
  }
  EXPECT_EQ(once, pieces);
  EXPECT_GT(std::accumulate(once.at("post").begin(), once.at("post").end(), 0.0), 10) << "neurons must fire";
}

/// Nothing is learnt outside the time for which learning is switched on.
TEST_P(Stream, LearnsInItsTimeOnly) {
  const auto made = make(
      "pre: {type: ensemble, size: 10, input: {type: direct, from: stimulus}}\n"
      "post: {type: node, size: 1, input: {type: decoded, from: pre, learn: {rule: pes, error: error, from: 20 ms, "
      "until: 40 ms}}}\n"
      "error: {type: node, size: 1, input: {type: direct, from: stimulus}}",
      "decoders: {of: post, what: decoders}");
  tyto::initialise(*made.simulation, 3);
  const auto all = run(made, std::vector<double>(60, 1.0))["decoders"];
  const auto at = [&](std::size_t step) {
    return std::vector<double>(all.begin() + 10 * step, all.begin() + 10 * step + 10);
  };
  EXPECT_EQ(at(20), at(0));
  EXPECT_NE(at(40), at(20));
  EXPECT_EQ(at(59), at(40));
}

/// A rule learns from what a delay lets through, and not from what is still on its way.
TEST_P(Stream, LearnsFromWhatHasArrived) {
  for (const std::string rule : {"pes", "rls"}) {
    const auto weights = [&](const std::string& connection) {
      const auto made = make(
          "pre: {type: rate_lif, size: 3, input: {type: direct, from: stimulus, transform: [20, 30, 40]}}\n"
          "late: {type: delay, max: 4 ms, initial: fixed, initial_delay: 4 ms}\n"
          "post: {type: node, size: 2, input: {type: dense, " +
              connection + ", synapse: 2 ms, learn: {rule: " + rule +
              ", error: error, learning_rate: 0.01}}}\n"
              "error: {type: node, size: 2, input: {type: direct, from: stimulus, transform: [1, -0.5]}}",
          "{}");
      tyto::initialise(*made.simulation, 3);
      made.set("late/d", {4, 4, 4});
      made.set("post/w", {0.1, 0.2, 0.3, 0.4, 0.5, 0.6});
      std::vector<double> stimulus(40);
      for (std::size_t n = 0; n < stimulus.size(); ++n) stimulus[n] = std::sin(0.3 * static_cast<double>(n));
      static_cast<void>(run(made, stimulus));
      return made.get("post/w");
    };
    const auto by_layer = weights("from: late"), by_connection = weights("from: pre, delay: 5 ms");
    EXPECT_EQ(by_layer, by_connection) << rule;
    // The synapse takes a step of its own, with a delay or without.
    EXPECT_EQ(weights("from: pre, delay: 1 ms"), weights("from: pre")) << rule;
    EXPECT_NE(by_connection, weights("from: pre")) << rule;
  }
}

/// Recursive least squares: P is (R'R + I n / (rate dt))^-1 of all filtered activities so far.
TEST(StreamIn64Bits, RlsFindsTheLeastSquaresWeights) {
  const auto made = simulation(
      "pre: {type: node, size: 2, input: {type: direct, from: stimulus, function: [x, x^2]}}\n"
      "post: {type: node, size: 1, input: {type: dense, from: pre, learn: {rule: rls, error: error, tau: 0 s, "
      "learning_rate: 1000}}}\n"
      "error: {type: node, size: 1, input: [{type: direct, from: post}, {type: direct, from: stimulus, function: "
      "3*x^2 - 2*x, transform: -1}]}",
      "post: {of: post}", dt_s);
  std::vector<double> stimulus(200);
  for (std::size_t n = 0; n < stimulus.size(); ++n) stimulus[n] = std::sin(0.7 * static_cast<double>(n));
  static_cast<void>(run(made, stimulus));
  // min sum (w.r - wanted)^2 + n / (rate dt) |w|^2 with n / (rate dt) = 2
  double a = 2, b = 0, c = 2, p = 0, q = 0;
  for (const double x : stimulus) {
    const double r = x, s = x * x, y = 3 * x * x - 2 * x;
    a += r * r, b += r * s, c += s * s, p += r * y, q += s * y;
  }
  const double determinant = a * c - b * b;
  const auto w = made.get("post/w");
  EXPECT_NEAR(w[0], (c * p - b * q) / determinant, 1e-10);
  EXPECT_NEAR(w[1], (a * q - b * p) / determinant, 1e-10);
}

TEST_P(Stream, VojaMovesEncodersOfActiveNeuronsTowardsTheInput) {
  const auto made = make(
      "memory: {type: ensemble, size: 2, dimensions: 2, encoders: [1, 0, -1, 0], intercepts: {low: 0, high: 0}, input: "
      "{type: decoded, from: source, transform: [1, 1], learn: {rule: voja, learning_rate: 0.1}}}\n"
      "source: {type: ensemble, size: 1, dimensions: 1, input: {type: direct, from: stimulus}}",
      "encoders: {of: memory, what: encoders}");
  tyto::initialise(*made.simulation, 1);
  made.set("source/encoders", {1});
  made.set("memory/decoders", {0.0025, 0.0025});
  static_cast<void>(run(made, std::vector<double>(500, 1.0)));
  const auto encoders = made.get("memory/encoders");
  EXPECT_GT(encoders[1], 0.05);  // turned towards (x, x)
  EXPECT_EQ(encoders[2], -1);    // never fired
  EXPECT_EQ(encoders[3], 0);
}

/// Weights from neuron to neuron learn what decoders do: currents are the decoded value along the encoders.
TEST(StreamIn64Bits, PesOnFullWeightsDoesWhatItDoesOnDecoders) {
  const auto voltages = [](const std::string& onto) {
    const auto made = simulation(
        "pre: {type: ensemble, size: 30, input: {type: direct, from: stimulus}}\n"
        "post: {type: ensemble, size: 20, radius: 2, input: {type: decoded, from: pre, onto: " +
            onto +
            ", synapse: 5 ms, learn: {rule: pes, error: error, learning_rate: 0.01}}}\n"
            "error: {type: node, size: 1, input: [{type: decoded, from: post, synapse: 5 ms}, {type: direct, from: "
            "stimulus, transform: -1}]}",
        "v: {of: post, what: v}", dt_s);
    tyto::initialise(*made.simulation, 3);
    made.set("error/post_decoders", std::vector<double>(20, 1e-3));
    return run(made, std::vector<double>(400, 0.8))["v"];
  };
  const auto by_decoders = voltages("layer"), by_weights = voltages("neurons");
  ASSERT_EQ(by_decoders.size(), by_weights.size());
  double largest = 0;
  for (std::size_t i = 0; i < by_weights.size(); ++i)
    largest = std::max(largest, std::abs(by_decoders[i] - by_weights[i]));
  EXPECT_LE(largest, 1e-9);
}

/// Dale's law is kept while a connection learns.
TEST_P(Stream, PlasticityKeepsTheSignsOfNeurons) {
  const auto made = make(
      "pre: {type: ensemble, size: 10, input: {type: direct, from: stimulus}}\n"
      "post: {type: node, size: 1, input: {type: decoded, from: pre, dale: {method: projected, inhibitory_fraction: "
      "0.5}, solver: nnls, learn: {rule: pes, error: error, learning_rate: 0.1}}}\n"
      "error: {type: node, size: 1, input: {type: direct, from: stimulus}}",
      "{}");
  tyto::initialise(*made.simulation, 3);
  std::vector<double> stimulus(500);
  for (std::size_t n = 0; n < stimulus.size(); ++n) stimulus[n] = n < 250 ? 1 : -1;
  static_cast<void>(run(made, stimulus));
  const auto decoders = made.get("post/decoders");
  const auto sign = made.get("post/sign");
  double total = 0;
  for (std::size_t i = 0; i < sign.size(); ++i) {
    EXPECT_GE(decoders[i] * sign[i], 0) << i;
    total += std::abs(decoders[i]);
  }
  EXPECT_GT(total, 0);
}

INSTANTIATE_TEST_SUITE_P(Every, Stream, testing::ValuesIn(workshop::arithmetics()),
                         [](const auto& one) { return workshop::name_of(one.param); });

}  // namespace

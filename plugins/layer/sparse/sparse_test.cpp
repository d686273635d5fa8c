#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include <gmock/gmock.h>

#include "support/simulations.hpp"

namespace {

constexpr double dt_s = 1e-3;

/// Two layers of 30 and 20 neurons, which fire in the steps in which the stimulus is above their threshold.
workshop::MadeSimulation joined(const std::string& sparse,
                                const workshop::Arithmetic& arithmetic = {"cpu", tyto::Precision::float64}) {
  return workshop::simulation(
      "from: {type: lif, size: 30, timing: same_step, input: {type: direct, from: stimulus, transform: 1}}\n"
      "to: {type: node, size: 20, input: {from: from, " +
          sparse + "}}",
      "from: {of: from}\nto: {of: to, what: input}", dt_s, 30, arithmetic);
}

std::vector<std::pair<int, int>> pairs_of(const workshop::MadeSimulation& made) {
  const auto values = made.get("to/pairs");
  std::vector<std::pair<int, int>> pairs;
  for (std::size_t k = 0; k < values.size(); k += 2)
    pairs.emplace_back(static_cast<int>(values[k]), static_cast<int>(values[k + 1]));
  return pairs;
}

class Sparse : public testing::TestWithParam<workshop::Arithmetic> {};

/// Exactly the asked part of all pairs, each once, in ascending order; from few to all.
TEST(SparseIn64Bits, DrawsDifferentPairs) {
  for (const auto& [probability, count] : {std::pair{"0", 0}, {"0.1", 60}, {"0.5", 300}, {"0.9", 540}, {"1", 600}}) {
    const auto made = joined(std::string("type: sparse, weight: 1, probability: ") + probability);
    tyto::initialise(*made.simulation, 3);
    const auto pairs = pairs_of(made);
    ASSERT_EQ(pairs.size(), static_cast<std::size_t>(count));
    EXPECT_TRUE(std::is_sorted(pairs.begin(), pairs.end()));
    EXPECT_EQ(std::adjacent_find(pairs.begin(), pairs.end()), pairs.end()) << "a pair was drawn twice";
    for (const auto& [from, to] : pairs) {
      EXPECT_TRUE(from >= 0 && from < 30);
      EXPECT_TRUE(to >= 0 && to < 20);
    }
  }
}

/// Few of very many pairs are drawn in another way, which keeps the same promises.
TEST(SparseIn64Bits, DrawsFewOfManyPairs) {
  const auto made = workshop::simulation(
      "from: {type: lif, size: 2000}\n"
      "to: {type: node, size: 1500, input: {from: from, type: sparse, weight: 1, probability: 0.001}}",
      "{}", dt_s, 0);
  std::vector<double> sources(2000, 0.0);
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    tyto::initialise(*made.simulation, seed);
    const auto pairs = pairs_of(made);
    ASSERT_EQ(pairs.size(), 3000U);
    EXPECT_TRUE(std::is_sorted(pairs.begin(), pairs.end()));
    EXPECT_EQ(std::adjacent_find(pairs.begin(), pairs.end()), pairs.end()) << "a pair was drawn twice";
    for (const auto& [from, to] : pairs) {
      ASSERT_TRUE(from >= 0 && from < 2000 && to >= 0 && to < 1500);
      ++sources[static_cast<std::size_t>(from)];
    }
  }
  double squares = 0;
  for (const double count : sources) squares += (count - 30) * (count - 30) / 30;
  // 1999 degrees of freedom: mean 1999, standard deviation 63.
  EXPECT_NEAR(squares, 1999, 5 * 63);
}

/// Every pair is equally likely: over many seeds, counts per pair are those of a hypergeometric distribution.
TEST(SparseIn64Bits, EveryPairIsEquallyLikely) {
  const auto made = joined("type: sparse, weight: 1, probability: 0.1");
  std::vector<double> counts(600, 0.0);
  constexpr int seeds = 2000;
  for (int seed = 0; seed < seeds; ++seed) {
    tyto::initialise(*made.simulation, static_cast<std::uint64_t>(seed));
    for (const auto& [from, to] : pairs_of(made)) ++counts[static_cast<std::size_t>(from * 20 + to)];
  }
  double squares = 0;
  const double expected = seeds * 0.1, variance = expected * 0.9;
  for (const double count : counts) squares += (count - expected) * (count - expected) / variance;
  // 599 degrees of freedom: mean 599, standard deviation 34.6.
  EXPECT_NEAR(squares, 599, 5 * 34.6);
}

/// What arrives is what the matrix of the same weights would give.
TEST_P(Sparse, HandsOnTheSumOfItsSynapses) {
  const auto made = joined("type: sparse, weight: -2, deviation: 1.5, probability: 0.3", GetParam());
  tyto::initialise(*made.simulation, 4);
  const auto pairs = pairs_of(made);
  const auto weights = made.get("to/w");
  std::vector<double> stimulus(30 * 12);
  tyto::Random random(tyto::stream_key(1, "sparse test"));
  for (double& value : stimulus) value = random.uniform() < 0.2 ? 5 : 0;
  std::vector<double> spikes, arrived;
  made.simulation->start(0);
  made.simulation->advance({12, 30, nullptr, stimulus.data()}, [&](std::size_t probe, std::uint64_t, auto sample) {
    (probe == 0 ? spikes : arrived).insert((probe == 0 ? spikes : arrived).end(), sample.begin(), sample.end());
  });
  std::vector<double> expected(12 * 20, 0.0);
  double fired = 0;
  for (std::size_t t = 0; t < 12; ++t) {
    for (std::size_t k = 0; k < pairs.size(); ++k)
      expected[t * 20 + static_cast<std::size_t>(pairs[k].second)] +=
          weights[k] * spikes[t * 30 + static_cast<std::size_t>(pairs[k].first)];
    for (std::size_t i = 0; i < 30; ++i) fired += spikes[t * 30 + i];
  }
  ASSERT_GT(fired, 20);
  for (std::size_t cell = 0; cell < expected.size(); ++cell)
    EXPECT_NEAR(arrived[cell], expected[cell], GetParam().is_double() ? 1e-12 : 1e-4);
}

TEST(SparseIn64Bits, WeightsKeepTheirSign) {
  const auto made = joined("type: sparse, weight: -1, deviation: 2, probability: 1");
  tyto::initialise(*made.simulation, 5);
  const auto weights = made.get("to/w");
  EXPECT_LE(*std::max_element(weights.begin(), weights.end()), 0);
  EXPECT_LT(*std::min_element(weights.begin(), weights.end()), -3);
  const auto zeros = static_cast<double>(std::count(weights.begin(), weights.end(), 0.0));
  EXPECT_NEAR(zeros / 600, 0.3085, 0.08) << "part of a normal distribution above half a deviation";
}

/// Pairs may come from a file.
TEST(SparseIn64Bits, RefusesPairsThatAreNone) {
  const auto made = joined("type: sparse, weight: 1, probability: 0.005");
  const std::vector<double> good{0, 1, 0, 19, 29, 0};
  made.set("to/pairs", good);
  EXPECT_NO_THROW(made.simulation->start(0));
  for (const auto& [place, value] :
       {std::pair{1, 20.0}, {1, -1.0}, {3, 0.5}, {4, -1.0}, {2, 30.0}, {5, std::nan("")}}) {
    auto bad = good;
    bad[static_cast<std::size_t>(place)] = value;
    made.set("to/pairs", bad);
    EXPECT_THROW(made.simulation->start(0), tyto::Error) << place << ": " << value;
  }
}

/// Each synapse acts in a step of its own after the spike, for values as for spikes, and by its time, not by steps.
TEST_P(Sparse, SynapsesAreLateByDelaysOfTheirOwn) {
  const auto made = joined("type: sparse, weight: 0.5, probability: 0.3, delay: 2 ms, delay_spread: 5 ms", GetParam());
  tyto::initialise(*made.simulation, 4);
  const auto pairs = pairs_of(made);
  const auto delays_ms = made.get("to/d");
  ASSERT_EQ(delays_ms.size(), pairs.size());
  EXPECT_GT(*std::max_element(delays_ms.begin(), delays_ms.end()), 4.5);
  EXPECT_LT(*std::min_element(delays_ms.begin(), delays_ms.end()), 0.5);
  EXPECT_NEAR(std::accumulate(delays_ms.begin(), delays_ms.end(), 0.0) / double(pairs.size()), 2.5, 0.4);
  constexpr std::size_t steps = 20;
  std::vector<double> stimulus(30 * steps);
  tyto::Random random(tyto::stream_key(1, "sparse test"));
  for (double& value : stimulus) value = random.uniform() < 0.2 ? 5 : 0;
  std::vector<double> spikes, arrived;
  made.simulation->start(0);
  made.simulation->advance({steps, 30, nullptr, stimulus.data()}, [&](std::size_t probe, std::uint64_t, auto sample) {
    (probe == 0 ? spikes : arrived).insert((probe == 0 ? spikes : arrived).end(), sample.begin(), sample.end());
  });
  std::vector<double> expected(steps * 20, 0.0);
  for (std::size_t t = 0; t < steps; ++t)
    for (std::size_t k = 0; k < pairs.size(); ++k) {
      const auto late = t + 2 + static_cast<std::size_t>(std::lround(delays_ms[k]));
      if (late < steps)
        expected[late * 20 + static_cast<std::size_t>(pairs[k].second)] +=
            0.5 * spikes[t * 30 + static_cast<std::size_t>(pairs[k].first)];
    }
  for (std::size_t cell = 0; cell < expected.size(); ++cell) EXPECT_NEAR(arrived[cell], expected[cell], 1e-5);
}

TEST(SparseIn64Bits, RefusesDelaysBeyondTheirSpread) {
  const auto made = joined("type: sparse, weight: 1, probability: 0.005, delay_spread: 5 ms");
  made.set("to/pairs", {0, 1, 0, 19, 29, 0});
  made.set("to/d", {0, 5, 2.2});
  EXPECT_NO_THROW(made.simulation->start(0));
  for (const double wrong : {-0.6, 5.6, std::nan("")}) {
    made.set("to/d", {0, wrong, 2.2});
    EXPECT_THROW(made.simulation->start(0), tyto::Error) << wrong;
  }
}

INSTANTIATE_TEST_SUITE_P(Every, Sparse, testing::ValuesIn(workshop::arithmetics()),
                         [](const auto& one) { return workshop::name_of(one.param); });

}  // namespace

/// Spikes on random manifolds: one of each unit, at times that a smooth function of the hidden point gives.
#include <cmath>
#include <map>

#include "support/workshop.hpp"

namespace {

constexpr std::size_t units = 20, trials = 3000;

std::shared_ptr<const tyto::Stimulus> made(const std::string& more, std::uint64_t seed = 1) {
  return workshop::make<tyto::Stimulus>("{type: randman, units: 20, classes: 4, duration: 200 ms" + more + "}")
      ->prepared(seed);
}

/// Steps of the spikes of each trial, by class.
std::map<std::size_t, std::vector<std::vector<double>>> times_of(const tyto::Stimulus& stimulus, tyto::Split split,
                                                                 std::uint64_t seed = 1) {
  tyto::Executor executor(2);
  const auto set = tyto::make_trials(stimulus, seed, split, trials, executor);
  std::map<std::size_t, std::vector<std::vector<double>>> all;
  for (std::size_t trial = 0; trial < trials; ++trial) {
    std::vector<double> times(units, -1);
    for (std::size_t t = 0; t < set.shape().steps; ++t)
      set.spikes(trial).for_each(t, [&](std::size_t unit) {
        EXPECT_EQ(times[unit], -1) << "each unit fires once";
        times[unit] = static_cast<double>(t);
      });
    for (const double time : times) EXPECT_GE(time, 0) << "each unit fires";
    all[static_cast<std::size_t>(set.targets(trial)[0])].push_back(std::move(times));
  }
  return all;
}

TEST(Randman, EachUnitFiresOnceAndAllOverTheTrial) {
  const auto all = times_of(*made(""), tyto::Split::train);
  ASSERT_EQ(all.size(), 4U);
  for (const auto& [label, some] : all) {
    EXPECT_NEAR(static_cast<double>(some.size()), trials / 4.0, 5 * std::sqrt(trials * 0.25 * 0.75));
    for (std::size_t unit = 0; unit < units; ++unit) {
      double first = 1e9, last = -1;
      for (const auto& times : some) {
        first = std::min(first, times[unit]);
        last = std::max(last, times[unit]);
      }
      EXPECT_LE(first, 20) << "functions are scaled to the whole trial";
      EXPECT_GE(last, 179);
    }
  }
}

/// On a line, trials whose first units fire at nearly the same times lie near each other, so that all units do; with
/// less smoothness less so.
TEST(Randman, LiesOnASmoothManifold) {
  const auto roughness = [](const std::string& smoothness) {
    const auto all = times_of(*made(", dimensions: 1, smoothness: " + smoothness), tyto::Split::test);
    double near = 0, any = 0;
    for (const auto& [label, some] : all)
      for (std::size_t i = 0; i + 1 < some.size(); ++i) {
        // The nearest other trial by half of the units, judged by the other half.
        double best = 1e300, judged = 0, random = 0;
        for (std::size_t k = 0; k < some.size(); ++k) {
          if (k == i) continue;
          double distance = 0, other = 0;
          for (std::size_t unit = 0; unit < units; ++unit)
            (unit < units / 2 ? distance : other) += std::pow(some[i][unit] - some[k][unit], 2);
          if (distance < best) best = distance, judged = other;
          if (k == i + 1) random = other;
        }
        near += judged;
        any += random;
      }
    return near / any;
  };
  const double smooth = roughness("3"), rough = roughness("1");
  EXPECT_LT(smooth, 1e-3);
  EXPECT_LT(10 * smooth, rough);
}

TEST(Randman, HasTheSameManifoldsForAllTrials) {
  const auto train = times_of(*made("", 1), tyto::Split::train), test = times_of(*made("", 2), tyto::Split::test, 2);
  // Times of a unit correlate between splits class by class: the means are the same.
  for (const auto& [label, some] : train)
    for (std::size_t unit = 0; unit < units; ++unit) {
      double a = 0, b = 0;
      for (const auto& times : some) a += times[unit] / static_cast<double>(some.size());
      for (const auto& times : test.at(label)) b += times[unit] / static_cast<double>(test.at(label).size());
      EXPECT_NEAR(a, b, 15);
    }
  const auto other = times_of(*made(", manifold_seed: 2"), tyto::Split::train);
  EXPECT_NE(train.at(0)[0], other.at(0)[0]);
}

}  // namespace

/// Rules that go by the times of spikes, against closed forms.
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <tyto/plasticity.hpp>

#include "support/workshop.hpp"

namespace {

using Steps = std::set<std::size_t>;

/// One synapse, or one of `count` equal ones, whose neurons fire in given steps.
struct Pair {
  std::string rule;
  double dt_s = 1e-3;
  Steps source = {}, target = {};
  std::size_t steps = 100;
  double weight = 0.5;
  double reward = 0;  ///< in every step
  Steps given = {};   ///< if any: steps in which the reward is given

  /// The change of the weight.
  [[nodiscard]] double change(tyto::Synapses synapses = tyto::Synapses::matrix(1, 1)) const {
    const auto made = workshop::make<tyto::Plasticity>("{type: " + rule + "}");
    const auto kernel = made->kernel_f64(dt_s);
    const tyto::StateSizes sizes = kernel->state(synapses);
    std::vector<double> of_source(sizes.source), of_target(sizes.target), of_synapse(sizes.synapse), other(sizes.other);
    std::vector<double> weights{weight};
    tyto::LocalStep<double> step;
    step.synapses = &synapses;
    step.source_state = of_source;
    step.target_state = of_target;
    step.synapse_state = of_synapse;
    step.other_state = other;
    step.weights = weights;
    step.changes = tyto::Changes<double>(weights, kernel->bounds().lowest, kernel->bounds().highest);
    kernel->start(step);
    for (std::size_t t = 0; t < steps; ++t) {
      const std::uint64_t fires = source.contains(t) ? 1 : 0, answers = target.contains(t) ? 1 : 0;
      step.source = {1, 1, &fires, nullptr};
      step.target = {1, 1, &answers, nullptr};
      step.reward = given.empty() || given.contains(t) ? reward : 0;
      kernel->step(step, true);
    }
    return weights[0] - weight;
  }
};

constexpr double tolerance = 1e-15;

TEST(Stdp, PairsOfSpikesHaveTheirClosedForm) {
  for (std::size_t apart = 1; apart < 60; ++apart) {
    const double far = static_cast<double>(apart) / 20;
    EXPECT_NEAR((Pair{.rule = "stdp", .source = {10}, .target = {10 + apart}}.change()), 0.01 * std::exp(-far),
                tolerance);
    EXPECT_NEAR((Pair{.rule = "stdp", .source = {10 + apart}, .target = {10}}.change()), -0.0105 * std::exp(-far),
                tolerance);
  }
}

TEST(Stdp, SpikesInTheSameStepDoNothing) {
  EXPECT_EQ((Pair{.rule = "stdp", .source = {10}, .target = {10}}.change()), 0);
  const std::string triplets = "stdp, a3_plus: 0.02, a3_minus: 0.03";
  EXPECT_EQ((Pair{.rule = triplets, .source = {10}, .target = {10}}.change()), 0);
}

TEST(Stdp, PairsWithAllSpikesOrWithTheLastOne) {
  const double early = std::exp(-1.0), late = std::exp(-0.5);
  EXPECT_NEAR((Pair{.rule = "stdp", .source = {10, 20}, .target = {30}}.change()), 0.01 * (early + late), tolerance);
  EXPECT_NEAR((Pair{.rule = "stdp, pairing: nearest", .source = {10, 20}, .target = {30}}.change()), 0.01 * late,
              tolerance);
  EXPECT_NEAR((Pair{.rule = "stdp, pairing: nearest", .source = {30}, .target = {10, 20}}.change()), -0.0105 * late,
              tolerance);
}

/// The traces for triplets are those just before a spike, which is not counted itself.
TEST(Stdp, TripletsHaveTheirClosedForm) {
  const std::string rule = "stdp, a_plus: 0.01, a_minus: 0, a3_plus: 0.02, tau_y: 50 ms";
  const double first = std::exp(-0.5), second = std::exp(-1.0), between = std::exp(-10 / 50.0);
  EXPECT_NEAR((Pair{.rule = rule, .source = {10}, .target = {20}}.change()), 0.01 * first, tolerance);
  EXPECT_NEAR((Pair{.rule = rule, .source = {10}, .target = {20, 30}}.change()),
              0.01 * first + second * (0.01 + 0.02 * between), tolerance);
  const std::string other = "stdp, a_plus: 0, a_minus: 0.01, a3_minus: 0.03, tau_x: 40 ms";
  EXPECT_NEAR((Pair{.rule = other, .source = {20, 30}, .target = {10}}.change()),
              -(0.01 * first + second * (0.01 + 0.03 * std::exp(-10 / 40.0))), tolerance);
}

TEST(Stdp, ChangesDoNotDependOnTheTimeStep) {
  for (const std::string rule : {"stdp, a3_plus: 0.01", "reward_stdp, learning_rate: 100"}) {
    const double coarse =
        Pair{.rule = rule, .source = {10, 25}, .target = {13, 40}, .reward = 1, .given = {60}}.change();
    Pair fine{.rule = rule, .dt_s = 1e-4, .source = {100, 250}, .target = {130, 400}, .steps = 1000, .reward = 10};
    fine.given = {600};
    EXPECT_NEAR(fine.change(), coarse, 1e-12 * std::abs(coarse)) << rule;
    EXPECT_NE(coarse, 0);
  }
}

TEST(Stdp, WeightsStayWithinTheirBounds) {
  const Steps often = {10, 20, 30, 40, 50}, later = {11, 21, 31, 41, 51};
  EXPECT_EQ((Pair{.rule = "stdp, a_plus: 0.3, a_minus: 0", .source = often, .target = later}.change()), 0.5);
  EXPECT_EQ((Pair{.rule = "stdp, a_plus: 0, a_minus: 0.3", .source = later, .target = often}.change()), -0.5);
  Pair soft{.rule = "stdp, a_plus: 0.3, a_minus: 0, dependence: multiplicative", .source = often, .target = later};
  const double near = soft.change();
  EXPECT_GT(near, 0.3);
  EXPECT_LT(near, 0.5);
  soft = {.rule = "stdp, a_minus: 0, dependence: multiplicative", .source = {10}, .target = {20}, .weight = 0.8};
  EXPECT_NEAR(soft.change(), 0.2 * 0.01 * std::exp(-0.5), tolerance);
}

TEST(Stdp, ListsOfSynapsesChangeAsAMatrixDoes) {
  const Pair pair{.rule = "stdp, a3_plus: 0.02", .source = {10, 22, 50}, .target = {15, 30, 44}};
  EXPECT_EQ(pair.change(tyto::Synapses::lists(1, {0, 1}, {0})), pair.change());
  EXPECT_NE(pair.change(), 0);
}

/// w' = R c, c' = -c / tau_c after the pair.
TEST(RewardStdp, ARewardFindsWhatIsLeftOfTheEligibility) {
  const double pair = 0.01 * std::exp(-0.5), decay = std::exp(-1e-3 / 0.2);
  const std::string rule = "reward_stdp, tau_c: 200 ms, learning_rate: 10";
  Pair once{.rule = rule, .source = {10}, .target = {20}, .steps = 1000, .reward = 2};
  for (const std::size_t when : {20U, 21U, 100U, 900U}) {
    once.given = {when};
    EXPECT_NEAR(once.change(), 10 * 1e-3 * 2 * pair * std::pow(decay, static_cast<double>(when - 20)), tolerance);
  }
  once.given = {19};
  EXPECT_EQ(once.change(), 0) << "nothing had happened yet";
  once.given = {};
  EXPECT_NEAR(once.change(), 10 * 1e-3 * 2 * pair * (1 - std::pow(decay, 980)) / (1 - decay), 1e-14);
}

TEST(RewardStdp, WhatIsExpectedTeachesNothing) {
  Pair constant{.rule = "reward_stdp, baseline_tau: 10 ms, learning_rate: 10",
                .source = {500},
                .target = {510},
                .steps = 1000,
                .reward = 1};
  EXPECT_NEAR(constant.change(), 0, 1e-15);
  constant.given = {600};
  EXPECT_GT(constant.change(), 1e-7);
}

TEST(Synapses, ListsAscend) {
  EXPECT_THROW(static_cast<void>(tyto::Synapses::lists(1, {}, {})), std::logic_error);
  EXPECT_THROW(static_cast<void>(tyto::Synapses::lists(1, {0, 2}, {0})), std::logic_error);
  EXPECT_THROW(static_cast<void>(tyto::Synapses::lists(1, {0, 2, 1, 2}, {0, 0})), std::logic_error);
}

TEST(Synapses, AreSeenFromBothEnds) {
  const auto lists = tyto::Synapses::lists(3, {0, 2, 2, 5}, {0, 2, 0, 1, 2});
  const auto matrix = tyto::Synapses::matrix(2, 3);
  EXPECT_EQ(lists.count(), 5U);
  EXPECT_EQ(lists.from(), 3U);
  EXPECT_EQ(matrix.count(), 6U);
  for (const auto* synapses : {&lists, &matrix}) {
    std::set<std::array<std::size_t, 3>> forward, backward;
    for (std::size_t i = 0; i < synapses->from(); ++i)
      synapses->for_each_from(i, [&](std::size_t synapse, std::size_t to) { forward.insert({synapse, i, to}); });
    for (std::size_t j = 0; j < synapses->to(); ++j)
      synapses->for_each_to(j, [&](std::size_t synapse, std::size_t from) { backward.insert({synapse, from, j}); });
    EXPECT_EQ(forward, backward);
    EXPECT_EQ(forward.size(), synapses->count());
  }
}

}  // namespace

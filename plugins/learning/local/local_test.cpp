/// Connections with rules of their own in trials.
#include <gtest/gtest.h>

#include "spec/model.hpp"
#include "support/finite_differences.hpp"
#include "support/workshop.hpp"

namespace {

/// Trials of 3 channels, 40 steps of 1 ms.
tyto::Model model_of(const std::string& layers) {
  tyto::spec::Reader reader(workshop::registry());
  tyto::spec::ModelSurroundings around{false, true, {40, 3, 1e-3}, {}, false};
  around.outputs = 2;
  auto built = tyto::spec::build_model(tyto::spec::parse(layers, "layers"), nullptr, around, reader);
  reader.finish();
  return std::move(built.model);
}

tyto::Objective two_classes(const tyto::TrialSet& trials) {
  tyto::Objective objective;
  objective.classes = 2;
  objective.bind(trials.target_info());
  return objective;
}

constexpr const char* layers =
    "{hidden: {type: lif, size: 5, tau: 5 ms, threshold: 0.3, input: {type: %, learn: {rule: stdp}}},"
    " output: {type: lif, size: 2, tau: 5 ms, threshold: 0.3, input: {type: dense, delay: 2 ms, learn: {rule: "
    "reward_stdp, tau_c: 50 ms}}}}";

std::string with(const std::string& projection) {
  std::string text = layers;
  return text.replace(text.find('%'), 1, projection);
}

class LocalRules : public testing::TestWithParam<workshop::Arithmetic> {
 protected:
  /// What learn() leaves for both connections.
  static std::vector<std::vector<double>> learned(tyto::Program& network, const tyto::TrialSet& trials,
                                                  std::vector<std::uint32_t> index, double expected) {
    const auto objective = two_classes(trials);
    network.learn({&trials, index, {}}, {&objective, expected});
    return {network.gradient(network.arrays().of_input(0, 0).first),
            network.gradient(network.arrays().of_input(1, 0).first)};
  }
};

TEST_P(LocalRules, ABatchChangesByTheMeanOfItsTrials) {
  for (const std::string projection : {"dense", "sparse, probability: 0.5, weight: 0.5"}) {
    const auto model = model_of(with(projection));
    tyto::Executor executor(1);
    const auto network = workshop::compile(model, GetParam(), executor);
    tyto::initialise(*network, 2);
    const auto trials = workshop::random_trials(20, {40, 3, 1e-3}, 2);
    std::vector<std::uint32_t> all;
    std::vector<std::vector<double>> sum;
    for (std::uint32_t trial = 0; trial < 20; ++trial) {
      all.push_back(trial);
      const auto one = learned(*network, trials, {trial}, 0.25);
      if (sum.empty()) sum.assign({std::vector<double>(one[0].size()), std::vector<double>(one[1].size())});
      for (std::size_t a = 0; a < 2; ++a)
        for (std::size_t k = 0; k < one[a].size(); ++k) sum[a][k] += one[a][k] / 20;
    }
    const auto together = learned(*network, trials, all, 0.25);
    for (std::size_t a = 0; a < 2; ++a) {
      double largest = 0;
      for (std::size_t k = 0; k < sum[a].size(); ++k) {
        EXPECT_NEAR(together[a][k], sum[a][k], GetParam().is_double() ? 1e-15 : 1e-7);
        largest = std::max(largest, std::abs(sum[a][k]));
      }
      EXPECT_GT(largest, 1e-5) << "nothing was learned";
    }
  }
}

TEST_P(LocalRules, DoNotDependOnThreads) {
  const auto model = model_of(with("dense"));
  const auto trials = workshop::random_trials(50, {40, 3, 1e-3}, 2);
  std::vector<std::uint32_t> all(50);
  for (std::uint32_t trial = 0; trial < 50; ++trial) all[trial] = trial;
  std::vector<std::vector<double>> first;
  for (const std::size_t threads : {1U, 2U, 3U}) {
    tyto::Executor executor(threads);
    const auto network = workshop::compile(model, GetParam(), executor);
    tyto::initialise(*network, 2);
    auto found = learned(*network, trials, all, 0.5);
    network->apply(*workshop::make<tyto::Optimizer>("{type: sgd, learning_rate: 1}"));
    for (std::size_t a = 0; a < network->arrays().size(); ++a) found.push_back(network->get(a));
    if (first.empty()) first = found;
    EXPECT_EQ(found, first) << threads;
  }
}

/// Nothing is learned outside of its time, rewards included.
TEST_P(LocalRules, LearnInTheirTimeOnly) {
  const auto trials = workshop::random_trials(6, {40, 3, 1e-3}, 2);
  const auto changes = [&](const std::string& rule) {
    const auto model = model_of(
        "{output: {type: lif, size: 2, tau: 5 ms, threshold: 0.3, input: {type: dense, learn: {" + rule + "}}}}");
    tyto::Executor executor(1);
    const auto network = workshop::compile(model, GetParam(), executor);
    tyto::initialise(*network, 2);
    const auto objective = two_classes(trials);
    const std::vector<std::uint32_t> all{0, 1, 2, 3, 4, 5};
    network->learn({&trials, all, {}}, {&objective, 0});
    return network->gradient(0);
  };
  const std::vector<double> nothing(6, 0.0);
  for (const std::string rule : {"rule: stdp", "rule: reward_stdp"}) {
    const auto whole = changes(rule);
    EXPECT_NE(whole, nothing) << rule;
    EXPECT_NE(changes(rule + ", from: 20 ms, until: 21 ms"), whole) << rule;
  }
  EXPECT_EQ(changes("rule: reward_stdp, until: 30 ms"), nothing) << "the reward comes after the last step";
  EXPECT_EQ(changes("rule: reward_stdp, from: 39 ms"), changes("rule: reward_stdp"));
}

TEST_P(LocalRules, WeightsChangeByWhatWasAddedUpWithinTheirBounds) {
  const auto model = model_of(
      "{output: {type: lif, size: 2, tau: 5 ms, threshold: 0.3, input: [{type: dense, learn: {rule: stdp, lowest: "
      "-0.5, "
      "highest: 0.5}}, {type: dense, name: still}]}}");
  tyto::Executor executor(1);
  const auto network = workshop::compile(model, GetParam(), executor);
  tyto::initialise(*network, 2);
  const auto trials = workshop::random_trials(4, {40, 3, 1e-3}, 2);
  const auto objective = two_classes(trials);
  const std::vector<std::uint32_t> all{0, 1, 2, 3};
  const auto before = network->get(0), still = network->get(1);
  network->learn({&trials, all, {}}, {&objective, 0});
  const auto gradient = network->gradient(0);
  network->apply(*workshop::make<tyto::Optimizer>("{type: sgd, learning_rate: 1}"));
  const auto after = network->get(0);
  for (std::size_t k = 0; k < after.size(); ++k)
    EXPECT_NEAR(after[k], std::clamp(before[k] - gradient[k], -0.5, 0.5), GetParam().is_double() ? 1e-15 : 1e-6);
  EXPECT_NE(after, before);
  EXPECT_EQ(network->get(1), still);
}

INSTANTIATE_TEST_SUITE_P(Every, LocalRules, testing::ValuesIn(workshop::arithmetics()),
                         [](const auto& one) { return workshop::name_of(one.param); });

}  // namespace

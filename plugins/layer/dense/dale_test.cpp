/// Dale's law: gradients, signs that never flip, and the choice of the inhibitory neurons.
#include <tyto/dale.hpp>

#include <algorithm>

#include "support/finite_differences.hpp"

namespace {

constexpr tyto::TrialShape shape{20, 6, 1e-3};

std::string dense(const std::string& method, const std::string& more = "") {
  return "{type: dense, dale: {method: " + method + more + "}}";
}

tyto::Model dale_model(const std::string& method) {
  return workshop::chain(
      shape, {{"hidden", 5, "{type: lif, tau: 5 ms}", "{type: dense, scale: 3, dale: {method: " + method + "}}"},
              {"output", 3, "{type: leaky_integrator, tau: 4 ms}", dense(method)}});
}

tyto::Objective three_classes(const tyto::TrialSet& trials) {
  tyto::Objective objective;
  objective.classes = 3;
  objective.bind(trials.target_info());
  return objective;
}

std::size_t violations(const tyto::Program& network) {
  return tyto::sign_violations(network.get(0), network.get(1)) + tyto::sign_violations(network.get(2), network.get(3));
}

class DaleMethod : public testing::TestWithParam<std::string> {};

TEST_P(DaleMethod, GradientEqualsFiniteDifferences) {
  const auto trials = workshop::random_trials(5, shape, 3);
  tyto::Executor executor(2);
  const auto network = workshop::compile(dale_model(GetParam()), {"cpu", tyto::Precision::float64}, executor);
  tyto::initialise(*network, 3);
  workshop::expect_true_gradients(*network, trials, three_classes(trials));
}

TEST_P(DaleMethod, WeightsStartAndStayWithinTheLaw) {
  const auto trials = workshop::random_trials(24, shape, 3);
  tyto::Executor executor(2);
  const auto network = workshop::compile(dale_model(GetParam()), {"cpu", tyto::Precision::float32}, executor);
  tyto::initialise(*network, 3);
  const auto started = network->get(0);
  EXPECT_EQ(violations(*network), 0U);
  EXPECT_TRUE(std::any_of(started.begin(), started.begin() + 15, [](double w) { return w < 0; }));
  EXPECT_TRUE(std::all_of(started.begin(), started.begin() + 15, [](double w) { return w <= 0; }));
  EXPECT_TRUE(std::all_of(started.begin() + 15, started.end(), [](double w) { return w >= 0; }));
  const auto objective = three_classes(trials);
  const auto surrogate = workshop::surrogate("sigmoid");
  const auto optimizer = workshop::make<tyto::Optimizer>("{type: adam, learning_rate: 0.05}");
  tyto::Backpropagation request;
  request.objective = &objective;
  request.surrogate = surrogate.get();
  const auto index = workshop::all_of(trials);
  double first = 0, last = 0;
  for (int k = 0; k < 100; ++k) {
    last = network->backpropagate({&trials, index, {}}, request).loss;
    if (k == 0) first = last;
    network->apply(*optimizer);
    ASSERT_EQ(violations(*network), 0U) << "after update " << k;
  }
  EXPECT_NE(network->get(0), started);
  EXPECT_LT(last, first) << "the weights learn within the law";
}

/// Updates as a network makes them, with gradients that try to push every weight over zero again and again.
TEST_P(DaleMethod, NoSignFlipsInAMillionRandomUpdates) {
  const auto layer = workshop::make<tyto::Layer>(dense(GetParam(), ", learning_rate: 0.3"));
  const auto arrays = layer->arrays(4, 3);
  ASSERT_EQ(arrays.size(), 2U);
  const std::vector<double> signs{-1, -1, 1, 1};
  std::vector<double> stored(12), effective(12), gradient(12);
  tyto::Random random(tyto::stream_key(11, "dale test"));
  for (double& w : stored) w = random.uniform(-1, 1);
  const tyto::ConstrainedArray<double> array{stored, signs, arrays[0].shape};
  arrays[0].constraint->admit(stored, array);
  const auto sgd = workshop::make<tyto::Optimizer>("{type: sgd, learning_rate: 0.3}");
  const tyto::Optimizer& optimizer = arrays[0].optimizer ? *arrays[0].optimizer : *sgd;
  std::vector<double> memory(optimizer.slots() * stored.size(), 0.0);
  std::size_t flips = 0, pushed_over = 0;
  for (std::int64_t step = 1; step <= 1'000'000; ++step) {
    for (std::size_t i = 0; i < 12; ++i) {
      gradient[i] = random.uniform(-1, 1);
      pushed_over += 0.3 * std::abs(gradient[i]) > std::abs(stored[i]) ? 1 : 0;
    }
    arrays[0].constraint->chain(array, gradient);
    optimizer.update(stored, gradient, memory, step);
    arrays[0].constraint->project(stored, array);
    arrays[0].constraint->effective(array, effective);
    flips += tyto::sign_violations(effective, signs);
  }
  EXPECT_EQ(flips, 0U);
  EXPECT_GT(pushed_over, 1000U) << "without large steps the law is not put to the test";
}
std::string method_name(const testing::TestParamInfo<std::string>& info) { return info.param; }
INSTANTIATE_TEST_SUITE_P(Every, DaleMethod, testing::Values("mask", "projected", "exponentiated"), method_name);

TEST(Dale, FractionAndUnits) {
  const auto drawn = [](const std::string& more, std::uint64_t seed, std::size_t from) {
    const auto layer = workshop::make<tyto::Layer>(dense("mask", more));
    std::vector<double> signs(from);
    tyto::Random random(tyto::stream_key(seed, "weights/hidden/stimulus/sign"));
    layer->arrays(from, 2)[1].initialise(random, signs);
    return signs;
  };
  EXPECT_EQ(drawn(", inhibitory_fraction: 0.3", 1, 5), (std::vector<double>{-1, -1, 1, 1, 1}));
  EXPECT_EQ(drawn(", inhibitory_fraction: 0", 1, 2), (std::vector<double>{1, 1}));
  EXPECT_EQ(drawn(", inhibitory_fraction: 1", 1, 2), (std::vector<double>{-1, -1}));
  const auto one = drawn(", inhibitory_fraction: 0.25, units: random", 1, 200);
  const auto two = drawn(", inhibitory_fraction: 0.25, units: random", 2, 200);
  EXPECT_EQ(std::count(one.begin(), one.end(), -1.0), 50);
  EXPECT_EQ(std::count(two.begin(), two.end(), -1.0), 50);
  EXPECT_NE(one, two);
  EXPECT_LT(std::count(one.begin(), one.begin() + 50, -1.0), 50) << "not simply the first ones";
}

TEST(Dale, ExponentiatedGradientFollowsItsFormula) {
  const auto optimizer = workshop::make<tyto::Optimizer>("{type: exponentiated_gradient, learning_rate: 0.5}");
  std::vector<double> w{2, -2, 0}, none;
  optimizer->update(w, std::vector<double>{0.3, 0.3, 0.3}, none, 1);
  EXPECT_DOUBLE_EQ(w[0], 2 * std::exp(-0.15));
  EXPECT_DOUBLE_EQ(w[1], -2 * std::exp(0.15));
  EXPECT_EQ(w[2], 0);
  optimizer->update(w, std::vector<double>{1, 1, 1}, none, {2, 0.1});
  EXPECT_DOUBLE_EQ(w[0], 2 * std::exp(-0.15) * std::exp(-0.05)) << "the schedule scales the learning rate";
}

TEST(Dale, ViolationsAreCounted) {
  EXPECT_EQ(tyto::sign_violations(std::vector<double>{1, -1, 0, 2}, std::vector<double>{-1, 1}), 1U);
  EXPECT_EQ(tyto::sign_violations(std::vector<double>{1, -1, -3, 2}, std::vector<double>{-1, 1}), 2U);
  EXPECT_EQ(tyto::sign_violations({}, {}), 0U);
}

}  // namespace

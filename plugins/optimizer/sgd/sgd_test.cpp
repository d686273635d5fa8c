/// Stochastic gradient descent against its definition.
#include <cmath>
#include <vector>

#include "support/optimizing.hpp"

namespace {

using optimizing::follow;

TEST(Sgd, PlainStepsFollowTheGradient) {
  const auto path = follow("{type: sgd, learning_rate: 0.1}", {2, -1, 0.5});
  EXPECT_DOUBLE_EQ(path[0], 0.8);
  EXPECT_DOUBLE_EQ(path[1], 0.9);
  EXPECT_DOUBLE_EQ(path[2], 0.85);
}

TEST(Sgd, MomentumIsGeometric) {
  // With a constant gradient g the velocity is g (1 - m^n) / (1 - m).
  const auto path = follow("{type: sgd, learning_rate: 0.01, momentum: 0.9}", std::vector<double>(20, 3.0));
  double expected = 1;
  for (int n = 1; n <= 20; ++n) expected -= 0.01 * 3 * (1 - std::pow(0.9, n)) / 0.1;
  EXPECT_NEAR(path.back(), expected, 1e-12);
}

TEST(Sgd, NesterovLooksAheadAndNeedsMomentum) {
  const auto path = follow("{type: sgd, learning_rate: 0.1, momentum: 0.5, nesterov: true}", {1, 1});
  EXPECT_DOUBLE_EQ(path[0], 1 - 0.1 * 1.5);
  EXPECT_DOUBLE_EQ(path[1], path[0] - 0.1 * (1 + 0.5 * 1.5));
  EXPECT_THROW(workshop::make<tyto::Optimizer>("{type: sgd, nesterov: true}"), tyto::InvalidInput);
}

TEST(Sgd, WeightDecayPullsToZero) {
  const auto path = follow("{type: sgd, learning_rate: 0.1, weight_decay: 0.5}", {0, 0});
  EXPECT_DOUBLE_EQ(path[1], 0.95 * 0.95);
}

}  // namespace

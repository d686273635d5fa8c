/// Optimizers and surrogates against their definitions.
#include <cmath>
#include <vector>

#include "support/workshop.hpp"

namespace {

std::vector<double> follow(const std::string& yaml, const std::vector<double>& gradients) {
  const auto optimizer = workshop::make<tyto::Optimizer>(tyto::Kind::optimizer, yaml);
  std::vector<double> parameter{1.0};
  std::vector<double> memory(optimizer->slots(), 0.0);
  std::vector<double> path;
  for (std::size_t k = 0; k < gradients.size(); ++k) {
    optimizer->update(parameter, std::span(gradients).subspan(k, 1), memory, static_cast<std::int64_t>(k + 1));
    path.push_back(parameter[0]);
  }
  return path;
}

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
  EXPECT_THROW(workshop::make<tyto::Optimizer>(tyto::Kind::optimizer, "{type: sgd, nesterov: true}"),
               tyto::InvalidInput);
}

TEST(Sgd, WeightDecayPullsToZero) {
  const auto path = follow("{type: sgd, learning_rate: 0.1, weight_decay: 0.5}", {0, 0});
  EXPECT_DOUBLE_EQ(path[1], 0.95 * 0.95);
}

TEST(Adam, FirstStepHasTheLengthOfTheLearningRate) {
  for (const double gradient : {1e-3, 1.0, -50.0}) {
    const auto path = follow("{type: adam, learning_rate: 0.01}", {gradient});
    EXPECT_NEAR(path[0], 1 - std::copysign(0.01, gradient), 1e-6);
  }
}

TEST(Surrogates, DerivativesAreThoseOfTheirPrimitives) {
  for (const std::string yaml :
       {"sigmoid", "{type: sigmoid, slope: 2}", "superspike", "{type: superspike, scale: 7}"}) {
    const auto surrogate = workshop::surrogate(yaml);
    for (const double u : {-1.3, -0.2, -0.01, 0.02, 0.4, 2.0}) {
      const double h = 1e-6;
      const double slope = (surrogate->primitive(u + h) - surrogate->primitive(u - h)) / (2 * h);
      std::vector<double> derivative{u};
      surrogate->derivative(derivative, derivative);
      EXPECT_NEAR(derivative[0], slope, 1e-6) << yaml << " at " << u;
      std::vector<float> single{static_cast<float>(u)};
      surrogate->derivative(single, single);
      EXPECT_NEAR(single[0], derivative[0], 1e-5) << yaml << " at " << u;
    }
  }
}

}  // namespace

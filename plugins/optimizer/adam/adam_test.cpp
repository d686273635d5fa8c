/// Adam against its definition; the golden files check whole trainings.
#include <cmath>

#include "support/optimizing.hpp"

namespace {

using optimizing::follow;

TEST(Adam, FirstStepHasTheLengthOfTheLearningRate) {
  for (const double gradient : {1e-3, 1.0, -50.0}) {
    const auto path = follow("{type: adam, learning_rate: 0.01}", {gradient});
    EXPECT_NEAR(path[0], 1 - std::copysign(0.01, gradient), 1e-6);
  }
}

}  // namespace

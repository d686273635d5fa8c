#include <tyto/distribution.hpp>

#include <cmath>

#include <gtest/gtest.h>

#include <tyto/analysis_tools.hpp>
#include <tyto/error.hpp>

namespace {

using tyto::Distribution;

tyto::Random random_of(std::uint64_t seed) { return tyto::Random(tyto::stream_key(seed, "distribution test")); }

TEST(Distribution, NormalIsCutOffAtItsRange) {
  Distribution wanted;
  wanted.shape = Distribution::Shape::normal;
  wanted.low = -1;
  wanted.high = 2;
  wanted.mean = 0;
  wanted.deviation = 1;
  auto random = random_of(1);
  tyto::Moments moments;
  constexpr std::size_t count = 100'000;
  for (std::size_t i = 0; i < count; ++i) moments.add(wanted.draw(random, i));
  EXPECT_GE(moments.minimum(), -1);
  EXPECT_LE(moments.maximum(), 2);
  // Closed form of the truncated normal distribution: with density phi and cumulative Phi, the mean is
  // (phi(-1) - phi(2)) / Z and the variance 1 + (-phi(-1) - 2 phi(2)) / Z - mean^2, Z = Phi(2) - Phi(-1).
  const double low = 0.2419707245, high = 0.0539909665, z = 0.9772498681 - 0.1586552539;
  const double mean = (low - high) / z, variance = 1 + (-low - 2 * high) / z - mean * mean;
  EXPECT_NEAR(moments.mean(), mean, 5 * std::sqrt(variance / count));
  EXPECT_NEAR(moments.sd(), std::sqrt(variance), 0.01);
}

TEST(Distribution, WithoutMeanAndDeviationTheNormalFillsTheRange) {
  Distribution wanted;
  wanted.shape = Distribution::Shape::normal;
  wanted.low = 10;
  wanted.high = 20;
  auto random = random_of(2);
  tyto::Moments moments;
  for (std::size_t i = 0; i < 10'000; ++i) moments.add(wanted.draw(random, i));
  EXPECT_NEAR(moments.mean(), 15, 0.1);
  EXPECT_NEAR(moments.sd(), 2.5 * 0.88, 0.1);  // cut off at two deviations
}

/// Whatever the shape is, and also for given values, one number is taken, so that what is drawn next is the same.
TEST(Distribution, TakesOneNumber) {
  const auto next = [](const Distribution& distribution) {
    auto random = random_of(3);
    static_cast<void>(distribution.draw(random, 0));
    return random.bits();
  };
  Distribution uniform, normal, given;
  normal.shape = Distribution::Shape::normal;
  given.values = {0.5};
  EXPECT_EQ(next(uniform), next(normal));
  EXPECT_EQ(next(uniform), next(given));
}

TEST(Distribution, NeedsAValueForEachNeuron) {
  Distribution given;
  given.values = {1, 3, 2};
  EXPECT_NO_THROW(given.check("rates", 3));
  EXPECT_THROW(given.check("rates", 4), tyto::Error);
  EXPECT_EQ(given.least(), 1);
  EXPECT_EQ(given.greatest(), 3);
}

}  // namespace

/// The exponential function that vectorises, against the standard library's in double precision.
#include <tyto/math.hpp>

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

namespace {

TEST(Exponential, IsWithinItsBoundOfTheTrueValue) {
  double largest = 0;
  for (int k = -870'000; k <= 880'000; ++k) {
    const auto x = static_cast<float>(k) * 1e-4F;
    const double exact = std::exp(static_cast<double>(x));
    largest = std::max(largest, std::abs(static_cast<double>(tyto::exponential(x)) / exact - 1));
  }
  EXPECT_LE(largest, 2e-7);
  EXPECT_GT(largest, 0);
}

TEST(Exponential, StaysAsItIsBeyondItsRange) {
  EXPECT_EQ(tyto::exponential(-1000.0F), tyto::exponential(-87.0F));
  EXPECT_EQ(tyto::exponential(1000.0F), tyto::exponential(88.0F));
  EXPECT_EQ(tyto::exponential(0.0F), 1.0F);
}

}  // namespace

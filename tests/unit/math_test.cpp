/// Elementary functions against the C library's in twice the precision, and where they are not defined or exact.
#include <tyto/math.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace {

using Long = long double;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Distance from the true value in units of the last place of S.
template <class S>
double units_off(S found, Long exact) {
  const S nearest = static_cast<S>(exact);
  if (!std::isfinite(found) || !std::isfinite(nearest)) return found == nearest ? 0 : kInfinity;
  int exponent = 0;
  std::frexp(nearest, &exponent);
  const int last = std::max(exponent - std::numeric_limits<S>::digits,
                            std::numeric_limits<S>::min_exponent - std::numeric_limits<S>::digits);
  return static_cast<double>(std::abs(static_cast<Long>(found) - exact) / std::ldexp(Long(1), last));
}

/// Values that cover an interval evenly, and with a sign all powers of two in it.
std::vector<double> evenly(double low, double high) {
  std::vector<double> x;
  constexpr int count = 100'000;
  for (int k = 0; k <= count; ++k) x.push_back(low + (high - low) * (k + 0.37) / (count + 1));
  return x;
}
std::vector<double> by_size(double low_power, double high_power, bool negative) {
  std::vector<double> x;
  for (const double power : evenly(low_power, high_power)) x.push_back(std::exp2(power));
  if (negative) std::transform(x.begin(), x.end(), x.begin(), [k = 0](double v) mutable { return ++k % 2 ? v : -v; });
  return x;
}

template <class S, class Function, class Exact>
double worst(const std::vector<double>& at, Function function, Exact exact) {
  double most = 0;
  for (const double x : at)
    most = std::max(most, units_off(function(static_cast<S>(x)), exact(static_cast<Long>(static_cast<S>(x)))));
  return most;
}

#define TYTO_BOUND(S, name, exact, at, bound)                                            \
  EXPECT_LE(worst<S>(                                                                    \
                at, [](S x) { return tyto::name(x); }, [](Long x) { return exact(x); }), \
            bound)                                                                       \
      << #name

TEST(Math, IsWithinAUnitOfTheLastPlace) {
  TYTO_BOUND(double, exp, std::exp, evenly(-700, 700), 1);
  TYTO_BOUND(double, exp, std::exp, evenly(-745, -708), 1.5);
  TYTO_BOUND(double, expm1, std::expm1, by_size(-1000, 9, true), 1);
  TYTO_BOUND(double, log, std::log, by_size(-1000, 1000, false), 1);
  TYTO_BOUND(double, log, std::log, evenly(0.3, 3), 1);
  TYTO_BOUND(double, log, std::log, by_size(-1070, -1022, false), 1);
  TYTO_BOUND(double, log1p, std::log1p, evenly(-0.999, 3), 1);
  TYTO_BOUND(double, log1p, std::log1p, by_size(-500, 500, false), 1);
  TYTO_BOUND(double, sin, std::sin, evenly(-10, 10), 1);
  TYTO_BOUND(double, cos, std::cos, evenly(-10, 10), 1);
  TYTO_BOUND(double, sin, std::sin, evenly(-2e9, 2e9), 1);
  TYTO_BOUND(double, cos, std::cos, evenly(-2e9, 2e9), 1);
  TYTO_BOUND(double, sin, std::sin, by_size(-500, 2, true), 1);
  TYTO_BOUND(double, tanh, std::tanh, by_size(-500, 5, true), 2.5);
}

TEST(Math, IsExactToFloat32) {
  TYTO_BOUND(float, exp, std::exp, evenly(-87, 88.7), 0.51);
  TYTO_BOUND(float, expm1, std::expm1, by_size(-100, 6, true), 0.51);
  TYTO_BOUND(float, log, std::log, by_size(-125, 127, false), 0.51);
  TYTO_BOUND(float, log1p, std::log1p, by_size(-120, 127, false), 0.51);
  TYTO_BOUND(float, log1p, std::log1p, evenly(-0.999, 3), 0.51);
  TYTO_BOUND(float, sin, std::sin, evenly(-1000, 1000), 0.51);
  TYTO_BOUND(float, cos, std::cos, evenly(-1000, 1000), 0.51);
  TYTO_BOUND(float, tanh, std::tanh, by_size(-100, 4, true), 0.51);
}

TEST(Math, TakesPowersAndAngles) {
  const auto power = [](double x, double y) { return units_off(tyto::pow(x, y), std::pow(Long(x), Long(y))); };
  const auto angle = [](double y, double x) { return units_off(tyto::atan2(y, x), std::atan2(Long(y), Long(x))); };
  double worst_power = 0, worst_angle = 0;
  for (const double x : by_size(-4, 4, false)) {
    for (const double y : {-3.7, 0.01, 0.5, 2.0, 7.3}) worst_power = std::max(worst_power, power(x, y));
    for (const double y : {-3.0, -0.1, 0.3, 20.0}) worst_angle = std::max({worst_angle, angle(y, x), angle(y, -x)});
  }
  EXPECT_LE(worst_power, 2.5);
  EXPECT_LE(worst_angle, 2.5);
  EXPECT_EQ(tyto::pow(-2.0, 3.0), -8);
  EXPECT_EQ(tyto::pow(-2.0, 2.0), 4);
  EXPECT_TRUE(std::isnan(tyto::pow(-2.0, 0.5)));
  EXPECT_EQ(tyto::pow(0.0, 2.0), 0);
  EXPECT_EQ(tyto::pow(2.0, kInfinity), kInfinity);
  EXPECT_EQ(tyto::atan2(0.0, -1.0), std::atan2(0.0, -1.0));
}

template <class S>
void expect_special_values() {
  const S infinity = std::numeric_limits<S>::infinity(), none = std::numeric_limits<S>::quiet_NaN();
  EXPECT_EQ(tyto::exp(-infinity), S(0));
  EXPECT_EQ(tyto::exp(infinity), infinity);
  EXPECT_EQ(tyto::exp(S(0)), S(1));
  EXPECT_EQ(tyto::exp(S(1000)), infinity);
  EXPECT_EQ(tyto::exp(S(-1000)), S(0));
  EXPECT_EQ(tyto::expm1(S(-1000)), S(-1));
  EXPECT_EQ(tyto::expm1(S(1000)), infinity);
  EXPECT_EQ(tyto::expm1(S(0)), S(0));
  EXPECT_EQ(tyto::log(S(0)), -infinity);
  EXPECT_EQ(tyto::log(S(1)), S(0));
  EXPECT_EQ(tyto::log(infinity), infinity);
  EXPECT_TRUE(std::isnan(tyto::log(S(-1))));
  EXPECT_EQ(tyto::log1p(S(-1)), -infinity);
  EXPECT_TRUE(std::isnan(tyto::log1p(S(-2))));
  EXPECT_EQ(tyto::tanh(S(100)), S(1));
  EXPECT_TRUE(std::isnan(tyto::sin(infinity)));
  EXPECT_EQ(tyto::cos(S(0)), S(1));
  EXPECT_TRUE(std::isnan(tyto::exp(none)) && std::isnan(tyto::expm1(none)) && std::isnan(tyto::log(none)) &&
              std::isnan(tyto::log1p(none)) && std::isnan(tyto::sin(none)) && std::isnan(tyto::cos(none)) &&
              std::isnan(tyto::tanh(none)) && std::isnan(tyto::pow(none, S(2))));
}
TEST(Math, HasInfinityAndNoNumbersWhereTheyBelong) {
  expect_special_values<float>();
  expect_special_values<double>();
}

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

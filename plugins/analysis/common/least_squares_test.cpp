#include "analysis/common/least_squares.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace {

using fitting::fit_curve;

/// y = a exp(b x) at x = 0, 0.1, ..
struct Exponential {
  std::size_t count;
  template <class T>
  void operator()(const T* p, T* out) const {
    using std::exp;
    for (std::size_t i = 0; i < count; ++i) out[i] = p[0] * exp(p[1] * T(0.1 * static_cast<double>(i)));
  }
};

struct Constant {
  template <class T>
  void operator()(const T* p, T* out) const {
    for (std::size_t i = 0; i < 4; ++i) out[i] = p[0];
  }
};

struct Broken {
  template <class T>
  void operator()(const T* p, T* out) const {
    for (std::size_t i = 0; i < 5; ++i) out[i] = p[0] / T(0.0);
  }
};

/// Two valleys, near -2 with a rest of about 1 and at 2 with none.
struct Valleys {
  template <class T>
  void operator()(const T* p, T* out) const {
    const T x = p[0];
    out[0] = (x - T(2)) * (x + T(2));
    out[1] = T(1) + (x - T(2)) * T(0.25);
  }
};

TEST(LeastSquares, FindsTheParametersOfAnExactCurve) {
  const Exponential curve{20};
  std::vector<double> observed(20);
  const std::array<double, 2> truth{3, -1.5};
  curve(truth.data(), observed.data());
  const std::vector<std::array<double, 2>> starts{{1, 0}};
  const auto fit = fit_curve<2>(curve, std::span<const double>(observed), std::span(std::as_const(starts)));
  EXPECT_TRUE(fit.converged);
  EXPECT_NEAR(fit.parameters[0], 3, 1e-6);
  EXPECT_NEAR(fit.parameters[1], -1.5, 1e-6);
  EXPECT_NEAR(fit.r_squared, 1, 1e-10);
  EXPECT_NEAR(fit.rms_residual, 0, 1e-6);
}

TEST(LeastSquares, MeasuresWhatIsLeftOver) {
  const std::vector<double> observed{1, 2, 3, 6};
  const std::vector<std::array<double, 1>> starts{{0}};
  const auto fit = fit_curve<1>(Constant{}, std::span<const double>(observed), std::span(std::as_const(starts)));
  EXPECT_TRUE(fit.converged);
  EXPECT_NEAR(fit.parameters[0], 3, 1e-9);
  EXPECT_NEAR(fit.r_squared, 0, 1e-12);
  EXPECT_NEAR(fit.rms_residual, std::sqrt(14.0 / 4), 1e-9);
}

TEST(LeastSquares, SaysSoIfThereIsNothingToFit) {
  const std::vector<std::array<double, 2>> starts{{1, 0}};
  const std::vector<double> flat(20, 2.0), few{1, 2};
  for (const auto& observed : {flat, few}) {
    const auto fit =
        fit_curve<2>(Exponential{observed.size()}, std::span<const double>(observed), std::span(std::as_const(starts)));
    EXPECT_FALSE(fit.converged);
    EXPECT_TRUE(std::isnan(fit.r_squared));
    EXPECT_TRUE(std::isnan(fit.parameters[0]));
  }
}

TEST(LeastSquares, SaysSoIfTheCurveIsNotFinite) {
  const std::vector<double> observed{1, 2, 3, 4, 6};
  const std::vector<std::array<double, 1>> starts{{1}};
  const auto fit = fit_curve<1>(Broken{}, std::span<const double>(observed), std::span(std::as_const(starts)));
  EXPECT_FALSE(fit.converged);
  EXPECT_TRUE(std::isnan(fit.parameters[0]));
}

TEST(LeastSquares, TakesTheBestStartingPoint) {
  const std::vector<double> observed{0, 1};
  const std::vector<std::array<double, 1>> starts{{-3}, {3}};
  const auto fit = fit_curve<1>(Valleys{}, std::span<const double>(observed), std::span(std::as_const(starts)));
  EXPECT_TRUE(fit.converged);
  EXPECT_NEAR(fit.parameters[0], 2, 1e-5);
}

TEST(Correlation, IsPearsons) {
  const std::vector<double> a{1, 2, 3}, b{2, 4, 6}, c{3, 2, 1}, flat{1, 1, 1}, other{1, 3, 2};
  EXPECT_NEAR(fitting::correlation(a, b), 1, 1e-12);
  EXPECT_NEAR(fitting::correlation(a, c), -1, 1e-12);
  EXPECT_NEAR(fitting::correlation(a, other), 0.5, 1e-12);
  EXPECT_TRUE(std::isnan(fitting::correlation(a, flat)));
}

}  // namespace

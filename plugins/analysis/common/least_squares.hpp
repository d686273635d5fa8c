/// Fits of curves with a few parameters by Levenberg and Marquardt's method (Ceres's TinySolver), with exact
/// derivatives, from several starting points.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include <ceres/jet.h>
#include <ceres/tiny_solver.h>
#include <ceres/tiny_solver_autodiff_function.h>

#include <tyto/math.hpp>

namespace fitting {

inline constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

// Ceres's functions of its dual numbers take values from the C library, whose last bits depend on the processor.
template <class S, int count>
ceres::Jet<S, count> exp(const ceres::Jet<S, count>& x) {
  const S value = tyto::exp(x.a);
  return {value, value * x.v};
}
template <class S, int count>
ceres::Jet<S, count> log(const ceres::Jet<S, count>& x) {
  return {tyto::log(x.a), S(1) / x.a * x.v};
}
using tyto::exp;
using tyto::log;

/// What came out of a fit. Without observations that differ there is nothing to fit: then all numbers are NaN.
template <int count>
struct Fit {
  std::array<double, count> parameters{};
  bool converged = false;
  double rms_residual = undefined;  ///< root mean square of observed minus fitted, over the observations
  double r_squared = undefined;     ///< 1 - sum of squared residuals / sum of squared distances from the mean
  int iterations = 0;
};

namespace detail {

/// Sum of squared distances from the mean; 0 for what is no more than the rounding of equal numbers.
inline double spread(std::span<const double> observed) {
  double mean = 0;
  for (const double value : observed) mean += value / static_cast<double>(observed.size());
  double sum = 0, squares = 0;
  for (const double value : observed) {
    sum += (value - mean) * (value - mean);
    squares += value * value;
  }
  return sum > 1e-24 * squares ? sum : 0;
}

/// Residuals in units of the observations' spread, so that the solver's tolerances mean the same for all data.
template <class Curve>
struct Residuals {
  const Curve& curve;
  std::span<const double> observed;
  double scale = 1;

  [[nodiscard]] int NumResiduals() const { return static_cast<int>(observed.size()); }
  template <class T>
  bool operator()(const T* parameters, T* residuals) const {
    curve(parameters, residuals);
    for (std::size_t i = 0; i < observed.size(); ++i) residuals[i] = (residuals[i] - T(observed[i])) * T(scale);
    return true;
  }
};

}  // namespace detail

/// Fits curve(parameters, out), which writes the curve at all observations, for numbers and for dual numbers. The
/// best of the fits from all starting points is returned, a converged one before others.
template <int count, class Curve>
[[nodiscard]] Fit<count> fit_curve(const Curve& curve, std::span<const double> observed,
                                   std::span<const std::array<double, count>> starts) {
  using Function = detail::Residuals<Curve>;
  using AutoDiff = ceres::TinySolverAutoDiffFunction<Function, Eigen::Dynamic, count>;
  Fit<count> best;
  best.parameters.fill(undefined);
  const double total = observed.size() > count ? detail::spread(observed) : 0;
  if (!(total > 0) || !std::isfinite(total)) return best;

  const Function function{curve, observed, 1 / std::sqrt(total)};
  const AutoDiff differentiated(function);
  double least = std::numeric_limits<double>::infinity();
  for (const auto& start : starts) {
    ceres::TinySolver<AutoDiff> solver;
    solver.options.max_num_iterations = 500;
    solver.options.function_tolerance = 1e-14;
    solver.options.gradient_tolerance = 1e-12;
    solver.options.parameter_tolerance = 1e-10;
    Eigen::Matrix<double, count, 1> x(start.data());
    const auto& summary = solver.Solve(differentiated, &x);
    const bool finite = x.allFinite() && std::isfinite(summary.final_cost);
    if (!finite) continue;
    const bool converged = summary.status != ceres::TinySolver<AutoDiff>::HIT_MAX_ITERATIONS;
    // Equal costs are decided by the order of the starting points.
    if (best.converged == converged ? summary.final_cost >= least : best.converged) continue;
    least = summary.final_cost;
    best.converged = converged;
    best.iterations = summary.iterations;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
      best.parameters[i] = x[static_cast<Eigen::Index>(i)];
    best.r_squared = 1 - 2 * summary.final_cost;
    best.rms_residual = std::sqrt(2 * summary.final_cost * total / static_cast<double>(observed.size()));
  }
  return best;
}

/// Pearson's correlation; NaN if one of the two does not vary.
[[nodiscard]] inline double correlation(std::span<const double> a, std::span<const double> b) {
  double mean_a = 0, mean_b = 0;
  const auto count = static_cast<double>(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    mean_a += a[i] / count;
    mean_b += b[i] / count;
  }
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : undefined;
}

}  // namespace fitting

/// The arithmetic of the rate model: drive of a layer from mean rates, its f-I curve, and predicted rates.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include <tyto/math.hpp>

#include "least_squares.hpp"

namespace rate_model {

struct Shape {
  std::size_t bins = 0;
  std::size_t steps = 0;
  std::size_t channels = 0;
  std::size_t neurons = 0;
};

/// What a step brings to each neuron, [bin][step][neuron]: mean and variance of the summed weights of the channels
/// that fire, if they fire independently with their mean rates.
struct Drive {
  Shape shape;
  std::vector<double> mean;
  std::vector<double> variance;
};

/// `rates` are probabilities of firing in a step, [bin][step][channel]; `w` is [channel][neuron].
[[nodiscard]] inline Drive drive(std::span<const double> rates, std::span<const double> w, const Shape& shape) {
  const std::size_t rows = shape.bins * shape.steps;
  Drive result{shape, std::vector<double>(rows * shape.neurons), std::vector<double>(rows * shape.neurons)};
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t c = 0; c < shape.channels; ++c) {
      const double p = rates[row * shape.channels + c];
      if (p == 0) continue;
      for (std::size_t i = 0; i < shape.neurons; ++i) {
        const double weight = w[c * shape.neurons + i];
        result.mean[row * shape.neurons + i] += p * weight;
        result.variance[row * shape.neurons + i] += p * (1 - p) * weight * weight;
      }
    }
  return result;
}

/// Every neuron's weights replaced by their mean, so that nothing but the summed rate of all channels is left.
[[nodiscard]] inline std::vector<double> equal_weights(std::span<const double> w, std::size_t channels) {
  const std::size_t neurons = w.size() / channels;
  std::vector<double> equal(w.size());
  for (std::size_t i = 0; i < neurons; ++i) {
    double mean = 0;
    for (std::size_t c = 0; c < channels; ++c) mean += w[c * neurons + i] / static_cast<double>(channels);
    for (std::size_t c = 0; c < channels; ++c) equal[c * neurons + i] = mean;
  }
  return equal;
}

/// Rate of a leaky integrate-and-fire neuron at a drive, the steady potential that the current alone would reach
/// after the filter. Its onset is softened by the drive's standard deviation. All times in steps.
struct FiCurve {
  double refractory_steps = 0;
  double tau_steps = 0;
  double threshold = 0;
  double softness = 0;
  double filter_tau_steps = 0;
};

namespace detail {

/// log(1 + exp(x)) without overflow.
template <class T>
T softplus(const T& x) {
  if (x > T(30)) return x;
  // Below this, 1 + exp(x) is 1.
  if (x < T(-30)) return fitting::exp(x);
  return fitting::log(T(1) + fitting::exp(x));
}

template <class T>
struct Curve {
  T refractory, tau, threshold, softness, decay;

  /// All parameters are positive and so enter by their logarithms.
  explicit Curve(const T* p) {
    refractory = fitting::exp(p[0]);
    tau = fitting::exp(p[1]);
    threshold = fitting::exp(p[2]);
    softness = fitting::exp(p[3]);
    decay = fitting::exp(-fitting::exp(-p[4]));
  }

  [[nodiscard]] T rate(const T& drive, const T& variance) const {
    using std::sqrt;
    const T width = softness * sqrt(variance + T(1e-12));
    const T over = width * softplus((drive - threshold) / width) + T(1e-30);
    return T(1) / (refractory + tau * fitting::log(T(1) + threshold / over));
  }
};

/// Rates of one neuron in one bin; visit(step, rate) for every step.
template <class T, class Visit>
void course(const Curve<T>& curve, const Drive& drive, std::size_t bin, std::size_t neuron, Visit visit) {
  T mean(0), variance(0);
  for (std::size_t t = 0; t < drive.shape.steps; ++t) {
    const std::size_t at = (bin * drive.shape.steps + t) * drive.shape.neurons + neuron;
    mean = curve.decay * mean + T(drive.mean[at]);
    variance = curve.decay * curve.decay * variance + T(drive.variance[at]);
    visit(t, curve.rate(mean, variance));
  }
}

/// The courses of the chosen neurons, later than the drive by some steps, [bin][neuron][step].
struct Courses {
  const Drive& drive;
  std::span<const std::size_t> chosen;
  std::size_t lag;

  template <class T>
  void operator()(const T* p, T* out) const {
    const Curve<T> curve(p);
    const std::size_t steps = drive.shape.steps - lag;
    for (std::size_t bin = 0; bin < drive.shape.bins; ++bin)
      for (std::size_t k = 0; k < chosen.size(); ++k, out += steps)
        course(curve, drive, bin, chosen[k], [&](std::size_t t, const T& rate) {
          if (t < steps) out[t] = rate;
        });
  }
};

}  // namespace detail

struct FiFit {
  FiCurve curve;
  std::array<double, 5> logarithms{};
  std::size_t lag_steps = 0;
  double r_squared = 0;
  double rms_residual = 0;  ///< spikes per step
  bool converged = false;
};

inline constexpr std::size_t largest_lag_steps = 3;

/// `courses` are the chosen neurons' mean spikes per step, [bin][step][chosen].
[[nodiscard]] inline FiFit fit_fi_curve(const Drive& drive, std::span<const std::size_t> chosen,
                                        std::span<const double> courses) {
  FiFit best;
  best.r_squared = best.rms_residual = fitting::undefined;
  best.logarithms.fill(fitting::undefined);
  std::vector<std::array<double, 5>> starts;
  for (const double tau_steps : {1.0, 3.0, 10.0})
    starts.push_back({0.0, tyto::log(tau_steps), 0.0, tyto::log(0.5), tyto::log(tau_steps)});
  for (std::size_t lag = 0; lag <= std::min(largest_lag_steps, drive.shape.steps - 1); ++lag) {
    std::vector<double> observed;
    for (std::size_t bin = 0; bin < drive.shape.bins; ++bin)
      for (std::size_t k = 0; k < chosen.size(); ++k)
        for (std::size_t t = lag; t < drive.shape.steps; ++t)
          observed.push_back(courses[(bin * drive.shape.steps + t) * chosen.size() + k]);
    const auto fit = fitting::fit_curve<5>(detail::Courses{drive, chosen, lag}, observed,
                                           std::span<const std::array<double, 5>>(starts));
    if (std::isnan(fit.r_squared)) continue;
    if (!std::isnan(best.r_squared) && fit.r_squared <= best.r_squared) continue;
    best.lag_steps = lag;
    best.logarithms = fit.parameters;
    best.r_squared = fit.r_squared;
    best.rms_residual = fit.rms_residual;
    best.converged = fit.converged;
  }
  best.curve = {tyto::exp(best.logarithms[0]), tyto::exp(best.logarithms[1]), tyto::exp(best.logarithms[2]),
                tyto::exp(best.logarithms[3]), tyto::exp(best.logarithms[4])};
  return best;
}

/// Mean rates over the trial, [bin][neuron], in spikes per step.
[[nodiscard]] inline std::vector<double> predict(const Drive& drive, const FiFit& fit) {
  const detail::Curve<double> curve(fit.logarithms.data());
  const Shape& shape = drive.shape;
  std::vector<double> rates(shape.bins * shape.neurons);
  for (std::size_t bin = 0; bin < shape.bins; ++bin)
    for (std::size_t i = 0; i < shape.neurons; ++i)
      detail::course(curve, drive, bin, i, [&](std::size_t t, double rate) {
        if (t + fit.lag_steps < shape.steps) rates[bin * shape.neurons + i] += rate / static_cast<double>(shape.steps);
      });
  return rates;
}

inline constexpr std::size_t most_fitted_neurons = 32;

/// At most 32 neurons of a layer, evenly spaced.
[[nodiscard]] inline std::vector<std::size_t> some_of(std::size_t neurons) {
  const std::size_t count = std::min(neurons, most_fitted_neurons);
  std::vector<std::size_t> chosen;
  for (std::size_t k = 0; k < count; ++k) chosen.push_back(k * neurons / count);
  return chosen;
}

}  // namespace rate_model

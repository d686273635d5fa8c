/// Ensembles: populations that represent a vector by the rates of their neurons (Eliasmith and Anderson 2003).
#pragma once

#include <cstddef>
#include <span>

#include <tyto/export.hpp>

namespace tyto {

/// The rate at which a neuron answers to a steady current.
class TYTO_API RateCurve {
 public:
  virtual ~RateCurve() = default;
  [[nodiscard]] virtual double rate_hz(double current) const = 0;
  /// The current that gives a rate above 0. Throws Error for a rate that the neuron cannot reach.
  [[nodiscard]] virtual double current_at(double rate_hz) const = 0;
  /// The current above which it fires.
  [[nodiscard]] virtual double threshold_current() const = 0;
};

/// What is known of an ensemble once its arrays are: how its neurons answer to a point x that it represents. Neuron i
/// gets the current J_i(x) = gain_i encoder_i . x / radius + bias_i.
class TYTO_API Tuning {
 public:
  virtual ~Tuning() = default;
  [[nodiscard]] virtual std::size_t neurons() const = 0;
  [[nodiscard]] virtual std::size_t dimensions() const = 0;
  [[nodiscard]] virtual double radius() const = 0;
  [[nodiscard]] virtual double threshold_current() const = 0;
  /// The rate at which its neurons answer to a current.
  [[nodiscard]] virtual double rate_hz(double current) const = 0;
  /// J(x) of every neuron.
  virtual void currents(std::span<const double> point, std::span<double> currents) const = 0;
  /// Whether its neurons have their bias, J(0), of themselves; else connections onto them have to bring it.
  [[nodiscard]] virtual bool has_own_bias() const { return true; }
  /// The rates that go with them, in Hz.
  virtual void rates_hz(std::span<const double> point, std::span<double> rates_hz) const = 0;
};

}  // namespace tyto

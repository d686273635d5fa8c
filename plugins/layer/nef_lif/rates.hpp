/// The rate of a leaky integrate-and-fire neuron in closed form.
#pragma once

#include <cmath>
#include <limits>
#include <string>

#include <tyto/ensemble.hpp>
#include <tyto/error.hpp>
#include <tyto/math.hpp>
#include <tyto/parameters.hpp>

namespace nef {

/// Membrane tau_rc, threshold 1, rest 0, refractory time tau_ref: rate(J) = 1 / (tau_ref + tau_rc ln(1 + 1/(J - 1))).
struct LifRates : tyto::RateCurve {
  double tau_rc_s = 0.02;
  double tau_ref_s = 0.002;

  [[nodiscard]] double rate_hz(double current) const override {
    return current > 1 ? 1 / (tau_ref_s + tau_rc_s * tyto::log1p(1 / (current - 1))) : 0.0;
  }
  [[nodiscard]] double current_at(double rate_hz) const override {
    if (!(rate_hz > 0) || rate_hz * tau_ref_s >= 1)
      throw tyto::Error("a neuron with a refractory time of " +
                        tyto::format_quantity(tau_ref_s, tyto::Dimension::time) + " cannot fire at " +
                        tyto::format_quantity(rate_hz, tyto::Dimension::frequency));
    return 1 / (1 - tyto::exp((tau_ref_s - 1 / rate_hz) / tau_rc_s));
  }
  [[nodiscard]] double threshold_current() const override { return 1; }
};

/// Declares its parameters for a neuron derived from it. `role`: what steps have to do with the membrane time constant.
template <class Neuron>
[[nodiscard]] tyto::Parameters<Neuron> declare(std::string doc, tyto::StepRole role) {
  static_assert(std::is_base_of_v<LifRates, Neuron>);
  double Neuron::*const tau_rc = &LifRates::tau_rc_s;
  double Neuron::*const tau_ref = &LifRates::tau_ref_s;
  return tyto::parameters<Neuron>(std::move(doc))
      .time("tau_rc", tau_rc, "20 ms", "membrane time constant")
      .compared(role)
      .positive()
      .time("tau_ref", tau_ref, "2 ms", "refractory time")
      .non_negative();
}

}  // namespace nef

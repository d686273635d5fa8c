#include <cmath>
#include <string>
#include <vector>

#include <tyto/math.hpp>
#include <tyto/neuron.hpp>

#include "../nef_lif/rates.hpp"

namespace {

/// No state of its own; the member keeps the layout of a neuron.
template <class S>
struct RateLifStep {
  static constexpr bool not_differentiable = true;
  template <class T>
  struct State {
    T rate_hz{};
  };

  S tau_rc_s, tau_ref_s;

  template <class T>
  TYTO_STEP T step(State<T>& x, const T& current, const tyto::Step<T>&) const {
    x.rate_hz = current > S(1) ? S(1) / (tau_ref_s + tau_rc_s * tyto::log1p(S(1) / (current - S(1)))) : S(0);
    return x.rate_hz;
  }
};

struct RateLif : nef::LifRates {
  static constexpr bool not_differentiable = true;

  static auto parameters() {
    return nef::declare<RateLif>("Neuron without spikes whose output is the rate, in Hz, at which nef_lif would fire",
                                 tyto::StepRole::none)
        .details(
            R"(The output y[n] of step n is a function of the current J[n] of the same step; nothing is kept from step
to step:

    y[n] = 1 / (tau_ref + tau_rc ln(1 + 1 / (J[n] - 1)))     if J[n] > 1, in Hz
         = 0                                                 else

tau_rc and tau_ref are in s, the current is dimensionless with the threshold at 1 (Eliasmith & Anderson 2003). The
state `rate` is this output. There are no derivatives, so that gradients cannot be had.)");
  }
  static std::vector<std::string> state_names() { return {"rate"}; }
  [[nodiscard]] const tyto::RateCurve* rate_curve() const { return this; }

  template <class S>
  [[nodiscard]] RateLifStep<S> prepare(double) const {
    return {static_cast<S>(tau_rc_s), static_cast<S>(tau_ref_s)};
  }
};

}  // namespace

TYTO_NEURON("rate_lif", RateLif)

#include <cmath>
#include <string>
#include <vector>

#include <tyto/math.hpp>
#include <tyto/neuron.hpp>

#include "rates.hpp"

namespace {

/// Nengo's step (Bekolay et al. 2014): the current is constant over a step, the membrane follows it exactly for the
/// part of the step outside the refractory time, and the time of the spike within the step is found, so that the rate
/// does not depend on dt.
template <class S>
struct NefLifStep {
  static constexpr bool not_differentiable = true;
  static constexpr bool rare_cases = true;
  template <class T>
  struct State {
    T v{};
    T refractory_s{};
  };

  S dt_s, tau_rc_s, tau_ref_s, whole_step;

  template <class T>
  TYTO_STEP T step(State<T>& x, const T& current, const tyto::Step<T>& t) const {
    x.refractory_s -= dt_s;
    S part = x.refractory_s > S(0) ? S(0) : whole_step;
    // Both sides are looked at, so that there is no branch.
    t.rarely((x.refractory_s > S(0)) & (x.refractory_s < dt_s),
             [&] { part = tyto::expm1((x.refractory_s - dt_s) / tau_rc_s); });
    x.v -= (current - x.v) * part;
    const S spiked = t.spike(x.v - S(1));
    t.rarely(spiked > S(0), [&] {
      const S spike_time_s = dt_s + tau_rc_s * tyto::log1p(-(x.v - S(1)) / (current - S(1)));
      x.refractory_s = tau_ref_s + spike_time_s;
      x.v = S(0);
    });
    x.v = x.v < S(0) ? S(0) : x.v;
    return spiked;
  }
};

struct NefLif : nef::LifRates {
  static constexpr bool spiking = true;
  static constexpr bool not_differentiable = true;

  static auto parameters() {
    return nef::declare<NefLif>(
        "Leaky integrate-and-fire neuron of the Neural Engineering Framework: tau_rc v' = input - v, threshold 1, "
        "spike times within a step");
  }
  static std::vector<std::string> state_names() { return {"v", "refractory"}; }
  [[nodiscard]] const tyto::RateCurve* rate_curve() const { return this; }

  template <class S>
  [[nodiscard]] NefLifStep<S> prepare(double dt_s) const {
    return {static_cast<S>(dt_s), static_cast<S>(tau_rc_s), static_cast<S>(tau_ref_s),
            static_cast<S>(tyto::expm1(-dt_s / tau_rc_s))};
  }
};

}  // namespace

TYTO_NEURON("nef_lif", NefLif)

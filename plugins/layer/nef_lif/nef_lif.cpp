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
               "Leaky integrate-and-fire neuron of the Neural Engineering Framework: threshold 1, spike times within a "
               "step",
               tyto::StepRole::resolved)
        .details(
            R"(The membrane follows tau_rc dv/dt = J - v exactly, for a current J[n] that is constant over step n. v[n]
and r[n] are the membrane and the state `refractory`, in s, before the step. The lines of a step are worked out in this
order:

    q[n] = r[n] - dt                              refractory time that is left when the step begins, in s
    d[n] = min(max(dt - q[n], 0), dt)             part of the step outside the refractory time, in s
    u[n] = v[n] + (J[n] - v[n]) (1 - exp(-d[n] / tau_rc))
    S[n] = 1 if u[n] > 1, else 0

    S[n] = 0:   v[n+1] = max(u[n], 0),   r[n+1] = q[n]
    S[n] = 1:   v[n+1] = 0,              r[n+1] = tau_ref + h[n]
                h[n] = dt + tau_rc ln(1 - (u[n] - 1) / (J[n] - 1))     time of the spike within the step, in s

So the refractory time begins at the spike and not at the end of the step. The membrane is never below 0. Its rate for
a steady current J > 1, in Hz, is 1 / (tau_ref + tau_rc ln(1 + 1 / (J - 1))), and 0 for other currents.

Membrane and current are dimensionless, the threshold is 1. The step is that of Nengo (Bekolay et al. 2014), the rate
that of Eliasmith & Anderson (2003). There are no derivatives, so that surrogate gradients cannot be had.)");
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

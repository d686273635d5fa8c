/// Leaky integrate-and-fire neuron, written once: simulated with numbers, differentiated with duals.
#pragma once

#include "layer/lif/membrane.hpp"

namespace lif {

/// Without a refractory time there is nothing to remember but the membrane (and, for
/// Timing::next_step, the spike on its way), and so fewer derivatives to carry.
template <class T, Timing timing, bool refractory>
struct LifState;
template <class T>
struct LifState<T, Timing::next_step, false> {
  T v{}, s{};
};
template <class T>
struct LifState<T, Timing::same_step, false> {
  T v{};
};
template <class T>
struct LifState<T, Timing::next_step, true> {
  T v{}, s{}, wait{};
};
template <class T>
struct LifState<T, Timing::same_step, true> {
  T v{}, wait{};
};

/// The step with its constants in precision S.
template <class S, Timing timing, bool refractory>
struct LifStep {
  template <class T>
  using State = LifState<T, timing, refractory>;

  MembraneConstants<S> membrane;

  template <class T>
  TYTO_STEP T step(State<T>& x, const T& current, const tyto::Step<T>& t) const {
    if constexpr (refractory) {
      // In the refractory time the membrane is held and inputs are ignored. Both ways are worked out and one is chosen,
      // so that the loop over neurons has no branches.
      const bool waiting = tyto::value_of(x.wait) > S(0);
      const State<T> held = x;
      const T output = fire(x, current, t);
      x.v = tyto::choose(waiting, held.v, x.v);
      if constexpr (timing == Timing::next_step) x.s = tyto::choose(waiting, held.s, x.s);
      x.wait = tyto::choose(waiting, T(tyto::value_of(held.wait) - S(1)), x.wait);
      return tyto::choose(waiting, T(0), output);
    } else {
      return fire(x, current, t);
    }
  }

 private:
  template <class T>
  TYTO_STEP T fire(State<T>& x, const T& current, const tyto::Step<T>& t) const {
    if constexpr (timing == Timing::next_step) {
      const T output = x.s;
      x.s = t.spike(x.v - T(membrane.threshold));
      x.v = membrane.reset(membrane.leak(x.v, current), t.reset(output));
      if constexpr (refractory) {
        x.wait = T(tyto::value_of(output) * membrane.refractory_steps);
        // A neuron that is being reset does not send the crossing of the step before again.
        x.s = tyto::choose(tyto::value_of(x.wait) > S(0), T(0), x.s);
      }
      return output;
    } else {
      const T v = membrane.leak(x.v, current);
      const T output = t.spike(v - T(membrane.threshold));
      x.v = membrane.reset(v, t.reset(output));
      if constexpr (refractory) x.wait = T(tyto::value_of(output) * membrane.refractory_steps);
      return output;
    }
  }
};

struct Lif : Membrane {
  static auto parameters() {
    return declare(
        tyto::parameters<Lif>("Leaky integrate-and-fire neuron")
            .details(
                R"(In step n, v[n] is the membrane before the step, I[n] the sum of what arrives and S[n] the spike that
is handed on:

    decay  = exp(-dt / tau)
    gain   = 1 (input_scale: one) or 1 - decay (one_minus_decay)
    u[n]   = decay v[n] + gain I[n]

    S[n]   = 1 if u[n] > threshold, else 0        timing: same_step
    v[n+1] = after(u[n], S[n])

    S[n]   = c[n]                                 timing: next_step
    c[n+1] = 1 if v[n] > threshold, else 0
    v[n+1] = after(u[n], S[n])

    after(u, S) = u (1 - S)                       reset: to_zero
                = u (1 - S) + reset_value S       reset: to_value
                = u - threshold S                 reset: subtract

All lines of a step are worked out in this order. v[0] = 0 unless `initial` says otherwise, and c[0] = 0. A probe of
the state records v[n+1] in step n. Membrane, threshold and input are dimensionless, with 0 for the membrane at rest.

An input of 1.2 in step 0, with decay 0.9, threshold 1, gain 1 and the reset to_zero:

| step n | I[n] | same_step: u[n] | S[n] | v[n+1] | next_step: v[n] | S[n] | u[n] | v[n+1] |
|---|---|---|---|---|---|---|---|---|
| 0 | 1.2 | 1.2 | 1 | 0 (reset) | 0 | 0 | 1.2 | 1.2 |
| 1 | 0 | 0 | 0 | 0 | 1.2 (above) | 0 | 1.08 | 1.08 |
| 2 | 0 | 0 | 0 | 0 | 1.08 (above) | 1 | 0.972 | 0 (reset) |
| 3 | 0 | 0 | 0 | 0 | 0 | 1 | 0 | 0 (reset) |
| 4 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 |

With next_step the spike and the first reset come in step 2, two steps after the input that crossed the threshold. v[2]
is still above the threshold, so that the one crossing gives a second spike, in step 3, which resets the membrane
again. With decay 0.8, v[2] = 0.96 is below it, and there is one spike, in step 2.

With `refractory` the neuron rests in the R = round(refractory / dt) steps after that of a spike: v is held, inputs
are ignored, S = 0. With next_step, R > 0 also sets c[n+1] = 0 in the step of a spike, so that a crossing gives one.

The reset that subtracts the threshold at rest is that of Bellec et al. (2018).)"));
  }

  static std::vector<std::string> state_names() { return {"v"}; }

  template <class S>
  [[nodiscard]] Prepared<S, LifStep> prepare(double dt_s) const {
    return lif::prepare<S, LifStep>(*this, dt_s);
  }
};

}  // namespace lif

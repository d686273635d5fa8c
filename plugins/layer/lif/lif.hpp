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
        tyto::parameters<Lif>("Leaky integrate-and-fire neuron: v' = decay v + input, decay = exp(-dt/tau)"));
  }

  static std::vector<std::string> state_names() { return {"v"}; }

  template <class S>
  [[nodiscard]] Prepared<S, LifStep> prepare(double dt_s) const {
    return lif::prepare<S, LifStep>(*this, dt_s);
  }
};

}  // namespace lif

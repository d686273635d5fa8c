#include <cmath>

#include <tyto/math.hpp>

#include "layer/lif/membrane.hpp"

namespace {

using lif::Timing;

/// `a` is the rise of the threshold; the spike on its way and the refractory time are remembered only where needed.
template <class T, Timing timing, bool refractory>
struct AdaptiveState;
template <class T>
struct AdaptiveState<T, Timing::next_step, false> {
  T v{}, a{}, s{};
};
template <class T>
struct AdaptiveState<T, Timing::same_step, false> {
  T v{}, a{};
};
template <class T>
struct AdaptiveState<T, Timing::next_step, true> {
  T v{}, a{}, s{}, wait{};
};
template <class T>
struct AdaptiveState<T, Timing::same_step, true> {
  T v{}, a{}, wait{};
};

template <class S, Timing timing, bool refractory>
struct AdaptiveLifStep {
  template <class T>
  using State = AdaptiveState<T, timing, refractory>;

  lif::MembraneConstants<S> membrane;
  S adaptation, adaptation_decay;

  template <class T>
  TYTO_STEP T step(State<T>& x, const T& current, const tyto::Step<T>& t) const {
    if constexpr (refractory) {
      if (tyto::value_of(x.wait) > S(0)) return rest(x);
    }
    if constexpr (timing == Timing::next_step) {
      const T output = x.s;
      x.s = t.spike(x.v - (T(membrane.threshold) + x.a));
      x.v = membrane.reset(membrane.leak(x.v, current), t.reset(output));
      adapt(x, output);
      if constexpr (refractory) {
        x.wait = T(tyto::value_of(output) * membrane.refractory_steps);
        // A neuron that is being reset does not send the crossing of the step before again.
        if (tyto::value_of(x.wait) > S(0)) x.s = T(0);
      }
      return output;
    } else {
      const T v = membrane.leak(x.v, current);
      const T output = t.spike(v - (T(membrane.threshold) + x.a));
      x.v = membrane.reset(v, t.reset(output));
      adapt(x, output);
      if constexpr (refractory) x.wait = T(tyto::value_of(output) * membrane.refractory_steps);
      return output;
    }
  }

 private:
  template <class T>
  TYTO_STEP void adapt(State<T>& x, const T& spiked) const {
    x.a = adaptation_decay * x.a + adaptation * spiked;
  }
  /// In the refractory time the membrane is held and inputs are ignored; the threshold goes on falling.
  template <class T>
  TYTO_STEP T rest(State<T>& x) const {
    x.wait = T(tyto::value_of(x.wait) - S(1));
    x.a = adaptation_decay * x.a;
    return T(0);
  }
};

struct AdaptiveLif : lif::Membrane {
  double adaptation = 0, tau_adaptation_s = 0;

  static auto parameters() {
    return lif::declare(
               tyto::parameters<AdaptiveLif>("Leaky integrate-and-fire neuron whose threshold rises with each spike")
                   .details(
                       R"(As `lif`, with the threshold raised by a[n]. In step n, v[n] and a[n] are the values before
the step:

    u[n]   = decay v[n] + gain I[n]               decay = exp(-dt / tau), gain as for lif

    S[n]   = 1 if u[n] > threshold + a[n], else 0     timing: same_step
    v[n+1] = after(u[n], S[n])                        as for lif

    S[n]   = c[n]                                     timing: next_step
    c[n+1] = 1 if v[n] > threshold + a[n], else 0
    v[n+1] = after(u[n], S[n])

    a[n+1] = exp(-dt / tau_adaptation) a[n] + adaptation S[n]     last, with either timing

v and a begin at 0 unless `initial` says otherwise. `reset: subtract` takes away `threshold` without its rise a. In
the refractory time v is held and inputs are ignored, while a goes on falling. With `adaptation: 0` it is a `lif`. All
but the time constants is dimensionless. The page of `lif` shows step by step what the timings mean.)"))
        .number("adaptation", &AdaptiveLif::adaptation, "0.1", "rise of the threshold with each spike")
        .non_negative()
        .time("tau_adaptation", &AdaptiveLif::tau_adaptation_s, "100 ms",
              "time constant with which the threshold falls back")
        .compared(tyto::StepRole::resolved)
        .positive();
  }

  static std::vector<std::string> state_names() { return {"v", "a"}; }

  template <class S>
  [[nodiscard]] lif::Prepared<S, AdaptiveLifStep> prepare(double dt_s) const {
    return lif::prepare<S, AdaptiveLifStep>(*this, dt_s, static_cast<S>(adaptation),
                                            static_cast<S>(tyto::exp(-dt_s / tau_adaptation_s)));
  }
};

}  // namespace

TYTO_NEURON("adaptive_lif", AdaptiveLif)

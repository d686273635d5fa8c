#include <cmath>
#include <variant>

#include <tyto/neuron.hpp>

namespace {

enum class Timing { next_step, same_step };
enum class Reset { to_zero, subtract };
enum class InputScale { one, one_minus_decay };

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

  S decay, gain, threshold, adaptation, adaptation_decay, refractory_steps;
  S lost;   ///< part of the membrane that a spike takes away: 1 if it is reset to zero, else 0
  S taken;  ///< what a spike takes away besides: the threshold at rest if it is subtracted, else 0

  template <class T>
  TYTO_STEP T step(State<T>& x, const T& current, const tyto::Step<T>& t) const {
    if constexpr (refractory) {
      if (tyto::value_of(x.wait) > S(0)) return rest(x);
    }
    if constexpr (timing == Timing::next_step) {
      const T output = x.s;
      x.s = t.spike(x.v - (T(threshold) + x.a));
      x.v = reset(decay * x.v + gain * current, t.reset(output));
      adapt(x, output);
      if constexpr (refractory) {
        x.wait = T(tyto::value_of(output) * refractory_steps);
        // A neuron that is being reset does not send the crossing of the step before again.
        if (tyto::value_of(x.wait) > S(0)) x.s = T(0);
      }
      return output;
    } else {
      const T v = decay * x.v + gain * current;
      const T output = t.spike(v - (T(threshold) + x.a));
      x.v = reset(v, t.reset(output));
      adapt(x, output);
      if constexpr (refractory) x.wait = T(tyto::value_of(output) * refractory_steps);
      return output;
    }
  }

 private:
  /// A subtractive reset takes away the threshold at rest, as in Bellec et al. (2018).
  template <class T>
  TYTO_STEP T reset(const T& v, const T& spiked) const {
    return v * (T(1) - lost * spiked) - taken * spiked;
  }
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

struct AdaptiveLif {
  static constexpr bool spiking = true;

  double tau_s = 0, threshold = 0, adaptation = 0, tau_adaptation_s = 0, refractory_s = 0;
  Timing timing = Timing::next_step;
  Reset reset = Reset::to_zero;
  InputScale input_scale = InputScale::one;

  static auto parameters() {
    using P = AdaptiveLif;
    return tyto::parameters<P>(
               "Leaky integrate-and-fire neuron whose threshold rises with each spike: v' = decay v + input, "
               "a' = exp(-dt/tau_adaptation) a + adaptation spike, threshold + a")
        .time("tau", &P::tau_s, "20 ms", "membrane time constant")
        .positive()
        .number("threshold", &P::threshold, "1", "threshold of a neuron that has not fired")
        .positive()
        .number("adaptation", &P::adaptation, "0.1", "rise of the threshold with each spike")
        .non_negative()
        .time("tau_adaptation", &P::tau_adaptation_s, "100 ms", "time constant with which the threshold falls back")
        .positive()
        .choice("reset", &P::reset, {{"to_zero", Reset::to_zero}, {"subtract", Reset::subtract}}, "to_zero",
                "what a spike does to the membrane: set it to zero, or subtract 'threshold'")
        .choice("timing", &P::timing, {{"next_step", Timing::next_step}, {"same_step", Timing::same_step}}, "next_step",
                "when a crossing becomes a spike: one step later (and reset and rise one step after that), or at once")
        .time("refractory", &P::refractory_s, "0 ms", "time after a spike in which inputs are ignored")
        .non_negative()
        .at_most(10)
        .choice("input_scale", &P::input_scale,
                {{"one", InputScale::one}, {"one_minus_decay", InputScale::one_minus_decay}}, "one",
                "factor on the input: 1, or 1 - decay, which makes the membrane a weighted mean of its input");
  }

  static std::vector<std::string> state_names() { return {"v", "a"}; }

  template <class S>
  using Prepared =
      std::variant<AdaptiveLifStep<S, Timing::next_step, false>, AdaptiveLifStep<S, Timing::same_step, false>,
                   AdaptiveLifStep<S, Timing::next_step, true>, AdaptiveLifStep<S, Timing::same_step, true>>;

  template <class S>
  [[nodiscard]] Prepared<S> prepare(double dt_s) const {
    const bool waits = refractory_s >= 0.5 * dt_s;
    if (timing == Timing::next_step)
      return waits ? Prepared<S>(constants<S, Timing::next_step, true>(dt_s))
                   : Prepared<S>(constants<S, Timing::next_step, false>(dt_s));
    return waits ? Prepared<S>(constants<S, Timing::same_step, true>(dt_s))
                 : Prepared<S>(constants<S, Timing::same_step, false>(dt_s));
  }

 private:
  template <class S, Timing timing_value, bool waits>
  [[nodiscard]] AdaptiveLifStep<S, timing_value, waits> constants(double dt_s) const {
    const double decay = std::exp(-dt_s / tau_s);
    const double gain = input_scale == InputScale::one ? 1.0 : 1.0 - decay;
    return {static_cast<S>(decay),
            static_cast<S>(gain),
            static_cast<S>(threshold),
            static_cast<S>(adaptation),
            static_cast<S>(std::exp(-dt_s / tau_adaptation_s)),
            static_cast<S>(std::round(refractory_s / dt_s)),
            reset == Reset::to_zero ? S(1) : S(0),
            reset == Reset::subtract ? static_cast<S>(threshold) : S(0)};
  }
};

}  // namespace

TYTO_NEURON("adaptive_lif", AdaptiveLif)

/// Leaky integrate-and-fire neuron, written once: simulated with numbers, differentiated with duals.
#pragma once

#include <cmath>
#include <variant>

#include <tyto/neuron.hpp>

namespace lif {

enum class Timing {
  next_step,  ///< the spike is seen one step after the membrane crossed the threshold
  same_step   ///< spike and reset in the step of the crossing, as in textbooks
};
enum class Reset { to_zero, subtract };
enum class InputScale { one, one_minus_decay };

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

  S decay, gain, threshold, refractory_steps;
  S lost;   ///< part of the membrane that a spike takes away: 1 if it is reset to zero, else 0
  S taken;  ///< what a spike takes away besides: the threshold if it is subtracted, else 0

  template <class T>
  TYTO_STEP T step(State<T>& x, const T& current, const tyto::Step<T>& t) const {
    if constexpr (refractory) {
      if (tyto::value_of(x.wait) > S(0)) return rest(x);
    }
    if constexpr (timing == Timing::next_step) {
      const T output = x.s;
      x.s = t.spike(x.v - T(threshold));
      x.v = reset(decay * x.v + gain * current, t.reset(output));
      if constexpr (refractory) {
        x.wait = T(tyto::value_of(output) * refractory_steps);
        // A neuron that is being reset does not send the crossing of the step before again.
        if (tyto::value_of(x.wait) > S(0)) x.s = T(0);
      }
      return output;
    } else {
      const T v = decay * x.v + gain * current;
      const T output = t.spike(v - T(threshold));
      x.v = reset(v, t.reset(output));
      if constexpr (refractory) x.wait = T(tyto::value_of(output) * refractory_steps);
      return output;
    }
  }

 private:
  template <class T>
  TYTO_STEP T reset(const T& v, const T& spiked) const {
    return v * (T(1) - lost * spiked) - taken * spiked;
  }
  /// In the refractory time the membrane is held and inputs are ignored.
  template <class T>
  TYTO_STEP T rest(State<T>& x) const {
    x.wait = T(tyto::value_of(x.wait) - S(1));
    return T(0);
  }
};

struct Lif {
  static constexpr bool spiking = true;

  double tau_s = 0;
  double threshold = 0;
  double refractory_s = 0;
  Timing timing = Timing::next_step;
  Reset reset = Reset::to_zero;
  InputScale input_scale = InputScale::one;

  static auto parameters() {
    return tyto::parameters<Lif>("Leaky integrate-and-fire neuron: v' = decay v + input, decay = exp(-dt/tau)")
        .time("tau", &Lif::tau_s, "20 ms", "membrane time constant")
        .positive()
        .number("threshold", &Lif::threshold, "1", "membrane potential above which the neuron fires")
        .positive()
        .choice("reset", &Lif::reset, {{"to_zero", Reset::to_zero}, {"subtract", Reset::subtract}}, "to_zero",
                "what a spike does to the membrane: set it to zero, or subtract the threshold")
        .choice("timing", &Lif::timing, {{"next_step", Timing::next_step}, {"same_step", Timing::same_step}},
                "next_step",
                "when a crossing becomes a spike: one step later (and the reset one step after that), or at once")
        .time("refractory", &Lif::refractory_s, "0 ms", "time after a spike in which inputs are ignored")
        .non_negative()
        .at_most(10)
        .choice("input_scale", &Lif::input_scale,
                {{"one", InputScale::one}, {"one_minus_decay", InputScale::one_minus_decay}}, "one",
                "factor on the input: 1, or 1 - decay, which makes the membrane a weighted mean of its input");
  }

  static std::vector<std::string> state_names() { return {"v"}; }

  template <class S>
  using Prepared = std::variant<LifStep<S, Timing::next_step, false>, LifStep<S, Timing::same_step, false>,
                                LifStep<S, Timing::next_step, true>, LifStep<S, Timing::same_step, true>>;

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
  [[nodiscard]] LifStep<S, timing_value, waits> constants(double dt_s) const {
    const double decay = std::exp(-dt_s / tau_s);
    const double gain = input_scale == InputScale::one ? 1.0 : 1.0 - decay;
    return {static_cast<S>(decay), static_cast<S>(gain), static_cast<S>(threshold),
            static_cast<S>(std::round(refractory_s / dt_s)), reset == Reset::to_zero ? S(1) : S(0),
            reset == Reset::subtract ? static_cast<S>(threshold) : S(0)};
  }
};

}  // namespace lif

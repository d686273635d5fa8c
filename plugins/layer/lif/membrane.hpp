/// The leaky membrane with threshold and reset that lif and its relatives have in common: its parameters, declared
/// once, and its arithmetic.
#pragma once

#include <cmath>
#include <type_traits>
#include <variant>

#include <tyto/math.hpp>
#include <tyto/neuron.hpp>

namespace lif {

enum class Timing {
  same_step,  ///< spike and reset in the step of the crossing, as in textbooks
  next_step   ///< the crossing is noticed one step later, and spike and reset follow in the step after that
};
enum class Reset { to_zero, to_value, subtract };
enum class InputScale { one, one_minus_decay };

struct Membrane {
  static constexpr bool spiking = true;

  double tau_s = 0;
  double threshold = 0;
  double reset_value = 0;
  double refractory_s = 0;
  Timing timing = Timing::same_step;
  Reset reset = Reset::to_zero;
  InputScale input_scale = InputScale::one;

  [[nodiscard]] bool takes_charges() const { return input_scale == InputScale::one; }
  [[nodiscard]] bool waits(double dt_s) const { return refractory_s >= 0.5 * dt_s; }
};

/// Declares the membrane's parameters for a neuron derived from Membrane.
template <class T>
[[nodiscard]] tyto::Parameters<T> declare(tyto::Parameters<T> parameters) {
  static_assert(std::is_base_of_v<Membrane, T>);
  return parameters.time("tau", tyto::member<T>(&Membrane::tau_s), "20 ms", "membrane time constant")
      .compared(tyto::StepRole::resolved)
      .positive()
      .number("threshold", tyto::member<T>(&Membrane::threshold), "1",
              "membrane potential above which the neuron fires, relative to the one at rest")
      .choice("reset", tyto::member<T>(&Membrane::reset),
              {{"to_zero", Reset::to_zero}, {"to_value", Reset::to_value}, {"subtract", Reset::subtract}}, "to_zero",
              "what a spike does to the membrane: set it to zero or to 'reset_value', or subtract 'threshold'")
      .number("reset_value", tyto::member<T>(&Membrane::reset_value), "0",
              "membrane potential after a spike, for the reset to_value, relative to the one at rest")
      .choice("timing", tyto::member<T>(&Membrane::timing),
              {{"same_step", Timing::same_step}, {"next_step", Timing::next_step}}, "same_step",
              "spike and reset in the step of the crossing (same_step); or the crossing is noticed one step later, and "
              "spike and reset follow in the step after that, so that a crossing may give two spikes (next_step)")
      .time("refractory", tyto::member<T>(&Membrane::refractory_s), "0 ms",
            "time after a spike in which inputs are ignored")
      .compared(tyto::StepRole::rounded)
      .non_negative()
      .at_most(10)
      .choice("input_scale", tyto::member<T>(&Membrane::input_scale),
              {{"one", InputScale::one}, {"one_minus_decay", InputScale::one_minus_decay}}, "one",
              "factor on the input: 1, or 1 - decay, which makes the membrane a weighted mean of its input")
      .check([](const T& neuron) -> std::optional<tyto::Problem> {
        const Membrane& membrane = neuron;
        if (membrane.reset != Reset::to_value && membrane.reset_value != 0)
          return tyto::Problem{"reset_value", "is for the reset to_value"};
        if (membrane.reset != Reset::to_value && membrane.threshold <= 0)
          return tyto::Problem{"threshold", "must be greater than 0"};
        if (membrane.threshold <= membrane.reset_value)
          return tyto::Problem{"reset_value", "must be less than 'threshold'"};
        return std::nullopt;
      });
}

/// The membrane's constants in precision S.
template <class S>
struct MembraneConstants {
  S decay, gain, threshold, refractory_steps;
  S lost;   ///< part of the membrane that a spike takes away: 0 if the threshold is subtracted, else 1
  S taken;  ///< what a spike takes away besides: the threshold, or the value after the reset with its sign changed

  MembraneConstants(const Membrane& membrane, double dt_s)
      : decay(static_cast<S>(tyto::exp(-dt_s / membrane.tau_s))),
        gain(membrane.input_scale == InputScale::one ? S(1) : static_cast<S>(1 - tyto::exp(-dt_s / membrane.tau_s))),
        threshold(static_cast<S>(membrane.threshold)),
        refractory_steps(static_cast<S>(std::round(membrane.refractory_s / dt_s))),
        lost(membrane.reset == Reset::subtract ? S(0) : S(1)),
        taken(static_cast<S>(membrane.reset == Reset::subtract ? membrane.threshold : 0 - membrane.reset_value)) {}

  template <class T>
  TYTO_STEP T leak(const T& v, const T& current) const {
    return decay * v + gain * current;
  }
  /// Arithmetic instead of a choice, so that loops over neurons vectorise. By default a subtractive reset takes away
  /// the threshold at rest, as in Bellec et al. (2018).
  template <class T>
  TYTO_STEP T reset(const T& v, const T& spiked) const {
    return v * (T(1) - lost * spiked) - taken * spiked;
  }
};

/// A neuron's step for each of its options.
template <class S, template <class, Timing, bool> class Step>
using Prepared = std::variant<Step<S, Timing::next_step, false>, Step<S, Timing::same_step, false>,
                              Step<S, Timing::next_step, true>, Step<S, Timing::same_step, true>>;

/// The step for a membrane's options, made of its constants and of what the neuron adds to them.
template <class S, template <class, Timing, bool> class Step, class... Own>
[[nodiscard]] Prepared<S, Step> prepare(const Membrane& membrane, double dt_s, Own... own) {
  const MembraneConstants<S> constants(membrane, dt_s);
  if (membrane.timing == Timing::next_step) {
    if (membrane.waits(dt_s)) return Step<S, Timing::next_step, true>{constants, own...};
    return Step<S, Timing::next_step, false>{constants, own...};
  }
  if (membrane.waits(dt_s)) return Step<S, Timing::same_step, true>{constants, own...};
  return Step<S, Timing::same_step, false>{constants, own...};
}

}  // namespace lif

/// Membranes onto which synapses open conductances: the parameters and receptors that such neurons have in common,
/// declared once, and their arithmetic. Potentials are in mV, conductances in units of the leak's.
#pragma once

#include <cmath>
#include <type_traits>

#include <tyto/math.hpp>
#include <tyto/neuron.hpp>

namespace conductance {

struct Membrane {
  static constexpr bool spiking = true;
  static constexpr tyto::Receptor receptors[] = {
      {"current", "a current times the resistance of the membrane at rest, in mV"},
      {"excitatory", "a conductance towards 'excitatory_reversal', in units of the leak's", false, true},
      {"inhibitory", "a conductance towards 'inhibitory_reversal', in units of the leak's", false, true},
      {"nmda", "a conductance towards 'excitatory_reversal' that magnesium blocks, in units of the leak's", false,
       true},
  };

  double tau_s = 0;
  double rest_mv = 0;
  double reset_mv = 0;
  double refractory_s = 0;
  double excitatory_mv = 0;
  double inhibitory_mv = 0;
  bool nmda = false;
  double magnesium_mmol = 0;

  [[nodiscard]] std::size_t receptors_in_use() const { return nmda ? 4 : 3; }
};

/// What arrives in a step, in the order of the receptors.
template <class T, bool nmda>
struct Arriving;
template <class T>
struct Arriving<T, false> {
  T current{}, excitatory{}, inhibitory{};
};
template <class T>
struct Arriving<T, true> {
  T current{}, excitatory{}, inhibitory{}, nmda{};
};

/// Declares the membrane's parameters for a neuron derived from Membrane.
template <class T>
[[nodiscard]] tyto::Parameters<T> declare(tyto::Parameters<T> parameters, const char* reset_mv,
                                          const char* refractory) {
  static_assert(std::is_base_of_v<Membrane, T>);
  return parameters
      .number("reset", tyto::member<T>(&Membrane::reset_mv), reset_mv, "membrane potential after a spike, in mV")
      .time("refractory", tyto::member<T>(&Membrane::refractory_s), refractory,
            "time after a spike in which the membrane is held at 'reset'")
      .compared(tyto::StepRole::rounded)
      .non_negative()
      .at_most(10)
      .number("excitatory_reversal", tyto::member<T>(&Membrane::excitatory_mv), "0",
              "reversal potential of the receptors 'excitatory' and 'nmda', in mV")
      .number("inhibitory_reversal", tyto::member<T>(&Membrane::inhibitory_mv), "-80",
              "reversal potential of the receptor 'inhibitory', in mV")
      .boolean("nmda", tyto::member<T>(&Membrane::nmda), "false", "whether there is a receptor 'nmda'")
      .number("magnesium", tyto::member<T>(&Membrane::magnesium_mmol), "1",
              "concentration of magnesium outside, in mmol/l, which blocks the receptor 'nmda'")
      .non_negative();
}

/// Equations of the conductances, as text for reference pages. `I` is the current.
inline constexpr const char* equations = R"(
    gE = max(excitatory, 0),  gI = max(inhibitory, 0)
    gN = max(nmda, 0) / (1 + magnesium / 3.57 exp(-0.062 v[n]))      with `nmda: true`, else 0
    g  = 1 + gE + gI + gN
    D  = (rest + I + (gE + gN) excitatory_reversal + gI inhibitory_reversal) / g
    u  = D + (v[n] - D) exp(-g dt / tau)
)";

/// The membrane's constants in precision S.
template <class S, bool nmda>
struct Constants {
  template <class T>
  using Input = Arriving<T, nmda>;

  S rest_mv, reset_mv, steps_per_tau, refractory_steps, excitatory_mv, inhibitory_mv, block;

  Constants(const Membrane& membrane, double dt_s)
      : rest_mv(static_cast<S>(membrane.rest_mv)),
        reset_mv(static_cast<S>(membrane.reset_mv)),
        steps_per_tau(static_cast<S>(dt_s / membrane.tau_s)),
        refractory_steps(static_cast<S>(std::round(membrane.refractory_s / dt_s))),
        excitatory_mv(static_cast<S>(membrane.excitatory_mv)),
        inhibitory_mv(static_cast<S>(membrane.inhibitory_mv)),
        block(static_cast<S>(membrane.magnesium_mmol / 3.57)) {}

  /// Moves the membrane by a step in which conductances, current and `further` mV hold still: the exact solution.
  template <class T>
  TYTO_STEP T move(const T& v, const Input<T>& in, const T& further) const {
    T excitatory = above_zero(in.excitatory);
    const T inhibitory = above_zero(in.inhibitory);
    if constexpr (nmda) excitatory = excitatory + above_zero(in.nmda) / (T(1) + T(block) * tyto::exp(v * T(S(-0.062))));
    const T g = T(1) + excitatory + inhibitory;
    const T towards =
        (T(rest_mv) + in.current + further + excitatory * T(excitatory_mv) + inhibitory * T(inhibitory_mv)) / g;
    return towards + (v - towards) * tyto::exp(g * T(-steps_per_tau));
  }

  /// What becomes of a neuron whose membrane `v` would move to `u`: above the threshold it fires and is reset; in its
  /// refractory time it is held. Returns the spike.
  template <class T>
  TYTO_STEP T fire(T& v, T& wait, const T& u, S threshold_mv, const tyto::Step<T>& t) const {
    const bool waiting = tyto::value_of(wait) > S(0);
    const T fired = tyto::choose(waiting, T(0), t.spike(u - T(threshold_mv)));
    const T again = t.reset(fired);
    v = tyto::choose(waiting, v, u * (T(1) - again) + T(reset_mv) * again);
    wait = tyto::choose(waiting, T(tyto::value_of(wait) - S(1)), T(tyto::value_of(fired) * refractory_steps));
    return fired;
  }

 private:
  template <class T>
  TYTO_STEP static T above_zero(const T& x) {
    return tyto::choose(tyto::value_of(x) > S(0), x, T(0));
  }
};

}  // namespace conductance

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "conductances.hpp"

namespace {

template <class S, bool nmda>
struct ConductanceLifStep {
  template <class T>
  struct State {
    T v{}, wait{};
  };
  template <class T>
  using Input = conductance::Arriving<T, nmda>;

  conductance::Constants<S, nmda> membrane;
  S threshold_mv;

  template <class T>
  [[nodiscard]] State<T> rest() const {
    return {membrane.rest_mv, T(0)};
  }

  template <class T>
  TYTO_STEP T step(State<T>& x, const Input<T>& in, const tyto::Step<T>& t) const {
    return membrane.fire(x.v, x.wait, membrane.move(x.v, in, T(0)), threshold_mv, t);
  }
};

struct ConductanceLif : conductance::Membrane {
  double threshold_mv = 0;

  static auto parameters() {
    return conductance::declare(
               tyto::parameters<ConductanceLif>(
                   "Leaky integrate-and-fire neuron with conductances: excitatory, inhibitory and NMDA receptors")
                   .details(std::string(
                                R"(In step n, v[n] is the membrane before the step, in mV, and `current`, `excitatory`,
`inhibitory` and `nmda` are the sums of what arrives at these receptors. The lines are worked out in this order:

    I = current)") + conductance::equations +
                            R"(

    S[n] = 1 if u > threshold, else 0
    v[n+1] = u if S[n] = 0, else reset

In the R = round(refractory / dt) steps after a spike v is held and S = 0. v[0] = rest unless `initial` says otherwise. A
probe of the state records v[n+1] in step n. Within a step, conductances and current hold still, and the membrane
follows them exactly.

Potentials are in mV, conductances in units of the leak's, tau is the time constant without further conductances, and a
current counts as the mV by which it moves the membrane at rest. What a spike does over time is its connection's synapse's
to say: with `{type: exponential, tau: 5 ms, scale: peak}` a weight is the conductance that a spike adds. The block of NMDA
receptors by magnesium is that of Jahr and Stevens (1990).)"),
               "-60", "2 ms")
        .time("tau", tyto::member<ConductanceLif>(&conductance::Membrane::tau_s), "20 ms",
              "membrane time constant without further conductances")
        .compared(tyto::StepRole::resolved)
        .positive()
        .number("rest", tyto::member<ConductanceLif>(&conductance::Membrane::rest_mv), "-60",
                "membrane potential at rest, in mV")
        .number("threshold", &ConductanceLif::threshold_mv, "-50", "membrane potential above which it fires, in mV")
        .check([](const ConductanceLif& neuron) -> std::optional<tyto::Problem> {
          if (neuron.threshold_mv <= neuron.reset_mv) return tyto::Problem{"reset", "must be less than 'threshold'"};
          return std::nullopt;
        });
  }
  static std::vector<std::string> state_names() { return {"v"}; }

  template <class S>
  [[nodiscard]] std::variant<ConductanceLifStep<S, false>, ConductanceLifStep<S, true>> prepare(double dt_s) const {
    if (nmda) return ConductanceLifStep<S, true>{{*this, dt_s}, static_cast<S>(threshold_mv)};
    return ConductanceLifStep<S, false>{{*this, dt_s}, static_cast<S>(threshold_mv)};
  }
};

}  // namespace

TYTO_NEURON("conductance_lif", ConductanceLif)

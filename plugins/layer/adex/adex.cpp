#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "layer/conductance_lif/conductances.hpp"

namespace {

template <class S, bool nmda>
struct AdexStep {
  template <class T>
  struct State {
    T v{}, w{}, wait{};
  };
  template <class T>
  using Input = conductance::Arriving<T, nmda>;

  conductance::Constants<S, nmda> membrane;
  S threshold_mv, slope_mv, peak_mv, coupling, jump_mv, adaptation_decay;

  template <class T>
  [[nodiscard]] State<T> rest() const {
    return {membrane.rest_mv, T(0), T(0)};
  }

  template <class T>
  TYTO_STEP T step(State<T>& x, const Input<T>& in, const tyto::Step<T>& t) const {
    // Beyond the peak it fires in any case.
    const T capped = tyto::choose(tyto::value_of(x.v) > peak_mv, T(peak_mv), x.v);
    const T upswing = T(slope_mv) * tyto::exp((capped - T(threshold_mv)) / T(slope_mv));
    const T aim = T(coupling) * (x.v - T(membrane.rest_mv));
    const T fired = membrane.fire(x.v, x.wait, membrane.move(x.v, in, upswing - x.w), peak_mv, t);
    x.w = aim + (x.w - aim) * T(adaptation_decay) + T(jump_mv) * t.reset(fired);
    return fired;
  }
};

struct Adex : conductance::Membrane {
  double threshold_mv = 0;
  double slope_mv = 0;
  double peak_mv = 0;
  double coupling = 0;
  double jump_mv = 0;
  double adaptation_s = 0;

  static auto parameters() {
    return conductance::declare(
               tyto::parameters<Adex>("Adaptive exponential integrate-and-fire neuron with conductances")
                   .details(std::string(
                                R"(In step n, v[n] is the membrane and w[n] the adaptation before the step, in mV, and
`current`, `excitatory`, `inhibitory` and `nmda` are the sums of what arrives at these receptors. The lines are worked out
in this order:

    I = current + slope exp((min(v[n], peak) - threshold) / slope) - w[n])") +
                            conductance::equations +
                            R"(
    S[n] = 1 if u > peak, else 0
    v[n+1] = u if S[n] = 0, else reset
    A = coupling (v[n] - rest)
    w[n+1] = A + (w[n] - A) exp(-dt / adaptation_tau) + jump S[n]

In the R = round(refractory / dt) steps after a spike v is held and S = 0, and w goes on. v[0] = rest and w[0] = 0 unless
`initial` says otherwise. Probes of the states record v[n+1] and w[n+1] in step n. Within a step, conductances, current
and upswing hold still (exponential Euler method), so that steps have to be short beside tau, and dt / tau beside
slope / (peak - threshold) where the upswing's shape matters.

The model is that of Brette and Gerstner (2005). Divided by the leak's conductance gL, their a is `coupling`, their b
`jump` and their currents and w are in mV: with C = 281 pF and gL = 30 nS, tau = 9.37 ms, a = 4 nS is a coupling of
0.133, b = 80.5 pA a jump of 2.68 mV. These are the defaults; a refractory time is not part of that model.)"),
               "-70.6", "0 ms")
        .time("tau", tyto::member<Adex>(&conductance::Membrane::tau_s), "9.37 ms",
              "membrane time constant without further conductances, C / gL")
        .compared(tyto::StepRole::resolved)
        .positive()
        .number("rest", tyto::member<Adex>(&conductance::Membrane::rest_mv), "-70.6",
                "membrane potential at rest, in mV")
        .number("threshold", &Adex::threshold_mv, "-50.4", "potential at which the upswing takes over, in mV")
        .number("slope", &Adex::slope_mv, "2", "width of the upswing, in mV; the smaller, the sharper the threshold")
        .positive()
        .number("peak", &Adex::peak_mv, "20", "membrane potential above which it fires, in mV")
        .number("coupling", &Adex::coupling, "0.133", "adaptation for a steady membrane, in mV for each mV above rest")
        .number("jump", &Adex::jump_mv, "2.68", "what a spike adds to the adaptation, in mV")
        .time("adaptation_tau", &Adex::adaptation_s, "144 ms", "time constant of the adaptation")
        .compared(tyto::StepRole::resolved)
        .positive()
        .check([](const Adex& neuron) -> std::optional<tyto::Problem> {
          if (neuron.peak_mv <= neuron.reset_mv) return tyto::Problem{"reset", "must be less than 'peak'"};
          if (neuron.peak_mv < neuron.threshold_mv) return tyto::Problem{"peak", "must not be less than 'threshold'"};
          if ((neuron.peak_mv - neuron.threshold_mv) / neuron.slope_mv > 80)
            return tyto::Problem{"slope", "is too small: the upswing would exceed e^80 before the peak"};
          return std::nullopt;
        });
  }
  static std::vector<std::string> state_names() { return {"v", "w"}; }

  template <class S>
  [[nodiscard]] std::variant<AdexStep<S, false>, AdexStep<S, true>> prepare(double dt_s) const {
    if (nmda) return prepared<S, true>(dt_s);
    return prepared<S, false>(dt_s);
  }

 private:
  template <class S, bool with_nmda>
  [[nodiscard]] AdexStep<S, with_nmda> prepared(double dt_s) const {
    return {{*this, dt_s},
            static_cast<S>(threshold_mv),
            static_cast<S>(slope_mv),
            static_cast<S>(peak_mv),
            static_cast<S>(coupling),
            static_cast<S>(jump_mv),
            static_cast<S>(tyto::exp(-dt_s / adaptation_s))};
  }
};

}  // namespace

TYTO_NEURON("adex", Adex)

#include <tyto/math.hpp>
#include <tyto/synapse.hpp>

#include "../common/scale.hpp"

namespace {

/// y[n+1] = a y[n] + b u[n], a = exp(-dt / tau), with b = 1 - a for the area 1, b = 1 for the peak 1.
class Exponential final : public tyto::Synapse {
 public:
  double tau_s = 0;
  synapse::Scale scale = synapse::Scale::automatic;

  static auto parameters() {
    return synapse::with_scale(
        tyto::parameters<Exponential>("Current that decays exponentially after each spike")
            .details(R"(With u[n] what the connection brings in step n, y[n] what is handed on and y[0] = 0:

    y[n+1] = a y[n] + b u[n]     a = exp(-dt / tau), b = 1 (peak) or 1 - a (area)

What goes in in step n comes out from step n+1 on. A spike in step n gives the highest answer, b, in step n+1. dt and
tau are in s, y has the unit of u.

| what it gets | what it reaches | `scale: auto` |
|---|---|---|
| spikes | what adds answers at every step: `lif`, `adaptive_lif`, `leaky_integrator` with input_scale: one | `area` |
| spikes | what takes currents: the same with input_scale: one_minus_decay, ensembles, `nef_lif`; probes | `peak` |
| values (of `decoded`, or of a source without spikes) | anything | `area` |

`peak`: the highest answer to a spike of weight 1 is 1. `area`: the answer to a pulse of one step sums up to 1 over
all steps, so that constant values pass as they are.)")
            .time("tau", &Exponential::tau_s, "5 ms", "time constant")
            .compared(tyto::StepRole::resolved)
            .positive(),
        &Exponential::scale);
  }
  [[nodiscard]] tyto::LinearFilter filter(double dt_s, tyto::SynapticInput input) const override {
    const double a = tyto::exp(-dt_s / tau_s);
    return {1, {a}, {synapse::has_peak(scale, input) ? 1.0 : 1 - a}, {1}};
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<tyto::Synapse, Exponential>(tyto::Kind::synapse, "exponential"); }

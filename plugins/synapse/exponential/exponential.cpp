#include <string>

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

)" + std::string(synapse::scale_details))
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

TYTO_PLUGIN(registrar) { registrar.add<Exponential>("exponential"); }

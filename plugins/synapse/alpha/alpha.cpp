#include <numbers>
#include <string>

#include <tyto/math.hpp>
#include <tyto/synapse.hpp>

#include "../common/scale.hpp"

namespace {

/// Two stages, the second of which is fed by the first. For the area 1 the filter 1 / (tau s + 1)^2 of an input that is
/// constant over each step; for the peak 1 the function (t / tau) exp(1 - t / tau) after each spike; both exactly.
class Alpha final : public tyto::Synapse {
 public:
  double tau_s = 0;
  synapse::Scale scale = synapse::Scale::automatic;

  static auto parameters() {
    return synapse::with_scale(
        tyto::parameters<Alpha>("Current that rises and falls after each spike as t exp(-t/tau)")
            .details(
                R"(With u[n] what the connection brings in step n, y[n] what is handed on, p[0] = q[0] = 0, h = dt / tau
and a = exp(-h):

    p[n+1] = a p[n] + u[n]                                       peak
    q[n+1] = a q[n] + h a p[n]
    y[n]   = e q[n]                                              e = 2.718...

    p[n+1] = a p[n] + (1 - a) u[n]                               area
    q[n+1] = a q[n] + h a p[n] + (1 - a - h a) u[n]
    y[n]   = q[n]

With `peak` a spike in step n gives (t / tau) exp(1 - t / tau) in step n+1+k, t = k dt: 0 in step n+1, and 1 at t = tau.
`area` is the filter 1 / (tau s + 1)^2 of an input that is constant over each step. Both are exact for any dt; where tau
is no whole number of steps, no step meets the highest value. dt and tau are in s, y has the unit of u.

)" + std::string(synapse::scale_details))
            .time("tau", &Alpha::tau_s, "5 ms", "time constant: from the spike to the highest current")
            .compared(tyto::StepRole::resolved)
            .positive(),
        &Alpha::scale);
  }
  [[nodiscard]] tyto::LinearFilter filter(double dt_s, tyto::SynapticInput input) const override {
    const double h = dt_s / tau_s;
    const double a = tyto::exp(-h);
    if (synapse::has_peak(scale, input)) return {2, {a, 0, h * a, a}, {1, 0}, {0, std::numbers::e}};
    return {2, {a, 0, h * a, a}, {1 - a, 1 - a - h * a}, {0, 1}};
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<Alpha>("alpha"); }

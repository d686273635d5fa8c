#include <cmath>

#include <tyto/math.hpp>
#include <tyto/synapse.hpp>

namespace {

/// Whether what comes out sums up to what went in, or jumps by it.
enum class Scale { area, peak };

/// y[n+1] = a y[n] + (1 - a) u[n], a = exp(-dt / tau): a low-pass filter of area 1; or a y[n] + u[n].
class Exponential final : public tyto::Synapse {
 public:
  double tau_s = 0;
  Scale scale = Scale::area;

  static auto parameters() {
    return tyto::parameters<Exponential>("Current that decays exponentially after each spike")
        .time("tau", &Exponential::tau_s, "5 ms", "time constant")
        .positive()
        .choice("scale", &Exponential::scale, {{"area", Scale::area}, {"peak", Scale::peak}}, "area",
                "what is 1: the area under the answer to a pulse of area 1, as a low-pass filter has it, or the step "
                "by which a spike of weight 1 raises the current");
  }
  [[nodiscard]] tyto::LinearFilter filter(double dt_s) const override {
    const double a = tyto::exp(-dt_s / tau_s);
    return {1, {a}, {scale == Scale::area ? 1 - a : 1.0}, {1}};
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<tyto::Synapse, Exponential>(tyto::Kind::synapse, "exponential"); }

#include <cmath>

#include <tyto/math.hpp>
#include <tyto/synapse.hpp>

namespace {

/// The filter 1 / (tau s + 1)^2 for an input that is constant over each step, exactly: two stages, the second of which
/// is fed by the first.
class Alpha final : public tyto::Synapse {
 public:
  double tau_s = 0;

  static auto parameters() {
    return tyto::parameters<Alpha>("Current that rises and falls after each spike as t exp(-t/tau); its area is 1")
        .time("tau", &Alpha::tau_s, "5 ms", "time constant")
        .positive();
  }
  [[nodiscard]] tyto::LinearFilter filter(double dt_s) const override {
    const double h = dt_s / tau_s;
    const double a = tyto::exp(-h);
    return {2, {a, 0, h * a, a}, {1 - a, 1 - a - h * a}, {0, 1}};
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<tyto::Synapse, Alpha>(tyto::Kind::synapse, "alpha"); }

#include <cmath>

#include <tyto/synapse.hpp>

namespace {

/// y[n+1] = a y[n] + (1 - a) u[n], a = exp(-dt / tau): a low-pass filter of area 1.
class Exponential final : public tyto::Synapse {
 public:
  double tau_s = 0;

  static auto parameters() {
    return tyto::parameters<Exponential>("Current that decays exponentially after each spike; its area is 1")
        .time("tau", &Exponential::tau_s, "5 ms", "time constant")
        .positive();
  }
  [[nodiscard]] tyto::LinearFilter filter(double dt_s) const override {
    const double a = std::exp(-dt_s / tau_s);
    return {1, {a}, {1 - a}, {1}};
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<tyto::Synapse, Exponential>(tyto::Kind::synapse, "exponential"); }

#include <tyto/plasticity.hpp>

namespace {

/// Oja's rule (1982): weights onto a neuron find the first principal component of what arrives.
struct Oja {
  static constexpr tyto::RuleNeeds needs{.neurons = true};

  double learning_rate = 0;

  static auto parameters() {
    return tyto::parameters<Oja>("Oja's rule: dw_ij / dt = learning_rate y_j (x_i - y_j w_ij)")
        .number("learning_rate", &Oja::learning_rate, "0.01", "speed, for values of size 1")
        .non_negative();
  }
  template <class S>
  [[nodiscard]] std::unique_ptr<tyto::PlasticityKernel<S>> prepare(double dt_s) const;
};

template <class S>
class OjaKernel final : public tyto::PlasticityKernel<S> {
 public:
  explicit OjaKernel(double rate_dt) : rate_dt_(static_cast<S>(rate_dt)) {}

  /// It keeps nothing from step to step.
  [[nodiscard]] tyto::StateSizes state(const tyto::Synapses&) const override { return {}; }

  void step(const tyto::LocalStep<S>& step, bool learning) const override {
    if (!learning) return;
    for (std::size_t j = 0; j < step.to(); ++j) {
      const S y = step.target.at(0, j);
      step.synapses->for_each_to(j, [&](std::size_t synapse, std::size_t i) {
        step.changes.add(synapse, rate_dt_ * y * (step.source.at(0, i) - y * step.weights[synapse]));
      });
    }
  }

 private:
  S rate_dt_;
};

template <class S>
std::unique_ptr<tyto::PlasticityKernel<S>> Oja::prepare(double dt_s) const {
  return std::make_unique<OjaKernel<S>>(learning_rate * dt_s);
}

}  // namespace

TYTO_PLASTICITY("oja", Oja)

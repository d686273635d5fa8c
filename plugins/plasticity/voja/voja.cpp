#include <memory>

#include <tyto/activity.hpp>
#include <tyto/plasticity.hpp>

namespace {

/// Vector Oja (Voelker, Crawford and Eliasmith 2014): encoders of active neurons move towards what they are shown,
/// e_j <- e_j + rate dt a_j (x - e_j). In terms of currents this is rate dt a_j (gain_j / radius x - scaled encoder).
template <class S>
class VojaKernel final : public tyto::PlasticityKernel<S> {
 public:
  VojaKernel(double learning_rate, double tau_s, double dt_s)
      : rate_dt_(static_cast<S>(learning_rate * dt_s)), trace_(tau_s, dt_s) {}

  [[nodiscard]] tyto::StateSizes state(const tyto::Synapses&) const override { return {.target = 1}; }

  void step(const tyto::LocalStep<S>& step, bool learning) const override {
    const auto f = step.target_state;
    trace_.follow(step.target, f);
    if (!learning) return;
    const std::size_t d = step.handed.size();
    for (std::size_t j = 0; j < f.size(); ++j)
      for (std::size_t k = 0; k < d; ++k) {
        S& encoder = step.encoders[j * d + k];
        encoder += rate_dt_ * f[j] * (step.handed[k] - encoder);
      }
  }

 private:
  S rate_dt_;
  tyto::ActivityTrace<S> trace_;
};

struct Voja {
  static constexpr tyto::RuleNeeds needs{.encoders = true, .stream = true};
  double learning_rate = 1e-2;
  double tau_s = 0.005;

  static auto parameters() {
    return tyto::parameters<Voja>("Vector Oja: encoders of active neurons move towards what is represented")
        .details(R"(At the end of step n, when all layers and synapses have done theirs:

    f_j[n]   = h f_j[n-1] + (1 - h) a_j[n]        h = exp(-dt / tau), 0 if tau = 0
    e_j[n+1] = e_j[n] + learning_rate dt f_j[n] (x[n] - e_j[n])

a_j[n] is the activity of neuron j of the ensemble that is reached, in Hz: 1/dt in the step of a spike, or its rate. e_j
is its encoder, and x[n] what this connection alone hands on in step n, after its synapse. x is not divided by the
radius and encoders are not brought back to length 1. Gains, biases and decoders stay as they are. e[n+1] acts from
step n+1 on. Between learning times f goes on and e stays.

dt and tau are in s; learning_rate is a plain number, for f in Hz. The rule is that of Voelker et al. (2014).)")
        .number("learning_rate", &Voja::learning_rate, "0.01", "step size")
        .non_negative()
        .time("tau", &Voja::tau_s, "5 ms", "time constant of the filter on the activity of the ensemble")
        .compared(tyto::StepRole::resolved)
        .non_negative();
  }
  template <class S>
  [[nodiscard]] std::unique_ptr<tyto::PlasticityKernel<S>> prepare(double dt_s) const {
    return std::make_unique<VojaKernel<S>>(learning_rate, tau_s, dt_s);
  }
};

}  // namespace

TYTO_PLASTICITY("voja", Voja)

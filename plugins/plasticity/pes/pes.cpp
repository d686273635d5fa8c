#include <memory>
#include <vector>

#include <tyto/activity.hpp>
#include <tyto/plasticity.hpp>

namespace {

/// D <- D - (rate dt / n) error f', with f the filtered activity of the n source neurons (MacNeil and Eliasmith 2011).
/// Weights onto the neurons of an ensemble change by what the error is along their encoders.
template <class S>
class PesKernel final : public tyto::PlasticityKernel<S> {
 public:
  PesKernel(double learning_rate, double tau_s, double dt_s)
      : rate_dt_(static_cast<S>(learning_rate * dt_s)), trace_(tau_s, dt_s) {}

  [[nodiscard]] tyto::StateSizes state(const tyto::Synapses&) const override { return {.source = 1}; }

  void step(const tyto::LocalStep<S>& step, bool learning) const override {
    trace_.follow(step.source, step.source_state);
    if (!learning) return;
    const S factor = -rate_dt_ / static_cast<S>(step.from());
    thread_local std::vector<S> change;
    change.resize(step.to());
    for (std::size_t k = 0; k < change.size(); ++k) change[k] = factor * tyto::error_of(step, k);
    tyto::add_products(step, step.source_state, change);
  }

 private:
  S rate_dt_;
  tyto::ActivityTrace<S> trace_;
};

struct Pes {
  static constexpr tyto::RuleNeeds needs{.error = true};
  double learning_rate = 1e-4;
  double tau_s = 0.005;

  static auto parameters() {
    return tyto::parameters<Pes>("Prescribed error sensitivity: weights change so that the error falls")
        .details(R"(At the end of step n, when all layers and synapses have done theirs:

    f_i[n]    = h f_i[n-1] + (1 - h) a_i[n]       h = exp(-dt / tau), 0 if tau = 0
    D_ik[n+1] = D_ik[n] - (learning_rate dt / N) E_k[n] f_i[n]

N is the number of neurons of the source and a_i[n] their activity in Hz, so much earlier as a `delay` makes it late:
1/dt in the step of a spike, else 0, or the rate of a neuron without spikes. E[n] are the values of the layer `error` in
step n (of an ensemble: what arrives for its vector). D[n+1] acts from step n+1 on. Between learning times f goes on and
D stays.

**The error is what is decoded minus what is wanted.** E_k > 0 lowers y_k. So the error's node gets the decoded value
with `transform: 1` and the wanted one with `transform: -1`. With the other sign weights move away from what is wanted,
and the error grows.

For weights onto the neurons of an ensemble, E[n] has the dimensions of what the ensemble represents, and neuron k
learns from E_k[n] = gain_k / radius (encoder_k . E[n]).

In trials, under the learning rule `local`, the changes of all steps are summed up for each trial, and D changes by their
mean over the trials of a batch.

dt and tau are in s, D is in units of the value (or current) per Hz; learning_rate is a plain number that goes with
these units. The rule is that of MacNeil & Eliasmith (2011).)")
        .number("learning_rate", &Pes::learning_rate, "0.0001", "step size")
        .non_negative()
        .time("tau", &Pes::tau_s, "5 ms", "time constant of the filter on the activity of the source")
        .compared(tyto::StepRole::resolved)
        .non_negative();
  }
  template <class S>
  [[nodiscard]] std::unique_ptr<tyto::PlasticityKernel<S>> prepare(double dt_s) const {
    return std::make_unique<PesKernel<S>>(learning_rate, tau_s, dt_s);
  }
};

}  // namespace

TYTO_PLASTICITY("pes", Pes)

#include <memory>
#include <vector>

#include <tyto/activity.hpp>
#include <tyto/plasticity.hpp>

namespace {

/// Recursive least squares (FORCE; Sussillo and Abbott 2009): with r the filtered activity of n neurons,
/// P <- P - P r r' P / (1 + r' P r), and the weights change by -P r error'. P starts as I rate dt / n, so that it is
/// (R'R + I n / (rate dt))^-1 for all r so far, the rows of R.
template <class S>
class RlsKernel final : public tyto::PlasticityKernel<S> {
 public:
  RlsKernel(double learning_rate, double tau_s, double dt_s) : rate_dt_(learning_rate * dt_s), trace_(tau_s, dt_s) {}

  /// The trace, and P.
  [[nodiscard]] tyto::StateSizes state(const tyto::Synapses& synapses) const override {
    return {.source = 1, .other = synapses.from() * synapses.from()};
  }
  void start(const tyto::LocalStep<S>& step) const override {
    const std::size_t n = step.from();
    for (std::size_t i = 0; i < n; ++i) step.other_state[i * n + i] = static_cast<S>(rate_dt_ / static_cast<double>(n));
  }

  void step(const tyto::LocalStep<S>& step, bool learning) const override {
    const std::size_t n = step.from();
    const auto r = step.source_state;
    trace_.follow(step.source, r);
    if (!learning) return;
    S* const p = step.other_state.data();
    thread_local std::vector<S> pr;
    pr.assign(n, S(0));
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) pr[i] += p[i * n + j] * r[j];
    S rpr = S(0);
    for (std::size_t i = 0; i < n; ++i) rpr += r[i] * pr[i];
    const S scale = S(1) / (S(1) + rpr);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) p[i * n + j] -= scale * pr[i] * pr[j];
    // P r with the new P is the old one's times the scale.
    thread_local std::vector<S> error;
    error.resize(step.to());
    for (std::size_t k = 0; k < error.size(); ++k) error[k] = -(scale * tyto::error_of(step, k));
    tyto::add_products(step, pr, error);
  }

 private:
  double rate_dt_;
  tyto::ActivityTrace<S> trace_;
};

struct Rls {
  static constexpr tyto::RuleNeeds needs{.error = true, .matrix = true, .stream = true};
  double learning_rate = 0.1;
  double tau_s = 0.005;

  static auto parameters() {
    return tyto::parameters<Rls>("Recursive least squares: the weights that would have been best so far")
        .details(
            R"(At the end of step n, when all layers and synapses have done theirs, in this order (^T stands for the
transpose):

    f[n]   = h f[n-1] + (1 - h) a[n]                                         h = exp(-dt / tau), 0 if tau = 0
    P[n+1] = P[n] - P[n] f[n] f[n]^T P[n] / (1 + f[n]^T P[n] f[n])
    D[n+1] = D[n] - P[n+1] f[n] E[n]^T

    P[0]   = learning_rate dt / N times the identity

N is the number of neurons of the source, a[n] their activity in Hz (1/dt in the step of a spike, or a rate) and E[n]
the values of the layer `error`: **what is decoded minus what is wanted**, as for `pes`. With the other sign the error
grows. For weights onto the neurons of an ensemble, neuron k learns from gain_k / radius (encoder_k . E[n]).

D[n+1] acts from step n+1 on. Between learning times f goes on, P and D stay. P takes N x N numbers. After the rows f
of R, P is the inverse of R^T R + N / (learning_rate dt) times the identity. The rule is that of FORCE learning
(Sussillo & Abbott 2009).)")
        .number("learning_rate", &Rls::learning_rate, "0.1",
                "how far the first steps go: n / (rate dt) is the weight of weights beside squared errors")
        .positive()
        .time("tau", &Rls::tau_s, "5 ms", "time constant of the filter on the activity of the source")
        .compared(tyto::StepRole::resolved)
        .non_negative();
  }
  template <class S>
  [[nodiscard]] std::unique_ptr<tyto::PlasticityKernel<S>> prepare(double dt_s) const {
    return std::make_unique<RlsKernel<S>>(learning_rate, tau_s, dt_s);
  }
};

}  // namespace

TYTO_PLASTICITY("rls", Rls)

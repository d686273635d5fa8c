#include <cmath>

#include <tyto/math.hpp>
#include <tyto/neuron.hpp>

namespace {

enum class Timing { same_step, next_step };
enum class InputScale { one, one_minus_decay };

template <class S>
struct LeakyIntegratorStep {
  template <class T>
  struct State {
    T v{};
  };

  static constexpr bool linear = true;

  S decay, gain;
  bool same_step;

  template <class T>
  TYTO_STEP T step(State<T>& x, const T& current, const tyto::Step<T>&) const {
    const T before = x.v;
    x.v = decay * x.v + gain * current;
    return tyto::choose(same_step, x.v, before);
  }
};

struct LeakyIntegrator {
  double tau_s = 0;
  Timing timing = Timing::same_step;
  InputScale input_scale = InputScale::one;

  static auto parameters() {
    return tyto::parameters<LeakyIntegrator>(
               "Membrane without spikes: a leaky integrator, whose output is its potential")
        .details(
            R"(In step n, v[n] is the membrane before the step, I[n] the sum of what arrives and y[n] what is handed on:

    decay  = exp(-dt / tau)
    gain   = 1 (input_scale: one) or 1 - decay (one_minus_decay)
    v[n+1] = decay v[n] + gain I[n]
    y[n]   = v[n+1] (timing: same_step) or v[n] (next_step)

v[0] = 0 unless `initial` says otherwise. Input, membrane and output are dimensionless. A constant input I leads to
v = I with `one_minus_decay`, and to v = I / (1 - decay) with `one`, which depends on dt.)")
        .time("tau", &LeakyIntegrator::tau_s, "20 ms", "membrane time constant")
        .compared(tyto::StepRole::resolved)
        .positive()
        .choice("timing", &LeakyIntegrator::timing,
                {{"same_step", Timing::same_step}, {"next_step", Timing::next_step}}, "same_step",
                "whether an input is seen in the output at once or one step later")
        .choice("input_scale", &LeakyIntegrator::input_scale,
                {{"one", InputScale::one}, {"one_minus_decay", InputScale::one_minus_decay}}, "one",
                "factor on the input: 1, or 1 - decay, which makes the membrane a weighted mean of its input");
  }
  [[nodiscard]] bool takes_charges() const { return input_scale == InputScale::one; }
  static std::vector<std::string> state_names() { return {"v"}; }

  template <class S>
  [[nodiscard]] LeakyIntegratorStep<S> prepare(double dt_s) const {
    const double decay = tyto::exp(-dt_s / tau_s);
    const double gain = input_scale == InputScale::one ? 1.0 : 1.0 - decay;
    return {static_cast<S>(decay), static_cast<S>(gain), timing == Timing::same_step};
  }
};

}  // namespace

TYTO_NEURON("leaky_integrator", LeakyIntegrator)

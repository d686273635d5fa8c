#include <tyto/math.hpp>
#include <tyto/neuron.hpp>

namespace {

/// One step, with its constants in precision S.
template <class S>
struct TiringLifStep {
  template <class T>
  struct State {
    T v{}, a{};
  };

  S decay, decay_adaptation, threshold, adaptation;

  template <class T>
  TYTO_STEP T step(State<T>& x, const T& current, const tyto::Step<T>& t) const {
    const T v = T(decay) * x.v + current;
    const T spiked = t.spike(v - T(threshold) - x.a);
    x.v = v * (T(1) - t.reset(spiked));
    x.a = T(decay_adaptation) * x.a + T(adaptation) * spiked;
    return spiked;
  }
};

/// Leaky integrate-and-fire neuron; every spike raises its threshold for a while.
struct TiringLif {
  static constexpr bool spiking = true;

  double tau_s = 0;
  double tau_adaptation_s = 0;
  double threshold = 0;
  double adaptation = 0;

  static auto parameters() {
    return tyto::parameters<TiringLif>("Leaky integrate-and-fire neuron with an adaptive threshold")
        .time("tau", &TiringLif::tau_s, "10 ms", "membrane time constant")
        .positive()
        .time("tau_adaptation", &TiringLif::tau_adaptation_s, "50 ms", "time constant of the adaptation")
        .positive()
        .number("threshold", &TiringLif::threshold, "1", "threshold at rest")
        .positive()
        .number("adaptation", &TiringLif::adaptation, "0.1", "rise of the threshold with every spike")
        .non_negative();
  }
  static std::vector<std::string> state_names() { return {"v", "a"}; }

  template <class S>
  TiringLifStep<S> prepare(double dt_s) const {
    return {static_cast<S>(tyto::exp(-dt_s / tau_s)), static_cast<S>(tyto::exp(-dt_s / tau_adaptation_s)),
            static_cast<S>(threshold), static_cast<S>(adaptation)};
  }
};

}  // namespace

TYTO_NEURON("tiring_lif", TiringLif)

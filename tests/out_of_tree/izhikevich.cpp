/// Izhikevich's simple model of a spiking neuron (IEEE Transactions on Neural Networks 14, 2003).
#include <tyto/neuron.hpp>

namespace {

struct Izhikevich {
  double recovery_per_ms = 0;
  double coupling = 0;
  double reset_mv = 0;
  double jump = 0;
  double gain = 0;

  static constexpr bool spiking = true;
  template <class T>
  struct State {
    T v{-65};
    T u{-13};
  };

  static auto parameters() {
    return tyto::parameters<Izhikevich>("Izhikevich's simple model of a spiking neuron")
        .number("a", &Izhikevich::recovery_per_ms, "0.02", "rate of the recovery variable, 1/ms")
        .positive()
        .number("b", &Izhikevich::coupling, "0.2", "how strongly recovery follows the membrane")
        .number("c", &Izhikevich::reset_mv, "-65", "membrane after a spike, mV")
        .number("d", &Izhikevich::jump, "8", "what a spike adds to the recovery variable")
        .number("gain", &Izhikevich::gain, "1", "multiplies the input current")
        .positive();
  }
  static std::vector<std::string> state_names() { return {"v", "u"}; }

  template <class T>
  TYTO_STEP T step(State<T>& x, T current, const tyto::Step<T>& t) const {
    const T spiked = t.spike(x.v - T(30));
    const T reset = t.reset(spiked);
    const T slope = T(0.04) * x.v * x.v + T(5) * x.v + T(140) - x.u + T(gain) * current;
    const T recovery = T(recovery_per_ms) * (T(coupling) * x.v - x.u);
    x.v = tyto::select(reset, T(reset_mv), x.v + T(t.ms) * slope);
    x.u = tyto::select(reset, x.u + T(jump), x.u + T(t.ms) * recovery);
    return spiked;
  }
};

}  // namespace

TYTO_NEURON("izhikevich", Izhikevich)

#include <tyto/math.hpp>
#include <tyto/neuron.hpp>

namespace {

/// The squid's giant axon (Hodgkin and Huxley 1952), with a synaptic conductance. A spike is a crossing of 0 mV
/// upwards. Steps are those of Runge and Kutta's method of order 4.
struct HodgkinHuxley {
  static constexpr bool spiking = true;
  static constexpr tyto::Receptor receptors[] = {
      {"current", "a current, in uA/cm^2"},
      {"excitatory", "a conductance towards 0 mV, in mS/cm^2", false, true},
  };

  double capacitance = 0;  // uF/cm^2

  static auto parameters() {
    return tyto::parameters<HodgkinHuxley>("Neuron of Hodgkin and Huxley")
        .number("capacitance", &HodgkinHuxley::capacitance, "1", "of the membrane, in uF/cm^2")
        .positive();
  }
  static std::vector<std::string> state_names() { return {"v", "m", "h", "n"}; }

  template <class T>
  struct State {
    T v{}, m{}, h{}, n{};
  };
  template <class T>
  struct Input {
    T current{}, excitatory{};
  };

  template <class S>
  State<S> rest() const {
    return {S(-65), S(0.0529), S(0.5961), S(0.3177)};
  }

  template <class T>
  TYTO_STEP T step(State<T>& x, const Input<T>& in, const tyto::Step<T>& t) const {
    const State<T> a = slope(x, in), b = slope(moved(x, a, t.ms / 2), in);
    const State<T> c = slope(moved(x, b, t.ms / 2), in), d = slope(moved(x, c, t.ms), in);
    const bool was_below = tyto::value_of(x.v) <= 0;
    x = moved(moved(x, a, t.ms / 6), b, t.ms / 3);
    x = moved(moved(x, c, t.ms / 3), d, t.ms / 6);
    return tyto::choose(was_below, t.spike(x.v), T(0));
  }

 private:
  template <class T>
  TYTO_STEP static State<T> moved(const State<T>& x, const State<T>& d, double ms) {
    return {x.v + d.v * T(ms), x.m + d.m * T(ms), x.h + d.h * T(ms), x.n + d.n * T(ms)};
  }
  /// x / (1 - exp(-x)), which is 1 + x / 2 near 0.
  template <class T>
  TYTO_STEP static T ratio(const T& x) {
    const bool near_zero = std::abs(tyto::value_of(x)) < 1e-3;
    return tyto::choose(near_zero, T(1) + x * T(0.5), x / (T(1) - tyto::exp(tyto::choose(near_zero, T(1), x * T(-1)))));
  }
  template <class T>
  TYTO_STEP State<T> slope(const State<T>& x, const Input<T>& in) const {
    const T u = x.v + T(65);
    const T m = ratio((u - T(25)) * T(0.1)) * (T(1) - x.m) - T(4) * tyto::exp(u * T(-1.0 / 18)) * x.m;
    const T h = T(0.07) * tyto::exp(u * T(-0.05)) * (T(1) - x.h) - x.h / (T(1) + tyto::exp((T(30) - u) * T(0.1)));
    const T n = T(0.1) * ratio((u - T(10)) * T(0.1)) * (T(1) - x.n) - T(0.125) * tyto::exp(u * T(-1.0 / 80)) * x.n;
    const T sodium = T(120) * x.m * x.m * x.m * x.h * (x.v - T(50));
    const T potassium = T(36) * x.n * x.n * x.n * x.n * (x.v + T(77));
    const T leak = T(0.3) * (x.v + T(54.387));
    return {(in.current - in.excitatory * x.v - sodium - potassium - leak) * T(1 / capacitance), m, h, n};
  }
};

}  // namespace

TYTO_NEURON("hodgkin_huxley", HodgkinHuxley)

/// Neuron models are written once. The author gives the state, the parameters and one step; the
/// framework evaluates the step with plain numbers to simulate, and with dual numbers over (state,
/// input) to get the local Jacobian, from which it derives the backward pass through time.
///
///     struct Leaky {
///       double tau_s;
///       template <class T> struct State { T v{}; };                   // members of type T only
///       static auto parameters() { return tyto::parameters<Leaky>("...").time("tau", ...); }
///       template <class T> TYTO_STEP T step(State<T>& x, T current, const tyto::Step<T>& t) const {
///         x.v = x.v + (current - x.v) * T(t.dt_s / tau_s);
///         return x.v;                                                 // the output of this step
///       }
///     };
///     TYTO_NEURON("leaky", Leaky)
///
/// Optional members: `static constexpr bool spiking = true` (the output is a spike, from t.spike());
/// `static std::vector<std::string> state_names()`; `template <class S> auto prepare(double dt_s) const`
/// returning a small struct with constants of precision S that has State and step in the author's place,
/// or a std::variant of such structs where options of the model ask for different states.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include <tyto/dual.hpp>
#include <tyto/layer.hpp>
#include <tyto/plugin.hpp>

namespace tyto {

/// What a step knows of its surroundings. This one simulates.
template <class T>
class Step {
 public:
  double dt_s = 0;
  double ms = 0;  ///< dt in milliseconds

  TYTO_STEP Step(double dt, const Surrogate* smooth) : dt_s(dt), ms(dt * 1000), smooth_(smooth) {}

  /// 1 if `distance` to the threshold is above 0, else 0. At most once per step.
  TYTO_STEP T spike(T distance) const {
    distance_ = distance;
    if (smooth_ != nullptr) return static_cast<T>(smooth_->primitive(static_cast<double>(distance)));
    return distance > T(0) ? T(1) : T(0);
  }
  /// The spike as the reset sees it: without its derivative if the reset is detached.
  TYTO_STEP T reset(T spiked) const { return spiked; }

  [[nodiscard]] T distance() const { return distance_; }

 private:
  const Surrogate* smooth_;
  mutable T distance_{};
};

/// This one differentiates.
template <class S, int N>
class Step<Dual<S, N>> {
 public:
  double dt_s = 0;
  double ms = 0;

  TYTO_STEP Step(double dt, const Surrogate* smooth, bool detach_reset, S psi)
      : dt_s(dt), ms(dt * 1000), smooth_(smooth), detach_reset_(detach_reset), psi_(psi) {}

  TYTO_STEP Dual<S, N> spike(const Dual<S, N>& distance) const {
    const S value = smooth_ != nullptr ? static_cast<S>(smooth_->primitive(static_cast<double>(distance.value)))
                                       : (distance.value > S(0) ? S(1) : S(0));
    return Dual<S, N>::chain(value, psi_, distance);
  }
  TYTO_STEP Dual<S, N> reset(const Dual<S, N>& spiked) const {
    return detach_reset_ ? Dual<S, N>(spiked.value) : spiked;
  }

 private:
  const Surrogate* smooth_;
  bool detach_reset_;
  S psi_;
};

namespace detail {

template <class S, class Neuron>
auto prepare(const Neuron& neuron, double dt_s) {
  if constexpr (requires { neuron.template prepare<S>(dt_s); })
    return neuron.template prepare<S>(dt_s);
  else
    return neuron;
}

template <class T>
inline constexpr bool is_variant = false;
template <class... T>
inline constexpr bool is_variant<std::variant<T...>> = true;

/// Forward and backward scans over time of any prepared neuron.
template <class S, class Prepared>
class NeuronKernel final : public PopulationKernel<S> {
  template <class T>
  using State = typename Prepared::template State<T>;
  static constexpr std::size_t variables = sizeof(State<S>) / sizeof(S);
  static constexpr int directions = static_cast<int>(variables) + 1;  // state, then input
  using D = Dual<S, directions>;
  using Values = std::array<S, variables>;
  using Duals = std::array<D, variables>;

 public:
  NeuronKernel(Prepared prepared, double dt_s, std::vector<std::string> names)
      : prepared_(prepared), dt_s_(dt_s), names_(std::move(names)) {}

  [[nodiscard]] std::size_t state_size() const override { return variables; }
  [[nodiscard]] std::vector<std::string> state_names() const override { return names_; }

  void forward(const ForwardScan<S>& scan) const override {
    const std::size_t n = scan.neurons;
    std::vector<S> state(variables * n);
    const auto initial = std::bit_cast<Values>(State<S>{});
    for (std::size_t k = 0; k < variables; ++k)
      for (std::size_t i = 0; i < n; ++i) state[k * n + i] = initial[k];
    for (std::size_t t = 0; t < scan.steps; ++t) {
      if (scan.states != nullptr) std::copy(state.begin(), state.end(), scan.states + t * variables * n);
      const Step<S> step(dt_s_, scan.smooth);
      for (std::size_t i = 0; i < n; ++i) {
        Values values;
        for (std::size_t k = 0; k < variables; ++k) values[k] = state[k * n + i];
        auto x = std::bit_cast<State<S>>(values);
        scan.output[t * n + i] = prepared_.template step<S>(x, scan.current[t * n + i], step);
        if (scan.distances != nullptr) scan.distances[t * n + i] = step.distance();
        values = std::bit_cast<Values>(x);
        for (std::size_t k = 0; k < variables; ++k) state[k * n + i] = values[k];
      }
    }
  }

  void backward(const BackwardScan<S>& scan) const override {
    const std::size_t n = scan.neurons;
    std::vector<S> adjoint(variables * n, S(0));  // dL/d state after the step
    for (std::size_t t = scan.steps; t-- > 0;) {
      const S* const states = scan.states + t * variables * n;
      for (std::size_t i = 0; i < n; ++i) {
        Duals duals;
        for (std::size_t k = 0; k < variables; ++k) duals[k] = D::variable(states[k * n + i], static_cast<int>(k));
        auto x = std::bit_cast<State<D>>(duals);
        const Step<D> step(dt_s_, scan.smooth, scan.detach_reset, scan.psi != nullptr ? scan.psi[t * n + i] : S(0));
        const D output =
            prepared_.template step<D>(x, D::variable(scan.current[t * n + i], static_cast<int>(variables)), step);
        duals = std::bit_cast<Duals>(x);
        std::array<S, directions> gradient;
        for (int q = 0; q < directions; ++q) {
          gradient[q] = scan.grad_output[t * n + i] * output.d[q];
          for (std::size_t k = 0; k < variables; ++k) gradient[q] += adjoint[k * n + i] * duals[k].d[q];
        }
        for (std::size_t k = 0; k < variables; ++k) adjoint[k * n + i] = gradient[k];
        scan.grad_current[t * n + i] = gradient[variables];
      }
    }
  }

 private:
  Prepared prepared_;
  double dt_s_;
  std::vector<std::string> names_;
};

}  // namespace detail

/// The layer made of a neuron model.
template <class Neuron>
class NeuronLayer final : public Layer {
 public:
  Neuron neuron;

  [[nodiscard]] std::unique_ptr<PopulationKernel<float>> population_f32(double dt_s) const override {
    return make<float>(dt_s);
  }
  [[nodiscard]] std::unique_ptr<PopulationKernel<double>> population_f64(double dt_s) const override {
    return make<double>(dt_s);
  }

  static std::vector<std::string_view> capabilities() {
    std::vector<std::string_view> words{capability::population, capability::jacobian};
    if constexpr (requires { Neuron::spiking; })
      if (Neuron::spiking) words.insert(words.end(), {capability::spiking, capability::surrogate});
    return words;
  }

 private:
  template <class S>
  std::unique_ptr<PopulationKernel<S>> make(double dt_s) const {
    std::vector<std::string> names;
    if constexpr (requires { Neuron::state_names(); }) names = Neuron::state_names();
    const auto build = [&](const auto& prepared) -> std::unique_ptr<PopulationKernel<S>> {
      using Kernel = detail::NeuronKernel<S, std::remove_cvref_t<decltype(prepared)>>;
      return std::make_unique<Kernel>(prepared, dt_s, std::move(names));
    };
    const auto prepared = detail::prepare<S>(neuron, dt_s);
    if constexpr (detail::is_variant<std::remove_cv_t<decltype(prepared)>>)
      return std::visit(build, prepared);
    else
      return build(prepared);
  }
};

}  // namespace tyto

/// Defines a plugin that provides one neuron layer.
#define TYTO_NEURON(name, Neuron)                                                                                     \
  TYTO_PLUGIN(registrar) {                                                                                            \
    registrar.add_definition<::tyto::Layer, ::tyto::NeuronLayer<Neuron>, Neuron>(                                     \
        ::tyto::Kind::layer, name, &::tyto::NeuronLayer<Neuron>::neuron, ::tyto::NeuronLayer<Neuron>::capabilities(), \
        std::source_location::current());                                                                             \
  }

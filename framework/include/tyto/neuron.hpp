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
/// A neuron with receptors, where currents and conductances arrive apart from each other, takes all of them at once
/// instead of a current, and says in the same order what they are:
///
///       template <class T> struct Input { T excitatory{}; T inhibitory{}; };  // members of type T only
///       static constexpr tyto::Receptor receptors[] = {{"excitatory", "..."}, {"inhibitory", "..."}};
///       template <class T> TYTO_STEP T step(State<T>& x, const Input<T>& in, const tyto::Step<T>& t) const { ... }
///
/// Optional members: `static constexpr bool spiking = true` (the output is a spike, from t.spike());
/// `static constexpr bool linear = true` (the derivatives are the same whatever state and input are, so that nothing
/// has to be kept for the way back; of what prepare() returns, if there is one);
/// `static constexpr bool rare_cases = true` (step() calls t.rarely(); of what prepare() returns, if there is one; only
/// with the next);
/// `static constexpr bool not_differentiable = true` (step() is written for numbers only, in the neuron and in what
/// prepare() returns; no gradients can be had);
/// `const RateCurve* rate_curve() const` (see ensemble.hpp), `bool takes_charges() const`, `bool counts_spikes() const`
/// (see layer.hpp);
/// `std::size_t receptors_in_use() const`, where the first so many are all that its options ask for;
/// `template <class S> State<S> rest() const`, the state to begin with instead of State<S>{};
/// `static std::vector<std::string> state_names()`; `template <class S> auto prepare(double dt_s) const`
/// returning a small struct with constants of precision S that has State, step, Input and rest in the author's place,
/// or a std::variant of such structs where options of the model ask for different states.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <tyto/dual.hpp>
#include <tyto/layer.hpp>
#include <tyto/plugin.hpp>
#include <tyto/targets.hpp>

namespace tyto {

/// What a step knows of its surroundings. This one simulates.
template <class T>
class Step {
 public:
  double dt_s = 0;
  double ms = 0;  ///< dt in milliseconds

  /// Does what happens rarely, or only finds out whether it does.
  enum class Rarely { do_it, find_out };
  TYTO_STEP explicit Step(double dt, Rarely rarely = Rarely::do_it) : dt_s(dt), ms(dt * 1000), rarely_(rarely) {}

  /// 1 if `distance` to the threshold is above 0, else 0. At most once per step.
  TYTO_STEP T spike(T distance) const {
    distance_ = distance;
    return distance > T(0) ? T(1) : T(0);
  }
  /// The spike as the reset sees it: without its derivative if the reset is detached.
  TYTO_STEP T reset(T spiked) const { return spiked; }

  /// Calls `act` if the condition holds, which it does for few neurons in a step; so what is costly belongs in here.
  /// In a neuron that says `rare_cases`, the step of all neurons runs side by side as if `act` did nothing, and that of
  /// these few once more, from the same state, with it.
  template <class Act>
  TYTO_STEP void rarely(bool condition, Act&& act) const {
    if (rarely_ == Rarely::find_out)
      rare_ = condition ? T(1) : rare_;
    else if (condition)
      act();
  }

  [[nodiscard]] TYTO_STEP T distance() const { return distance_; }
  /// 1 if something rare happens, else 0.
  [[nodiscard]] TYTO_STEP T rare() const { return rare_; }

 private:
  Rarely rarely_;
  mutable T rare_{};
  mutable T distance_{};
};

/// This one differentiates.
template <class S, int N>
class Step<Dual<S, N, false>> {
 public:
  using D = Dual<S, N, false>;
  double dt_s = 0;
  double ms = 0;

  TYTO_STEP Step(double dt, bool detach_reset, S psi)
      : dt_s(dt), ms(dt * 1000), kept_(detach_reset ? S(0) : S(1)), psi_(psi) {}

  TYTO_STEP D spike(const D& distance) const { return D::chain(distance.value > S(0) ? S(1) : S(0), psi_, distance); }
  TYTO_STEP D reset(const D& spiked) const { return D::chain(spiked.value, kept_, spiked); }

 private:
  S kept_;
  S psi_;
};

/// This one simulates and differentiates for gradient checks, with smooth spikes.
template <class S, int N>
class Step<Dual<S, N, true>> {
 public:
  using D = Dual<S, N, true>;
  double dt_s = 0;
  double ms = 0;

  Step(double dt, const Surrogate& surrogate, S psi) : dt_s(dt), ms(dt * 1000), surrogate_(surrogate), psi_(psi) {}

  D spike(const D& distance) const {
    distance_ = distance.value;
    return D::chain(static_cast<S>(surrogate_.primitive(static_cast<double>(distance.value))), psi_, distance);
  }
  D reset(const D& spiked) const { return spiked; }
  [[nodiscard]] S distance() const { return distance_; }

 private:
  const Surrogate& surrogate_;
  S psi_;
  mutable S distance_{};
};

namespace detail {

/// What a neuron says of itself: the value of a static constexpr member, or false where there is none.
#define TYTO_TRAIT(trait)                 \
  template <class T>                      \
  constexpr bool says_##trait() {         \
    if constexpr (requires { T::trait; }) \
      return static_cast<bool>(T::trait); \
    else                                  \
      return false;                       \
  }
TYTO_TRAIT(linear)
TYTO_TRAIT(rare_cases)
TYTO_TRAIT(spiking)
TYTO_TRAIT(not_differentiable)
#undef TYTO_TRAIT

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

template <class Visit, class... Members>
TYTO_STEP void visit_members(Visit& visit, Members&... members) {
  std::size_t k = 0;
  (visit(k++, members), ...);
}

/// Calls visit(k, member k) for the `count` members of a neuron's state.
template <std::size_t count, class State, class Visit>
TYTO_STEP void for_each_member(State& x, Visit&& visit) {
  static_assert(count <= 8, "a neuron's state may have up to eight members");
  // clang-format off
  if constexpr (count == 1) { auto& [a] = x; visit_members(visit, a); }
  if constexpr (count == 2) { auto& [a, b] = x; visit_members(visit, a, b); }
  if constexpr (count == 3) { auto& [a, b, c] = x; visit_members(visit, a, b, c); }
  if constexpr (count == 4) { auto& [a, b, c, d] = x; visit_members(visit, a, b, c, d); }
  if constexpr (count == 5) { auto& [a, b, c, d, e] = x; visit_members(visit, a, b, c, d, e); }
  if constexpr (count == 6) { auto& [a, b, c, d, e, f] = x; visit_members(visit, a, b, c, d, e, f); }
  if constexpr (count == 7) { auto& [a, b, c, d, e, f, g] = x; visit_members(visit, a, b, c, d, e, f, g); }
  if constexpr (count == 8) { auto& [a, b, c, d, e, f, g, h] = x; visit_members(visit, a, b, c, d, e, f, g, h); }
  // clang-format on
}

/// Stands for a number of type T and for nothing that a T can be turned into.
template <class T>
struct Exactly {
  template <class U>
  requires std::is_same_v<U, T>
  operator U() const;
};

/// How many members of type T, and of no other type, an aggregate begins with.
template <class State, class T, class... Found>
constexpr std::size_t count_members() {
  if constexpr (sizeof...(Found) < 9 && requires { State{Found{}..., Exactly<T>{}}; })
    return count_members<State, T, Found..., Exactly<T>>();
  else
    return sizeof...(Found);
}

template <class Prepared, class T, bool has_receptors>
struct InputOf {
  using type = T;
};
template <class Prepared, class T>
struct InputOf<Prepared, T, true> {
  using type = typename Prepared::template Input<T>;
};
template <class Prepared, class S, bool has_receptors>
constexpr std::size_t count_inputs() {
  if constexpr (has_receptors)
    return count_members<typename Prepared::template Input<S>, S>();
  else
    return 1;
}

/// Forward and backward scans over time of any prepared neuron.
template <class S, class Prepared>
class NeuronKernel final : public PopulationKernel<S> {
  template <class T>
  using State = typename Prepared::template State<T>;
  static constexpr std::size_t variables = count_members<State<S>, S>();
  static_assert(variables >= 1 && variables <= 8 && sizeof(State<S>) == variables * sizeof(S),
                "a neuron's State<T> has one to eight members, all of type T (flags and counts are T, too)");
  // What the layer checks against what the neuron says of itself.
 public:
  static constexpr bool has_receptors = requires { typename Prepared::template Input<S>; };
  /// What arrives in a step: a number, or the author's struct of them.
  template <class T>
  using Input = typename InputOf<Prepared, T, has_receptors>::type;
  static constexpr std::size_t inputs = count_inputs<Prepared, S, has_receptors>();
  static_assert(inputs >= 1 && inputs <= 8 && sizeof(Input<S>) == inputs * sizeof(S),
                "a neuron's Input<T> has one to eight members, all of type T");

 private:
  static constexpr int directions = static_cast<int>(variables + inputs);  // state, then inputs
  using D = Dual<S, directions>;
  static constexpr bool is_linear = says_linear<Prepared>();
  static constexpr bool has_rare_cases = says_rare_cases<Prepared>();
  static constexpr bool differentiable = !says_not_differentiable<Prepared>();
  static_assert(!has_rare_cases || !differentiable, "rare cases are for neurons that are not_differentiable");

 public:
  NeuronKernel(Prepared prepared, double dt_s, std::vector<std::string> names)
      : prepared_(prepared), dt_s_(dt_s), names_(std::move(names)) {}

  [[nodiscard]] std::size_t state_size() const override { return variables; }
  [[nodiscard]] std::vector<std::string> state_names() const override { return names_; }
  [[nodiscard]] bool linear() const override { return is_linear; }
  [[nodiscard]] bool divisible() const override { return true; }

  void forward(const ForwardScan<S>& scan) const override {
    const std::size_t n = scan.neurons;
    thread_local std::vector<S> scratch;    // so that no trial allocates
    thread_local std::vector<S> distances;  // where nobody wants them
    thread_local RareCases rare;
    S* state = scan.carried;
    if (state == nullptr) {
      scratch.resize(variables * n);
      state = scratch.data();
      rest({}, scratch);
    }
    distances.resize(n);
    if constexpr (has_rare_cases) {
      rare.flags.resize(n);
      rare.places.resize(n);
    }
    if (scan.smooth == nullptr)
      scan_forward(prepared_, dt_s_, {scan.steps, n, scan.row_length()}, scan.current, scan.output, scan.states,
                   scan.distances != nullptr ? scan.distances : distances.data(), scan.distances != nullptr ? n : 0,
                   state, rare.flags.data(), rare.places.data());
    else if constexpr (differentiable)
      for (std::size_t t = 0; t < scan.steps; ++t) smooth_forward(scan, t, state, distances.data());
  }

  void rest(std::span<const std::span<const S>>, std::span<S> state) const override {
    const std::size_t n = state.size() / variables;
    State<S> start{};
    if constexpr (requires { prepared_.template rest<S>(); }) start = prepared_.template rest<S>();
    const auto initial = std::bit_cast<std::array<S, variables>>(start);
    for (std::size_t k = 0; k < variables; ++k)
      std::fill_n(state.begin() + static_cast<std::ptrdiff_t>(k * n), n, initial[k]);
  }

  void backward([[maybe_unused]] const BackwardScan<S>& scan) const override {
    if constexpr (differentiable) run_backward(scan);
  }

 private:
  void run_backward(const BackwardScan<S>& scan) const {
    thread_local std::vector<S> scratch;  // dL/d state after the step
    thread_local std::vector<S> zeros;
    if (scan.adjoint == nullptr) scratch.assign(variables * scan.neurons, S(0));
    zeros.assign(scan.neurons, S(0));
    S* const adjoint = scan.adjoint != nullptr ? scan.adjoint : scratch.data();
    if (scan.smooth == nullptr)
      scan_backward(prepared_, dt_s_, {scan.steps, scan.neurons, scan.neurons}, scan.detach_reset, scan.current,
                    scan.states, scan.psi != nullptr ? scan.psi : zeros.data(), scan.psi != nullptr ? scan.neurons : 0,
                    scan.grad_output, scan.grad_current, adjoint);
    else
      for (std::size_t t = scan.steps; t-- > 0;) smooth_backward(scan, t, adjoint, zeros.data());
  }

  /// A number that the way forward left behind; linear neurons leave none and need none.
  TYTO_STEP static S kept(const S* numbers, std::size_t cell) {
    if constexpr (is_linear)
      return S(0);
    else
      return numbers[cell];
  }

  /// The state of neuron i out of [variable][neuron], as numbers or as independent variables.
  template <class T>
  TYTO_STEP static State<T> load(const S* state, std::size_t n, std::size_t i) {
    return [&]<std::size_t... k>(std::index_sequence<k...>) __attribute__((always_inline)) {
      if constexpr (std::is_same_v<T, S>)
        return State<T>{state[k * n + i]...};
      else
        return State<T>{T::variable(kept(state, k * n + i), static_cast<int>(k))...};
    }
    (std::make_index_sequence<variables>());
  }

  /// What arrives at neuron i out of [receptor][neuron].
  template <class T>
  TYTO_STEP static Input<T> arriving(const S* current, std::size_t n, std::size_t i) {
    const auto number = [&](std::size_t k) __attribute__((always_inline)) {
      if constexpr (std::is_same_v<T, S>)
        return current[k * n + i];
      else
        return T::variable(kept(current, k * n + i), static_cast<int>(variables + k));
    };
    if constexpr (!has_receptors)
      return number(0);
    else
      return [&]<std::size_t... k>(std::index_sequence<k...>) __attribute__((always_inline)) {
        return Input<T>{number(k)...};
      }
    (std::make_index_sequence<inputs>());
  }

  /// One step of the way back for one neuron: the adjoints of state and output before it.
  template <class T>
  TYTO_STEP static void pull_back(const State<T>& x, const T& output, S grad_output, std::size_t n, std::size_t i,
                                  S* adjoint, S* grad_current) {
    std::array<S, directions> gradient{};
#pragma GCC unroll 16
    for (int q = 0; q < directions; ++q) gradient[q] = grad_output * output.d[q];
    for_each_member<variables>(
        x, [&](std::size_t k, const T& after) __attribute__((always_inline)) {
#pragma GCC unroll 16
          for (int q = 0; q < directions; ++q) gradient[q] += adjoint[k * n + i] * after.d[q];
        });
#pragma GCC unroll 16
    for (std::size_t k = 0; k < variables; ++k) adjoint[k * n + i] = gradient[k];
#pragma GCC unroll 16
    for (std::size_t k = 0; k < inputs; ++k) grad_current[k * n + i] = gradient[variables + k];
  }

  struct Extent {
    std::size_t steps, neurons, row;
  };
  struct RareCases {
    std::vector<S> flags;               ///< of each neuron: 1 or 0
    std::vector<std::uint32_t> places;  ///< the neurons that have one
  };

  // In both scans pointers are parameters of their own, so that the compiler believes that they are restricted, and
  // vectorises the loop over neurons.

  TYTO_MANY_TARGETS static void scan_forward(const Prepared& prepared, double dt_s, Extent extent,
                                             const S* TYTO_RESTRICT current, S* TYTO_RESTRICT output,
                                             S* TYTO_RESTRICT states, S* TYTO_RESTRICT distances,
                                             std::size_t distance_stride, S* TYTO_RESTRICT state,
                                             [[maybe_unused]] S* TYTO_RESTRICT rare,
                                             [[maybe_unused]] std::uint32_t* TYTO_RESTRICT places) {
    const Prepared own = prepared;
    using Rarely = typename Step<S>::Rarely;
    const std::size_t n = extent.neurons, row = extent.row;
    const std::size_t cells = variables * row;
    // Where the states are kept, each step writes where the next one reads.
    if (states != nullptr && extent.steps > 0)
      for (std::size_t k = 0; k < variables; ++k) std::copy_n(state + k * row, n, states + k * row);
    for (std::size_t t = 0; t < extent.steps; ++t) {
      const S* const before = states != nullptr ? states + t * cells : state;
      S* const after = states != nullptr && t + 1 < extent.steps ? states + (t + 1) * cells : state;
#pragma GCC ivdep
      for (std::size_t i = 0; i < n; ++i) {
        const Step<S> step(dt_s, has_rare_cases ? Rarely::find_out : Rarely::do_it);
        auto x = load<S>(before, row, i);
        output[t * row + i] = own.template step<S>(x, arriving<S>(current + t * inputs * row, row, i), step);
        distances[t * distance_stride + i] = step.distance();
        // A rare case waits with the state before it.
        if constexpr (has_rare_cases) rare[i] = step.rare();
        for_each_member<variables>(
            x, [&](std::size_t k, const S& value) __attribute__((always_inline)) {
              after[k * row + i] = has_rare_cases && step.rare() > S(0) ? before[k * row + i] : value;
            });
      }
      if constexpr (has_rare_cases) {
        std::size_t count = 0;
        for (std::size_t i = 0; i < n; ++i) {
          places[count] = static_cast<std::uint32_t>(i);
          count += rare[i] > S(0) ? 1 : 0;
        }
        for (std::size_t k = 0; k < count; ++k) {
          const std::size_t i = places[k];
          const Step<S> step(dt_s);
          auto x = load<S>(after, row, i);
          output[t * row + i] = own.template step<S>(x, arriving<S>(current + t * inputs * row, row, i), step);
          distances[t * distance_stride + i] = step.distance();
          for_each_member<variables>(x, [&](std::size_t q, const S& value) { after[q * row + i] = value; });
        }
      }
    }
  }

  TYTO_MANY_TARGETS static void scan_backward(const Prepared& prepared, double dt_s, Extent extent, bool detach_reset,
                                              const S* TYTO_RESTRICT current, const S* TYTO_RESTRICT states,
                                              const S* TYTO_RESTRICT psi, std::size_t psi_stride,
                                              const S* TYTO_RESTRICT grad_output, S* TYTO_RESTRICT grad_current,
                                              S* TYTO_RESTRICT adjoint) {
    const Prepared own = prepared;
    const std::size_t n = extent.neurons;
    for (std::size_t t = extent.steps; t-- > 0;) {
#pragma GCC ivdep
      for (std::size_t i = 0; i < n; ++i) {
        const Step<D> step(dt_s, detach_reset, psi[t * psi_stride + i]);
        auto x = load<D>(is_linear ? nullptr : states + t * variables * n, n, i);
        const Input<D> input = arriving<D>(is_linear ? nullptr : current + t * inputs * n, n, i);
        const D out = own.template step<D>(x, input, step);
        pull_back(x, out, grad_output[t * n + i], n, i, adjoint, grad_current + t * inputs * n);
      }
    }
  }

  template <class T>
  static State<T> constants(const S* state, std::size_t n, std::size_t i) {
    return [&]<std::size_t... k>(std::index_sequence<k...>) { return State<T>{T(state[k * n + i])...}; }
    (std::make_index_sequence<variables>());
  }

  template <class T>
  static Input<T> constant_input(const S* current, std::size_t n, std::size_t i) {
    return [&]<std::size_t... k>(std::index_sequence<k...>) { return Input<T>{T(current[k * n + i])...}; }
    (std::make_index_sequence<inputs>());
  }

  void smooth_forward(const ForwardScan<S>& scan, std::size_t t, S* state, S* unwanted_distances) const {
    using T = Dual<S, 1, true>;
    const std::size_t n = scan.neurons;
    S* const distances = scan.distances != nullptr ? scan.distances + t * n : unwanted_distances;
    if (scan.states != nullptr) std::copy_n(state, variables * n, scan.states + t * variables * n);
    for (std::size_t i = 0; i < n; ++i) {
      const Step<T> step(dt_s_, *scan.smooth, S(0));
      auto x = constants<T>(state, n, i);
      const auto input = constant_input<T>(scan.current + t * inputs * n, n, i);
      scan.output[t * n + i] = prepared_.template step<T>(x, input, step).value;
      distances[i] = step.distance();
      for_each_member<variables>(x, [&](std::size_t k, const T& after) { state[k * n + i] = after.value; });
    }
  }

  void smooth_backward(const BackwardScan<S>& scan, std::size_t t, S* adjoint, const S* zeros) const {
    using T = Dual<S, directions, true>;
    const std::size_t n = scan.neurons;
    const S* const psi = scan.psi != nullptr ? scan.psi + t * n : zeros;
    for (std::size_t i = 0; i < n; ++i) {
      const Step<T> step(dt_s_, *scan.smooth, psi[i]);
      auto x = load<T>(scan.states + t * variables * n, n, i);
      const auto input = arriving<T>(is_linear ? nullptr : scan.current + t * inputs * n, n, i);
      const T out = prepared_.template step<T>(x, input, step);
      pull_back(x, out, scan.grad_output[t * n + i], n, i, adjoint, scan.grad_current + t * inputs * n);
    }
  }

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
    std::vector<std::string_view> words{capability::population};
    constexpr bool differentiable = !detail::says_not_differentiable<Neuron>();
    if constexpr (differentiable) words.push_back(capability::jacobian);
    if constexpr (requires(const Neuron& neuron) { neuron.rate_curve(); }) words.push_back(capability::rate_curve);
    if constexpr (detail::says_spiking<Neuron>()) {
      words.push_back(capability::spiking);
      if (differentiable) words.push_back(capability::surrogate);
    }
    return words;
  }
  [[nodiscard]] bool spikes() const override { return detail::says_spiking<Neuron>(); }
  [[nodiscard]] bool takes_charges() const override {
    if constexpr (requires { neuron.takes_charges(); })
      return neuron.takes_charges();
    else
      return false;
  }
  [[nodiscard]] bool counts_spikes() const override {
    if constexpr (requires { neuron.counts_spikes(); })
      return neuron.counts_spikes();
    else
      return spikes();
  }
  [[nodiscard]] std::span<const Receptor> receptors() const override {
    if constexpr (requires { neuron.receptors_in_use(); })
      return std::span<const Receptor>(Neuron::receptors).first(neuron.receptors_in_use());
    else if constexpr (requires { Neuron::receptors; })
      return Neuron::receptors;
    else
      return {};
  }
  [[nodiscard]] const RateCurve* rate_curve() const override {
    if constexpr (requires { neuron.rate_curve(); })
      return neuron.rate_curve();
    else
      return nullptr;
  }

 private:
  template <class S>
  std::unique_ptr<PopulationKernel<S>> make(double dt_s) const {
    std::vector<std::string> names;
    if constexpr (requires { Neuron::state_names(); }) names = Neuron::state_names();
    const auto build = [&](const auto& prepared) -> std::unique_ptr<PopulationKernel<S>> {
      using Kernel = detail::NeuronKernel<S, std::remove_cvref_t<decltype(prepared)>>;
      static_assert(
          Kernel::has_receptors == requires { Neuron::receptors; },
          "a neuron with an Input<T> names its members in 'receptors'");
      if (Kernel::has_receptors && Kernel::inputs != receptors().size())
        throw Error("a neuron's receptors are as many as the members of its Input<T>");
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
#define TYTO_NEURON(name, Neuron)                                                                              \
  TYTO_PLUGIN(registrar) {                                                                                     \
    registrar.add_definition<::tyto::NeuronLayer<Neuron>, Neuron>(name, &::tyto::NeuronLayer<Neuron>::neuron,  \
                                                                  ::tyto::NeuronLayer<Neuron>::capabilities(), \
                                                                  std::source_location::current());            \
  }

/// Neurons with rare cases against the same neurons without them.
#include <tyto/neuron.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <initializer_list>
#include <type_traits>
#include <vector>

#include <tyto/random.hpp>

namespace {

struct NothingRare {};
struct Rare {
  static constexpr bool rare_cases = true;
};

/// Waits after a spike, and counts how often it began to. Near the end of the wait its decay changes, which changes
/// whether it fires.
template <class Kind>
struct Waiting : Kind {
  static constexpr bool spiking = true;
  static constexpr bool not_differentiable = true;
  template <class T>
  struct State {
    T v{};
    T wait_s{};
    T waited{};
  };

  template <class T>
  TYTO_STEP T step(State<T>& x, T current, const tyto::Step<T>& t) const {
    const T dt_s = static_cast<T>(t.dt_s);
    T decay = x.wait_s > T(0) ? T(0) : T(0.1);
    t.rarely((x.wait_s > T(0)) & (x.wait_s < dt_s), [&] { decay = T(0.5) * std::exp(-x.wait_s / dt_s); });
    x.wait_s -= dt_s;
    x.v += (current - x.v) * decay;
    const T spiked = t.spike(x.v - T(1));
    t.rarely(spiked > T(0), [&] {
      x.wait_s = dt_s * (T(1) + std::log(current));
      x.v = T(0);
      x.waited += T(1);
    });
    x.v = x.v < T(-1) ? T(-1) : x.v;
    return spiked;
  }
};

template <class S>
struct Trace {
  std::vector<S> output, states, distances, carried;
  bool operator==(const Trace&) const = default;
};

template <class S, class Neuron>
Trace<S> simulate(const std::vector<S>& current, std::size_t neurons, bool keep, bool carry = true) {
  const tyto::NeuronLayer<Neuron> layer;
  const auto kernel = [&] {
    if constexpr (std::is_same_v<S, float>)
      return layer.population_f32(1e-3);
    else
      return layer.population_f64(1e-3);
  }();
  const std::size_t cells = kernel->state_size() * neurons;
  Trace<S> trace{std::vector<S>(current.size()), {}, {}, std::vector<S>(cells)};
  tyto::ForwardScan<S> scan;
  scan.steps = current.size() / neurons;
  scan.neurons = neurons;
  scan.current = current.data();
  scan.output = trace.output.data();
  if (carry) scan.carried = trace.carried.data();
  if (keep) {
    trace.states.resize(scan.steps * cells);
    trace.distances.resize(current.size());
    scan.states = trace.states.data();
    scan.distances = trace.distances.data();
  }
  kernel->forward(scan);
  return trace;
}

template <class S>
class NeuronWithRareCases : public testing::Test {};
using Precisions = testing::Types<float, double>;
TYPED_TEST_SUITE(NeuronWithRareCases, Precisions);

TYPED_TEST(NeuronWithRareCases, HasTheBitsOfOneWithout) {
  for (const std::size_t neurons : {1U, 7U, 16U, 203U}) {
    tyto::Random random(tyto::stream_key(neurons, "neuron test"));
    std::vector<TypeParam> current(neurons * 90);
    for (auto& value : current) value = static_cast<TypeParam>(random.uniform(-4, 8));
    for (const bool keep : {false, true}) {
      const auto trace = simulate<TypeParam, Waiting<Rare>>(current, neurons, keep);
      EXPECT_EQ(trace, (simulate<TypeParam, Waiting<NothingRare>>(current, neurons, keep))) << neurons << " neurons";
      EXPECT_EQ(trace.output, (simulate<TypeParam, Waiting<Rare>>(current, neurons, !keep).output));
      EXPECT_EQ(trace.output, (simulate<TypeParam, Waiting<Rare>>(current, neurons, keep, false).output));
      for (std::size_t i = 0; i < neurons; ++i) EXPECT_GT(trace.carried[2 * neurons + i], 0) << "neuron " << i;
    }
  }
}

/// Says of itself what it is not.
template <bool value>
struct Saying {
  static constexpr bool spiking = value;
  static constexpr bool linear = value;
  static constexpr bool not_differentiable = value;
  template <class T>
  struct State {
    T v{};
  };
  template <class T>
  TYTO_STEP T step(State<T>& x, T current, const tyto::Step<T>&) const {
    x.v = x.v * T(0.5) + current;
    return x.v * x.v;
  }
};

TEST(Traits, CountByTheirValue) {
  const tyto::NeuronLayer<Saying<false>> no;
  const tyto::NeuronLayer<Saying<true>> yes;
  EXPECT_FALSE(no.spikes());
  EXPECT_TRUE(yes.spikes());
  EXPECT_FALSE(no.population_f32(0.001)->linear());
  EXPECT_TRUE(yes.population_f32(0.001)->linear());
  using Words = std::vector<std::string_view>;
  EXPECT_EQ(no.capabilities(), (Words{tyto::capability::population, tyto::capability::jacobian}));
  EXPECT_EQ(yes.capabilities(), (Words{tyto::capability::population, tyto::capability::spiking}));
}

/// Every function of duals, with that of numbers as its oracle, and central differences for its slope.
TEST(Dual, FunctionsOfDualsAreThoseOfNumbers) {
  using D = tyto::Dual<double, 1>;
  const auto check = [](const char* name, auto function, std::initializer_list<double> places) {
    constexpr double h = 1e-6;
    for (const double x : places) {
      const D y = function(D::variable(x, 0));
      EXPECT_EQ(y.value, function(x)) << name << ' ' << x;
      EXPECT_NEAR(y.d[0], (function(x + h) - function(x - h)) / (2 * h), 1e-6 * (1 + std::abs(y.d[0])))
          << name << ' ' << x;
    }
  };
  check("exp", [](auto x) { return tyto::exp(x); }, {-2, 0.1, 3});
  check("expm1", [](auto x) { return tyto::expm1(x); }, {-2, 0.1, 3});
  check("log", [](auto x) { return tyto::log(x); }, {0.1, 1, 30});
  check("log1p", [](auto x) { return tyto::log1p(x); }, {-0.5, 0.1, 30});
  check("sin", [](auto x) { return tyto::sin(x); }, {-2, 0.1, 3});
  check("cos", [](auto x) { return tyto::cos(x); }, {-2, 0.1, 3});
  check("tanh", [](auto x) { return tyto::tanh(x); }, {-2, 0.1, 3});
  check("sqrt", [](auto x) { return tyto::sqrt(x); }, {0.1, 1, 30});
  check("abs", [](auto x) { return tyto::abs(x); }, {-2, 0.1, 3});
  check("min", [](auto x) { return tyto::min(x, 0.5); }, {-2, 0.1, 3});
  check("max", [](auto x) { return tyto::max(x, 0.5); }, {-2, 0.1, 3});
  for (const double power : {-1.0, 0.0, 0.5, 2.0, 3.0})
    check("pow", [&](auto x) { return tyto::pow(x, power); }, {0.1, 1, 3});
  EXPECT_TRUE(D(1) <= D(1) && D(1) >= D(1) && D(1) < D(2) && !(D(1) >= D(2)));
}

/// Without tyto:: in front, too, a name of C stands for the function of the number's own type.
TEST(Dual, UnqualifiedNamesAreNoFunctionsOfWholeNumbers) {
  const auto step = [](auto x) { return abs(x) + sqrt(exp(x)); };
  static_assert(std::is_same_v<decltype(step(-0.7F)), float>);
  EXPECT_NEAR(step(-0.7F), 0.7 + std::sqrt(std::exp(-0.7)), 1e-6);
  EXPECT_NEAR((step(tyto::Dual<double, 1>::variable(-0.7, 0)).value), 0.7 + std::sqrt(std::exp(-0.7)), 1e-12);
}

}  // namespace

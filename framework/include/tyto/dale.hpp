/// Dale's law for projections: all weights that leave one neuron have one sign. A projection offers it as a group of
/// parameters, `dale: {method: ..., inhibitory_fraction: ...}`, and hands its weight array to obey_dale().
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <tyto/layer.hpp>
#include <tyto/math.hpp>
#include <tyto/optimizer.hpp>
#include <tyto/parameters.hpp>

namespace tyto {

/// What a projection's user writes.
struct Dale {
  enum class Method {
    mask,          ///< the network uses |w| sign
    projected,     ///< weights that an update carried over zero are set to zero (ColEI)
    exponentiated  ///< weights are multiplied, never carried over zero (Cornford et al.)
  };
  enum class Units { first, random };

  Method method = Method::mask;
  double inhibitory_fraction = 0.5;
  Units units = Units::first;
  double learning_rate = 0.01;

  static Parameters<Dale> parameters() {
    return tyto::parameters<Dale>("Dale's law: all weights that leave one neuron have one sign, kept in the array sign")
        .choice("method", &Dale::method,
                {{"mask", Method::mask}, {"projected", Method::projected}, {"exponentiated", Method::exponentiated}},
                "mask",
                "how the law is kept: the network uses |w| times the sign (mask), weights that change sign are set to "
                "zero after each update (projected), or exponentiated gradient takes the place of the rule's optimizer")
        .number("inhibitory_fraction", &Dale::inhibitory_fraction, "0.5", "part of the neurons that inhibit")
        .range(0, 1)
        .choice("units", &Dale::units, {{"first", Units::first}, {"random", Units::random}}, "first",
                "which neurons inhibit: the first ones, or some drawn at random")
        .number("learning_rate", &Dale::learning_rate, "0.01", "step size, for the method exponentiated")
        .positive();
  }
};

/// Exponentiated gradient (Kivinen & Warmuth 1997, with signs): w <- w exp(-learning_rate sign(w) gradient).
struct ExponentiatedGradient {
  static constexpr std::size_t slots = 0;

  double learning_rate = 0.01;

  static Parameters<ExponentiatedGradient> parameters() {
    return tyto::parameters<ExponentiatedGradient>(
               "Exponentiated gradient: parameters are multiplied by factors above zero and so keep their signs; a "
               "parameter of zero stays zero")
        .details(R"(Update k = 1, 2, ... of a parameter w with the gradient g[k], for each number on its own:

    w[k] = w[k-1] exp(-rate sign(w[k-1]) g[k])

rate is `learning_rate` times the factor of the training's schedule. It is that of exponentiated gradient (Kivinen &
Warmuth 1997), with signs: no parameter changes its sign, and a parameter of 0 stays 0.)")
        .number("learning_rate", &ExponentiatedGradient::learning_rate, "0.01", "step size")
        .positive();
  }

  template <class S>
  [[nodiscard]] auto prepare(std::int64_t) const {
    return [rate = static_cast<S>(learning_rate)](S& parameter, S gradient, std::array<S, slots>&) {
      parameter *= tyto::exp(-rate * std::copysign(S(1), parameter) * gradient);
    };
  }
};

namespace detail {

/// Weights (from, ...) whose companion holds a sign for each `from`.
class DaleConstraint final : public Constraint {
 public:
  explicit DaleConstraint(Dale::Method method) : masks_(method == Dale::Method::mask) {}

  [[nodiscard]] bool uses_stored() const override { return !masks_; }

  void effective(const ConstrainedArray<float>& array, std::span<float> effective) const override {
    use(array, effective);
  }
  void effective(const ConstrainedArray<double>& array, std::span<double> effective) const override {
    use(array, effective);
  }
  void chain(const ConstrainedArray<float>& array, std::span<float> gradient) const override {
    pull_back(array, gradient);
  }
  void chain(const ConstrainedArray<double>& array, std::span<double> gradient) const override {
    pull_back(array, gradient);
  }
  void project(std::span<float> stored, const ConstrainedArray<float>& array) const override { clip(stored, array); }
  void project(std::span<double> stored, const ConstrainedArray<double>& array) const override { clip(stored, array); }
  void admit(std::span<float> stored, const ConstrainedArray<float>& array) const override { start(stored, array); }
  void admit(std::span<double> stored, const ConstrainedArray<double>& array) const override { start(stored, array); }

 private:
  /// Calls visit(weight's index, sign of its row); a sign that is not known yet is 0.
  template <class S, class Visit>
  static void for_each(const ConstrainedArray<S>& array, Visit visit) {
    const std::size_t rows = array.shape[0];
    const std::size_t columns = rows == 0 ? 0 : array.stored.size() / rows;
    for (std::size_t row = 0; row < rows; ++row) {
      const S value = array.companion[row];
      const S sign = value > S(0) ? S(1) : (value < S(0) ? S(-1) : S(0));
      for (std::size_t i = row * columns; i < (row + 1) * columns; ++i) visit(i, sign);
    }
  }

  template <class S>
  void use(const ConstrainedArray<S>& array, std::span<S> effective) const {
    if (masks_)
      for_each(array, [&](std::size_t i, S sign) { effective[i] = std::abs(array.stored[i]) * sign; });
    else
      std::copy(array.stored.begin(), array.stored.end(), effective.begin());
  }

  /// The derivative of |w| is taken as 0 at 0.
  template <class S>
  void pull_back(const ConstrainedArray<S>& array, std::span<S> gradient) const {
    if (!masks_) return;
    for_each(array, [&](std::size_t i, S sign) {
      const S w = array.stored[i];
      gradient[i] *= w > S(0) ? sign : (w < S(0) ? -sign : S(0));
    });
  }

  template <class S>
  void clip(std::span<S> stored, const ConstrainedArray<S>& array) const {
    if (masks_) return;
    for_each(array, [&](std::size_t i, S sign) {
      if (stored[i] * sign < S(0)) stored[i] = S(0);
    });
  }

  /// Weights of the wrong sign are mirrored rather than lost, so that the drawn magnitudes stay as they are.
  template <class S>
  void start(std::span<S> stored, const ConstrainedArray<S>& array) const {
    if (masks_) return;
    for_each(array, [&](std::size_t i, S sign) {
      if (sign != S(0)) stored[i] = std::abs(stored[i]) * sign;
    });
  }

  bool masks_;
};

/// Signs of `values.size()` neurons: -1 for the first of them, or for as many drawn at random without replacement.
inline void draw_signs(const Dale& law, Random& random, std::span<double> values) {
  const std::size_t count = values.size();
  const auto inhibitory = static_cast<std::size_t>(std::llround(law.inhibitory_fraction * static_cast<double>(count)));
  for (std::size_t i = 0; i < count; ++i) values[i] = i < inhibitory ? -1 : 1;
  if (law.units == Dale::Units::first) return;
  for (std::size_t i = count; i > 1; --i) std::swap(values[i - 1], values[random.below(static_cast<std::uint32_t>(i))]);
}

}  // namespace detail

/// Puts the weight array `w`, whose first axis are the sending neurons, under the law. Returns the array of the signs,
/// which the projection lists among its arrays.
[[nodiscard]] inline ArrayInfo obey_dale(const Dale& law, ArrayInfo& w) {
  w.companion = "sign";
  w.constraint = std::make_shared<detail::DaleConstraint>(law.method);
  if (law.method == Dale::Method::exponentiated) {
    auto optimizer = std::make_shared<OptimizerOf<ExponentiatedGradient>>();
    optimizer->definition.learning_rate = law.learning_rate;
    w.optimizer = std::move(optimizer);
  }
  ArrayInfo sign;
  sign.name = "sign";
  sign.doc = "sign of all weights that leave a neuron: -1 inhibits, 1 excites";
  sign.shape = {w.shape.at(0)};
  sign.axes = {w.axes.at(0)};
  sign.trainable = false;
  sign.initialise = [law](Random& random, std::span<double> values) { detail::draw_signs(law, random, values); };
  return sign;
}

/// Weights (from, ...) whose sign is not their row's. Zero has every sign.
[[nodiscard]] inline std::size_t sign_violations(std::span<const double> weights, std::span<const double> signs) {
  const std::size_t columns = signs.empty() ? 0 : weights.size() / signs.size();
  std::size_t count = 0;
  for (std::size_t i = 0; i < columns * signs.size(); ++i) count += weights[i] * signs[i / columns] < 0 ? 1 : 0;
  return count;
}

}  // namespace tyto

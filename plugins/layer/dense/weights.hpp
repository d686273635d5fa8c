/// The weights of all-to-all projections, with and without delays: declared and drawn in one way, so that both can be
/// compared.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include <tyto/dale.hpp>
#include <tyto/layer.hpp>

namespace dense {

/// How weights are drawn; the names are PyTorch's.
enum class Initial {
  uniform,
  normal,
  constant,
  xavier_uniform,
  xavier_normal,
  kaiming_uniform,
  kaiming_normal,
  orthogonal
};

struct Bounds {
  double lowest = -std::numeric_limits<double>::infinity();
  double highest = std::numeric_limits<double>::infinity();

  static auto parameters() {
    return tyto::parameters<Bounds>("What no weight goes beyond, whatever changes it")
        .number("lowest", &Bounds::lowest, "", "no weight is below this")
        .optional()
        .number("highest", &Bounds::highest, "", "no weight is above this")
        .optional()
        .check([](const Bounds& bounds) -> std::optional<tyto::Problem> {
          if (bounds.lowest <= bounds.highest) return std::nullopt;
          return tyto::Problem{"highest", "must not be below the lowest weight"};
        });
  }
};

struct Weights {
  double scale = 1;
  Initial initial = Initial::uniform;
  double connection_probability = 1;
  std::optional<Bounds> bounds;
  std::optional<tyto::Dale> dale;
};

/// Weights within bounds, and 0 where the companion, if there is one, says by a 1 that there is no synapse.
class Limits final : public tyto::Constraint {
 public:
  Limits(const Bounds& bounds, bool some_absent) : bounds_(bounds), some_absent_(some_absent) {}

  void effective(const tyto::ConstrainedArray<float>& array, std::span<float> effective) const override {
    std::copy(array.stored.begin(), array.stored.end(), effective.begin());
  }
  void effective(const tyto::ConstrainedArray<double>& array, std::span<double> effective) const override {
    std::copy(array.stored.begin(), array.stored.end(), effective.begin());
  }
  void chain(const tyto::ConstrainedArray<float>& array, std::span<float> gradient) const override {
    leave_out_absent(array, gradient);
  }
  void chain(const tyto::ConstrainedArray<double>& array, std::span<double> gradient) const override {
    leave_out_absent(array, gradient);
  }
  void project(std::span<float> stored, const tyto::ConstrainedArray<float>& array) const override {
    keep(stored, array);
  }
  void project(std::span<double> stored, const tyto::ConstrainedArray<double>& array) const override {
    keep(stored, array);
  }
  void admit(std::span<float> stored, const tyto::ConstrainedArray<float>& array) const override {
    keep(stored, array);
  }
  void admit(std::span<double> stored, const tyto::ConstrainedArray<double>& array) const override {
    keep(stored, array);
  }

 private:
  template <class S>
  void leave_out_absent(const tyto::ConstrainedArray<S>& array, std::span<S> numbers) const {
    if (!some_absent_) return;
    for (std::size_t i = 0; i < numbers.size(); ++i)
      if (array.companion[i] != S(0)) numbers[i] = S(0);
  }
  template <class S>
  void keep(std::span<S> stored, const tyto::ConstrainedArray<S>& array) const {
    const auto lowest = static_cast<S>(bounds_.lowest), highest = static_cast<S>(bounds_.highest);
    for (S& value : stored) value = std::clamp(value, lowest, highest);
    leave_out_absent(array, stored);
  }

  Bounds bounds_;
  bool some_absent_;
};

/// Declares the parameters of weights for a layer derived from Weights.
template <class T>
[[nodiscard]] tyto::Parameters<T> declare(tyto::Parameters<T> parameters) {
  static_assert(std::is_base_of_v<Weights, T>);
  return parameters
      .choice(
          "initial_weights", tyto::member<T>(&Weights::initial),
          {{"uniform", Initial::uniform},
           {"normal", Initial::normal},
           {"constant", Initial::constant},
           {"xavier_uniform", Initial::xavier_uniform},
           {"xavier_normal", Initial::xavier_normal},
           {"kaiming_uniform", Initial::kaiming_uniform},
           {"kaiming_normal", Initial::kaiming_normal},
           {"orthogonal", Initial::orthogonal}},
          "uniform",
          "how initial weights are drawn: uniform within +-scale/sqrt(to); normal with the deviation scale/sqrt(to); "
          "all equal to scale (constant); within +-scale sqrt(6/(from + to)), or with the deviation "
          "scale sqrt(2/(from + to)) (xavier, Glorot & Bengio 2010); within +-scale sqrt(6/from), or with the "
          "deviation scale sqrt(2/from) (kaiming, He et al. 2015); scale times a matrix with orthonormal rows or "
          "columns (orthogonal)")
      .number("scale", tyto::member<T>(&Weights::scale), "1", "factor on the initial weights; see 'initial_weights'")
      .non_negative()
      .number(
          "connection_probability", tyto::member<T>(&Weights::connection_probability), "1",
          "with which a pair of neurons has a synapse; where there is none the weight is 0 and stays so, and the array "
          "'absent' is 1")
      .above(0)
      .at_most(1)
      .group("bounds", tyto::member<T>(&Weights::bounds), Bounds::parameters(), "what no weight goes beyond")
      .check([](const T& layer) -> std::optional<tyto::Problem> {
        const Weights& weights = layer;
        if (!weights.dale || (!weights.bounds && weights.connection_probability == 1)) return std::nullopt;
        return tyto::Problem{"dale",
                             "cannot be had together with 'bounds' or 'connection_probability' so far; a "
                             "connection of its own for each sign, with bounds at 0, does the same"};
      })
      .group("dale", tyto::member<T>(&Weights::dale), tyto::Dale::parameters(),
             "one sign for all weights that leave a neuron");
}

/// Fills values[row][column] with a random matrix whose rows are orthonormal, or its columns, if there are fewer.
inline void draw_orthogonal(tyto::Random& random, std::size_t rows, std::size_t columns, std::span<double> values) {
  const bool by_rows = rows <= columns;
  const std::size_t vectors = std::min(rows, columns), length = std::max(rows, columns);
  std::vector<std::vector<double>> all(vectors, std::vector<double>(length));
  for (std::size_t k = 0; k < vectors; ++k) {
    auto& own = all[k];
    for (double& value : own) value = random.normal();
    // Twice, since what is left of a vector after the first time may be small, and its errors large.
    for (int round = 0; round < 2; ++round)
      for (std::size_t q = 0; q < k; ++q) {
        const double along = std::inner_product(own.begin(), own.end(), all[q].begin(), 0.0);
        for (std::size_t i = 0; i < length; ++i) own[i] -= along * all[q][i];
      }
    const double norm = std::sqrt(std::inner_product(own.begin(), own.end(), own.begin(), 0.0));
    for (double& value : own) value /= norm;
    for (std::size_t i = 0; i < length; ++i) values[by_rows ? k * columns + i : i * columns + k] = own[i];
  }
}

inline void draw(const Weights& weights, std::size_t from, std::size_t to, tyto::Random& random,
                 std::span<double> values) {
  const auto ins = static_cast<double>(from), outs = static_cast<double>(to);
  const auto uniform = [&](double bound) {
    for (double& value : values) value = random.uniform(-bound, bound);
  };
  const auto normal = [&](double deviation) {
    for (double& value : values) value = deviation * random.normal();
  };
  switch (weights.initial) {
    case Initial::uniform:
      // PyTorch takes the second dimension of a (from, to) tensor as its fan-in; the published models were trained from
      // weights drawn that way.
      return uniform(weights.scale / std::sqrt(outs));
    case Initial::normal:
      return normal(weights.scale / std::sqrt(outs));
    case Initial::constant:
      std::fill(values.begin(), values.end(), weights.scale);
      return;
    case Initial::xavier_uniform:
      return uniform(weights.scale * std::sqrt(6 / (ins + outs)));
    case Initial::xavier_normal:
      return normal(weights.scale * std::sqrt(2 / (ins + outs)));
    case Initial::kaiming_uniform:
      return uniform(weights.scale * std::sqrt(6 / ins));
    case Initial::kaiming_normal:
      return normal(weights.scale * std::sqrt(2 / ins));
    case Initial::orthogonal:
      draw_orthogonal(random, from, to, values);
      for (double& value : values) value *= weights.scale;
      return;
  }
}

/// The array "w", then any that it needs beside it.
[[nodiscard]] inline std::vector<tyto::ArrayInfo> arrays_of(const Weights& weights, std::size_t from, std::size_t to) {
  tyto::ArrayInfo w;
  w.name = "w";
  w.doc = "weights";
  w.shape = {from, to};
  w.axes = {"from", "to"};
  w.initialise = [weights, from, to](tyto::Random& random, std::span<double> values) {
    draw(weights, from, to, random, values);
  };
  const bool some_absent = weights.connection_probability < 1;
  if (some_absent || weights.bounds)
    w.constraint = std::make_shared<Limits>(weights.bounds.value_or(Bounds{}), some_absent);
  if (some_absent) {
    w.companion = "absent";
    tyto::ArrayInfo absent;
    absent.name = "absent";
    absent.doc = "1 where a pair of neurons has no synapse";
    absent.shape = w.shape;
    absent.axes = w.axes;
    absent.trainable = false;
    absent.whole = true;
    absent.initialise = [weights](tyto::Random& random, std::span<double> values) {
      for (double& value : values) value = random.uniform() < weights.connection_probability ? 0 : 1;
    };
    return {w, absent};
  }
  if (!weights.dale) return {w};
  auto sign = tyto::obey_dale(*weights.dale, w);
  return {w, sign};
}

}  // namespace dense

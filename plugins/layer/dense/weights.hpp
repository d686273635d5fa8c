/// The weights of all-to-all projections, with and without delays: declared and drawn in one way, so that both can be
/// compared.
#pragma once

#include <algorithm>
#include <cmath>
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

struct Weights {
  double scale = 1;
  Initial initial = Initial::uniform;
  std::optional<tyto::Dale> dale;
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
  if (!weights.dale) return {w};
  auto sign = tyto::obey_dale(*weights.dale, w);
  return {w, sign};
}

}  // namespace dense

/// The weights of all-to-all projections, with and without delays: declared and drawn in one way, so that both can be
/// compared.
#pragma once

#include <cmath>
#include <optional>
#include <type_traits>
#include <vector>

#include <tyto/dale.hpp>
#include <tyto/layer.hpp>

namespace dense {

struct Weights {
  double scale = 1;
  std::optional<tyto::Dale> dale;
};

/// Declares the parameters of weights for a layer derived from Weights.
template <class T>
[[nodiscard]] tyto::Parameters<T> declare(tyto::Parameters<T> parameters) {
  static_assert(std::is_base_of_v<Weights, T>);
  double T::*const scale = &Weights::scale;
  std::optional<tyto::Dale> T::*const dale = &Weights::dale;
  return parameters
      .number("scale", scale, "1", "factor on the range of the initial weights, which are uniform in +-scale/sqrt(to)")
      .non_negative()
      .group("dale", dale, tyto::Dale::parameters(), "one sign for all weights that leave a neuron");
}

/// The array "w", then any that it needs beside it.
[[nodiscard]] inline std::vector<tyto::ArrayInfo> arrays_of(const Weights& weights, std::size_t from, std::size_t to) {
  tyto::ArrayInfo w;
  w.name = "w";
  w.doc = "weights";
  w.shape = {from, to};
  w.axes = {"from", "to"};
  // PyTorch takes the second dimension of a (from, to) tensor as its fan-in; the published models were
  // trained from weights drawn that way.
  const double bound = weights.scale / std::sqrt(static_cast<double>(to));
  w.initialise = [bound](tyto::Random& random, std::span<double> values) {
    for (double& value : values) value = random.uniform(-bound, bound);
  };
  if (!weights.dale) return {w};
  auto sign = tyto::obey_dale(*weights.dale, w);
  return {w, sign};
}

}  // namespace dense

/// A property of neurons: one value for each, or a range in which they are drawn evenly.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tyto/error.hpp>
#include <tyto/parameters.hpp>
#include <tyto/random.hpp>

namespace nef {

struct Distribution {
  double low = 0;
  double high = 1;
  std::vector<double> values;

  static tyto::Parameters<Distribution> parameters(tyto::Dimension dimension, std::string low, std::string high,
                                                   std::string doc) {
    return tyto::parameters<Distribution>(std::move(doc))
        .quantity("low", &Distribution::low, dimension, std::move(low), "lower end of the range")
        .quantity("high", &Distribution::high, dimension, std::move(high), "upper end of the range")
        .quantities("values", &Distribution::values, dimension, "[]", "a value for each neuron, instead of a range")
        .check([](const Distribution& d) -> std::optional<tyto::Problem> {
          if (d.low > d.high) return tyto::Problem{"low", "must not be greater than 'high'"};
          return std::nullopt;
        });
  }

  /// Throws Error if there are values, but not one for each of `neurons`.
  void check(const std::string& name, std::size_t neurons) const {
    if (!values.empty() && values.size() != neurons)
      throw tyto::Error(name + ": " + std::to_string(neurons) + " values are needed, one for each neuron, not " +
                        std::to_string(values.size()));
  }

  [[nodiscard]] double least() const { return values.empty() ? low : *std::min_element(values.begin(), values.end()); }
  [[nodiscard]] double greatest() const {
    return values.empty() ? high : *std::max_element(values.begin(), values.end());
  }

  /// Of neuron i. Takes one random number in any case, so that giving values changes nothing else.
  [[nodiscard]] double draw(tyto::Random& random, std::size_t i) const {
    const double drawn = random.uniform(low, high);
    return values.empty() ? drawn : values[i];
  }
};

}  // namespace nef

/// A property of neurons: one value for each, or a distribution from which they are drawn.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <tyto/export.hpp>
#include <tyto/parameters.hpp>
#include <tyto/random.hpp>

namespace tyto {

struct TYTO_API Distribution {
  enum class Shape {
    uniform,  ///< evenly between low and high
    normal    ///< around the mean, cut off at low and high
  };

  Shape shape = Shape::uniform;
  double low = 0;
  double high = 1;
  std::optional<double> mean;       ///< the middle of the range if not given
  std::optional<double> deviation;  ///< a quarter of the range if not given
  std::vector<double> values;

  /// `low` and `high` are the defaults of the range.
  [[nodiscard]] static Parameters<Distribution> parameters(Dimension dimension, std::string low, std::string high,
                                                           std::string doc, StepRole role = StepRole::none);

  /// Throws Error that begins with `name` if there are values, but not one for each of `neurons`.
  void check(const std::string& name, std::size_t neurons) const;

  [[nodiscard]] double least() const;
  [[nodiscard]] double greatest() const;

  /// Of neuron i. Takes one random number in any case, so that neither values nor the shape change what else is drawn.
  [[nodiscard]] double draw(Random& random, std::size_t i) const;
};

}  // namespace tyto

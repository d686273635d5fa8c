/// What a connection computes on its way: a function of the vector that its source represents, then a linear map.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <tyto/error.hpp>
#include <tyto/expression.hpp>
#include <tyto/parameters.hpp>

namespace nef {

/// The parameters of a projection that computes a function.
struct Mapping {
  std::vector<std::string> function;
  std::vector<double> transform;

  [[nodiscard]] std::size_t function_outputs(std::size_t dimensions) const {
    return function.empty() ? dimensions : function.size();
  }
};

/// Declares them for a projection derived from Mapping.
template <class T>
[[nodiscard]] tyto::Parameters<T> declare(tyto::Parameters<T> parameters) {
  std::vector<std::string> T::*const function = &Mapping::function;
  std::vector<double> T::*const transform = &Mapping::transform;
  return parameters
      .texts(
          "function", function, "[]",
          "a formula for each value that is computed, over x (or x1, x2, ...), as in 'x^2'; the identity if there is "
          "none")
      .numbers("transform", transform, "[1]",
               "what the computed values are multiplied with: a number, or a matrix row by row");
}

/// A mapping between vectors of known sizes. Throws Error if it does not fit them.
class Mapped {
 public:
  Mapped(const Mapping& mapping, std::size_t dimensions, std::size_t outputs)
      : function_(mapping.function, dimensions), transform_(mapping.transform), values_(function_.outputs()) {
    const std::size_t n = function_.outputs();
    if (transform_.size() == 1 && outputs != n)
      throw tyto::Error("it computes " + std::to_string(n) + (n == 1 ? " value" : " values") +
                        ", but what it reaches takes " + std::to_string(outputs) + "; a transform of " +
                        std::to_string(outputs) + " x " + std::to_string(n) + " numbers is needed");
    if (transform_.size() != 1 && transform_.size() != outputs * n)
      throw tyto::Error("transform: " + std::to_string(outputs * n) +
                        (outputs * n == 1 ? " number is needed (" : " numbers are needed (") + std::to_string(outputs) +
                        " x " + std::to_string(n) + "), not " + std::to_string(transform_.size()));
  }

  void operator()(std::span<const double> x, std::span<double> y) {
    function_(x, values_);
    if (transform_.size() == 1) {
      for (std::size_t k = 0; k < y.size(); ++k) y[k] = transform_[0] * values_[k];
      return;
    }
    for (std::size_t row = 0; row < y.size(); ++row) {
      y[row] = 0;
      for (std::size_t k = 0; k < values_.size(); ++k) y[row] += transform_[row * values_.size() + k] * values_[k];
    }
  }

 private:
  tyto::VectorFunction function_;
  std::vector<double> transform_;
  std::vector<double> values_;
};

}  // namespace nef

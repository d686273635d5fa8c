/// Gradients that are too large are made smaller before an optimizer sees them.
#pragma once

#include <optional>

#include <tyto/parameters.hpp>

namespace tyto {

/// What is done to the gradients of one update, in this order, of all arrays that the update changes, whatever their
/// units. A number that is none, or infinite, makes all of them so under `norm`; `value` alone brings infinity back.
struct Clipping {
  std::optional<double> value;  ///< each number is brought within -value and value
  std::optional<double>
      norm;  ///< all numbers together are scaled so that the root of their squares' sum is at most this

  static Parameters<Clipping> parameters() {
    return tyto::parameters<Clipping>("Bounds of the gradients that an optimizer sees")
        .number("value", &Clipping::value, "", "largest absolute value of each number")
        .positive()
        .optional()
        .number("norm", &Clipping::norm, "",
                "largest Euclidean norm of all gradients together, which are scaled by one factor; after `value`")
        .positive()
        .optional()
        .check([](const Clipping& clipping) -> std::optional<Problem> {
          if (clipping.value || clipping.norm) return std::nullopt;
          return Problem{"norm", "a bound is needed, 'norm' or 'value'"};
        });
  }
};

}  // namespace tyto

/// Adam and AdamW, which differ in what weight decay does.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include <tyto/math.hpp>
#include <tyto/optimizer.hpp>

namespace adam {

struct Moments {
  double learning_rate = 0, beta1 = 0, beta2 = 0, epsilon = 0, weight_decay = 0;
};

/// Declares them for an optimizer derived from Moments.
template <class T>
[[nodiscard]] tyto::Parameters<T> declare(tyto::Parameters<T> parameters, std::string weight_decay,
                                          std::string decays) {
  static_assert(std::is_base_of_v<Moments, T>);
  return parameters.number("learning_rate", tyto::member<T>(&Moments::learning_rate), "0.001", "step size")
      .positive()
      .number("beta1", tyto::member<T>(&Moments::beta1), "0.9", "decay of the gradient's mean")
      .at_least(0)
      .below(1)
      .number("beta2", tyto::member<T>(&Moments::beta2), "0.999", "decay of the squared gradient's mean")
      .at_least(0)
      .below(1)
      .number("epsilon", tyto::member<T>(&Moments::epsilon), "1e-8", "added to the root, against division by zero")
      .positive()
      .number("weight_decay", tyto::member<T>(&Moments::weight_decay), std::move(weight_decay), std::move(decays))
      .non_negative();
}

/// `decoupled`: decay is no part of the gradient.
template <class S>
[[nodiscard]] auto update_of(const Moments& own, std::int64_t step, bool decoupled) {
  const double n = static_cast<double>(step);
  const S rate = static_cast<S>(own.learning_rate / (1 - tyto::pow(own.beta1, n)));
  const S root = static_cast<S>(std::sqrt(1 - tyto::pow(own.beta2, n)));
  return [b1 = static_cast<S>(own.beta1), b2 = static_cast<S>(own.beta2), c1 = static_cast<S>(1 - own.beta1),
          c2 = static_cast<S>(1 - own.beta2), eps = static_cast<S>(own.epsilon), rate, root,
          added = static_cast<S>(decoupled ? 0 : own.weight_decay),
          kept = static_cast<S>(decoupled ? 1 - own.learning_rate * own.weight_decay : 1)](S& parameter, S gradient,
                                                                                           std::array<S, 2>& memory) {
    auto& [mean, square] = memory;
    const S slope = added == S(0) ? gradient : gradient + added * parameter;
    mean = b1 * mean + c1 * slope;
    square = b2 * square + c2 * slope * slope;
    parameter = kept * parameter - rate * (mean / (std::sqrt(square) / root + eps));
  };
}

}  // namespace adam

#include <algorithm>
#include <cmath>

#include <tyto/optimizer.hpp>

namespace {

/// RMSprop (Tieleman & Hinton 2012), by PyTorch's definitions.
struct RmsProp {
  static constexpr std::size_t slots = 3;  // running means of the gradient's square and of the gradient; velocity

  double learning_rate = 0, alpha = 0, epsilon = 0, momentum = 0, weight_decay = 0;
  bool centered = false;

  static auto parameters() {
    return tyto::parameters<RmsProp>("RMSprop: steps scaled by the running mean of the gradient's square")
        .details(
            R"(Update k = 1, 2, ... of a parameter w with the gradient g[k], for each number on its own, in this order:

    s[k] = g[k] + weight_decay w[k-1]
    q[k] = alpha q[k-1] + (1 - alpha) s[k]^2          q[0] = 0
    m[k] = alpha m[k-1] + (1 - alpha) s[k]            centered: true; else 0
    z[k] = momentum z[k-1] + s[k] / (sqrt(q[k] - m[k]^2) + epsilon)
    w[k] = w[k-1] - rate z[k]

rate is `learning_rate` times the factor of the training's schedule. These are PyTorch's definitions, which are those of
Tieleman & Hinton (2012) and, centered, of Graves (2013).)")
        .number("learning_rate", &RmsProp::learning_rate, "0.01", "step size")
        .positive()
        .number("alpha", &RmsProp::alpha, "0.99", "decay of the means")
        .at_least(0)
        .below(1)
        .number("epsilon", &RmsProp::epsilon, "1e-8", "added to the root, against division by zero")
        .positive()
        .number("momentum", &RmsProp::momentum, "0", "part of the last step's velocity that is kept")
        .at_least(0)
        .below(1)
        .number("weight_decay", &RmsProp::weight_decay, "0", "factor of the parameter that is added to its gradient")
        .non_negative()
        .boolean("centered", &RmsProp::centered, "false", "whether the variance takes the place of the mean square");
  }

  template <class S>
  [[nodiscard]] auto prepare(std::int64_t) const {
    return [keep = static_cast<S>(alpha), take = static_cast<S>(1 - alpha), eps = static_cast<S>(epsilon),
            momentum_value = static_cast<S>(momentum), decay = static_cast<S>(weight_decay),
            rate = static_cast<S>(learning_rate),
            by_variance = centered](S& parameter, S gradient, std::array<S, slots>& memory) {
      auto& [square, mean, velocity] = memory;
      const S slope = gradient + decay * parameter;
      square = keep * square + take * slope * slope;
      if (by_variance) mean = keep * mean + take * slope;
      // What is rounded off must not make it negative.
      const S spread = by_variance ? std::max(square - mean * mean, S(0)) : square;
      velocity = momentum_value * velocity + slope / (std::sqrt(spread) + eps);
      parameter -= rate * velocity;
    };
  }
};

}  // namespace

TYTO_OPTIMIZER("rmsprop", RmsProp)

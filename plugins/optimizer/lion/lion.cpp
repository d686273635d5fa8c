#include <tyto/optimizer.hpp>

namespace {

/// Lion (Chen et al. 2023).
struct Lion {
  static constexpr std::size_t slots = 1;  // momentum

  double learning_rate = 0, beta1 = 0, beta2 = 0, weight_decay = 0;

  static auto parameters() {
    return tyto::parameters<Lion>("Lion: steps of one length along the sign of a momentum")
        .details(
            R"(Update k = 1, 2, ... of a parameter w with the gradient g[k], for each number on its own, in this order:

    c[k] = beta1 m[k-1] + (1 - beta1) g[k]        m[0] = 0
    w[k] = (1 - rate weight_decay) w[k-1] - rate sign(c[k])
    m[k] = beta2 m[k-1] + (1 - beta2) g[k]

with sign(0) = 0. rate is `learning_rate` times the factor of the training's schedule; it wants to be three to ten times
smaller than Adam's, and weight_decay as many times larger (Chen et al. 2023, algorithm 2).)")
        .number("learning_rate", &Lion::learning_rate, "0.0001", "step size")
        .positive()
        .number("beta1", &Lion::beta1, "0.9", "part of the momentum in the direction of a step")
        .at_least(0)
        .below(1)
        .number("beta2", &Lion::beta2, "0.99", "decay of the momentum")
        .at_least(0)
        .below(1)
        .number("weight_decay", &Lion::weight_decay, "0",
                "part of the parameter, times the rate, that is taken away in each update")
        .non_negative();
  }

  template <class S>
  [[nodiscard]] auto prepare(std::int64_t) const {
    return [b1 = static_cast<S>(beta1), c1 = static_cast<S>(1 - beta1), b2 = static_cast<S>(beta2),
            c2 = static_cast<S>(1 - beta2), rate = static_cast<S>(learning_rate),
            kept = static_cast<S>(1 - learning_rate * weight_decay)](S& parameter, S gradient,
                                                                     std::array<S, slots>& memory) {
      const S direction = b1 * memory[0] + c1 * gradient;
      const S sign = direction > S(0) ? S(1) : direction < S(0) ? S(-1) : S(0);
      parameter = kept * parameter - rate * sign;
      memory[0] = b2 * memory[0] + c2 * gradient;
    };
  }
};

}  // namespace

TYTO_OPTIMIZER("lion", Lion)

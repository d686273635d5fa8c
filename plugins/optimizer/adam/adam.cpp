#include <cmath>

#include <tyto/math.hpp>
#include <tyto/optimizer.hpp>

namespace {

/// Adam (Kingma & Ba 2015), with PyTorch's order of operations.
struct Adam {
  static constexpr std::size_t slots = 2;  // running means of the gradient and of its square

  double learning_rate = 0, beta1 = 0, beta2 = 0, epsilon = 0;

  static auto parameters() {
    return tyto::parameters<Adam>("Adam: steps scaled by running means of the gradient and of its square")
        .details(
            R"(Update k = 1, 2, ... of a parameter w with the gradient g[k], for each number on its own, in this order:

    m[k] = beta1 m[k-1] + (1 - beta1) g[k]        m[0] = 0
    q[k] = beta2 q[k-1] + (1 - beta2) g[k]^2      q[0] = 0
    w[k] = w[k-1] - rate / (1 - beta1^k) m[k] / (sqrt(q[k]) / sqrt(1 - beta2^k) + epsilon)

rate is `learning_rate` times the factor of the training's schedule. The order of operations is PyTorch's. But for
epsilon, the steps stay the same if all gradients are multiplied by one factor (Kingma & Ba 2015).)")
        .number("learning_rate", &Adam::learning_rate, "0.001", "step size")
        .positive()
        .number("beta1", &Adam::beta1, "0.9", "decay of the gradient's mean")
        .at_least(0)
        .below(1)
        .number("beta2", &Adam::beta2, "0.999", "decay of the squared gradient's mean")
        .at_least(0)
        .below(1)
        .number("epsilon", &Adam::epsilon, "1e-8", "added to the root, against division by zero")
        .positive();
  }

  template <class S>
  [[nodiscard]] auto prepare(std::int64_t step) const {
    const double n = static_cast<double>(step);
    const S rate = static_cast<S>(learning_rate / (1 - tyto::pow(beta1, n)));
    const S root = static_cast<S>(std::sqrt(1 - tyto::pow(beta2, n)));
    return [b1 = static_cast<S>(beta1), b2 = static_cast<S>(beta2), c1 = static_cast<S>(1 - beta1),
            c2 = static_cast<S>(1 - beta2), eps = static_cast<S>(epsilon), rate,
            root](S& parameter, S gradient, std::array<S, slots>& memory) {
      auto& [mean, square] = memory;
      mean = b1 * mean + c1 * gradient;
      square = b2 * square + c2 * gradient * gradient;
      parameter -= rate * (mean / (std::sqrt(square) / root + eps));
    };
  }
};

}  // namespace

TYTO_OPTIMIZER("adam", Adam)

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

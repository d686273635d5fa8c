#include <cmath>

#include <tyto/optimizer.hpp>

namespace {

/// Gradient descent with steps divided by the root of all squared gradients so far (Duchi et al. 2011).
struct AdaGrad {
  static constexpr std::size_t slots = 1;  // the sum of squares

  double learning_rate = 0;
  double epsilon = 0;

  static auto parameters() {
    return tyto::parameters<AdaGrad>("Gradient descent, scaled by the root of the gradient's squares so far")
        .number("learning_rate", &AdaGrad::learning_rate, "0.01", "size of the first step")
        .positive()
        .number("epsilon", &AdaGrad::epsilon, "1e-10", "added to the root")
        .positive();
  }

  template <class S>
  auto prepare(std::int64_t /*step*/) const {
    return [rate = static_cast<S>(learning_rate), small = static_cast<S>(epsilon)](S& parameter, S gradient,
                                                                                   std::array<S, slots>& memory) {
      memory[0] += gradient * gradient;
      parameter -= rate * gradient / (std::sqrt(memory[0]) + small);
    };
  }
};

}  // namespace

TYTO_OPTIMIZER("adagrad", AdaGrad)

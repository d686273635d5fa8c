#include <cmath>

#include <tyto/optimizer.hpp>

namespace {

/// Gradient descent with steps divided by a running root mean square of the gradient.
struct RmsProp {
  static constexpr std::size_t slots = 1;  // the running mean of squares

  double learning_rate = 0;
  double decay = 0;
  double epsilon = 0;

  static auto parameters() {
    return tyto::parameters<RmsProp>("Gradient descent, scaled by the gradient's running root mean square")
        .number("learning_rate", &RmsProp::learning_rate, "0.01", "size of a step")
        .positive()
        .number("decay", &RmsProp::decay, "0.99", "how much of the running mean is kept at each step")
        .at_least(0)
        .below(1)
        .number("epsilon", &RmsProp::epsilon, "1e-8", "added to the root mean square")
        .positive();
  }

  template <class S>
  auto prepare(std::int64_t /*step*/) const {
    return [rate = static_cast<S>(learning_rate), keep = static_cast<S>(decay), small = static_cast<S>(epsilon)](
               S& parameter, S gradient, std::array<S, slots>& memory) {
      memory[0] = keep * memory[0] + (S(1) - keep) * gradient * gradient;
      parameter -= rate * gradient / (std::sqrt(memory[0]) + small);
    };
  }
};

}  // namespace

TYTO_OPTIMIZER("rmsprop", RmsProp)

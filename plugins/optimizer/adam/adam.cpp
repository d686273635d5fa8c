#include "adam.hpp"

namespace {

/// Adam (Kingma & Ba 2015), with PyTorch's order of operations.
struct Adam : adam::Moments {
  static constexpr std::size_t slots = 2;  // running means of the gradient and of its square

  static auto parameters() {
    return adam::declare(
        tyto::parameters<Adam>("Adam: steps scaled by running means of the gradient and of its square")
            .details(
                R"(Update k = 1, 2, ... of a parameter w with the gradient g[k], for each number on its own, in this order:

    s[k] = g[k] + weight_decay w[k-1]
    m[k] = beta1 m[k-1] + (1 - beta1) s[k]        m[0] = 0
    q[k] = beta2 q[k-1] + (1 - beta2) s[k]^2      q[0] = 0
    w[k] = w[k-1] - rate / (1 - beta1^k) m[k] / (sqrt(q[k]) / sqrt(1 - beta2^k) + epsilon)

rate is `learning_rate` times the factor of the training's schedule. The order of operations is PyTorch's. But for
epsilon and decay, the steps stay the same if all gradients are multiplied by one factor (Kingma & Ba 2015).)"),
        "0", "factor of the parameter that is added to its gradient; adamw decays without it");
  }
  template <class S>
  [[nodiscard]] auto prepare(std::int64_t step) const {
    return adam::update_of<S>(*this, step, false);
  }
};

}  // namespace

TYTO_OPTIMIZER("adam", Adam)

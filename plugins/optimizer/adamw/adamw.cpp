#include "../adam/adam.hpp"

namespace {

/// Adam with decoupled weight decay (Loshchilov & Hutter 2019).
struct AdamW : adam::Moments {
  static constexpr std::size_t slots = 2;  // running means of the gradient and of its square

  static auto parameters() {
    return adam::declare(
        tyto::parameters<AdamW>("AdamW: Adam whose weight decay is no part of the gradient")
            .details(
                R"(Update k = 1, 2, ... of a parameter w with the gradient g[k], for each number on its own, in this order:

    m[k] = beta1 m[k-1] + (1 - beta1) g[k]        m[0] = 0
    q[k] = beta2 q[k-1] + (1 - beta2) g[k]^2      q[0] = 0
    w[k] = (1 - rate weight_decay) w[k-1]
           - rate / (1 - beta1^k) m[k] / (sqrt(q[k]) / sqrt(1 - beta2^k) + epsilon)

rate is `learning_rate` times the factor of the training's schedule, which decay follows, too, as in PyTorch. All
trainable arrays decay; one that should not gets an optimizer of its own, where it takes one (Loshchilov & Hutter 2019).)"),
        "0.01", "part of the parameter, times the rate, that is taken away in each update");
  }
  template <class S>
  [[nodiscard]] auto prepare(std::int64_t step) const {
    return adam::update_of<S>(*this, step, true);
  }
};

}  // namespace

TYTO_OPTIMIZER("adamw", AdamW)

#include <tyto/optimizer.hpp>

namespace {

/// Stochastic gradient descent with momentum and weight decay, by PyTorch's definitions.
struct Sgd {
  static constexpr std::size_t slots = 1;  // velocity

  double learning_rate = 0, momentum = 0, weight_decay = 0;
  bool nesterov = false;

  static auto parameters() {
    return tyto::parameters<Sgd>("Stochastic gradient descent")
        .details(
            R"(Update k = 1, 2, ... of a parameter w with the gradient g[k], for each number on its own, in this order:

    s[k] = g[k] + weight_decay w[k-1]
    z[k] = momentum z[k-1] + s[k]                 z[1] = s[1]
    w[k] = w[k-1] - rate z[k]                     nesterov: false
    w[k] = w[k-1] - rate (s[k] + momentum z[k])   nesterov: true

rate is `learning_rate` times the factor of the training's schedule. These are PyTorch's definitions: the gradient is
not multiplied by 1 - momentum, and weight decay is part of the gradient.)")
        .number("learning_rate", &Sgd::learning_rate, "0.01", "step size")
        .positive()
        .number("momentum", &Sgd::momentum, "0", "part of the last step's velocity that is kept")
        .at_least(0)
        .below(1)
        .number("weight_decay", &Sgd::weight_decay, "0", "factor of the parameter that is added to its gradient")
        .non_negative()
        .boolean("nesterov", &Sgd::nesterov, "false", "Nesterov's form of momentum")
        .check([](const Sgd& sgd) -> std::optional<tyto::Problem> {
          if (sgd.nesterov && sgd.momentum == 0) return tyto::Problem{"nesterov", "needs a momentum above 0"};
          return std::nullopt;
        });
  }

  template <class S>
  [[nodiscard]] auto prepare(std::int64_t step) const {
    // The first velocity is the gradient itself, whatever the momentum.
    const S keep = step == 1 ? S(0) : static_cast<S>(momentum);
    return [keep, momentum_value = static_cast<S>(momentum), rate = static_cast<S>(learning_rate),
            decay = static_cast<S>(weight_decay),
            look_ahead = nesterov](S& parameter, S gradient, std::array<S, slots>& memory) {
      const S slope = gradient + decay * parameter;
      memory[0] = keep * memory[0] + slope;
      parameter -= rate * (look_ahead ? slope + momentum_value * memory[0] : memory[0]);
    };
  }
};

}  // namespace

TYTO_OPTIMIZER("sgd", Sgd)

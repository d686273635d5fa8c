#include <tyto/dale.hpp>

namespace {

/// The framework's own, with what its page says beside it.
struct Documented : tyto::ExponentiatedGradient {
  static auto parameters() {
    return tyto::ExponentiatedGradient::parameters().details(
        R"(Update k = 1, 2, ... of a parameter w with the gradient g[k], for each number on its own:

    w[k] = w[k-1] exp(-rate sign(w[k-1]) g[k])

rate is `learning_rate` times the factor of the training's schedule. It is that of exponentiated gradient (Kivinen &
Warmuth 1997), with signs: no parameter changes its sign, and a parameter of 0 stays 0.)");
  }
};

}  // namespace

TYTO_OPTIMIZER("exponentiated_gradient", Documented)

#include <tyto/dale.hpp>

TYTO_OPTIMIZER("exponentiated_gradient", tyto::ExponentiatedGradient)

/// Turns a model into kernels.
#pragma once

#include <vector>

#include "passes.hpp"

namespace cpu {

/// Throws tyto::Error, naming the layer, where a component has no kernel for precision S.
template <class S>
[[nodiscard]] std::vector<CompiledLayer<S>> compile_layers(const tyto::Model& model);

}  // namespace cpu

/// In which order the layers of a model can be run, and how many steps at once.
#pragma once

#include <cstddef>
#include <vector>

#include <tyto/export.hpp>
#include <tyto/model.hpp>

namespace tyto {

/// Layers that depend on each other, in the order of the model; mostly a single one.
struct Part {
  std::vector<std::size_t> layers;
  /// Whether what a layer of it does comes back to it, so that it goes through `stride` steps at once, and not through
  /// all that there are.
  bool loops = false;
  std::size_t stride = 1;
};

/// Steps after which what the source of an input does acts in the layer: its delay, if it has one; else 1 if it has a
/// synapse, whose answer begins with the next step, or comes from the layer itself or a later one; else 0.
[[nodiscard]] TYTO_API std::size_t steps_late(std::size_t layer, const ModelInput& input);

/// The strongly connected parts of a model in topological order. A part in which a connection learns goes step by step.
[[nodiscard]] TYTO_API std::vector<Part> schedule(const Model& model);

}  // namespace tyto

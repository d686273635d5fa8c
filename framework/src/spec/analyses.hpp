/// The key `analyses`.
#pragma once

#include "experiment.hpp"
#include "node.hpp"
#include "reader.hpp"

namespace tyto::spec {

/// Reads the analyses into the experiment. Those of a complete model are asked whether they can be made of it. Returns
/// the resolved configuration.
[[nodiscard]] Node read_analyses(const Node& root, Reader& reader, Experiment& experiment, bool model_is_complete);

}  // namespace tyto::spec

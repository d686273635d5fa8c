/// What is recorded while a model runs: the key `probes`.
#pragma once

#include "layers.hpp"
#include "node.hpp"

namespace tyto::spec {

/// `probes` is null if there are none. Returns the resolved configuration.
[[nodiscard]] Node read_probes(const Node* probes, Draft& draft);

}  // namespace tyto::spec

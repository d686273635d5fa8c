/// What a run of some kind cannot do yet, although the language can say it.
#pragma once

#include "layers.hpp"
#include "node.hpp"

namespace tyto::spec {

/// Reports it, each thing at its key. `probes` is null if there are none.
void refuse_limits(const Node* probes, const Draft& draft);

}  // namespace tyto::spec

/// Whether a projection keeps more from step to step than it says.
#pragma once

#include <tyto/layer.hpp>

namespace tyto::spec {

/// A stream shows a projection some steps at a time, after as many of the past as it says that it reads
/// (ProjectionKernel::reach), and has no place for what it would have to remember beside. This tries the projection on a
/// small scale, with a few neurons and random signals: whether it hands on for single steps what it hands on for all
/// steps at once. A projection that cannot be tried so is taken at its word.
[[nodiscard]] bool looks_back(const Layer& projection, double dt_s);

}  // namespace tyto::spec

/// Whether a projection or a transform keeps more from step to step than it says.
#pragma once

#include <tyto/layer.hpp>

namespace tyto::spec {

/// A stream shows a projection or a transform some steps at a time, after as many of the past as it says that it reads
/// (ProjectionKernel::reach), and has no place for what it would have to remember beside. This tries it on a
/// small scale, with a few neurons and random signals: whether it hands on for single steps what it hands on for all
/// steps at once. One that cannot be tried so is taken at its word.
[[nodiscard]] bool looks_back(const Layer& layer, double dt_s);

}  // namespace tyto::spec

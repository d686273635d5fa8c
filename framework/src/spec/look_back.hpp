/// Whether a projection keeps something from step to step.
#pragma once

#include <tyto/layer.hpp>

namespace tyto::spec {

/// A simulation gives a projection one step at a time, and has no place for what it would have to remember. This tries
/// the projection on a small scale, with a few neurons and random signals: whether it hands on for single steps what it
/// hands on for all steps at once. A projection that cannot be tried so is taken at its word.
[[nodiscard]] bool looks_back(const Layer& projection, double dt_s);

}  // namespace tyto::spec

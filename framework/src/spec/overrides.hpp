/// What the command line, or a sweep, changes in an experiment before it is read.
#pragma once

#include "experiment.hpp"
#include "node.hpp"
#include "reader.hpp"

namespace tyto::spec {

void apply_overrides(const Overrides& overrides, Node& root, Reader& reader);

}  // namespace tyto::spec

/// What the command line changes in an experiment before it is read.
#pragma once

#include <string>

#include "node.hpp"

namespace tyto::spec {

/// Applies "a.b.c=value": the value is YAML, maps that are missing are made, items of a list go by
/// their index, and `model.x` stands for `model.with.x` where the model comes from a file. `option` names the
/// command-line option in places. Throws InvalidInput.
void apply_setting(Node& root, const std::string& setting, const std::string& option = "--set");

}  // namespace tyto::spec

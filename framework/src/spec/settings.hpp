/// What the command line changes in an experiment before it is read.
#pragma once

#include <optional>
#include <string>

#include "node.hpp"

namespace tyto::spec {

/// A value for one path of the experiment.
struct Setting {
  std::string path;  ///< as in "a.b.c=value"
  Place place;       ///< where the path is written
  Node value;        ///< knows its own place
};

/// A setting that names another type, as in 'learning.optimizer.type=sgd'.
struct TypeChange {
  Node* map = nullptr;  ///< in which the type stands
  std::string former, now;
};

/// Applies "a.b.c=value": the value is YAML, maps that are missing are made, items of a list go by
/// their index, and `model.x` stands for `model.with.x` where the model comes from a file. `option` names the
/// command-line option in places. Throws InvalidInput.
std::optional<TypeChange> apply_setting(Node& root, const std::string& setting, const std::string& option = "--set");
/// The same for a value that has been read already.
std::optional<TypeChange> apply_setting(Node& root, const Setting& setting);
/// What a single value of a key stands for, as a map: a name for {type: name}, a seed for one of each purpose, a time
/// for an exponential synapse.
[[nodiscard]] Node long_form(const std::string& key, const Node& value);
/// The one way of writing a path: `model.x` is `model.with.x` where the model comes from a file.
[[nodiscard]] std::string full_path(const Node& root, const std::string& path);

}  // namespace tyto::spec

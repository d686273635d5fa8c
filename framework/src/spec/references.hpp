/// `parameters` of experiments and model files: what `$name` stands for.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "node.hpp"
#include "reader.hpp"

namespace tyto::spec {

/// What each name stands for.
struct Bindings {
  std::string of;  ///< whose parameters they are, in messages: "model", or empty for an experiment
  std::map<std::string, Node, std::less<>> values;
  std::vector<std::string> names;
  std::set<std::string, std::less<>> used;
  bool complete = true;  ///< every reference was to one of these
};

/// Takes the names and defaults of a node `parameters`, which may be null.
void declare(const Node* parameters, Bindings& bindings, Reader& reader);

/// Replaces every plain scalar `$name` in a tree.
void substitute_all(Node& tree, Bindings& bindings, Reader& reader);

/// Names that a tree refers to.
[[nodiscard]] std::set<std::string, std::less<>> references_in(const Node& tree);

/// Reports parameters that nothing uses. A misspelled reference leaves one unused, which is then no fault of its own.
void refuse_unused(const Node* parameters, const Bindings& bindings, const std::string& what, Reader& reader);

}  // namespace tyto::spec

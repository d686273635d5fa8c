#include "references.hpp"

#include <functional>

#include "words.hpp"

namespace tyto::spec {

namespace {

std::size_t count_nodes(const Node& node) {
  std::size_t count = 1;
  for (const auto& item : node.items) count += count_nodes(item);
  for (const auto& entry : node.entries) count += count_nodes(entry.value);
  return count;
}

std::string owned(const Bindings& bindings) { return bindings.of.empty() ? "" : bindings.of + " "; }

/// `budget` bounds the nodes that this may add.
void substitute(Node& node, Bindings& bindings, std::size_t& budget, Reader& reader) {
  for (auto& item : node.items) substitute(item, bindings, budget, reader);
  for (auto& entry : node.entries) substitute(entry.value, bindings, budget, reader);
  if (!node.is_scalar() || node.quoted || !node.text.starts_with('$')) return;
  const std::string name = node.text.substr(1);
  const auto found = bindings.values.find(name);
  if (found == bindings.values.end()) {
    bindings.complete = false;
    reader.fault(node.place,
                 "unknown " + owned(bindings) + "parameter " + quote(node.text) +
                     (bindings.names.empty() ? "; there are none here" : suggestion_or_known(name, bindings.names)));
    return;
  }
  bindings.used.insert(name);
  const std::size_t added = count_nodes(found->second);
  if (added > budget) throw InvalidInput(node.place, "the model is too large: more than 100000 nodes");
  budget -= added;
  node = found->second;
}

}  // namespace

void declare(const Node* parameters, Bindings& bindings, Reader& reader) {
  if (parameters == nullptr || parameters->type == Node::Type::null) return;
  if (!parameters->is_map()) reader.fault(parameters->place, "parameters: a map of names and defaults is needed");
  for (const auto& entry : parameters->entries) {
    if (!is_name(entry.key))
      reader.fault(entry.place,
                   "the name of a " + owned(bindings) + "parameter is made of letters, digits and underscores");
    if (entry.value.is_scalar() && !entry.value.quoted && entry.value.text.starts_with('$'))
      reader.fault(entry.value.place, "a parameter has a value of its own, and not that of another one");
    bindings.names.push_back(entry.key);
    bindings.values[entry.key] = entry.value;
  }
}

void substitute_all(Node& tree, Bindings& bindings, Reader& reader) {
  constexpr std::size_t most_nodes = 100'000;
  std::size_t budget = most_nodes;
  try {
    substitute(tree, bindings, budget, reader);
  } catch (const InvalidInput& error) {
    for (const auto& diagnostic : error.diagnostics()) reader.fault(diagnostic.place, diagnostic.message);
  }
}

std::set<std::string, std::less<>> references_in(const Node& tree) {
  std::set<std::string, std::less<>> found;
  const std::function<void(const Node&)> look = [&](const Node& node) {
    for (const auto& item : node.items) look(item);
    for (const auto& entry : node.entries) look(entry.value);
    if (node.is_scalar() && !node.quoted && node.text.starts_with('$')) found.insert(node.text.substr(1));
  };
  look(tree);
  return found;
}

void refuse_unused(const Node* parameters, const Bindings& bindings, const std::string& what, Reader& reader) {
  if (parameters == nullptr || !bindings.complete) return;
  for (const auto& entry : parameters->entries)
    if (!bindings.used.contains(entry.key))
      reader.fault(entry.place, what + " uses the parameter " + quote(entry.key) + ", as '$" + entry.key + "'");
}

}  // namespace tyto::spec

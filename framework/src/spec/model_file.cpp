#include <algorithm>
#include <map>
#include <set>

#include "blocks.hpp"
#include "model.hpp"
#include "words.hpp"

namespace tyto::spec {

namespace {

/// The parameters of a model file: what each name stands for.
struct Bindings {
  std::map<std::string, Node, std::less<>> values;
  std::vector<std::string> names;
  std::set<std::string, std::less<>> used;
  bool complete = true;  ///< every reference was to one of these
};

std::size_t count_nodes(const Node& node) {
  std::size_t count = 1;
  for (const auto& item : node.items) count += count_nodes(item);
  for (const auto& entry : node.entries) count += count_nodes(entry.value);
  return count;
}

/// Replaces every plain scalar `$name`. `budget` bounds the nodes that this may add.
void substitute(Node& node, Bindings& bindings, std::size_t& budget, Reader& reader) {
  for (auto& item : node.items) substitute(item, bindings, budget, reader);
  for (auto& entry : node.entries) substitute(entry.value, bindings, budget, reader);
  if (!node.is_scalar() || node.quoted || !node.text.starts_with('$')) return;
  const std::string name = node.text.substr(1);
  const auto found = bindings.values.find(name);
  if (found == bindings.values.end()) {
    bindings.complete = false;
    reader.fault(node.place,
                 "unknown model parameter " + quote(node.text) +
                     (bindings.names.empty() ? "; there are none here" : suggestion_or_known(name, bindings.names)));
    return;
  }
  bindings.used.insert(name);
  const std::size_t added = count_nodes(found->second);
  if (added > budget) throw InvalidInput(node.place, "the model is too large: more than 100000 nodes");
  budget -= added;
  node = found->second;
}

void substitute_all(Node& layers, Bindings& bindings, Reader& reader) {
  constexpr std::size_t most_nodes = 100'000;
  std::size_t budget = most_nodes;
  try {
    substitute(layers, bindings, budget, reader);
  } catch (const InvalidInput& error) {
    for (const auto& diagnostic : error.diagnostics()) reader.fault(diagnostic.place, diagnostic.message);
  }
}

/// Defaults of the model file, replaced by what stands under `with`.
Bindings bind(const Node& file, const Node* with, const Place& use, Reader& reader) {
  Bindings bindings;
  if (const Node* declared = file.find("parameters"); declared != nullptr && declared->type != Node::Type::null) {
    if (!declared->is_map()) reader.fault(declared->place, "parameters: a map of names and defaults is needed");
    for (const auto& entry : declared->entries) {
      if (!is_name(entry.key))
        reader.fault(entry.place, "the name of a model parameter is made of letters, digits and underscores");
      bindings.names.push_back(entry.key);
      bindings.values[entry.key] = entry.value;
    }
  }
  if (with != nullptr && with->type != Node::Type::null) {
    if (!with->is_map()) reader.fault(with->place, "with: a map of the model's parameters is needed");
    for (const auto& entry : with->entries) {
      const auto known = bindings.values.find(entry.key);
      if (known == bindings.values.end())
        reader.fault(entry.place,
                     "the model has no parameter " + quote(entry.key) + suggestion_or_known(entry.key, bindings.names));
      else
        known->second = entry.value;
    }
  }
  const Place where = with != nullptr ? with->place : use;
  for (auto& [name, value] : bindings.values)
    if (value.type == Node::Type::null) {
      reader.fault(where, "the model's parameter " + quote(name) + " needs a value");
      // Whatever reads this reference repeats the fault just reported, and adds none of its own.
      value = make_scalar('$' + name, where);
    }
  return bindings;
}

void refuse_other_keys(const Node& map, const std::vector<std::string>& known, Reader& reader) {
  for (const auto& entry : map.entries)
    if (std::find(known.begin(), known.end(), entry.key) == known.end())
      reader.fault(entry.place, "unknown key " + quote(entry.key) + suggestion_or_known(entry.key, known));
}

/// The layers of a parsed model file, or nothing.
std::optional<Node> layers_of(const Node& file, const Node& use, const Node* with, Reader& reader) {
  if (!file.is_map()) {
    reader.fault(file.place, "a model file is a map with the key 'layers', and 'parameters' if it has any");
    return std::nullopt;
  }
  refuse_other_keys(file, {"parameters", "layers"}, reader);
  Bindings bindings = bind(file, with, use.place, reader);
  const Node* layers = file.find("layers");
  if (layers == nullptr) {
    reader.fault(file.place, "'layers' is missing (a map of the model's layers)");
    return std::nullopt;
  }
  Node replaced = *layers;
  substitute_all(replaced, bindings, reader);
  // A misspelled reference leaves a parameter unused, which is then no fault of its own.
  if (const Node* declared = file.find("parameters"); declared != nullptr && bindings.complete)
    for (const auto& entry : declared->entries)
      if (!bindings.used.contains(entry.key))
        reader.fault(entry.place, "no layer uses the parameter " + quote(entry.key) + ", as '$" + entry.key + "'");
  return replaced;
}

std::optional<Node> from_file(const Node& use, const Node* with, const std::filesystem::path& folder, Reader& reader) {
  if (!use.is_scalar() || use.text.empty()) {
    reader.fault(use.place, "use: the name of a model file is needed");
    return std::nullopt;
  }
  const std::string path = (folder / use.text).lexically_normal().string();
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored) || std::filesystem::is_directory(path, ignored)) {
    reader.fault(use.place, "there is no model file " + quote(use.text));
    return std::nullopt;
  }
  try {
    return layers_of(parse_file(path), use, with, reader);
  } catch (const InvalidInput& error) {
    for (const auto& diagnostic : error.diagnostics()) reader.fault(diagnostic.place, diagnostic.message);
    return std::nullopt;
  }
}

}  // namespace

std::optional<Node> model_layers(const Node& model, const std::filesystem::path& folder, Reader& reader) {
  if (!model.is_map()) {
    reader.fault(model.place, "a model is written as {use: file, with: {...}} or as {layers: {...}}");
    return std::nullopt;
  }
  refuse_other_keys(model, {"use", "with", "layers"}, reader);
  const Node* use = model.find("use");
  const Node* with = model.find("with");
  const Node* layers = model.find("layers");
  if ((use == nullptr) == (layers == nullptr)) {
    reader.fault(model.place, use == nullptr ? "the model needs one of the keys 'use' and 'layers'"
                                             : "the model has both 'use' and 'layers'; one of them is needed");
    return std::nullopt;
  }
  if (use != nullptr) return from_file(*use, with, folder, reader);
  if (with != nullptr) reader.fault(with->place, "'with' belongs to a model from a file, named by 'use'");
  Node replaced = *layers;
  Bindings none;
  substitute_all(replaced, none, reader);
  return replaced;
}

}  // namespace tyto::spec

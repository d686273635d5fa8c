#include <algorithm>

#include "blocks.hpp"
#include "model.hpp"
#include "references.hpp"
#include "words.hpp"

namespace tyto::spec {

namespace {

/// Defaults of the model file, replaced by what stands under `with`.
Bindings bind(const Node& file, const Node* with, const Place& use, Reader& reader) {
  Bindings bindings;
  bindings.of = "model";
  declare(file.find("parameters"), bindings, reader);
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
  refuse_unused(file.find("parameters"), bindings, "no layer", reader);
  return replaced;
}

std::optional<Node> from_file(const Node& use, const Node* with, Reader& reader) {
  if (!use.is_scalar() || use.text.empty()) {
    reader.fault(use.place, "use: the name of a model file is needed");
    return std::nullopt;
  }
  const std::string path = reader.path_of(use);
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored) || std::filesystem::is_directory(path, ignored)) {
    reader.fault(use.place, "there is no model file " + quote(use.text));
    return std::nullopt;
  }
  reader.add_file(path);
  try {
    return layers_of(parse_file(path), use, with, reader);
  } catch (const InvalidInput& error) {
    for (const auto& diagnostic : error.diagnostics()) reader.fault(diagnostic.place, diagnostic.message);
    return std::nullopt;
  }
}

}  // namespace

std::optional<Node> model_layers(const Node& model, Reader& reader) {
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
  if (use != nullptr) return from_file(*use, with, reader);
  if (with != nullptr) reader.fault(with->place, "'with' belongs to a model from a file, named by 'use'");
  return *layers;
}

}  // namespace tyto::spec

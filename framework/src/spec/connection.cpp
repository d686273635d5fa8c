#include "connection.hpp"

#include <tyto/error.hpp>

#include "model.hpp"
#include "simulation.hpp"
#include "words.hpp"

namespace tyto::spec {

namespace {

/// A bare time stands for an exponential synapse.
Node expanded_synapse(const Node& node) {
  if (!node.is_scalar()) return node;
  try {
    static_cast<void>(parse_quantity(node.text, Dimension::time));
  } catch (const Error&) {
    return node;
  }
  Node map = make_map(node.place);
  map.entries.push_back({"type", node.place, make_text("exponential", node.place)});
  map.entries.push_back({"tau", node.place, node});
  return map;
}

void put_second(Node& map, const std::string& key, Node value) {
  const Place place = value.place;
  map.entries.insert(map.entries.begin() + (map.entries.empty() ? 0 : 1), {key, place, std::move(value)});
}

/// What a projection reads has to be of the sort that it can read.
bool fits_source(const Configured& made, const ConnectionEnd& source, Reader& reader) {
  const bool decodes = made.info->offers(capability::decoding);
  if (decodes == source.ensemble || (!decodes && made.as<const Layer>()->port() == Port::neurons)) return true;
  reader.fault(made.place, decodes ? quote(made.info->name) + " reads ensembles, which " + quote(source.name) +
                                         " is not; use 'direct'"
                                   : quote(made.info->name) + " reads values, but " + quote(source.name) +
                                         " is an ensemble, which has rates; use 'decoded'");
  return false;
}

/// Whether a projection reaches what a layer represents, and not its neurons.
bool at_layer_of(const ConnectionEnd& target, const Layer& projection) {
  return !target.ensemble || projection.port() == Port::layer;
}

/// Reads `learn`. Returns its resolved configuration.
Node read_learning(const Node& node, const ConnectionEnds& ends, const ConnectionEnd* target, std::size_t handed,
                   ModelInput& input, Reader& reader) {
  static const std::vector<std::string> own{"error", "from", "until"};
  const Configured made = reader.component(node, {Kind::plasticity, "rule", {}}, own);
  LearnKeys keys;
  Node further = make_map(node.place);
  for (const auto& entry : node.entries)
    for (const auto& name : own)
      if (entry.key == name) further.entries.push_back(entry);
  const Node resolved_keys = reader.read(further, LearnKeys::parameters(), keys);
  Node resolved = made.resolved;
  for (const auto& entry : resolved_keys.entries) resolved.entries.push_back(entry);
  if (made.interface == nullptr) return resolved;
  ModelLearning learning;
  learning.type = made.info->name;
  learning.rule = made.as<const Plasticity>();
  learning.from_s = keys.from_s;
  if (keys.until_s) learning.until_s = *keys.until_s;
  if (target == nullptr) {
    reader.fault(made.place, "a probe does not learn");
  } else if (input.arrays.empty()) {
    reader.fault(made.place, quote(input.type) + " has no weights that could learn");
  } else if (learning.rule->needs_ensemble() && (!target->ensemble || input.projection->port() != Port::layer)) {
    reader.fault(made.place, "the rule " + quote(learning.type) +
                                 " changes the encoders of the ensemble that is "
                                 "reached, and " +
                                 quote(target->name) + " is none");
  }
  const Node* error = node.find("error");
  if (learning.rule->needs_error()) {
    if (error == nullptr) {
      reader.fault(node.place, "the rule " + quote(learning.type) +
                                   " learns from an error: name the layer that gives it, as in 'error: error'");
    } else if (const auto index = ends.find(*error, reader)) {
      const std::size_t needed =
          target != nullptr && input.projection->port() == Port::neurons ? target->represented : handed;
      if (*index == ModelInput::stimulus)
        reader.fault(error->place, "the error is given by a layer, not by the stimulus; use a node");
      else if (const auto& end = ends.layers[*index]; end.represented != 0 && needed != 0 && end.represented != needed)
        reader.fault(error->place, "the error has " + std::to_string(end.represented) + " values, and " +
                                       std::to_string(needed) + " are learnt");
      learning.error = *index;
    }
  } else if (error != nullptr) {
    reader.fault(error->place, "the rule " + quote(learning.type) + " does not learn from an error");
  }
  input.learning = std::move(learning);
  return resolved;
}

}  // namespace

std::optional<std::size_t> ConnectionEnds::find(const Node& name, Reader& reader) const {
  if (!name.is_scalar()) {
    reader.fault(name.place, "the name of a layer, or 'stimulus', is needed");
    return std::nullopt;
  }
  if (name.text == stimulus.name && has_stimulus) return ModelInput::stimulus;
  std::vector<std::string> known;
  if (has_stimulus) known.push_back(stimulus.name);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (layers[i].name == name.text) return i;
    known.push_back(layers[i].name);
  }
  if (name.text.starts_with('$') && reader.repeat_fault_at(name.place)) return std::nullopt;
  reader.fault(name.place, "unknown layer " + quote(name.text) + suggestion_or_known(name.text, known));
  return std::nullopt;
}

ReadConnection read_connection(const Node& node, const ConnectionEnds& ends, const ConnectionEnd* target,
                               std::optional<std::size_t> before, Reader& reader,
                               const std::vector<std::string>& ignored) {
  ReadConnection read;
  std::vector<std::string> others = ignored;
  others.insert(others.end(), {"from", "synapse", "learn"});
  const Configured made = reader.component(node, {Kind::layer, "type", capability::projection}, others);
  read.resolved = made.resolved;
  const Node* from_node = node.find("from");
  const auto from = from_node != nullptr ? ends.find(*from_node, reader) : before;
  if (from_node == nullptr && !before) reader.fault(node.place, "'from' is missing: the layer that is read");
  ModelInput input;
  Node synapse;
  if (const Node* given = node.find("synapse"); given != nullptr && given->type != Node::Type::null) {
    ConnectionKeys keys;
    Node own = make_map(node.place);
    own.entries.push_back({"synapse", given->place, expanded_synapse(*given)});
    synapse = reader.read(own, ConnectionKeys::parameters(), keys);
    input.synapse = keys.synapse;
  }
  if (!from || made.interface == nullptr) return read;
  const ConnectionEnd& source = ends.at(*from);
  input.from = *from;
  input.type = made.info->name;
  input.projection = made.as<const Layer>();
  input.decodes = made.info->offers(capability::decoding);
  put_second(read.resolved, "from", make_text(source.name, node.place));
  for (auto& entry : synapse.entries) read.resolved.entries.push_back(std::move(entry));
  if (source.size == 0 || !fits_source(made, source, reader)) return read;
  try {
    if (target == nullptr) {
      read.channels = input.projection->outputs(source.ensemble ? source.represented : source.size);
    } else {
      read.channels = at_layer_of(*target, *input.projection) ? target->represented : target->size;
    }
    if (read.channels == 0) return read;
    if (target == nullptr || at_layer_of(*target, *input.projection))
      input.projection->check_outputs(source.ensemble ? source.represented : source.size, read.channels);
    else if (source.ensemble && target->ensemble)
      input.projection->check_outputs(source.represented, target->represented);
    input.arrays = input.projection->arrays(source.size, read.channels);
    check_memory_of(input.arrays, source.size, read.channels, made.place, reader);
  } catch (const std::exception& error) {
    reader.fault(made.place, error.what());
  }
  if (const Node* learn = node.find("learn"); learn != nullptr && learn->type != Node::Type::null)
    read.resolved.entries.push_back(
        {"learn", learn->place, read_learning(*learn, ends, target, read.channels, input, reader)});
  read.input = std::move(input);
  return read;
}

}  // namespace tyto::spec

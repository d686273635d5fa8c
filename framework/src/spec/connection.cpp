#include "connection.hpp"

#include <tyto/error.hpp>

#include "look_back.hpp"
#include "model.hpp"
#include "parts.hpp"
#include "simulation.hpp"
#include "step_dependence.hpp"
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

/// Whether a rule can work on a connection.
void check_rule(const ModelLearning& learning, const ModelInput& input, const ConnectionEnds& ends,
                const ConnectionEnd* target, const Place& place, Reader& reader) {
  // Rules see a matrix (PlasticStep::weights).
  const std::vector<std::size_t> matrix{ends.at(input.from).size, input.channels};
  if (target == nullptr)
    reader.fault(place, "a probe does not learn");
  else if (input.arrays.empty())
    reader.fault(place, quote(input.type) + " has no weights that could learn");
  else if (!learning.rule->needs_ensemble() && input.arrays.front().shape != matrix)
    reader.fault(place, "the rule " + quote(learning.type) +
                            " changes a matrix of weights, one for each pair of neurons, and " + quote(input.type) +
                            " has none; use 'dense' or 'decoded'");
  else if (learning.rule->needs_ensemble() && (!target->ensemble || input.onto_neurons))
    reader.fault(place, "the rule " + quote(learning.type) +
                            " changes the encoders of the ensemble that is reached, and " + quote(target->name) +
                            " is none");
}

/// The layer that gives the error, which has `needed` values (0 if unknown).
std::size_t read_error(const Node& learn, const ModelLearning& learning, const ConnectionEnds& ends, std::size_t needed,
                       Reader& reader) {
  const Node* error = learn.find("error");
  if (!learning.rule->needs_error()) {
    if (error != nullptr)
      reader.fault(error->place, "the rule " + quote(learning.type) + " does not learn from an error");
    return ModelLearning::no_error;
  }
  if (error == nullptr) {
    reader.fault(learn.place, "the rule " + quote(learning.type) +
                                  " learns from an error: name the layer that gives it, as in 'error: error'");
    return ModelLearning::no_error;
  }
  const auto index = ends.find(*error, reader);
  if (!index) return ModelLearning::no_error;
  if (*index == ModelInput::stimulus) {
    reader.fault(error->place, "the error is given by a layer, not by the stimulus; use a node");
    return ModelLearning::no_error;
  }
  const ConnectionEnd& from = ends.layers[*index];
  if (from.spiking && !from.ensemble) {
    reader.fault(error->place, quote(from.name) + " spikes, and spikes are no error; use a node");
    return ModelLearning::no_error;
  }
  const std::size_t values = from.represented;
  if (values != 0 && needed != 0 && values != needed)
    reader.fault(error->place,
                 "the error has " + std::to_string(values) + " values, and " + std::to_string(needed) + " are learnt");
  return *index;
}

/// Reads `learn` of a connection. Returns its resolved configuration.
Node read_learning(const Node& node, const ConnectionEnds& ends, const ConnectionEnd* target, ModelInput& input,
                   Reader& reader) {
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
  check_rule(learning, input, ends, target, made.place, reader);
  // An error for the neurons of an ensemble comes in terms of what the ensemble represents.
  learning.error = read_error(node, learning, ends, input.onto_neurons ? target->represented : input.channels, reader);
  input.learning = std::move(learning);
  return resolved;
}

/// Reads `synapse` into the connection. Returns its resolved configuration.
Node read_synapse(const Node& connection, ModelInput& input, Reader& reader) {
  const Node* given = connection.find("synapse");
  if (given == nullptr || given->type == Node::Type::null) return {};
  ConnectionKeys keys;
  Node own = make_map(connection.place);
  own.entries.push_back({"synapse", given->place, expanded_synapse(*given)});
  Node resolved = reader.read(own, ConnectionKeys::parameters(), keys);
  input.synapse = keys.synapse;
  return resolved;
}

/// Settles how many values the connection hands on, which stay 0 if that is unknown, and lets the projection state its
/// arrays.
void settle_arrays(ModelInput& input, const ConnectionEnd& source, const ConnectionEnd* target) {
  const std::size_t represented = source.ensemble ? source.represented : source.size;
  input.onto_neurons = target != nullptr && !at_layer_of(*target, *input.projection);
  input.channels = target == nullptr    ? input.projection->outputs(represented)
                   : input.onto_neurons ? target->size
                                        : target->represented;
  if (input.channels == 0) return;
  // Weights onto neurons stand for a value that the ensemble takes in.
  if (!input.onto_neurons || source.ensemble)
    input.projection->check_outputs(represented, input.onto_neurons ? target->represented : input.channels);
  input.arrays = input.projection->arrays(source.size, input.channels);
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
  Node synapse = read_synapse(node, input, reader);
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
    settle_arrays(input, source, target);
    check_memory_of(input.arrays, source.size, input.channels, made.place, reader);
  } catch (const std::exception& error) {
    reader.fault(made.place, error.what());
    return read;
  }
  if (target != nullptr && input.channels == 0) return read;
  if (looks_back(*input.projection, ends.dt_s)) {
    reader.fault(made.place, quote(input.type) +
                                 " hands on what arrived in steps before, which simulations do not keep; it works in "
                                 "trials, or take another projection");
    return read;
  }
  const bool charges = target != nullptr && target->takes_charges;
  if (source.spiking && !input.decodes) input.synaptic_input = charges ? SynapticInput::charges : SynapticInput::spikes;
  if (target != nullptr || input.synapse)
    guarded(reader, made.place, [&] {
      Effect effect;
      effect.synapse = input.synapse.get();
      effect.synaptic_input = input.synaptic_input;
      effect.takes_charges = charges;
      effect.decodes_spikes = source.spiking && input.decodes;
      effect.answers_silence = source.spiking && !input.decodes && input.arrays.empty() &&
                               answers_silence(*input.projection, ends.dt_s, source.size, input.channels);
      effect.from = source.name;
      effect.to = target != nullptr ? target->name : "the probe";
      effect.place = made.place;
      warn_of_step_dependence(effect, ends.dt_s, reader);
    });
  if (const Node* learn = node.find("learn"); learn != nullptr && learn->type != Node::Type::null)
    read.resolved.entries.push_back({"learn", learn->place, read_learning(*learn, ends, target, input, reader)});
  read.input = std::move(input);
  return read;
}

}  // namespace tyto::spec

#include "connections.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include <tyto/error.hpp>

#include "blocks.hpp"
#include "memory.hpp"
#include "parts.hpp"
#include "step_dependence.hpp"
#include "words.hpp"

namespace tyto::spec {

namespace {

/// What a connection comes from or reaches.
struct ConnectionEnd {
  std::string name;
  std::size_t size = 0;         ///< numbers in its output; 0 if unknown
  std::size_t represented = 0;  ///< numbers that it takes in
  bool ensemble = false;
  bool spiking = false;
  bool takes_charges = false;
  std::span<const Receptor> receptors = {};
  bool counts_spikes = false;  ///< hands on how many there are in a step
  bool transform = false;
};

ConnectionEnd end_at(std::size_t index, const Draft& draft) {
  const auto& around = draft.around;
  if (index == ModelInput::stimulus) {
    const std::size_t channels = around.input.channels;
    const bool spikes = !around.input.values;
    return {"stimulus", channels, channels, false, spikes, false, {}, spikes};
  }
  const ModelLayer& layer = draft.model.layers[index];
  // Spikes stay spikes; what a transform reads comes earlier, so that this ends.
  if (draft.written[index].is_transform()) {
    ConnectionEnd end{layer.name, layer.size, layer.size};
    end.transform = true;
    if (layer.size == 0) return end;
    const ConnectionEnd read = end_at(layer.from, draft);
    end.spiking = read.spiking;
    end.counts_spikes = read.counts_spikes;
    return end;
  }
  const bool known = layer.population && layer.size > 0;
  const std::size_t represented = known ? layer.population->input_size(layer.size) : 0;
  ConnectionEnd end{layer.name, layer.size, represented, layer.ensemble, layer.spiking};
  if (!layer.population) return end;
  end.takes_charges = layer.population->takes_charges();
  end.receptors = layer.population->receptors();
  end.counts_spikes = layer.spiking || layer.population->counts_spikes();
  return end;
}

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

/// Whether the synapses of a connection are such as a rule can work on.
void check_synapses(const ModelLearning& learning, const ModelInput& input, const ConnectionEnd& source,
                    const ConnectionEnd& target, const Place& place, Reader& reader) {
  const RuleNeeds needs = learning.rule->needs();
  const Connectivity connectivity = input.projection->connectivity();
  const std::string rule = "the rule " + quote(learning.type);
  if (connectivity == Connectivity::none)
    reader.fault(place, rule + " changes weights, one for each synapse, and " + quote(input.type) +
                            " has none that it could; use 'dense', 'sparse' or 'decoded'");
  else if (needs.matrix && connectivity != Connectivity::matrix)
    reader.fault(place, rule + " changes a matrix of weights, one for each pair of neurons, and " + quote(input.type) +
                            " has none; use 'dense' or 'decoded'");
  const ArrayInfo& weights = input.arrays.front();
  if ((weights.constraint && !weights.constraint->uses_stored()) || weights.optimizer)
    reader.fault(place,
                 rule + " adds to weights, which is not how this method keeps Dale's law; use 'method: projected'");
  // Dropout makes larger numbers of spikes, a delay between steps two smaller ones.
  if (source.transform && source.spiking)
    reader.fault(place, rule + " goes by spikes, and what " + quote(source.name) +
                            " makes of them may be other numbers; learn on a connection from the neurons themselves, "
                            "which may have a 'delay' of its own");
  if (needs.spikes && (!source.spiking || !target.spiking))
    reader.fault(place, rule + " goes by spikes on both sides, and " +
                            quote(source.spiking ? target.name : source.name) + " has none");
  else if ((needs.spikes || needs.neurons) && target.ensemble && !input.onto_neurons)
    reader.fault(place, rule + " needs synapses onto neurons, and " + quote(input.type) + " reaches what " +
                            quote(target.name) + " represents");
}

/// What a rule keeps has to find room, in trials for some of them at once.
void check_memory_of_rule(const ModelLearning& learning, const ModelInput& input, const ConnectionEnd& source,
                          const ConnectionEnd& target, const Place& place, const Draft& draft) {
  if (draft.around.input.dt_s <= 0 || source.size == 0 || target.size == 0) return;
  const Synapses all = Synapses::matrix(source.size, input.channels);
  const StateSizes sizes = learning.rule->kernel_f64(draft.around.input.dt_s)->state(all);
  const auto weights =
      std::accumulate(input.arrays.front().shape.begin(), input.arrays.front().shape.end(), 1.0,
                      [](double product, std::size_t size) { return product * static_cast<double>(size); });
  constexpr double trials_at_once = 8;
  const double numbers = static_cast<double>(sizes.source * source.size + sizes.target * target.size + sizes.other) +
                         static_cast<double>(sizes.synapse + (draft.around.stream ? 0 : 1)) * weights;
  const double bytes = numbers * sizeof(double) * (draft.around.stream ? 1 : trials_at_once);
  if (exceeds_memory(bytes))
    draft.reader.fault(place, "what the rule " + quote(learning.type) + " keeps needs " + size_text(bytes) +
                                  " of memory, more than this machine has");
}

/// Whether a rule can work on a connection.
void check_rule(const ModelLearning& learning, const ModelInput& input, const ConnectionEnd& source,
                const ConnectionEnd* target, const Place& place, const Draft& draft) {
  Reader& reader = draft.reader;
  const RuleNeeds needs = learning.rule->needs();
  if (target == nullptr)
    reader.fault(place, "a probe does not learn");
  else if (input.arrays.empty())
    reader.fault(place, quote(input.type) + " has no weights that could learn");
  else if (!needs.encoders)
    check_synapses(learning, input, source, *target, place, reader);
  else if (!target->ensemble || input.onto_neurons)
    reader.fault(place, "the rule " + quote(learning.type) +
                            " changes the encoders of the ensemble that is reached, and " + quote(target->name) +
                            (target->ensemble ? " is reached at its neurons, past its encoders" : " is none"));
  if (needs.stream && !draft.around.stream)
    reader.fault(place,
                 "the rule " + quote(learning.type) +
                     " changes its numbers with every step, which the trials of a batch cannot share; it needs a "
                     "simulation");
}

/// The layer that gives a rule's error or reward, which has `needed` values (0 if unknown).
std::size_t read_signal(const Node& learn, const std::string& key, const std::string& rule, bool wanted,
                        std::size_t needed, const Draft& draft) {
  Reader& reader = draft.reader;
  const std::string the = "the " + key, a = (key == "error" ? "an " : "a ") + key;
  const Node* signal = learn.find(key);
  if (!wanted) {
    if (signal != nullptr) reader.fault(signal->place, "the rule " + quote(rule) + " does not learn from " + a);
    return ModelLearning::none;
  }
  if (signal == nullptr) {
    reader.fault(learn.place, "the rule " + quote(rule) + " learns from " + a +
                                  ": name the layer that gives it, as in '" + key + ": " + key + "'");
    return ModelLearning::none;
  }
  const auto index = find_source(*signal, draft);
  if (!index) return ModelLearning::none;
  if (*index == ModelInput::stimulus) {
    reader.fault(signal->place, the + " is given by a layer, not by the stimulus; use a node");
    return ModelLearning::none;
  }
  const ConnectionEnd from = end_at(*index, draft);
  if (from.spiking && !from.ensemble) {
    reader.fault(signal->place, quote(from.name) + " spikes, and spikes are no " + key + "; use a node");
    return ModelLearning::none;
  }
  const std::size_t values = from.represented;
  if (values != 0 && needed != 0 && values != needed)
    reader.fault(signal->place, the + " has " + std::to_string(values) + " values, and " + std::to_string(needed) +
                                    (key == "error" ? " are learnt" : " is needed"));
  return *index;
}

/// Reads `learn` of a connection. Returns its resolved configuration.
Node read_learning(const Node& node, const ConnectionEnd& source, const ConnectionEnd* target, const Draft& draft,
                   ModelInput& input) {
  Reader& reader = draft.reader;
  static const std::vector<std::string> own{"error", "reward", "from", "until"};
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
  check_rule(learning, input, source, target, made.place, draft);
  if (target != nullptr && !input.arrays.empty())
    check_memory_of_rule(learning, input, source, *target, made.place, draft);
  const RuleNeeds needs = learning.rule->needs();
  // An error for the neurons of an ensemble comes in terms of what the ensemble represents.
  learning.error = read_signal(node, "error", learning.type, needs.error,
                               input.onto_neurons ? target->represented : input.channels, draft);
  if (draft.around.stream || !needs.reward)
    learning.reward = read_signal(node, "reward", learning.type, needs.reward, 1, draft);
  else if (const Node* reward = node.find("reward"))
    reader.fault(reward->place, "in trials the objective gives the reward");
  input.learning = std::move(learning);
  return resolved;
}

/// Reads the keys of a connection that are neither its projection's nor `from` and `learn`. Returns their resolved
/// configuration.
Node read_keys(const Node& connection, double dt_s, ModelInput& input, std::string& receptor, Reader& reader) {
  Node own = make_map(connection.place);
  if (const Node* name = connection.find("name")) own.entries.push_back({"name", name->place, *name});
  if (const Node* delay = connection.find("delay")) own.entries.push_back({"delay", delay->place, *delay});
  for (const auto* key : {"receptor", "frozen"})
    if (const Node* written = connection.find(key)) own.entries.push_back({key, written->place, *written});
  if (const Node* synapse = connection.find("synapse"))
    own.entries.push_back({"synapse", synapse->place, expanded_synapse(*synapse)});
  ConnectionKeys keys;
  Node resolved = reader.read(own, ConnectionKeys::parameters(), keys);
  if (resolved.find("name") != nullptr && !is_name(keys.name))
    reader.fault(own.find("name")->place, "the name of a connection is made of letters, digits and underscores");
  input.name = keys.name;
  input.synapse = keys.synapse;
  input.frozen = keys.frozen;
  receptor = keys.receptor;
  if (keys.delay_s) reader.add_timed_value({own.find("delay")->place, "delay", StepRole::before_end, *keys.delay_s});
  if (keys.delay_s && dt_s > 0) input.delay_steps = static_cast<std::uint64_t>(std::llround(*keys.delay_s / dt_s));
  return resolved;
}

/// Finds the receptor at which a connection arrives.
void settle_receptor(const Node& connection, const std::string& written, const ConnectionEnd* target, ModelInput& input,
                     Reader& reader) {
  const Node* key = connection.find("receptor");
  if (key != nullptr && key->type == Node::Type::null) key = nullptr;
  if (key != nullptr && !key->is_scalar()) return;  // a fault of its own
  const auto receptors = target != nullptr ? target->receptors : std::span<const Receptor>{};
  if (receptors.empty()) {
    if (key != nullptr && target != nullptr)
      reader.fault(key->place, quote(target->name) + " has no receptors; leave 'receptor' out");
    return;
  }
  const std::string wanted = key != nullptr ? written : "current";
  std::vector<std::string> known;
  for (std::size_t k = 0; k < receptors.size(); ++k) {
    known.emplace_back(receptors[k].name);
    if (receptors[k].name == wanted) {
      input.receptor = k;
      return;
    }
  }
  if (key != nullptr)
    reader.fault(key->place,
                 quote(target->name) + " has no receptor " + quote(wanted) + suggestion_or_known(wanted, known));
  else
    reader.fault(connection.place, "'receptor' is missing: where the connection arrives at " + quote(target->name) +
                                       " (" + enumerate(known) + ")");
}

/// Settles how many values the connection hands on, which stay 0 if that is unknown, and lets the projection state its
/// arrays.
void settle_arrays(const ConnectionEnd& source, const ConnectionEnd* target, ModelInput& input) {
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

/// What is to stay as it is has to be there, and nothing else may change it.
void check_frozen(const Node& node, const ModelInput& input, Reader& reader) {
  const Place place = place_of(node, {"frozen"});
  if (std::none_of(input.arrays.begin(), input.arrays.end(), [](const ArrayInfo& array) { return array.trainable; }))
    reader.fault(place, "frozen: " + quote(input.type) + " has nothing that could be trained; leave it out");
  if (node.find("learn") != nullptr)
    reader.fault(place, "frozen: a connection that learns by a rule of its own cannot stay as it is");
}

/// In a stream what is on its way has to be remembered.
void check_delay(const Node& node, const ModelInput& input, const ConnectionEnd& source, const Draft& draft) {
  const double dt_s = draft.around.input.dt_s;
  if (!draft.around.stream || dt_s <= 0) return;
  guarded(draft.reader, node.place, [&] {
    const auto kernel = input.projection->projection_f64(dt_s);
    const double steps = static_cast<double>(input.delay_steps) + (kernel ? static_cast<double>(kernel->reach()) : 0.0);
    const double bytes = steps * static_cast<double>(source.size) * sizeof(double);
    if (exceeds_memory(bytes))
      throw Error("delays: what is on its way needs " + size_text(bytes) + " of memory, more than this machine has");
  });
}

/// Finds out what arrives, and warns if what it does depends on the time step. Without synapses trials are what they
/// were published as, spikes that act for a step.
void settle_effect(const ConnectionEnd& source, const ConnectionEnd* target, const Place& place, ModelInput& input,
                   const Draft& draft) {
  const bool charges = target != nullptr &&
                       (target->receptors.empty() ? target->takes_charges : target->receptors[input.receptor].charges);
  if (source.counts_spikes && !input.decodes)
    input.synaptic_input = charges ? SynapticInput::charges : SynapticInput::spikes;
  if (!input.synapse && (!draft.around.stream || target == nullptr)) return;
  const double dt_s = draft.around.input.dt_s;
  guarded(draft.reader, place, [&] {
    Effect effect;
    effect.synapse = input.synapse.get();
    effect.synaptic_input = input.synaptic_input;
    effect.takes_charges = charges;
    effect.decodes_spikes = source.counts_spikes && input.decodes;
    effect.answers_silence =
        source.counts_spikes && !input.decodes && answers_silence(*input.projection, dt_s, source.size, input.channels);
    effect.from = source.name;
    effect.to = target != nullptr ? target->name : "the probe";
    effect.place = place;
    warn_of_step_dependence(effect, dt_s, draft.reader);
  });
}

/// Spikes that become numbers below 0 cannot arrive everywhere.
void check_sign(const ConnectionEnd& source, const ConnectionEnd* target, const Place& place, const ModelInput& input,
                const Draft& draft) {
  const double dt_s = draft.around.input.dt_s;
  const bool fixed = source.counts_spikes && !input.decodes && input.arrays.empty();
  if (target == nullptr || target->receptors.empty() || !fixed || dt_s <= 0) return;
  const Receptor& receptor = target->receptors[input.receptor];
  guarded(draft.reader, place, [&] {
    if (receptor.at_least_zero && hands_on_below_zero(*input.projection, dt_s, source.size, input.channels))
      throw Error("spikes of " + quote(source.name) +
                  " become numbers below 0 here, and nothing below 0 can arrive at " + "the receptor " +
                  quote(std::string(receptor.name)));
  });
}

/// What is written as `from`, or else the layer before; for a probe there is none.
std::optional<std::size_t> source_of(const Node& node, std::optional<std::size_t> layer, const Draft& draft) {
  if (const Node* from = node.find("from")) return find_source(*from, draft);
  if (layer && *layer > 0) return *layer - 1;
  if (layer && draft.around.stimulus) return ModelInput::stimulus;
  draft.reader.fault(node.place, "'from' is missing: the layer that is read");
  return std::nullopt;
}

void connect_transform(std::size_t index, Draft& draft) {
  ModelLayer& layer = draft.model.layers[index];
  WrittenLayer& written = draft.written[index];
  const auto from = source_of(*written.node, index, draft);
  if (!from) return;
  const ConnectionEnd source = end_at(*from, draft);
  if (!written.resolved.entries.empty())
    put_second(written.resolved, "from", make_text(source.name, written.node->place));
  if (*from != ModelInput::stimulus && *from >= index) {
    draft.reader.fault(written.node->find("from")->place, not_earlier(source.name, layer.name));
    return;
  }
  layer.from = *from;
  layer.size = source.size;
  if (!layer.transform || layer.size == 0) return;
  guarded(draft.reader, written.place, [&] {
    layer.arrays = layer.transform->arrays(layer.size, layer.size);
    check_memory_of(layer.arrays, layer.size, layer.size, written.place, draft.reader);
  });
}

/// Reads one input of a population. Returns its resolved configuration.
Node read_input(const Node& node, std::size_t index, Draft& draft) {
  auto read = read_connection(node, index, draft);
  auto& inputs = draft.model.layers[index].inputs;
  if (!read.input) return std::move(read.resolved);
  const bool taken =
      std::any_of(inputs.begin(), inputs.end(), [&](const auto& other) { return other.name == read.input->name; });
  if (taken)
    draft.reader.fault(node.place, "two connections into layer " + quote(draft.model.layers[index].name) +
                                       " are named " + quote(read.input->name) + "; 'name' tells them apart");
  inputs.push_back(std::move(*read.input));
  draft.written[index].inputs.push_back(&node);
  return std::move(read.resolved);
}

void read_inputs(std::size_t index, Draft& draft) {
  WrittenLayer& written = draft.written[index];
  const Node* input = written.node->find("input");
  if (input == nullptr || input->type == Node::Type::null) return;
  if (written.type != nullptr && written.type->offers(capability::source)) {
    draft.reader.fault(input->place, "nothing arrives at " + quote(draft.model.layers[index].name) + ", since " +
                                         quote(written.type->name) + " draws what it hands on; leave 'input' out");
    return;
  }
  Node resolved;
  if (input->is_sequence()) {
    resolved.type = Node::Type::sequence;
    resolved.place = input->place;
    for (const auto& item : input->items) resolved.items.push_back(read_input(item, index, draft));
  } else {
    resolved = read_input(*input, index, draft);
  }
  written.resolved.entries.push_back({"input", input->place, std::move(resolved)});
}

}  // namespace

std::string not_earlier(const std::string& from, const std::string& layer) {
  return "layer " + quote(from) +
         (from == layer ? " cannot be its own input"
                        : " comes later; an input comes from an earlier layer or the stimulus");
}

std::optional<std::size_t> find_source(const Node& name, const Draft& draft) {
  if (!name.is_scalar()) {
    draft.reader.fault(name.place, "the name of a layer, or 'stimulus', is needed");
    return std::nullopt;
  }
  if (name.text == "stimulus" && draft.around.stimulus) return ModelInput::stimulus;
  std::vector<std::string> known;
  if (draft.around.stimulus) known.emplace_back("stimulus");
  for (std::size_t i = 0; i < draft.model.layers.size(); ++i) {
    if (draft.model.layers[i].name == name.text) return i;
    known.push_back(draft.model.layers[i].name);
  }
  if (name.text.starts_with('$') && draft.reader.repeat_fault_at(name.place)) return std::nullopt;
  draft.reader.fault(name.place, "unknown layer " + quote(name.text) + suggestion_or_known(name.text, known));
  return std::nullopt;
}

ReadConnection read_connection(const Node& node, std::optional<std::size_t> target_index, const Draft& draft,
                               const std::vector<std::string>& ignored) {
  Reader& reader = draft.reader;
  ReadConnection read;
  std::vector<std::string> others = ignored;
  others.insert(others.end(), {"from", "delay", "synapse", "learn"});
  if (target_index) others.insert(others.end(), {"name", "receptor", "frozen"});
  const Configured made = reader.component(node, {Kind::layer, "type", capability::projection}, others);
  read.resolved = made.resolved;
  const auto from = source_of(node, target_index, draft);
  ModelInput input;
  std::string receptor;
  Node keys = read_keys(node, draft.around.input.dt_s, input, receptor, reader);
  if (!from || made.interface == nullptr) return read;
  const ConnectionEnd source = end_at(*from, draft);
  std::optional<ConnectionEnd> reached;
  if (target_index) reached = end_at(*target_index, draft);
  const ConnectionEnd* target = reached ? &*reached : nullptr;
  input.from = *from;
  if (input.name.empty()) input.name = source.name;
  input.type = made.info->name;
  input.projection = made.as<const Layer>();
  input.decodes = made.info->offers(capability::decoding);
  put_second(read.resolved, "from", make_text(source.name, node.place));
  for (auto& entry : keys.entries) read.resolved.entries.push_back(std::move(entry));
  settle_receptor(node, receptor, target, input, reader);
  if (source.size == 0 || !fits_source(made, source, reader)) return read;
  bool settled = false;
  guarded(reader, made.place, [&] {
    settle_arrays(source, target, input);
    check_memory_of(input.arrays, source.size, input.channels, made.place, reader);
    settled = target == nullptr || input.channels > 0;
  });
  if (!settled) return read;
  if (input.frozen) check_frozen(node, input, reader);
  check_delay(node, input, source, draft);
  settle_effect(source, target, made.place, input, draft);
  check_sign(source, target, made.place, input, draft);
  if (const Node* learn = node.find("learn"); learn != nullptr && learn->type != Node::Type::null)
    read.resolved.entries.push_back({"learn", learn->place, read_learning(*learn, source, target, draft, input)});
  read.input = std::move(input);
  return read;
}

void read_connections(Draft& draft) {
  const std::size_t layers = draft.model.layers.size();
  // Connections need the sizes of what they read, transforms included.
  for (std::size_t i = 0; i < layers; ++i)
    if (draft.written[i].is_transform()) connect_transform(i, draft);
  for (std::size_t i = 0; i < layers; ++i)
    if (draft.written[i].node->is_map() && !draft.written[i].is_transform()) read_inputs(i, draft);
}

}  // namespace tyto::spec

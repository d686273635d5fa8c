#include "simulation.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <set>

#include <tyto/backend.hpp>
#include <tyto/error.hpp>

#include "blocks.hpp"
#include "connection.hpp"
#include "words.hpp"

namespace tyto::spec {

namespace {

constexpr double most_steps = 1e12;

struct Draft {
  ModelLayer layer;
  const ComponentInfo* type = nullptr;
  Place place;
  Node resolved;
};

/// Reads `initial`: for states by name the numbers with which neurons begin, which become arrays of the layer. Returns
/// its resolved configuration.
Node read_initial(const Node& node, double dt_s, ModelLayer& layer, Reader& reader) {
  Node resolved = make_map(node.place);
  if (!node.is_map()) {
    reader.fault(node.place, "initial: a map of state variables is needed, as in '{v: {low: 0, high: 1}}'");
    return resolved;
  }
  const auto kernel = layer.population->population_f64(dt_s);
  const auto states = kernel ? kernel->state_names() : std::vector<std::string>{};
  for (const auto& entry : node.entries) {
    Distribution distribution;
    resolved.entries.push_back(
        {entry.key, entry.place, reader.read(entry.value, initial_state_parameters(), distribution)});
    if (std::find(states.begin(), states.end(), entry.key) == states.end()) {
      reader.fault(entry.place,
                   quote(layer.type) + " has no state " + quote(entry.key) + suggestion_or_known(entry.key, states));
      continue;
    }
    distribution.check(entry.key, layer.size);
    ArrayInfo info;
    info.name = "initial_" + entry.key;
    info.doc = entry.key + " at the start";
    info.shape = {layer.size};
    info.axes = {"neuron"};
    info.trainable = false;
    info.initialise = [distribution](Random& random, std::span<double> values) {
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = distribution.draw(random, i);
    };
    layer.initial.push_back({entry.key, layer.arrays.size()});
    layer.arrays.push_back(std::move(info));
  }
  return resolved;
}

/// Neurons take in one current each; only an ensemble takes in something else, what it represents.
void check_input_size(const ModelLayer& layer, const Place& place, Reader& reader) {
  const std::size_t taken = layer.population->input_size(layer.size);
  if (layer.ensemble || taken == layer.size) return;
  reader.fault(place, quote(layer.type) + " takes in " + std::to_string(taken) + " numbers for " +
                          std::to_string(layer.size) +
                          " neurons; a population that is no ensemble takes in one current for each neuron");
}

/// A population without its inputs.
Draft read_population(const Node::Entry& entry, double dt_s, Reader& reader) {
  Draft draft;
  draft.layer.name = entry.key;
  draft.place = entry.place;
  if (!is_name(entry.key) || entry.key == "stimulus")
    reader.fault(entry.place, "the name of a layer is made of letters, digits and underscores, and is not 'stimulus'");
  const Node& node = entry.value;
  if (!node.is_map()) {
    reader.fault(node.place, "a layer is a map with the keys 'type', 'size' and 'input'");
    return draft;
  }
  const std::size_t times = reader.count_of_timed_values();
  const Configured made =
      reader.component(node, {Kind::layer, "type", capability::population}, {"size", "initial", "input"});
  LayerKeys keys;
  std::vector<std::string> others;
  for (const auto& key : node.entries)
    if (key.key != "size") others.push_back(key.key);
  reader.read(node, LayerKeys::parameters(), keys, others);
  const Node* size = node.find("size");
  if (size == nullptr || size->type == Node::Type::null)
    reader.fault(node.place, "layer " + quote(entry.key) + " has no 'size'");
  draft.type = made.info;
  draft.resolved = made.resolved;
  if (keys.size)
    draft.resolved.entries.insert(draft.resolved.entries.begin() + (draft.resolved.entries.empty() ? 0 : 1),
                                  {"size", node.place, make_scalar(std::to_string(*keys.size), node.place)});
  if (made.interface == nullptr) return draft;
  ModelLayer& layer = draft.layer;
  layer.type = made.info->name;
  layer.population = made.as<const Layer>();
  layer.spiking = made.info->offers(capability::spiking) || layer.population->spikes();
  layer.ensemble = made.info->offers(capability::ensemble);
  // Rates without spikes may be as high as they like.
  if (!layer.spiking) reader.forget_timed_values(StepRole::firing, times);
  if (!keys.size) return draft;
  layer.size = static_cast<std::size_t>(*keys.size);
  try {
    check_input_size(layer, made.place, reader);
    layer.arrays = layer.population->arrays(layer.population->input_size(layer.size), layer.size);
    if (const Node* initial = node.find("initial"); initial != nullptr && initial->type != Node::Type::null)
      draft.resolved.entries.push_back({"initial", initial->place, read_initial(*initial, dt_s, layer, reader)});
  } catch (const std::exception& error) {
    reader.fault(made.place, error.what());
  }
  return draft;
}

ConnectionEnds ends_of(const StreamShape& stream) {
  ConnectionEnds ends;
  ends.stimulus = {"stimulus", nullptr, stream.channels, stream.channels, false};
  ends.has_stimulus = stream.given;
  ends.dt_s = stream.dt_s;
  return ends;
}

ConnectionEnd end_of(const ModelLayer& layer, const ComponentInfo* type) {
  const std::size_t represented = layer.population && layer.size > 0 ? layer.population->input_size(layer.size) : 0;
  const bool takes_charges = layer.population && layer.population->takes_charges();
  return {layer.name, type, layer.size, represented, layer.ensemble, layer.spiking, takes_charges};
}

/// Two connections from one layer would have arrays of the same name.
void refuse_second(const ModelInput& input, const Draft& draft, const ConnectionEnds& ends, const Place& place,
                   Reader& reader) {
  for (const auto& other : draft.layer.inputs)
    if (other.from == input.from)
      reader.fault(place, "two inputs of layer " + quote(draft.layer.name) + " come from " +
                              quote(ends.at(input.from).name) + "; one is possible");
}

void read_inputs(const Node& layer, std::size_t index, std::vector<Draft>& drafts, const ConnectionEnds& ends,
                 Reader& reader) {
  Draft& draft = drafts[index];
  const Node* input = layer.find("input");
  if (input == nullptr || input->type == Node::Type::null) return;
  const std::optional<std::size_t> before = index > 0           ? std::optional(index - 1)
                                            : ends.has_stimulus ? std::optional(ModelInput::stimulus)
                                                                : std::nullopt;
  const auto read_one = [&](const Node& node) {
    auto read = read_connection(node, ends, &ends.layers[index], before, reader);
    if (read.input) {
      refuse_second(*read.input, draft, ends, node.place, reader);
      draft.layer.inputs.push_back(std::move(*read.input));
    }
    return std::move(read.resolved);
  };
  Node resolved;
  if (input->is_sequence()) {
    resolved.type = Node::Type::sequence;
    resolved.place = input->place;
    for (const auto& item : input->items) resolved.items.push_back(read_one(item));
  } else {
    resolved = read_one(*input);
  }
  draft.resolved.entries.push_back({"input", input->place, std::move(resolved)});
}

std::string names_of(const std::vector<std::string>& names) { return names.empty() ? "" : ", " + enumerate(names); }

/// Finds out what `of` and `what` of a probe stand for.
void settle_layer_probe(const Node& node, const LayerProbeKeys& keys, const ConnectionEnds& ends,
                        const BuiltModel& built, ModelProbe& probe, Reader& reader) {
  using What = ModelProbe::What;
  const auto index = ends.find(*node.find("of"), reader);
  if (!index) return;
  if (*index == ModelInput::stimulus) {
    reader.fault(node.find("of")->place, "to record the stimulus, read it: {from: stimulus, type: direct}");
    return;
  }
  const ModelLayer& layer = built.model.layers[*index];
  probe.layer = *index;
  if (!layer.population || layer.size == 0) return;
  if (keys.what == "output" || keys.what == "input") {
    probe.what = keys.what == "output" ? What::output : What::input;
    probe.channels = keys.what == "output" ? layer.size : layer.population->input_size(layer.size);
    return;
  }
  probe.item = keys.what;
  if (keys.what == "spikes" && layer.spiking) {
    probe.what = What::spikes;
    probe.channels = 1;
    if (const Node* every = node.find("every"))
      reader.fault(every->place, "every: each spike is recorded; to count steps with spikes, record the output");
    return;
  }
  const auto kernel = layer.population->population_f64(built.model.input.dt_s);
  const auto states = kernel ? kernel->state_names() : std::vector<std::string>{};
  if (std::find(states.begin(), states.end(), keys.what) != states.end()) {
    probe.what = What::state;
    probe.channels = layer.size;
    return;
  }
  std::vector<std::string> arrays;
  for (const auto& array : arrays_of(built.model)) {
    if (array.layer != layer.name) continue;
    if (array.name == keys.what) {
      probe.what = What::array;
      probe.item = array.path();
      probe.channels = array.size;
      return;
    }
    arrays.push_back(array.name);
  }
  const Node* what = node.find("what");
  reader.fault(what != nullptr ? what->place : node.place,
               "layer " + quote(layer.name) + " has no " + quote(keys.what) + " to record; it has input, output" +
                   (layer.spiking ? ", spikes" : "") + names_of(states) + names_of(arrays));
}

Node read_probe(const Node::Entry& entry, const ConnectionEnds& ends, BuiltModel& built, Reader& reader) {
  const Node& node = entry.value;
  if (!is_name(entry.key)) reader.fault(entry.place, "the name of a probe is made of letters, digits and underscores");
  if (!node.is_map()) {
    reader.fault(node.place, "a probe is a map, as in '{of: pre, what: output}' or '{from: pre, type: decoded}'");
    return {};
  }
  ModelProbe probe;
  probe.name = entry.key;
  ProbeKeys keys;
  Node own = make_map(node.place);
  if (const Node* every = node.find("every")) own.entries.push_back({"every", every->place, *every});
  const Node resolved_keys = reader.read(own, ProbeKeys::parameters(), keys);
  const double dt_s = built.model.input.dt_s;
  if (keys.every_s) {
    const double steps = std::round(*keys.every_s / dt_s);
    if (steps < 1 || std::abs(steps * dt_s - *keys.every_s) > 1e-6 * dt_s)
      reader.fault(own.entries[0].place,
                   "every: must be a whole number of steps of " + format_quantity(dt_s, Dimension::time));
    else
      probe.every_steps = static_cast<std::uint64_t>(steps);
  }
  Node resolved;
  if (node.find("of") != nullptr) {
    LayerProbeKeys layer_keys;
    resolved = reader.read(node, LayerProbeKeys::parameters(), layer_keys, {"every"});
    settle_layer_probe(node, layer_keys, ends, built, probe, reader);
  } else {
    auto read = read_connection(node, ends, nullptr, std::nullopt, reader, {"every"});
    resolved = std::move(read.resolved);
    if (read.input) probe.input = std::move(*read.input);
    probe.channels = probe.input.channels;
  }
  for (const auto& key : resolved_keys.entries) resolved.entries.push_back(key);
  built.model.probes.push_back(std::move(probe));
  return resolved;
}

}  // namespace

std::uint64_t SimulationKeys::steps() const { return static_cast<std::uint64_t>(std::llround(duration_s / dt_s)); }

Parameters<SimulationKeys> SimulationKeys::parameters() {
  return tyto::parameters<SimulationKeys>("A run of the model step by step through a stream")
      .time("duration", &SimulationKeys::duration_s, "", "how long it runs")
      .required()
      .positive()
      .time("dt", &SimulationKeys::dt_s, "1 ms", "duration of a step")
      .positive()
      .check([](const SimulationKeys& keys) -> std::optional<Problem> {
        const double steps = keys.duration_s / keys.dt_s;
        if (steps > most_steps) return Problem{"duration", "more than 1e12 steps"};
        if (steps < 0.5) return Problem{"duration", "must be at least a step"};
        if (std::abs(steps - std::round(steps)) > 1e-6 * std::max(1.0, steps * 1e-3))
          return Problem{"duration", "must be a whole number of steps"};
        return std::nullopt;
      });
}

Parameters<ConnectionKeys> ConnectionKeys::parameters() {
  return tyto::parameters<ConnectionKeys>("What a connection of a simulation has beside its type's own parameters")
      .component("synapse", &ConnectionKeys::synapse, "",
                 "what a spike does over time; a bare time, as in '5 ms', stands for an exponential one; without any "
                 "the connection acts in the same step, or, from the layer itself or a later one, in the next")
      .optional();
}

Parameters<Distribution> initial_state_parameters() {
  return Distribution::parameters(Dimension::none, "0", "1", "A state variable of all neurons at the start");
}

Parameters<LearnKeys> LearnKeys::parameters() {
  return tyto::parameters<LearnKeys>(
             "How a connection of a simulation learns; the rule's own parameters stand beside "
             "these")
      .text("error", &LearnKeys::error, "",
            "the layer that gives the error, for rules that learn from one: what an ensemble is given, what others put "
            "out")
      .optional()
      .time("from", &LearnKeys::from_s, "0 s", "when learning begins")
      .compared(StepRole::before_end)
      .non_negative()
      .time("until", &LearnKeys::until_s, "",
            "when learning ends; at the end of the run if not given, or if it is later")
      .non_negative()
      .optional()
      .check([](const LearnKeys& keys) -> std::optional<Problem> {
        if (keys.until_s && *keys.until_s <= keys.from_s) return Problem{"until", "must be later than 'from'"};
        return std::nullopt;
      });
}

Parameters<ProbeKeys> ProbeKeys::parameters() {
  return tyto::parameters<ProbeKeys>(
             "What is recorded: {of: layer, what: ...}, or a projection, {from: layer, type: "
             "...}, with its own parameters and a synapse")
      .time("every", &ProbeKeys::every_s, "", "time between samples; each step if not given")
      .compared(StepRole::within_run)
      .positive()
      .optional();
}

Parameters<LayerProbeKeys> LayerProbeKeys::parameters() {
  return tyto::parameters<LayerProbeKeys>("A probe of a layer")
      .text("of", &LayerProbeKeys::layer, "", "the layer")
      .required()
      .text(
          "what", &LayerProbeKeys::what, "output",
          "its output, its input, its spikes one by one (their times, with the index of the neuron as value), the name "
          "of a state (v), or of an array (decoders, encoders)");
}

BuiltModel build_simulation_model(const Node& layers, const StreamShape& stream, Reader& reader) {
  BuiltModel built;
  built.model.input = {0, stream.channels, stream.dt_s};
  if (!layers.is_map() || layers.entries.empty()) {
    reader.fault(layers.place, "layers: a map with at least one layer is needed");
    return built;
  }
  const std::size_t faults_before = reader.faults().size();
  // Connections may come from any layer, so that all layers are read before the first connection is.
  std::vector<Draft> drafts;
  for (const auto& entry : layers.entries) drafts.push_back(read_population(entry, stream.dt_s, reader));
  ConnectionEnds ends = ends_of(stream);
  for (const auto& draft : drafts) ends.layers.push_back(end_of(draft.layer, draft.type));
  for (std::size_t i = 0; i < drafts.size(); ++i)
    if (layers.entries[i].value.is_map()) read_inputs(layers.entries[i].value, i, drafts, ends, reader);
  Node resolved = make_map(layers.place);
  for (auto& draft : drafts) {
    resolved.entries.push_back({draft.layer.name, draft.place, std::move(draft.resolved)});
    built.types.push_back(draft.type);
    built.places.push_back(draft.place);
    built.model.layers.push_back(std::move(draft.layer));
  }
  built.resolved = make_map(layers.place);
  built.resolved.entries.push_back({"layers", layers.place, std::move(resolved)});
  built.complete = reader.faults().size() == faults_before;
  return built;
}

Node read_probes(const Node* probes, const StreamShape& stream, BuiltModel& built, Reader& reader) {
  Node resolved = make_map(probes == nullptr ? Place{} : probes->place);
  if (probes == nullptr || probes->type == Node::Type::null) return resolved;
  if (!probes->is_map()) {
    reader.fault(probes->place, "probes: a map of names and what is recorded is needed");
    return resolved;
  }
  ConnectionEnds ends = ends_of(stream);
  for (std::size_t i = 0; i < built.model.layers.size(); ++i)
    ends.layers.push_back(end_of(built.model.layers[i], built.types[i]));
  for (const auto& entry : probes->entries)
    resolved.entries.push_back({entry.key, entry.place, read_probe(entry, ends, built, reader)});
  return resolved;
}

}  // namespace tyto::spec

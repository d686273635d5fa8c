#include "layers.hpp"

#include <algorithm>

#include "blocks.hpp"
#include "parts.hpp"
#include "words.hpp"

namespace tyto::spec {

namespace {

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

/// The layer's size. In trials the last layer's may be left out, since it is what the objective needs.
std::size_t read_size(const Node& node, const std::string& name, bool output, const Draft& draft) {
  LayerKeys keys;
  std::vector<std::string> others;
  for (const auto& key : node.entries)
    if (key.key != "size") others.push_back(key.key);
  draft.reader.read(node, LayerKeys::parameters(), keys, others);
  const Node* size = node.find("size");
  const auto& needed = draft.around.outputs;
  if (size == nullptr || size->type == Node::Type::null) {
    if (!output) draft.reader.fault(node.place, "layer " + quote(name) + " has no 'size'");
    return output ? needed.value_or(0) : 0;
  }
  const auto given = static_cast<std::size_t>(keys.size.value_or(0));
  if (output && given > 0 && needed && *needed != given)
    draft.reader.fault(size->place, "the output layer must have " + std::to_string(*needed) +
                                        (*needed == 1 ? " neuron" : " neurons") +
                                        (draft.around.classifies ? ", one for each class" : ", the estimate") +
                                        ", not " + std::to_string(given));
  return given;
}

void read_population(const Node& node, bool output, ModelLayer& layer, WrittenLayer& written, Draft& draft) {
  Reader& reader = draft.reader;
  const std::size_t times = reader.count_of_timed_values();
  const Configured made =
      reader.component(node, {Kind::layer, "type", capability::population}, {"size", "initial", "input"});
  layer.size = read_size(node, layer.name, output, draft);
  written.type = made.info;
  written.resolved = made.resolved.entries.empty() ? make_map(node.place) : made.resolved;
  if (made.info == nullptr) return;
  written.place = made.place;
  layer.type = made.info->name;
  layer.spiking = made.info->offers(capability::spiking);
  layer.ensemble = made.info->offers(capability::ensemble);
  if (layer.size > 0) put_second(written.resolved, "size", make_scalar(std::to_string(layer.size), node.place));
  if (made.interface == nullptr) return;
  layer.population = made.as<const Layer>();
  layer.spiking = layer.spiking || layer.population->spikes();
  // Rates without spikes may be as high as they like.
  if (!layer.spiking) reader.forget_timed_values(StepRole::firing, times);
  if (layer.size == 0) return;
  guarded(reader, made.place, [&] {
    check_input_size(layer, made.place, reader);
    // What a step of this length does not allow it says when it is asked for a kernel.
    if (draft.around.input.dt_s > 0) static_cast<void>(layer.population->population_f64(draft.around.input.dt_s));
    layer.arrays = layer.population->arrays(layer.population->input_size(layer.size), layer.size);
    const Node* initial = node.find("initial");
    if (initial != nullptr && initial->type != Node::Type::null && draft.around.input.dt_s > 0)
      written.resolved.entries.push_back(
          {"initial", initial->place, read_initial(*initial, draft.around.input.dt_s, layer, reader)});
  });
}

/// Whether a layer's type is known to be a transform, which has no neurons of its own.
bool names_transform(const Node& node, const Reader& reader) {
  const Node* type = node.find("type");
  if (type == nullptr || !type->is_scalar()) return false;
  const ComponentInfo* info = reader.components().find(Kind::layer, type->text);
  return info != nullptr && info->offers(capability::transform);
}

/// A delay, a dropout, ... without what it reads.
void read_transform(const Node& node, bool output, ModelLayer& layer, WrittenLayer& written, Reader& reader) {
  if (output) reader.fault(written.place, "the last layer, " + quote(layer.name) + ", must be a population of neurons");
  Configured made = reader.component(node, {Kind::layer, "type", capability::transform}, {std::string("from")});
  written.type = made.info;
  written.place = made.place;
  written.resolved = std::move(made.resolved);
  layer.type = made.info->name;
  layer.transform = made.as<const Layer>();
}

void read_layer(const Node::Entry& entry, bool output, Draft& draft) {
  ModelLayer& layer = draft.model.layers.emplace_back();
  WrittenLayer& written = draft.written.emplace_back();
  layer.name = entry.key;
  written.place = entry.place;
  written.node = &entry.value;
  if (!is_name(entry.key) || entry.key == "stimulus")
    draft.reader.fault(entry.place,
                       "the name of a layer is made of letters, digits and underscores, and is not 'stimulus'");
  if (!entry.value.is_map())
    draft.reader.fault(entry.value.place, "a layer is a map with the keys 'type', 'size' and 'input'");
  else if (names_transform(entry.value, draft.reader))
    read_transform(entry.value, output, layer, written, draft.reader);
  else
    read_population(entry.value, output, layer, written, draft);
}

}  // namespace

void put_second(Node& map, const std::string& key, Node value) {
  const Place place = value.place;
  map.entries.insert(map.entries.begin() + (map.entries.empty() ? 0 : 1), {key, place, std::move(value)});
}

void read_layers(const Node& layers, Draft& draft) {
  for (const auto& entry : layers.entries)
    read_layer(entry, !draft.around.stream && &entry == &layers.entries.back(), draft);
}

}  // namespace tyto::spec

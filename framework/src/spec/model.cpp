#include "model.hpp"

#include <algorithm>

#include "blocks.hpp"
#include "memory.hpp"
#include "words.hpp"

namespace tyto::spec {

namespace {

constexpr std::string_view stimulus_name = "stimulus";

/// A layer while it is being read. Unknown sizes stay empty, so that the other faults are found too.
struct Draft {
  ModelLayer layer;
  std::optional<std::size_t> size;
  std::optional<std::size_t> steps;  ///< of its output
  const ComponentInfo* type = nullptr;
  Place place;
  Node resolved;
};

struct Build {
  const ModelSurroundings& around;
  Reader& reader;
  std::vector<Draft> drafts;
  std::vector<std::string> names;  ///< of all layers, also of those that come later
};

std::vector<std::string> earlier_names(const Build& build) {
  std::vector<std::string> names{std::string(stimulus_name)};
  for (const auto& draft : build.drafts) names.push_back(draft.layer.name);
  return names;
}

/// Index of the layer that an input comes from; nothing after a fault.
std::optional<std::size_t> source_of(const Node& input, const Draft& draft, Build& build) {
  const std::size_t before = build.drafts.empty() ? ModelInput::stimulus : build.drafts.size() - 1;
  const Node* from = input.find("from");
  if (from == nullptr) return before;
  if (!from->is_scalar()) {
    build.reader.fault(from->place, "from: the name of a layer, or 'stimulus', is needed");
    return std::nullopt;
  }
  if (from->text == stimulus_name) return ModelInput::stimulus;
  if (from->text.starts_with('$') && build.reader.repeat_fault_at(from->place)) return std::nullopt;
  for (std::size_t i = 0; i < build.drafts.size(); ++i)
    if (build.drafts[i].layer.name == from->text) return i;
  const bool later = std::find(build.names.begin(), build.names.end(), from->text) != build.names.end();
  if (later)
    build.reader.fault(from->place, from->text == draft.layer.name
                                        ? "layer " + quote(from->text) + " cannot be its own input"
                                        : "layer " + quote(from->text) +
                                              " comes later; an input comes from an earlier layer or the stimulus");
  else
    build.reader.fault(from->place,
                       "unknown layer " + quote(from->text) + suggestion_or_known(from->text, earlier_names(build)));
  return std::nullopt;
}

std::optional<std::size_t> size_of_source(std::size_t from, const Build& build) {
  if (from != ModelInput::stimulus) return build.drafts[from].size;
  return build.around.input ? std::optional(build.around.input->channels) : std::nullopt;
}

std::optional<std::size_t> steps_of_source(std::size_t from, const Build& build) {
  if (from != ModelInput::stimulus) return build.drafts[from].steps;
  return build.around.input ? std::optional(build.around.input->steps) : std::nullopt;
}

std::string name_of_source(std::size_t from, const Build& build) {
  return from == ModelInput::stimulus ? std::string(stimulus_name) : build.drafts[from].layer.name;
}

/// Lets the projection state its arrays.
void add_arrays(ModelInput& input, const Place& place, const Draft& draft, Build& build) {
  const auto from_size = size_of_source(input.from, build);
  if (!from_size || !draft.size) return;
  input.arrays = input.projection->arrays(*from_size, *draft.size);
  check_memory_of(input.arrays, *from_size, *draft.size, place, build.reader);
}

/// All inputs of a population last equally long, and so does its output.
void settle_steps(std::size_t from, const Node& node, Draft& draft, Build& build) {
  const auto steps = steps_of_source(from, build);
  if (!steps) return;
  if (draft.steps && *draft.steps != *steps)
    build.reader.fault(node.place, "the inputs of layer " + quote(draft.layer.name) + " have " +
                                       std::to_string(*draft.steps) + " and " + std::to_string(*steps) +
                                       " steps; they must have equally many");
  draft.steps = steps;
}

/// Reads one projection. Returns its resolved configuration.
Node read_input(const Node& node, Draft& draft, Build& build) {
  const Configured made =
      build.reader.component(node, {Kind::layer, "type", capability::projection}, {std::string("from")});
  const auto from = source_of(node, draft, build);
  if (!from) return made.resolved;
  for (const auto& other : draft.layer.inputs)
    if (other.from == *from)
      build.reader.fault(node.place, "two inputs of layer " + quote(draft.layer.name) + " come from " +
                                         quote(name_of_source(*from, build)) + "; one is possible");
  settle_steps(*from, node, draft, build);
  if (made.interface == nullptr) return made.resolved;
  if (made.info->offers(capability::decoding) || made.info->offers(capability::simulation) ||
      made.as<const Layer>()->port() == Port::layer) {
    build.reader.fault(made.place, quote(made.info->name) + " needs a simulation, not trials");
    return made.resolved;
  }
  ModelInput input;
  input.from = *from;
  input.type = made.info->name;
  input.projection = made.as<const Layer>();
  try {
    add_arrays(input, made.place, draft, build);
  } catch (const std::exception& error) {
    build.reader.fault(made.place, error.what());
  }
  draft.layer.inputs.push_back(std::move(input));
  Node resolved = made.resolved;
  resolved.entries.insert(resolved.entries.begin() + 1,
                          {"from", node.place, make_text(name_of_source(*from, build), node.place)});
  return resolved;
}

Node read_inputs(const Node& layer, Draft& draft, Build& build) {
  const Node* input = layer.find("input");
  if (input == nullptr || input->type == Node::Type::null || (input->is_sequence() && input->items.empty())) {
    build.reader.fault(input == nullptr ? layer.place : input->place,
                       "layer " + quote(draft.layer.name) + " has no 'input' (a projection, as in 'input: dense')");
    return {};
  }
  if (!input->is_sequence()) return read_input(*input, draft, build);
  Node list;
  list.type = Node::Type::sequence;
  list.place = input->place;
  for (const auto& item : input->items) list.items.push_back(read_input(item, draft, build));
  return list;
}

/// The layer's size, for the last layer with what the objective needs.
void settle_size(const Node& layer, std::optional<int> given, bool last, Draft& draft, Build& build) {
  if (given) draft.size = static_cast<std::size_t>(*given);
  const auto& outputs = build.around.outputs;
  const Node* node = layer.find("size");
  const bool written = node != nullptr && node->type != Node::Type::null;
  if (!last) {
    if (!written) build.reader.fault(layer.place, "layer " + quote(draft.layer.name) + " has no 'size'");
    return;
  }
  if (!written) {
    draft.size = outputs;
  } else if (given && outputs && *outputs != *draft.size) {
    build.reader.fault(node->place, "the output layer must have " + std::to_string(*outputs) +
                                        (*outputs == 1 ? " neuron" : " neurons") +
                                        (build.around.classifies ? ", one for each class" : ", the estimate") +
                                        ", not " + std::to_string(*draft.size));
  }
}

void add_resolved(Draft& draft, Node inputs, const Node& own, const Place& place) {
  draft.resolved = own;
  if (draft.resolved.entries.empty()) draft.resolved = make_map(place);
  auto& entries = draft.resolved.entries;
  if (draft.size)
    entries.insert(entries.begin() + (entries.empty() ? 0 : 1),
                   {"size", place, make_scalar(std::to_string(*draft.size), place)});
  entries.push_back({"input", place, std::move(inputs)});
}

/// Whether a layer's type is known to be a transform, which has no neurons of its own.
bool is_transform(const Node& node, const Build& build) {
  const Node* type = node.find("type");
  if (type == nullptr || !type->is_scalar()) return false;
  const ComponentInfo* info = build.reader.components().find(Kind::layer, type->text);
  return info != nullptr && info->offers(capability::transform);
}

/// A delay, a dropout, ...: what it reads, and its own parameters.
void read_transform(const Node& node, bool last, Draft& draft, Build& build) {
  if (last)
    build.reader.fault(draft.place, "the last layer, " + quote(draft.layer.name) + ", must be a population of neurons");
  const Configured made =
      build.reader.component(node, {Kind::layer, "type", capability::transform}, {std::string("from")});
  const auto from = source_of(node, draft, build);
  draft.type = made.info;
  draft.place = made.place;
  draft.resolved = made.resolved;
  if (from && !draft.resolved.entries.empty())
    draft.resolved.entries.insert(draft.resolved.entries.begin() + 1,
                                  {"from", node.place, make_text(name_of_source(*from, build), node.place)});
  if (made.interface == nullptr || !from) return;
  draft.layer.type = made.info->name;
  draft.layer.transform = made.as<const Layer>();
  draft.layer.from = *from;
  draft.size = size_of_source(*from, build);
  const auto steps = steps_of_source(*from, build);
  if (!draft.size || !steps) return;
  try {
    draft.steps = draft.layer.transform->output_steps(*steps, build.around.input->dt_s);
    draft.layer.arrays = draft.layer.transform->arrays(*draft.size, *draft.size);
    check_memory_of(draft.layer.arrays, *draft.size, *draft.size, made.place, build.reader);
  } catch (const std::exception& error) {
    build.reader.fault(made.place, error.what());
  }
}

void read_population(const Node& node, bool last, Draft& draft, Build& build) {
  const Configured made =
      build.reader.component(node, {Kind::layer, "type", capability::population}, {"size", "input"});
  if (made.info != nullptr && made.info->offers(capability::ensemble)) {
    build.reader.fault(made.place, quote(made.info->name) +
                                       " needs a simulation, not trials: a key 'simulation' in "
                                       "the place of 'objective' and 'learning'");
    return;
  }
  LayerKeys keys;
  std::vector<std::string> others;
  for (const auto& key : node.entries)
    if (key.key != "size") others.push_back(key.key);
  build.reader.read(node, LayerKeys::parameters(), keys, others);
  settle_size(node, keys.size, last, draft, build);
  Node inputs = read_inputs(node, draft, build);
  draft.type = made.info;
  if (made.info != nullptr) {
    draft.place = made.place;
    draft.layer.type = made.info->name;
    draft.layer.spiking = made.info->offers(capability::spiking);
    draft.layer.population = made.as<const Layer>();
  }
  add_resolved(draft, std::move(inputs), made.resolved, node.place);
}

void read_layer(const Node::Entry& entry, bool last, Build& build) {
  Draft draft;
  draft.layer.name = entry.key;
  draft.place = entry.place;
  if (!is_name(entry.key) || entry.key == stimulus_name)
    build.reader.fault(entry.place, "the name of a layer is made of letters, digits and underscores, and is not " +
                                        quote(stimulus_name));
  const Node& node = entry.value;
  if (!node.is_map()) {
    build.reader.fault(node.place, "a layer is a map with the keys 'type', 'size' and 'input'");
  } else if (is_transform(node, build)) {
    read_transform(node, last, draft, build);
  } else {
    read_population(node, last, draft, build);
  }
  draft.layer.size = draft.size.value_or(0);
  draft.layer.steps = draft.steps.value_or(0);
  build.drafts.push_back(std::move(draft));
}

}  // namespace

void check_memory_of(const std::vector<ArrayInfo>& arrays, std::size_t from, std::size_t to, const Place& place,
                     Reader& reader) {
  double numbers = 0;
  for (const auto& array : arrays) {
    double product = 1;
    for (const std::size_t extent : array.shape) product *= static_cast<double>(extent);
    numbers += product;
  }
  // Weights, their gradients and what an optimizer remembers of them, in the narrower precision.
  constexpr double bytes_per_weight = 4 * sizeof(float);
  if (exceeds_memory(numbers * bytes_per_weight))
    reader.fault(place, "the weights from " + std::to_string(from) + " to " + std::to_string(to) + " neurons need " +
                            size_text(numbers * bytes_per_weight) + " of memory, more than this machine has");
}

BuiltModel build_model(const Node& layers, const ModelSurroundings& around, Reader& reader) {
  BuiltModel built;
  if (!layers.is_map() || layers.entries.empty()) {
    reader.fault(layers.place, "layers: a map with at least one layer is needed");
    return built;
  }
  const std::size_t faults_before = reader.faults().size();
  Build build{around, reader, {}, {}};
  for (const auto& entry : layers.entries) build.names.push_back(entry.key);
  for (const auto& entry : layers.entries) read_layer(entry, &entry == &layers.entries.back(), build);
  Node resolved = make_map(layers.place);
  for (auto& draft : build.drafts) {
    resolved.entries.push_back({draft.layer.name, draft.place, std::move(draft.resolved)});
    built.types.push_back(draft.type);
    built.places.push_back(draft.place);
    built.model.layers.push_back(std::move(draft.layer));
  }
  built.resolved = make_map(layers.place);
  built.resolved.entries.push_back({"layers", layers.place, std::move(resolved)});
  if (around.input) built.model.input = *around.input;
  built.complete = around.input && around.outputs && reader.faults().size() == faults_before;
  return built;
}

}  // namespace tyto::spec

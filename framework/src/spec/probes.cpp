#include "probes.hpp"

#include <algorithm>
#include <cmath>

#include <tyto/backend.hpp>

#include "blocks.hpp"
#include "connections.hpp"
#include "words.hpp"

namespace tyto::spec {

namespace {

std::string names_of(const std::vector<std::string>& names) { return names.empty() ? "" : ", " + enumerate(names); }

/// Finds out what `of` and `what` of a probe stand for.
void settle_layer_probe(const Node& node, const LayerProbeKeys& keys, const Draft& draft, ModelProbe& probe) {
  using What = ModelProbe::What;
  Reader& reader = draft.reader;
  const auto index = find_source(*node.find("of"), draft);
  if (!index) return;
  if (*index == ModelInput::stimulus) {
    reader.fault(node.find("of")->place, "to record the stimulus, read it: {from: stimulus, type: direct}");
    return;
  }
  const ModelLayer& layer = draft.model.layers[*index];
  probe.layer = *index;
  if (draft.written[*index].is_transform())
    reader.fault(node.find("of")->place, quote(layer.name) +
                                             " has no neurons to record; to record what it hands on, read it: {from: " +
                                             layer.name + ", type: direct}");
  if (!layer.population || layer.size == 0) return;
  const auto receptors = layer.population->receptors();
  const auto receptor = std::find_if(receptors.begin(), receptors.end(),
                                     [&](const Receptor& candidate) { return candidate.name == keys.what; });
  if (receptor != receptors.end()) {
    probe.what = What::input;
    probe.item = keys.what;
    probe.channels = layer.size;
    return;
  }
  const WrittenLayer& written = draft.written[*index];
  const bool source = written.type != nullptr && written.type->offers(capability::source);
  if (keys.what == "output" || (keys.what == "input" && receptors.empty() && !source)) {
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
  const auto kernel = layer.population->population_f64(draft.model.input.dt_s);
  const auto states = kernel ? kernel->state_names() : std::vector<std::string>{};
  if (std::find(states.begin(), states.end(), keys.what) != states.end()) {
    probe.what = What::state;
    probe.channels = layer.size;
    return;
  }
  const ArrayTable table(draft.model);
  if (const auto found = table.find(layer.name + "/" + keys.what)) {
    probe.what = What::array;
    if (!draft.around.stream)
      reader.fault(node.find("what")->place, "arrays do not change within test trials; they are in /weights");
    probe.item = table[*found].path();
    probe.channels = table[*found].size;
    return;
  }
  std::vector<std::string> arrays;
  for (const auto& array : table)
    if (array.owner != NetworkArray::Owner::probe && array.index == *index)
      arrays.push_back(array.path().substr(layer.name.size() + 1));
  std::vector<std::string> places;
  for (const Receptor& candidate : receptors) places.emplace_back(candidate.name);
  const Node* what = node.find("what");
  reader.fault(what != nullptr ? what->place : node.place,
               "layer " + quote(layer.name) + " has no " + quote(keys.what) + " to record; it has " +
                   (source ? "" : (places.empty() ? "input" : enumerate(places)) + ", ") + "output" +
                   (layer.spiking ? ", spikes" : "") + names_of(states) + names_of(arrays));
}

/// Keys that all probes have.
const std::vector<std::string> own_keys{"every", "trials"};

Node read_probe(const Node::Entry& entry, Draft& draft) {
  Reader& reader = draft.reader;
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
  for (const auto& key : own_keys)
    if (const Node* found = node.find(key)) own.entries.push_back({key, found->place, *found});
  Node resolved_keys = reader.read(own, ProbeKeys::parameters(), keys);
  if (draft.around.stream) {
    if (const Node* trials = own.find("trials"))
      reader.fault(trials->place, "trials: a simulation has none; leave it out");
    std::erase_if(resolved_keys.entries, [](const auto& key) { return key.key == "trials"; });
  } else {
    probe.trials = static_cast<std::size_t>(std::max(keys.trials, 0));
  }
  const double dt_s = draft.model.input.dt_s;
  if (keys.every_s) {
    const double steps = std::round(*keys.every_s / dt_s);
    if (steps < 1 || std::abs(steps * dt_s - *keys.every_s) > 1e-6 * dt_s)
      reader.fault(own.find("every")->place,
                   "every: must be a whole number of steps of " + format_quantity(dt_s, Dimension::time));
    else
      probe.every_steps = static_cast<std::uint64_t>(steps);
  }
  Node resolved;
  if (node.find("of") != nullptr) {
    LayerProbeKeys layer_keys;
    resolved = reader.read(node, LayerProbeKeys::parameters(), layer_keys, own_keys);
    settle_layer_probe(node, layer_keys, draft, probe);
  } else {
    auto read = read_connection(node, std::nullopt, draft, own_keys);
    resolved = std::move(read.resolved);
    if (read.input) probe.input = std::move(*read.input);
    probe.channels = probe.input.channels;
  }
  for (const auto& key : resolved_keys.entries) resolved.entries.push_back(key);
  draft.model.probes.push_back(std::move(probe));
  return resolved;
}

}  // namespace

Node read_probes(const Node* probes, Draft& draft) {
  Node resolved = make_map(probes == nullptr ? Place{} : probes->place);
  if (probes == nullptr || probes->type == Node::Type::null) return resolved;
  if (!probes->is_map()) {
    draft.reader.fault(probes->place, "probes: a map of names and what is recorded is needed");
    return resolved;
  }
  // Samples are taken in steps.
  if (!(draft.around.input.dt_s > 0)) return resolved;
  for (const auto& entry : probes->entries)
    resolved.entries.push_back({entry.key, entry.place, read_probe(entry, draft)});
  return resolved;
}

}  // namespace tyto::spec

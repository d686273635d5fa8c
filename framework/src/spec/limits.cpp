#include "limits.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include <tyto/schedule.hpp>

#include "connections.hpp"
#include "look_back.hpp"
#include "parts.hpp"
#include "words.hpp"

namespace tyto::spec {

namespace {

bool is_empty(const Node* node) {
  return node == nullptr || node->type == Node::Type::null || (node->is_sequence() && node->items.empty());
}

/// A connection's arrays stand below its name, where the layer's own arrays are, too.
void refuse_name_of_array(std::size_t layer, std::size_t k, const Draft& draft) {
  const ModelLayer& reached = draft.model.layers[layer];
  const std::string& name = reached.inputs[k].name;
  const Node& node = *draft.written[layer].inputs[k];
  const auto is_called_so = [&](const ArrayInfo& own) {
    // An array's axes lie beside it in the results.
    return own.name == name || std::any_of(own.axes.begin(), own.axes.end(),
                                           [&](const std::string& axis) { return own.name + "_" + axis == name; });
  };
  for (const ArrayInfo& own : reached.arrays)
    if (is_called_so(own))
      draft.reader.fault(place_of(node, {node.find("name") != nullptr ? "name" : "from"}),
                         "layer " + quote(reached.name) + " has an array " + quote(name) +
                             " of its own; give the connection another 'name'");
}

/// Where signals come some steps at a time.
void refuse_in_pieces(const Layer& layer, const std::string& type, const Place& place, const Draft& draft) {
  if (looks_back(layer, draft.around.input.dt_s))
    draft.reader.fault(place, quote(type) +
                                  " hands on what arrived in steps before, and its kernel does not say how many it has "
                                  "to be shown again (reach); it works in trials, without loops and synapses");
}
void refuse_in_pieces(const ModelInput& input, const Node& node, const Draft& draft) {
  if (input.projection) refuse_in_pieces(*input.projection, input.type, place_of(node, {"type"}), draft);
}

/// Of each layer, whether it lies in a loop.
std::vector<bool> find_loops(const Model& model) {
  std::vector<bool> loops(model.layers.size());
  for (const auto& part : schedule(model))
    for (const std::size_t layer : part.layers) loops[layer] = part.loops;
  return loops;
}

void refuse_layer_in_trials(std::size_t index, bool loops, const Draft& draft) {
  Reader& reader = draft.reader;
  const ModelLayer& layer = draft.model.layers[index];
  const WrittenLayer& written = draft.written[index];
  if (written.type != nullptr && written.type->offers(capability::source)) {
    if (index + 1 == draft.model.layers.size())
      reader.fault(written.place, "the last layer is the output, and nothing arrives at " + quote(layer.name));
    return;
  }
  const Node* const input = written.node->find("input");
  if (written.node->is_map() && !written.is_transform() && is_empty(input))
    reader.fault(input == nullptr ? written.node->place : input->place,
                 "layer " + quote(layer.name) + " has no 'input' (a projection, as in 'input: dense')");
  // How long it lasts is unknown if nothing arrives but from itself.
  const bool alone = layer.steps == 0 && draft.around.input.steps > 0 && loops;
  if (alone && reader.faults().empty())
    reader.fault(written.place, "nothing of the stimulus arrives at layer " + quote(layer.name) +
                                    ", directly or by way of other layers");
  // Trials go back through loops of populations alone.
  if (written.is_transform() && loops)
    reader.fault(written.place, "layer " + quote(layer.name) +
                                    " lies in a loop, which trials cannot go back through; connections have delays of "
                                    "their own ('delay')");
  for (std::size_t k = 0; k < layer.inputs.size(); ++k)
    if (layer.inputs[k].synapse || loops) refuse_in_pieces(layer.inputs[k], *written.inputs[k], draft);
}

void refuse_layer_in_stream(std::size_t index, const Draft& draft) {
  const ModelLayer& layer = draft.model.layers[index];
  const WrittenLayer& written = draft.written[index];
  if (written.is_transform() && layer.transform) refuse_in_pieces(*layer.transform, layer.type, written.place, draft);
  for (std::size_t k = 0; k < layer.inputs.size(); ++k) refuse_in_pieces(layer.inputs[k], *written.inputs[k], draft);
}

}  // namespace

void refuse_limits(const Node* probes, const Draft& draft) {
  const bool stream = draft.around.stream;
  const std::vector<bool> loops = find_loops(draft.model);
  for (std::size_t i = 0; i < draft.model.layers.size(); ++i) {
    for (std::size_t k = 0; k < draft.model.layers[i].inputs.size(); ++k) refuse_name_of_array(i, k, draft);
    if (stream)
      refuse_layer_in_stream(i, draft);
    else
      refuse_layer_in_trials(i, loops[i], draft);
  }
  for (const auto& probe : draft.model.probes)
    for (std::size_t i = 0; i < draft.model.layers.size(); ++i)
      if (draft.model.layers[i].name == "probe_" + probe.name)
        draft.reader.fault(draft.written[i].place, "the name " + quote(draft.model.layers[i].name) +
                                                       " is that of the arrays of the probe " + quote(probe.name) +
                                                       "; give one of them another name");
  for (const auto& probe : draft.model.probes)
    if (stream || probe.input.synapse) refuse_in_pieces(probe.input, *probes->find(probe.name), draft);
}

}  // namespace tyto::spec

#include "model.hpp"

#include "connections.hpp"
#include "layers.hpp"
#include "limits.hpp"
#include "parts.hpp"
#include "probes.hpp"
#include "words.hpp"

namespace tyto::spec {

namespace {

std::size_t steps_of(std::size_t index, const Draft& draft) {
  return index == ModelInput::stimulus ? draft.around.input.steps : draft.model.layers[index].steps;
}

/// How long a layer's output lasts, as far as that of its sources is known.
std::size_t output_steps(std::size_t index, const Draft& draft) {
  const ModelLayer& layer = draft.model.layers[index];
  if (!draft.written[index].is_transform()) {
    const ComponentInfo* const type = draft.written[index].type;
    if (type != nullptr && type->offers(capability::source)) return draft.around.input.steps;
    for (const auto& input : layer.inputs)
      if (const std::size_t steps = steps_of(input.from, draft); steps > 0) return steps;
    return 0;
  }
  std::size_t steps = steps_of(layer.from, draft);
  if (!layer.transform || layer.size == 0 || steps == 0) return 0;
  guarded(draft.reader, draft.written[index].place,
          [&] { steps = layer.transform->output_steps(steps, draft.around.input.dt_s); });
  return steps;
}

/// All inputs of a population last equally long, and so does its output. Nothing of this concerns a stream, which has
/// no number of steps.
void settle_steps(Draft& draft) {
  auto& layers = draft.model.layers;
  // What comes from a later layer may be known only when others are.
  for (bool found = true; found;) {
    found = false;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      if (layers[i].steps > 0) continue;
      layers[i].steps = output_steps(i, draft);
      found = found || layers[i].steps > 0;
    }
  }
  for (std::size_t i = 0; i < layers.size(); ++i)
    for (std::size_t k = 0; k < layers[i].inputs.size(); ++k) {
      const std::size_t steps = steps_of(layers[i].inputs[k].from, draft);
      if (steps > 0 && steps != layers[i].steps)
        draft.reader.fault(draft.written[i].inputs[k]->place,
                           "the inputs of layer " + quote(layers[i].name) + " have " + std::to_string(layers[i].steps) +
                               " and " + std::to_string(steps) + " steps; they must have equally many");
      const auto& learning = layers[i].inputs[k].learning;
      if (!learning || learning->error == ModelLearning::none) continue;
      const std::size_t of_error = steps_of(learning->error, draft);
      if (of_error > 0 && layers[i].steps > 0 && of_error != layers[i].steps)
        draft.reader.fault(draft.written[i].inputs[k]->place,
                           "the error has " + std::to_string(of_error) + " steps, and layer " + quote(layers[i].name) +
                               " has " + std::to_string(layers[i].steps) + "; they must have equally many");
    }
}

}  // namespace

BuiltModel build_model(const Node& layers, const Node* probes, const ModelSurroundings& around, Reader& reader) {
  BuiltModel built;
  if (!layers.is_map() || layers.entries.empty()) {
    reader.fault(layers.place, "layers: a map with at least one layer is needed");
    return built;
  }
  const auto faults = [&reader] { return reader.faults().size(); };
  const std::size_t before = faults();
  Draft draft{around, reader, {}, {}};
  draft.model.input = around.input;
  // Connections may come from any layer, so that all layers are read before the first connection is.
  read_layers(layers, draft);
  read_connections(draft);
  settle_steps(draft);
  const std::size_t in_layers = faults() - before;
  built.probes = read_probes(probes, draft);
  const std::size_t before_limits = faults();
  refuse_limits(probes, draft);
  built.complete =
      in_layers == 0 && faults() == before_limits && around.input.dt_s > 0 && (around.stream || around.outputs);
  Node resolved = make_map(layers.place);
  for (std::size_t i = 0; i < draft.written.size(); ++i) {
    WrittenLayer& written = draft.written[i];
    resolved.entries.push_back({draft.model.layers[i].name, written.place, std::move(written.resolved)});
    built.types.push_back(written.type);
    built.places.push_back(written.place);
  }
  built.model = std::move(draft.model);
  built.resolved = make_map(layers.place);
  built.resolved.entries.push_back({"layers", layers.place, std::move(resolved)});
  return built;
}

}  // namespace tyto::spec

#include <tyto/schedule.hpp>

#include <algorithm>
#include <map>
#include <set>

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/strong_components.hpp>
#include <boost/range/iterator_range.hpp>

namespace tyto {

namespace {

using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS>;

/// What a layer reads: sources of signals, and layers whose values are an error or a reward for one of its connections.
std::vector<std::size_t> sources_of(const ModelLayer& layer) {
  std::vector<std::size_t> sources;
  if (layer.transform) sources.push_back(layer.from);
  for (const auto& input : layer.inputs) {
    sources.push_back(input.from);
    if (!input.learning) continue;
    for (const std::size_t signal : {input.learning->error, input.learning->reward})
      if (signal != ModelLearning::none) sources.push_back(signal);
  }
  std::erase(sources, ModelInput::stimulus);
  return sources;
}

bool learns(const ModelLayer& layer) {
  return std::any_of(layer.inputs.begin(), layer.inputs.end(),
                     [](const auto& input) { return input.learning.has_value(); });
}

/// Finds out whether a part loops, and how many steps its signals take at least to come back.
void settle(const Model& model, Part& part) {
  const auto inside = [&](std::size_t layer) {
    return std::binary_search(part.layers.begin(), part.layers.end(), layer);
  };
  bool steps_singly = false;
  std::size_t shortest = 0;
  for (const std::size_t index : part.layers) {
    const ModelLayer& layer = model.layers[index];
    steps_singly = steps_singly || learns(layer);
    for (const auto& input : layer.inputs) {
      // Within some steps layers take their turns in the order of the model, so that earlier ones are never waited for.
      if (!inside(input.from) || input.from < index) continue;
      const std::size_t late = steps_late(index, input);
      shortest = shortest == 0 ? late : std::min(shortest, late);
    }
  }
  part.loops = steps_singly || shortest > 0;
  part.stride = steps_singly ? 1 : std::max<std::size_t>(shortest, 1);
}

}  // namespace

std::size_t steps_late(std::size_t layer, const ModelInput& input) {
  if (input.delay_steps > 0) return static_cast<std::size_t>(input.delay_steps);
  const bool later = input.from != ModelInput::stimulus && input.from >= layer;
  return input.synapse || later ? 1 : 0;
}

std::vector<Part> schedule(const Model& model) {
  const std::size_t layers = model.layers.size();
  Graph graph(layers);
  for (std::size_t layer = 0; layer < layers; ++layer)
    for (const std::size_t source : sources_of(model.layers[layer])) boost::add_edge(source, layer, graph);
  std::vector<std::size_t> part_of(layers);
  const std::size_t count = boost::strong_components(
      graph, boost::make_iterator_property_map(part_of.begin(), boost::get(boost::vertex_index, graph)));
  std::vector<std::vector<std::size_t>> members(count);
  for (std::size_t layer = 0; layer < layers; ++layer) members[part_of[layer]].push_back(layer);

  // Of the parts whose sources have had their turn, the one with the earliest layer goes first: a model without loops
  // runs in its own order.
  std::vector<std::set<std::size_t>> readers(count);
  std::vector<std::size_t> waiting(count, 0);
  for (const auto edge : boost::make_iterator_range(boost::edges(graph))) {
    const std::size_t from = part_of[boost::source(edge, graph)], to = part_of[boost::target(edge, graph)];
    if (from != to && readers[from].insert(to).second) ++waiting[to];
  }
  std::map<std::size_t, std::size_t> ready;  // by their first layer
  for (std::size_t part = 0; part < count; ++part)
    if (waiting[part] == 0) ready.emplace(members[part].front(), part);
  std::vector<Part> parts;
  while (!ready.empty()) {
    const std::size_t next = ready.begin()->second;
    ready.erase(ready.begin());
    parts.push_back({members[next]});
    settle(model, parts.back());
    for (const std::size_t reader : readers[next])
      if (--waiting[reader] == 0) ready.emplace(members[reader].front(), reader);
  }
  return parts;
}

}  // namespace tyto

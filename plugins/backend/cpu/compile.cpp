#include "compile.hpp"

#include <algorithm>
#include <cmath>

#include "kernels.hpp"

namespace cpu {

namespace {

/// The first step that begins at a time or after it.
std::uint64_t step_at(double time_s, double dt_s) {
  const double step = std::ceil(time_s / dt_s - 1e-6);
  return step < 1e18 ? static_cast<std::uint64_t>(std::max(step, 0.0)) : std::numeric_limits<std::uint64_t>::max();
}

std::size_t index_of(const std::vector<std::string>& names, const std::string& name) {
  return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

/// Index of a layer's own array by name; its first one has the index `first`.
std::size_t place_of(const tyto::ModelLayer& layer, const std::string& name, std::size_t first) {
  for (std::size_t k = 0; k < layer.arrays.size(); ++k)
    if (layer.arrays[k].name == name) return first + k;
  throw tyto::Error("layer '" + layer.name + "': an ensemble needs an array '" + name + "', which '" + layer.type +
                    "' has not");
}

template <class S>
class Compiler {
 public:
  explicit Compiler(const tyto::Model& model) : model_(model) {}

  Compiled<S> compile() {
    made_.input = model_.input;
    made_.parts = tyto::schedule(model_);
    made_.arrays = tyto::ArrayTable(model_);
    for (std::size_t layer = 0; layer < model_.layers.size(); ++layer) add_layer(layer);
    for (std::size_t probe = 0; probe < model_.probes.size(); ++probe) add_probe(probe);
    for (const auto& part : made_.parts) settle_part(part);
    for (auto& edge : made_.edges) {
      // What drives a filter comes step by step.
      if (made_.streams() || edge.filter) edge.reach = edge.kernel->reach();
      // Before a trial there is nothing to be shown.
      if (!made_.streams()) edge.reach = std::min(edge.reach, made_.input.steps);
      note_reader(edge.from, edge.late + edge.reach);
      if (!edge.learning) continue;
      note_reader(edge.layer, 0);
      for (const std::size_t signal : {edge.learning->error, edge.learning->reward})
        if (signal != tyto::ModelLearning::none) note_reader(signal, 0);
    }
    for (auto& node : made_.nodes) {
      if (node.transform) note_reader(node.from, made_.streams() ? node.transform->reach() : 0);
      // Numbers are looked at after every window, whether somebody reads them or not.
      if (made_.streams() && !node.spiking) node.read = true;
    }
    // Scores are read when all parts have run.
    if (!made_.streams() && made_.parts.back().layers.front() + 1 != made_.nodes.size())
      made_.nodes.back().own_run = true;
    return std::move(made_);
  }

 private:
  void add_layer(std::size_t index) {
    const tyto::ModelLayer& layer = model_.layers[index];
    auto& node = made_.nodes.emplace_back();
    node.name = layer.name;
    node.size = layer.size;
    node.steps = layer.steps;
    node.spiking = layer.spiking;
    node.arrays = made_.arrays.of_layer(index);
    if (layer.transform) {
      node.from = layer.from;
      node.transform = transform<S>(*layer.transform, model_.input.dt_s);
      need(node.transform, layer.name, layer.type, sizeof(S));
      return;
    }
    if (!layer.population) throw tyto::Error("layer '" + layer.name + "' is no population");
    node.kernel = population<S>(*layer.population, model_.input.dt_s);
    need(node.kernel, layer.name, layer.type, sizeof(S));
    node.variables = node.kernel->state_size();
    node.receptors = std::max<std::size_t>(layer.population->receptors().size(), 1);
    node.source = layer.inputs.empty();
    node.ensemble = layer.ensemble;
    node.radius = layer.population->radius();
    if (node.ensemble) {
      node.inputs = layer.population->input_size(layer.size);
      node.encoders = place_of(layer, "encoders", node.arrays.first);
      node.gain = place_of(layer, "gain", node.arrays.first);
    }
    const auto states = node.kernel->state_names();
    for (const auto& initial : layer.initial)
      node.initial.push_back({index_of(states, initial.state), node.arrays.first + initial.array});
    for (std::size_t k = 0; k < layer.inputs.size(); ++k) {
      made_.nodes[index].edges.push_back(made_.edges.size());
      made_.edges.push_back(make_edge(layer.inputs[k], index, layer.name, layer.size));
      made_.edges.back().arrays = made_.arrays.of_input(index, k);
    }
  }

  /// `neurons` is what it reaches if the input does not say how much it hands on.
  Edge<S> make_edge(const tyto::ModelInput& input, std::size_t layer, const std::string& name, std::size_t neurons) {
    Edge<S> edge;
    edge.from = input.from;
    edge.layer = layer;
    edge.channels = input.channels > 0 ? input.channels : neurons;
    edge.onto_neurons = input.onto_neurons;
    edge.receptor = input.receptor;
    if (layer < model_.layers.size() && !input.arrays.empty()) {
      const auto receptors = model_.layers[layer].population->receptors();
      edge.at_least_zero = !receptors.empty() && receptors[input.receptor].at_least_zero;
    }
    edge.late = tyto::steps_late(layer, input);
    tyto::ModelInput undelayed = input;
    undelayed.delay_steps = 0;
    edge.later = edge.late - tyto::steps_late(layer, undelayed);
    edge.kernel = projection<S>(*input.projection, model_.input.dt_s);
    need(edge.kernel, name, input.type, sizeof(S));
    if (input.synapse) edge.filter.emplace(tyto::filter_of(*input.synapse, model_.input.dt_s, input.synaptic_input));
    if (!input.learning) return edge;
    auto& learning = edge.learning.emplace();
    learning.kernel = plasticity<S>(*input.learning->rule, model_.input.dt_s);
    need(learning.kernel, name, input.learning->type, sizeof(S));
    learning.error = input.learning->error;
    learning.reward = input.learning->reward;
    learning.from_step = step_at(input.learning->from_s, model_.input.dt_s);
    learning.until_step = step_at(input.learning->until_s, model_.input.dt_s);
    const tyto::RuleNeeds needs = input.learning->rule->needs();
    learning.changes_encoders = needs.encoders;
    learning.rewarded = needs.reward;
    // The times of spikes are those at which they act.
    if (needs.spikes) edge.later = edge.late;
    return edge;
  }

  void add_probe(std::size_t index) {
    using What = tyto::ModelProbe::What;
    const tyto::ModelProbe& probe = model_.probes[index];
    CompiledProbe<S> made;
    made.what = probe.what;
    made.layer = probe.layer;
    made.channels = probe.channels;
    made.every_steps = probe.every_steps;
    if (probe.what == What::projection) {
      made.edge = made_.edges.size();
      // Behind all layers, so that it acts in the same step.
      made_.edges.push_back(make_edge(probe.input, model_.layers.size(), probe.name, probe.channels));
      made_.edges.back().arrays = made_.arrays.of_probe(index);
    } else if (probe.what == What::array) {
      made.item = array_at(probe.item);
      made.while_learning = std::any_of(made_.edges.begin(), made_.edges.end(), [&](const Edge<S>& edge) {
        return edge.learning && made.item == changed_by(edge);
      });
    } else {
      auto& node = made_.nodes[probe.layer];
      node.own_run = true;
      node.read = true;
      if (probe.what == What::input && !probe.item.empty()) {
        const auto receptors = model_.layers[probe.layer].population->receptors();
        made.item = static_cast<std::size_t>(
            std::find_if(receptors.begin(), receptors.end(),
                         [&](const tyto::Receptor& receptor) { return receptor.name == probe.item; }) -
            receptors.begin());
      }
      if (probe.what == What::state) {
        made.item = index_of(node.kernel->state_names(), probe.item);
        node.keeps_states = made_.streams();
      }
    }
    made_.probes.push_back(made);
  }

  [[nodiscard]] std::size_t array_at(const std::string& path) const {
    const auto found = made_.arrays.find(path);
    if (!found) throw tyto::Error("the model has no array '" + path + "'");
    return *found;
  }

  [[nodiscard]] std::size_t changed_by(const Edge<S>& edge) const {
    return edge.learning->changes_encoders ? made_.nodes[edge.layer].encoders : edge.arrays.first;
  }

  void settle_part(const tyto::Part& part) {
    for (const std::size_t layer : part.layers) {
      auto& node = made_.nodes[layer];
      node.own_run = node.own_run || part.loops;
      if (node.transform && part.loops && !made_.streams())
        throw tyto::Error("layer '" + node.name + "' lies in a loop, which trials cannot go through");
      bool ahead = true;
      for (const std::size_t index : node.edges) {
        auto& edge = made_.edges[index];
        edge.inside = std::binary_search(part.layers.begin(), part.layers.end(), edge.from);
        ahead = ahead && !edge.inside && !edge.learning;
        node.ahead += ahead ? 1 : 0;
        // What begins a trial has no past; a loop goes through it piece by piece.
        if (part.loops && !ahead) edge.reach = edge.kernel->reach();
      }
    }
  }

  /// Somebody reads a signal, and so many steps of its past.
  void note_reader(std::size_t source, std::size_t past) {
    if (source == from_stimulus) {
      made_.stimulus_past = std::max(made_.stimulus_past, past);
      return;
    }
    auto& node = made_.nodes[source];
    node.read = true;
    node.past = std::max(node.past, past);
  }

  const tyto::Model& model_;
  Compiled<S> made_;
};

}  // namespace

template <class S>
Compiled<S> compile(const tyto::Model& model) {
  return Compiler<S>(model).compile();
}

template Compiled<float> compile(const tyto::Model&);
template Compiled<double> compile(const tyto::Model&);

}  // namespace cpu

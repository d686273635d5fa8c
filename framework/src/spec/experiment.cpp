#include "experiment.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "analyses.hpp"
#include "blocks.hpp"
#include "capabilities.hpp"
#include "learning.hpp"
#include "memory.hpp"
#include "model.hpp"
#include "overrides.hpp"
#include "parts.hpp"
#include "references.hpp"
#include "time_steps.hpp"
#include "words.hpp"

namespace tyto::spec {

namespace {

void check_top_level(const Node& root, const std::string& name) {
  if (root.type == Node::Type::null) throw InvalidInput({name, 0, 0}, "this file is empty; an experiment is needed");
  if (!root.is_map()) throw InvalidInput(root.place, "an experiment is a map of keys and values, as in 'tyto: 1'");
  const Node* version = root.find("tyto");
  if (version != nullptr && version->is_scalar() && version->text != "1")
    throw InvalidInput(version->place,
                       "tyto: this program reads version 1 of the experiment language, not " + quote(version->text));
}

void take_common(const CommonKeys& keys, Experiment& experiment) {
  experiment.title = keys.title;
  experiment.seeds = {keys.seed, keys.seed, keys.seed};
  experiment.precision = keys.precision;
  experiment.stimulus = keys.stimulus;
  experiment.backend = keys.backend;
}

/// Whether the stimulus of an experiment, or of a stage, offers something.
bool stimulus_offers(std::string_view wanted, const Node& head, const Reader& reader) {
  const Node* const stimulus = head.find("stimulus");
  const Node* const type = stimulus != nullptr ? stimulus->find("type") : nullptr;
  const ComponentInfo* const info = type != nullptr ? reader.components().find(Kind::stimulus, type->text) : nullptr;
  return info != nullptr && info->offers(wanted);
}

/// That of a stimulus that makes trials; throws Error if that is none.
TrialShape shape_of_trials(const Stimulus& stimulus) {
  const TrialShape shape = stimulus.shape();
  if (shape.steps == 0 || shape.channels == 0 || !(shape.dt_s > 0))
    throw Error("the stimulus makes trials without steps or channels");
  return shape;
}

/// Stimulus, objective and what the model needs to know of them.
ModelSurroundings take_head(const ExperimentKeys& keys, const Node& root, const Node& head, Reader& reader,
                            Experiment& experiment) {
  ModelSurroundings around;
  take_common(keys, experiment);
  experiment.objective = keys.objective;
  const bool asks = head.find("objective") != nullptr;
  const auto take_outputs = [&] {
    if (!asks) return;
    around.outputs = experiment.objective.outputs();
    around.classifies = experiment.objective.classifies();
  };
  take_outputs();
  if (keys.stimulus == nullptr) return around;
  // One that says nothing makes trials.
  if (!stimulus_offers(capability::trials, head, reader) && stimulus_offers(capability::stream, head, reader)) {
    reader.fault(
        place_of(root, {"stimulus"}),
        "this stimulus makes no trials, but a stream for simulations; write 'simulation' instead of 'objective' "
        "and 'learning'");
    return around;
  }
  guarded(reader, place_of(root, {"stimulus"}), [&] { around.input = shape_of_trials(*keys.stimulus); });
  if (!asks) return around;
  around.outputs.reset();
  guarded(reader, place_of(root, {"objective", "target"}), [&] {
    experiment.objective.bind(keys.stimulus->targets());
    take_outputs();
  });
  return around;
}

/// Where an experiment is read.
struct Surroundings {
  const std::vector<Experiment>& earlier;  ///< stages
};

/// `resolved` has the name of the file as it is read again.
void take_weights(const CommonKeys& keys, const Node& root, const Surroundings& around, Reader& reader,
                  Experiment& experiment, Node& resolved) {
  if (!keys.weights || keys.weights->file.empty()) return;
  experiment.weights_place = place_of(root, {"weights", "from"});
  experiment.weights = keys.weights;
  for (const auto& stage : around.earlier)
    if (stage.stage == keys.weights->file) {
      experiment.weights->stage = stage.stage;
      experiment.weights->file.clear();
      return;
    }
  const Node& from = *root.find("weights")->find("from");
  experiment.weights->file = reader.path_of(from);
  if (Node* const kept = resolved.find("weights")) put(*kept, "from", make_text(reader.name_of(from), from.place));
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(experiment.weights->file, ignored))
    reader.fault(experiment.weights_place,
                 (around.earlier.empty() ? "there is no weights file "
                                         : "there is neither a weights file nor an earlier stage ") +
                     quote(keys.weights->file));
}

/// Keeps what is not silenced.
void take_warnings(const CommonKeys& keys, const Node& root, Reader& reader, Experiment& experiment) {
  const auto& known = warning_names();
  for (const auto& name : keys.silenced)
    if (std::find(known.begin(), known.end(), name) == known.end())
      reader.fault(place_of(root, {"silence"}),
                   "there is no warning " + quote(name) + suggestion_or_known(name, known));
  for (auto& warning : reader.take_warnings())
    if (std::find(keys.silenced.begin(), keys.silenced.end(), warning.name) == keys.silenced.end())
      experiment.warnings.push_back(std::move(warning));
}

/// A network for trials takes all of its arrays or none.
void refuse_choice_of_arrays(const CommonKeys& keys, const Node& root, Reader& reader) {
  if (!keys.weights) return;
  if (keys.weights->ensembles)
    reader.fault(place_of(root, {"weights", "ensembles"}),
                 "ensembles: is for simulations, and this experiment has trials");
  if (!keys.weights->only.empty())
    reader.fault(place_of(root, {"weights", "only"}), "only: is for simulations; with trials all arrays are taken");
}

/// A count of spikes needs an output layer that makes some.
void check_readout(const Node& root, const BuiltModel& built, Reader& reader, const Experiment& experiment) {
  if (experiment.objective.readout != Readout::spike_count || built.model.layers.empty()) return;
  const auto& output = built.model.layers.back();
  if (built.types.back() == nullptr || output.spiking) return;
  reader.fault(place_of(root, {"objective", "readout"}), "spike_count needs an output layer that spikes, and layer " +
                                                             quote(output.name) + " of type " + quote(output.type) +
                                                             " does not");
}

void check_memory_of_trials(const Node& root, const ModelSurroundings& around, Reader& reader,
                            const Experiment& experiment) {
  const auto& shape = around.input;
  const double trials = static_cast<double>(experiment.train_trials) +
                        static_cast<double>(experiment.validation_trials) + static_cast<double>(experiment.test_trials);
  const double row = shape.values ? static_cast<double>(shape.channels * sizeof(float))
                                  : static_cast<double>(words_for(shape.channels) * sizeof(std::uint64_t));
  const double bytes = trials * static_cast<double>(shape.steps) * row;
  double neurons = 0;
  for (const auto& layer : experiment.model.layers) neurons += static_cast<double>(layer.size);
  const double activity = static_cast<double>(experiment.test_trials) * neurons * sizeof(double);
  if (exceeds_memory(bytes))
    reader.fault(place_of(root, {"learning", "trials"}),
                 "the trials of " + std::to_string(shape.steps) + " steps and " + std::to_string(shape.channels) +
                     " channels need " + size_text(bytes) + " of memory, more than this machine has");
  else if (exceeds_memory(bytes + activity))
    reader.fault(place_of(root, {"learning", "trials"}),
                 "the activity of the model's neurons in the test trials needs " + size_text(activity) +
                     " of memory, more than this machine has");
}

BuiltModel read_model(const Node& root, const ModelSurroundings& around, Reader& reader) {
  const Node* node = root.find("model");
  if (node == nullptr || node->type == Node::Type::null) {
    reader.fault(node == nullptr ? root.place : node->place,
                 "'model' is missing (a graph of layers, as in 'model: {use: file}' or 'model: {layers: {...}}')");
    return {};
  }
  const auto layers = model_layers(*node, reader);
  // Without its time step nothing can be said of a stream.
  const bool readable = layers && (!around.stream || around.input.dt_s > 0);
  return readable ? build_model(*layers, root.find("probes"), around, reader) : BuiltModel{};
}

/// The parts of the resolved configuration in the order in which an experiment is written.
Node in_order(Node parts) {
  Node resolved = make_map(parts.place);
  for (const auto* key : {"tyto", "title", "seed", "precision", "stimulus", "objective", "simulation", "model",
                          "learning", "probes", "backend", "weights", "analyses", "silence"})
    if (Node* part = parts.find(key)) put(resolved, key, std::move(*part));
  return resolved;
}

/// Name and description of the backend, as far as it is known.
const ComponentInfo* take_backend(const Node& head, const plugin::Components& components, Experiment& experiment) {
  if (const Node* backend = head.find("backend")) experiment.backend_name = backend->find("type")->text;
  return components.find(Kind::backend, experiment.backend_name);
}

/// Steps of a trial that are left where a probe records.
std::size_t steps_behind(const ModelProbe& probe, const Model& model) {
  const bool projection = probe.what == ModelProbe::What::projection;
  if (projection && probe.input.from == ModelInput::stimulus) return model.input.steps;
  return model.layers[projection ? probe.input.from : probe.layer].steps;
}

/// What is to be recorded of trials has to be there, and to find room: samples are kept until all are, then in a file
/// in memory.
void check_probes(const Node& root, Reader& reader, const Experiment& experiment) {
  const auto trials = static_cast<std::size_t>(std::max(experiment.test_trials, 0));
  const Model& model = experiment.model;
  double bytes = 0;
  for (const auto& probe : model.probes) {
    if (probe.trials > trials && trials > 0)
      reader.fault(place_of(root, {"probes", probe.name, "trials"}), "trials: " + std::to_string(probe.trials) +
                                                                         " cannot be recorded, there are " +
                                                                         std::to_string(trials) + " test trials");
    const std::size_t steps = steps_behind(probe, model),
                      before = model.input.steps - std::min(steps, model.input.steps);
    if (probe.every_steps <= model.input.steps && steps > 0 &&
        model.input.steps / probe.every_steps == before / probe.every_steps)
      reader.fault(place_of(root, {"probes", probe.name, "every"}),
                   "every: what is recorded has " + std::to_string(steps) + " of the trial's " +
                       std::to_string(model.input.steps) + " steps, and no sample falls into them");
    constexpr double copies = 3, numbers_of_spike = 4;
    const double numbers = probe.what == ModelProbe::What::spikes
                               ? numbers_of_spike * static_cast<double>(model.layers[probe.layer].size)
                               : static_cast<double>(probe.channels);
    const std::uint64_t samples = model.input.steps / probe.every_steps;
    bytes += copies * sizeof(double) * static_cast<double>(probe.trials) * numbers * static_cast<double>(samples);
  }
  if (exceeds_memory(bytes))
    reader.fault(place_of(root, {"probes"}),
                 "what is recorded needs " + size_text(bytes) + " of memory, more than this machine has");
}

/// An experiment with trials. Returns its resolved configuration.
Node load_trials(const Node& root, const Surroundings& surroundings, Reader& reader, Experiment& experiment) {
  ExperimentKeys keys;
  Node head =
      reader.read(root, ExperimentKeys::parameters(), keys, {"model", "learning", "probes", "analyses", "sweep"});
  const ModelSurroundings around = take_head(keys, root, head, reader, experiment);
  take_weights(keys, root, surroundings, reader, experiment, head);
  refuse_choice_of_arrays(keys, root, reader);

  BuiltModel built = read_model(root, around, reader);
  experiment.model = built.model;
  check_readout(root, built, reader, experiment);
  LearningPart learning = read_learning(root, reader, experiment);
  check_memory_of_trials(root, around, reader, experiment);
  const ComponentInfo* backend = take_backend(head, reader.components(), experiment);
  check_capabilities(learning.rule, built, {backend, place_of(root, {"backend"})}, reader);
  if (experiment.rule && built.complete && head.find("objective") != nullptr)
    guarded(reader, learning.rule.place, [&] { experiment.rule->check(experiment.model, experiment.objective); });
  check_probes(root, reader, experiment);
  Node analyses = read_analyses(root, reader, experiment, built.complete && around.outputs);
  // Taken in any case, so that none is left for the step of another stage.
  const auto times = reader.take_timed_values();
  const double trial_s = static_cast<double>(around.input.steps) * around.input.dt_s;
  check_time_steps(times, around.input.dt_s, {trial_s, "trial"}, reader);
  take_warnings(keys, root, reader, experiment);
  put(head, "model", std::move(built.resolved));
  put(head, "learning", std::move(learning.resolved));
  if (root.find("probes") != nullptr) put(head, "probes", std::move(built.probes));
  put(head, "analyses", std::move(analyses));
  return head;
}

/// What the model of a simulation is shown; without a stimulus it has no channels.
ModelSurroundings shape_of_stream(const SimulationExperimentKeys& keys, const Node& root, const Node& head,
                                  Reader& reader) {
  ModelSurroundings around;
  around.stream = true;
  around.input.dt_s = keys.simulation.dt_s;
  const Node* stimulus = root.find("stimulus");
  around.stimulus = stimulus != nullptr && stimulus->type != Node::Type::null;
  if (keys.stimulus == nullptr) return around;
  around.sequence = !stimulus_offers(capability::stream, head, reader);
  guarded(reader, place_of(root, {"stimulus"}), [&] {
    if (!around.sequence) {
      around.input.values = true;
      around.input.channels = keys.stimulus->channels();
      return;
    }
    const TrialShape shape = shape_of_trials(*keys.stimulus);
    around.input.channels = shape.channels;
    around.input.values = shape.values;
    if (keys.simulation.dt_s > 0 && std::abs(shape.dt_s - keys.simulation.dt_s) > 1e-9 * shape.dt_s)
      throw Error("its trials have steps of " + format_quantity(shape.dt_s, Dimension::time) +
                  ", and the simulation has steps of " + format_quantity(keys.simulation.dt_s, Dimension::time));
  });
  return around;
}

/// How the trials of a stimulus that makes some come in a stream.
std::optional<SimulationPlan::Sequence> read_sequence(const SimulationExperimentKeys& whole, bool trials,
                                                      const Node& root, Reader& reader) {
  const SimulationKeys& keys = whole.simulation;
  if (trials) {
    const SimulationPlan::Sequence sequence{
        keys.split.value_or(Split::train),
        static_cast<std::size_t>(std::llround(std::min(keys.pause_s.value_or(0) / std::max(keys.dt_s, 1e-300), 1e15)))};
    if (whole.stimulus && whole.stimulus->available(sequence.split) == std::size_t{0})
      reader.fault(place_of(root, {"simulation", "split"}),
                   "the stimulus has no " + std::string(to_string(sequence.split)) + " trials");
    return sequence;
  }
  for (const auto* key : {"pause", "split"})
    if (const Node* simulation = root.find("simulation"); simulation->find(key) != nullptr)
      reader.fault(place_of(root, {"simulation", key}),
                   std::string(key) + ": is for a stimulus that makes trials; leave it out");
  return std::nullopt;
}

/// An experiment that runs its model step by step.
Node load_simulation(const Node& root, const Surroundings& surroundings, Reader& reader, Experiment& experiment) {
  for (const auto* key : {"objective", "learning"})
    if (const Node* node = root.find(key))
      reader.fault(node->place, quote(key) +
                                    " belongs to trials, and this is a simulation; connections learn by "
                                    "'learn'");
  SimulationExperimentKeys keys;
  const std::size_t faults_before = reader.faults().size();
  Node head = reader.read(root, SimulationExperimentKeys::parameters(), keys,
                          {"model", "probes", "analyses", "sweep", "objective", "learning"});
  take_common(keys, experiment);
  take_weights(keys, root, surroundings, reader, experiment, head);
  const ModelSurroundings around = shape_of_stream(keys, root, head, reader);
  if (head.find("simulation") != nullptr && reader.faults().size() == faults_before)
    experiment.simulation =
        SimulationPlan{keys.simulation.steps(), keys.simulation.dt_s,
                       read_sequence(keys, around.sequence, root, reader), keys.simulation.write_drawn};
  else
    experiment.simulation = SimulationPlan{};
  const ComponentInfo* backend = take_backend(head, reader.components(), experiment);
  if (backend != nullptr && !backend->offers(capability::simulation))
    reader.fault(place_of(root, {"backend"}),
                 "a simulation needs a backend that offers 'simulation', which " + quote(backend->name) + " does not");

  BuiltModel built = read_model(root, around, reader);
  experiment.model = built.model;
  Node analyses = read_analyses(root, reader, experiment, built.complete);
  check_time_steps(reader.take_timed_values(), keys.simulation.dt_s, {keys.simulation.duration_s, "run"}, reader);
  take_warnings(keys, root, reader, experiment);
  put(head, "model", std::move(built.resolved));
  put(head, "probes", std::move(built.probes));
  put(head, "analyses", std::move(analyses));
  return head;
}

/// One experiment without stages, or one stage. Returns its resolved configuration.
Node load_one(Node root, const Surroundings& surroundings, Reader& reader, Experiment& experiment) {
  SeedKeys seeds;
  std::optional<Node> by_purpose;
  if (Node* seed = root.find("seed"); seed != nullptr && seed->is_map()) {
    by_purpose = reader.read(*seed, SeedKeys::parameters(), seeds);
    *seed = make_scalar("1", seed->place);
  }
  Node resolved = in_order(root.find("simulation") != nullptr ? load_simulation(root, surroundings, reader, experiment)
                                                              : load_trials(root, surroundings, reader, experiment));
  if (!by_purpose) return resolved;
  experiment.seeds = seeds;
  put(resolved, "seed", std::move(*by_purpose));
  return resolved;
}

/// A stage's keys in front of those that all stages share.
Node with_shared(const Node& stage, const Node& root) {
  Node whole = make_map(stage.place);
  const auto& stages = root.find("stages")->items;
  const bool simulations =
      root.find("simulation") != nullptr ||
      std::any_of(stages.begin(), stages.end(), [](const Node& other) { return other.find("simulation") != nullptr; });
  for (const auto& entry : stage.entries)
    if (entry.key != "name") whole.entries.push_back(entry);
  for (const auto& entry : root.entries) {
    const bool own = entry.key == "stages" || entry.key == "sweep" || stage.find(entry.key) != nullptr;
    // A simulation has no objective and no rule of its own, and the other way round. Where there are both, what is
    // recorded is of the simulations.
    const bool other =
        (stage.find("simulation") != nullptr && (entry.key == "objective" || entry.key == "learning")) ||
        (stage.find("learning") != nullptr && (entry.key == "simulation" || (simulations && entry.key == "probes")));
    if (!own && !other) whole.entries.push_back(entry);
  }
  return whole;
}

/// Puts the experiment's own `parameters` in the places of their names. `written`: names that were referred to before
/// anything was changed from outside, which are used even if that took their place.
void put_parameters_in(Node& root, const Document& document, const std::set<std::string, std::less<>>& written,
                       Reader& reader) {
  Bindings bindings;
  declare(root.find("parameters"), bindings, reader);
  for (auto& entry : root.entries)
    if (entry.key != "parameters" && entry.key != "sweep") substitute_all(entry.value, bindings, reader);
  bindings.used.insert(written.begin(), written.end());
  // Those of a base may have lost their place to what stands upon it.
  if (const Node* const declared = root.find("parameters"))
    for (const auto& entry : declared->entries)
      if (entry.place.file != document.name) bindings.used.insert(entry.key);
  refuse_unused(root.find("parameters"), bindings, "nothing", reader);
  std::erase_if(root.entries, [](const auto& entry) { return entry.key == "parameters"; });
}

/// Where trials are drawn from so many that there are, other seeds make other sets of them.
void warn_of_other_trials(const std::vector<Experiment>& earlier, Experiment& stage) {
  if (!stage.weights || stage.weights->stage.empty() || !stage.stimulus || stage.simulation ||
      !stage.stimulus->available(Split::test))
    return;
  for (const auto& other : earlier)
    if (other.stage == stage.weights->stage && other.seeds.trials != stage.seeds.trials)
      stage.warnings.push_back(
          {"other_trials", stage.weights_place,
           "which trials are for what is drawn anew by another seed, so that test trials may be among "
           "those that these weights were trained with"});
}

/// Reads the stages one by one. Returns the resolved configuration of the whole.
Node load_stages(const Node& root, Reader& reader, Experiment& experiment) {
  Node resolved = make_map(root.place);
  Node list;
  list.type = Node::Type::sequence;
  const Node& stages = *root.find("stages");
  list.place = stages.place;
  if (!stages.is_sequence() || stages.items.empty())
    reader.fault(stages.place, "stages: a list of experiments is needed, each with a 'name'");
  for (const auto& node : stages.items) {
    if (!node.is_map()) {
      reader.fault(node.place, "a stage is a map with the key 'name' and those of an experiment");
      continue;
    }
    StageKeys keys;
    Node own = make_map(node.place);
    if (const Node* name = node.find("name")) own.entries.push_back({"name", name->place, *name});
    reader.read(own, StageKeys::parameters(), keys);
    for (const auto* key : {"tyto", "title", "stages", "sweep"})
      if (const Node* misplaced = node.find(key))
        reader.fault(misplaced->place, quote(key) + " belongs to the whole experiment, not to a stage");
    if (!keys.name.empty() && !is_name(keys.name))
      reader.fault(own.entries[0].value.place, "the name of a stage is made of letters, digits and underscores");
    for (const auto& earlier : experiment.stages)
      if (earlier.stage == keys.name)
        reader.fault(own.entries[0].value.place, "another stage is named " + quote(keys.name) + " already");
    Experiment stage;
    stage.stage = keys.name;
    Node part = load_one(with_shared(node, root), {experiment.stages}, reader, stage);
    warn_of_other_trials(experiment.stages, stage);
    for (const auto* key : {"tyto", "title"})
      std::erase_if(part.entries, [&](const auto& entry) { return entry.key == key; });
    part.entries.insert(part.entries.begin(), {"name", node.place, make_text(keys.name, node.place)});
    list.items.push_back(std::move(part));
    experiment.stages.push_back(std::move(stage));
  }
  if (experiment.stages.empty()) return resolved;
  const Experiment& last = experiment.stages.back();
  experiment.title = last.title;
  experiment.seeds = last.seeds;
  experiment.backend_name = last.backend_name;
  put(resolved, "tyto", make_scalar("1", root.place));
  put(resolved, "title", make_text(experiment.title, root.place));
  put(resolved, "stages", std::move(list));
  return resolved;
}

}  // namespace

std::vector<std::string> files_read_by(const Experiment& experiment) {
  std::vector<std::string> files = experiment.files;
  if (experiment.weights && !experiment.weights->file.empty()) files.push_back(experiment.weights->file);
  for (const auto& stage : experiment.stages)
    for (auto& file : files_read_by(stage)) files.push_back(std::move(file));
  return files;
}

std::vector<Warning> all_warnings(const Experiment& experiment) {
  std::vector<Warning> all;
  const auto add = [&](const std::vector<Warning>& warnings) {
    for (const auto& warning : warnings) {
      const bool said = std::any_of(all.begin(), all.end(),
                                    [&](const auto& other) { return to_string(other) == to_string(warning); });
      if (!said) all.push_back(warning);
    }
  };
  add(experiment.warnings);
  for (const auto& stage : experiment.stages) add(all_warnings(stage));
  return all;
}

Experiment load_experiment(const Document& document, const Overrides& overrides, plugin::Components& components) {
  Experiment experiment;
  experiment.source = document.text;
  Tree tree = read_tree(document, components);
  Node& root = tree.root;
  check_top_level(root, document.name);
  Reader reader(components, document.folder, std::move(tree.folders));
  for (auto& base : tree.bases) reader.add_file(std::move(base));
  const auto written = references_in(root);
  apply_overrides(overrides, root, reader);
  put_parameters_in(root, document, written, reader);

  const Node parts =
      root.find("stages") != nullptr ? load_stages(root, reader, experiment) : load_one(root, {{}}, reader, experiment);
  reader.finish();
  experiment.components = reader.used();
  experiment.files = reader.files();
  experiment.resolved = write(parts);
  experiment.settings = parts;
  return experiment;
}

}  // namespace tyto::spec

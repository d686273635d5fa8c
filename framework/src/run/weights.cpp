#include "weights.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <tyto/analysis_tools.hpp>
#include <tyto/data_file.hpp>

#include "../spec/words.hpp"

namespace tyto::run {

namespace {

std::vector<results::ReadArray> read_weights(const spec::WeightSource& source, const Stages& stages,
                                             const Place& place) {
  if (!source.stage.empty()) return stages.at(source.stage);
  try {
    if (source.stage_in_file.empty()) return results::read_arrays(source.file, "/weights");
    const std::string group = "/stages/" + source.stage_in_file;
    auto arrays = results::read_arrays(source.file, group + "/weights");
    for (auto& array : arrays) array.path.erase(0, group.size());
    return arrays;
  } catch (const Error& error) {
    throw InvalidInput(place, error.what());
  }
}

/// Files of before are known by the names that they have.
const results::ReadArray* find(const std::vector<results::ReadArray>& found, const ArrayTable& arrays,
                               std::size_t index) {
  for (const std::string& name : {arrays[index].path(), arrays.earlier_path(index)}) {
    const auto match =
        std::find_if(found.begin(), found.end(), [&](const auto& item) { return item.path == "/weights/" + name; });
    if (match != found.end()) return &*match;
  }
  return nullptr;
}

bool are_finite(const results::ReadArray& array) {
  return std::all_of(array.values.begin(), array.values.end(), [](double value) { return std::isfinite(value); });
}

/// Whether a name of 'only' means an array: by its path, by that of its whole connection, or as it was called before.
bool means(const std::string& name, const ArrayTable& arrays, std::size_t index) {
  return name == arrays[index].group || arrays.find(name) == index;
}

/// Which arrays of a model are wanted of a source: all in a model for trials; in a simulation what its keys say.
bool is_wanted(const ArrayTable& arrays, std::size_t index, const spec::WeightSource& source, bool simulation) {
  using Owner = NetworkArray::Owner;
  if (arrays[index].owner == Owner::probe) return false;  // drawn or found anew for what is recorded now
  if (!simulation) return true;
  if (arrays[index].owner == Owner::layer) return source.ensembles;
  return source.only.empty() || std::any_of(source.only.begin(), source.only.end(),
                                            [&](const std::string& name) { return means(name, arrays, index); });
}

/// Indices of the arrays that are taken. Throws InvalidInput with every fault.
std::vector<std::size_t> choose(const ArrayTable& arrays, const spec::WeightSource& source, bool simulation,
                                const std::vector<results::ReadArray>& found, const Place& place) {
  const std::string name = source.stage.empty() ? source.file : "stage " + source.stage;
  std::vector<Diagnostic> faults;
  std::vector<std::size_t> chosen;
  std::vector<std::string> connections;
  for (std::size_t index = 0; index < arrays.size(); ++index) {
    const NetworkArray& array = arrays[index];
    if (array.owner == NetworkArray::Owner::connection) connections.push_back(array.path());
    if (!is_wanted(arrays, index, source, simulation)) continue;
    const results::ReadArray* const match = find(found, arrays, index);
    if (match == nullptr)
      faults.push_back({place, fmt::format("{} has no array /weights/{}{}", name, array.path(),
                                           simulation && source.only.empty() && !source.ensembles
                                               ? "; 'only' names those that are to be taken"
                                               : "")});
    else if (match->shape != array.info.shape)
      faults.push_back({place, fmt::format("{} of {} has the shape ({}), the model needs ({})", match->path, name,
                                           fmt::join(match->shape, ", "), fmt::join(array.info.shape, ", "))});
    else if (!are_finite(*match))
      faults.push_back({place, fmt::format("{} of {} has values that are infinite or no numbers", match->path, name)});
    else
      chosen.push_back(index);
  }
  for (const std::size_t index : chosen) {
    const auto companion = arrays.companion(index);
    if (companion && std::find(chosen.begin(), chosen.end(), *companion) == chosen.end())
      faults.push_back({place, fmt::format("only: '{}' has to be taken together with '{}'; '{}' takes both",
                                           arrays[index].path(), arrays[*companion].path(), arrays[index].group)});
  }
  for (const auto& wanted : source.only) {
    bool known = false;
    for (std::size_t index = 0; index < arrays.size() && !known; ++index)
      known = arrays[index].owner == NetworkArray::Owner::connection && means(wanted, arrays, index);
    if (!known)
      faults.push_back({place, fmt::format("only: the model has no connection with an array '{}'{}", wanted,
                                           spec::suggestion_or_known(wanted, connections))});
  }
  if (!faults.empty()) throw InvalidInput(std::move(faults));
  return chosen;
}

}  // namespace

std::size_t index_of(const ArrayStore& store, std::string_view path) {
  std::string known;
  for (std::size_t index = 0; index < store.arrays().size(); ++index) {
    if (store.arrays()[index].path() == path) return index;
    known += (known.empty() ? "" : ", ") + store.arrays()[index].path();
  }
  throw Error(fmt::format("the network has no array {}; it has {}", path, known));
}

std::vector<results::ReadArray> kept_weights(const ArrayStore& network) {
  std::vector<results::ReadArray> kept;
  for (std::size_t index = 0; index < network.arrays().size(); ++index) {
    const auto& array = network.arrays()[index];
    kept.push_back({"/weights/" + array.path(), array.info.shape, network.get(index)});
  }
  return kept;
}

std::set<std::string> take_weights(ArrayStore& network, const spec::WeightSource& source, bool simulation,
                                   const Stages& stages, const Place& place) {
  const auto found = read_weights(source, stages, place);
  std::set<std::string> taken;
  std::vector<std::pair<std::size_t, std::vector<double>>> constrained;
  for (const std::size_t index : choose(network.arrays(), source, simulation, found, place)) {
    const NetworkArray& array = network.arrays()[index];
    std::vector<double> values = find(found, network.arrays(), index)->values;
    // Signs are no weights, and neither are arrays with a unit, such as delays.
    if (array.info.trainable && array.info.units == "1")
      for (double& value : values) value *= source.scale;
    network.set(index, values);
    taken.insert(array.path());
    if (array.info.constraint) constrained.emplace_back(index, std::move(values));
  }
  for (const auto& [index, values] : constrained) {
    const std::vector<double> used = network.get(index);
    constexpr double rounding = 1e-6;
    for (std::size_t k = 0; k < used.size(); ++k) {
      // Dale's law would turn them round.
      if (used[k] * values[k] < 0)
        throw InvalidInput(place, fmt::format("{} has weights that do not have the sign of the neuron that they leave",
                                              network.arrays()[index].path()));
      if (network.arrays()[index].info.constraint->uses_stored() &&
          std::abs(used[k] - values[k]) > rounding * std::abs(values[k]))
        throw InvalidInput(place, fmt::format("{} has a weight of {} beyond its bounds, or where there is no synapse",
                                              network.arrays()[index].path(), values[k]));
    }
  }
  return taken;
}

namespace {

/// Weights of a network that tells other categories apart would give their names to others.
void check_categories(const spec::Experiment& experiment) {
  const auto& wanted = experiment.objective.target_info().categories;
  const auto& source = *experiment.weights;
  if (wanted.empty() || !source.stage.empty() || experiment.simulation) return;
  const std::string path =
      (source.stage_in_file.empty() ? "" : "/stages/" + source.stage_in_file) + "/objective/category";
  std::vector<std::string> known;
  try {
    if (!has_data(source.file, path)) return;
    known = read_data(source.file, path).texts();
  } catch (const Error& error) {
    throw InvalidInput(experiment.weights_place, error.what());
  }
  if (known != wanted)
    throw InvalidInput(experiment.weights_place,
                       fmt::format("the weights are those of a network for the categories {}, and here they are {}",
                                   fmt::join(known, ", "), fmt::join(wanted, ", ")));
}

void check_weights_of(const spec::Experiment& experiment, const Stages& stages, KnownFiles& known) {
  if (!experiment.weights) return;
  check_categories(experiment);
  const auto& source = *experiment.weights;
  const std::string name = source.file + '\n' + source.stage_in_file;
  auto file = known.find(name);
  if (source.stage.empty() && file == known.end()) {
    file = known.emplace(name, read_weights(source, stages, experiment.weights_place)).first;
    for (auto& array : file->second)
      if (are_finite(array)) array.values = {};
  }
  static_cast<void>(choose(ArrayTable(experiment.model), source, experiment.simulation.has_value(),
                           source.stage.empty() ? file->second : stages.at(source.stage), experiment.weights_place));
}

}  // namespace

void check_weights(const spec::Experiment& experiment, KnownFiles& known) {
  Stages stages;
  check_weights_of(experiment, stages, known);
  for (const auto& stage : experiment.stages) {
    check_weights_of(stage, stages, known);
    // Of what a stage will leave, names and shapes are known.
    for (const auto& array : ArrayTable(stage.model))
      stages[stage.stage].push_back({"/weights/" + array.path(), array.info.shape, {}});
  }
}

namespace {

std::string axis_text(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name + ", counted from 0";
}

}  // namespace

void write_categories(const Objective& objective, results::ResultsFile& file) {
  const auto& target = objective.target_info();
  if (target.categories.empty()) return;
  Table table;
  table.axis("category", target.categories, "1", "what output neurons 0, 1, ... stand for");
  table.attribute("target", target.name);
  file.write("/objective", table);
}

void write_weights(const ArrayStore& network, Precision precision, results::ResultsFile& file,
                   const std::set<std::size_t>& left_out) {
  std::vector<std::pair<std::string, Table>> groups;
  for (std::size_t index = 0; index < network.arrays().size(); ++index) {
    const auto& array = network.arrays()[index];
    if (groups.empty() || groups.back().first != array.group) groups.emplace_back(array.group, Table{});
    Table& table = groups.back().second;
    if (left_out.contains(index)) {
      table.attribute(array.info.name + "_drawn_from", array.stream());
      continue;
    }
    const auto& axes = array.axes;
    for (std::size_t k = 0; k < array.info.shape.size(); ++k) {
      const bool known =
          std::any_of(table.axes.begin(), table.axes.end(), [&](const Axis& axis) { return axis.name == axes[k]; });
      if (!known) table.axis(axes[k], numbered(array.info.shape[k]), "1", axis_text(axes[k]));
    }
    const std::vector<double> values = network.get(index);
    if (array.info.whole)
      table.variable(array.info.name, axes, std::vector<std::int64_t>(values.begin(), values.end()), array.info.units,
                     array.info.doc);
    else if (precision == Precision::float32)
      table.variable(array.info.name, axes, std::vector<float>(values.begin(), values.end()), array.info.units,
                     array.info.doc);
    else
      table.variable(array.info.name, axes, values, array.info.units, array.info.doc);
  }
  for (const auto& [group, table] : groups) file.write("/weights/" + group, table);
}

}  // namespace tyto::run

#include "weights.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "../spec/words.hpp"

namespace tyto::run {

namespace {

std::vector<results::ReadArray> read_weights(const spec::WeightSource& source, const Stages& stages,
                                             const Place& place) {
  if (!source.stage.empty()) return stages.at(source.stage);
  try {
    return results::read_arrays(source.file, "/weights");
  } catch (const Error& error) {
    throw InvalidInput(place, error.what());
  }
}

const results::ReadArray* find(const std::vector<results::ReadArray>& found, const NetworkArray& array) {
  const auto match = std::find_if(found.begin(), found.end(),
                                  [&](const auto& item) { return item.path == "/weights/" + array.path(); });
  return match == found.end() ? nullptr : &*match;
}

bool are_finite(const results::ReadArray& array) {
  return std::all_of(array.values.begin(), array.values.end(), [](double value) { return std::isfinite(value); });
}

/// Which arrays of a model are wanted of a source: all in a model for trials; in a simulation what its keys say.
bool is_wanted(const NetworkArray& array, const spec::WeightSource& source, bool simulation) {
  if (!simulation) return true;
  if (array.owner == NetworkArray::Owner::probe) return false;  // found anew for the ensembles that there are
  if (array.owner == NetworkArray::Owner::layer) return source.ensembles;
  return source.only.empty() || std::find(source.only.begin(), source.only.end(), array.path()) != source.only.end();
}

/// Indices of the arrays that are taken. Throws InvalidInput with every fault.
std::vector<std::size_t> choose(const std::vector<NetworkArray>& arrays, const spec::WeightSource& source,
                                bool simulation, const std::vector<results::ReadArray>& found, const Place& place) {
  const std::string name = source.stage.empty() ? source.file : "stage " + source.stage;
  std::vector<Diagnostic> faults;
  std::vector<std::size_t> chosen;
  std::vector<std::string> connections;
  for (std::size_t index = 0; index < arrays.size(); ++index) {
    const NetworkArray& array = arrays[index];
    if (array.owner == NetworkArray::Owner::connection) connections.push_back(array.path());
    if (!is_wanted(array, source, simulation)) continue;
    const results::ReadArray* const match = find(found, array);
    if (match == nullptr)
      faults.push_back({place, fmt::format("{} has no array /weights/{}{}", name, array.path(),
                                           simulation && source.only.empty() && !source.ensembles
                                               ? "; 'only' names those that are to be taken"
                                               : "")});
    else if (match->shape != array.info.shape)
      faults.push_back({place, fmt::format("/weights/{} of {} has the shape ({}), the model needs ({})", array.path(),
                                           name, fmt::join(match->shape, ", "), fmt::join(array.info.shape, ", "))});
    else if (!are_finite(*match))
      faults.push_back(
          {place, fmt::format("/weights/{} of {} has values that are infinite or no numbers", array.path(), name)});
    else
      chosen.push_back(index);
  }
  for (const std::size_t index : chosen) {
    const NetworkArray& array = arrays[index];
    for (std::size_t other = 0; !array.info.companion.empty() && other < arrays.size(); ++other)
      if (arrays[other].layer == array.layer && arrays[other].source == array.source &&
          arrays[other].info.name == array.info.companion && arrays[other].owner == array.owner &&
          std::find(chosen.begin(), chosen.end(), other) == chosen.end())
        faults.push_back(
            {place, fmt::format("only: '{}' has to be taken together with '{}'", array.path(), arrays[other].path())});
  }
  for (const auto& path : source.only)
    if (std::find(connections.begin(), connections.end(), path) == connections.end())
      faults.push_back({place, fmt::format("only: the model has no connection with an array '{}'{}", path,
                                           spec::suggestion_or_known(path, connections))});
  if (!faults.empty()) throw InvalidInput(std::move(faults));
  return chosen;
}

}  // namespace

std::vector<double> values_of(const ArrayStore& store, std::string_view layer, std::string_view name) {
  std::string known;
  for (std::size_t index = 0; index < store.arrays().size(); ++index) {
    const auto& array = store.arrays()[index];
    if (array.layer == layer && array.name == name) return store.get(index);
    known += (known.empty() ? "" : ", ") + array.path();
  }
  throw Error(fmt::format("the network has no array {}/{}; it has {}", layer, name, known));
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
    std::vector<double> values = find(found, array)->values;
    // Signs are no weights, and neither are arrays with a unit, such as delays.
    if (array.info.trainable && array.info.units == "1")
      for (double& value : values) value *= source.scale;
    network.set(index, values);
    taken.insert(array.path());
    if (!array.info.companion.empty()) constrained.emplace_back(index, std::move(values));
  }
  // Dale's law would turn them round.
  for (const auto& [index, values] : constrained) {
    const std::vector<double> used = network.get(index);
    for (std::size_t k = 0; k < used.size(); ++k)
      if (used[k] * values[k] < 0)
        throw InvalidInput(place, fmt::format("{} has weights that do not have the sign of the neuron that they leave",
                                              network.arrays()[index].path()));
  }
  return taken;
}

namespace {

void check_weights_of(const spec::Experiment& experiment, const Stages& stages, KnownFiles& known) {
  if (!experiment.weights) return;
  const auto& source = *experiment.weights;
  auto file = known.find(source.file);
  if (source.stage.empty() && file == known.end()) {
    file = known.emplace(source.file, read_weights(source, stages, experiment.weights_place)).first;
    for (auto& array : file->second)
      if (are_finite(array)) array.values = {};
  }
  static_cast<void>(choose(arrays_of(experiment.model), source, experiment.simulation.has_value(),
                           source.stage.empty() ? file->second : stages.at(source.stage), experiment.weights_place));
}

}  // namespace

void check_weights(const spec::Experiment& experiment, KnownFiles& known) {
  Stages stages;
  check_weights_of(experiment, stages, known);
  for (const auto& stage : experiment.stages) {
    check_weights_of(stage, stages, known);
    // Of what a stage will leave, names and shapes are known.
    for (const auto& array : arrays_of(stage.model))
      stages[stage.stage].push_back({"/weights/" + array.path(), array.info.shape, {}});
  }
}

void write_weights(const ArrayStore& network, Precision precision, results::ResultsFile& file) {
  std::vector<std::pair<std::string, Table>> groups;
  for (std::size_t index = 0; index < network.arrays().size(); ++index) {
    const auto& array = network.arrays()[index];
    if (groups.empty() || groups.back().first != array.layer) groups.emplace_back(array.layer, Table{});
    Table& table = groups.back().second;
    std::vector<std::string> axes;
    for (std::size_t k = 0; k < array.info.shape.size(); ++k) {
      // Arrays of one layer may differ along an axis of the same name, so each array has its own axes
      // unless the layer has one array only.
      const std::string name = array.name == "w" ? array.info.axes[k] : array.name + "_" + array.info.axes[k];
      std::vector<std::int64_t> numbers(array.info.shape[k]);
      std::iota(numbers.begin(), numbers.end(), 0);
      table.axis(name, std::move(numbers), "1", "index of the neuron or channel, counted from 0");
      axes.push_back(name);
    }
    const std::vector<double> values = network.get(index);
    if (array.info.whole)
      table.variable(array.name, axes, std::vector<std::int64_t>(values.begin(), values.end()), array.info.units,
                     array.info.doc);
    else if (precision == Precision::float32)
      table.variable(array.name, axes, std::vector<float>(values.begin(), values.end()), array.info.units,
                     array.info.doc);
    else
      table.variable(array.name, axes, values, array.info.units, array.info.doc);
  }
  for (const auto& [layer, table] : groups) file.write("/weights/" + layer, table);
}

}  // namespace tyto::run

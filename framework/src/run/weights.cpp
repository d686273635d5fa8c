#include "weights.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

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

/// What happened to an array that is to be taken from others.
enum class Taken { yes, missing, misshapen };

Taken take(ArrayStore& network, std::size_t index, std::vector<results::ReadArray>& found, double scale) {
  const auto& array = network.arrays()[index];
  const std::string path = "/weights/" + array.path();
  const auto match = std::find_if(found.begin(), found.end(), [&](const auto& item) { return item.path == path; });
  if (match == found.end()) return Taken::missing;
  if (match->shape != array.info.shape) return Taken::misshapen;
  // Signs are no weights, and neither are arrays with a unit, such as delays.
  if (array.info.trainable && array.info.units == "1")
    for (double& value : match->values) value *= scale;
  network.set(index, match->values);
  return Taken::yes;
}

std::string misshapen(const NetworkArray& array, const std::vector<results::ReadArray>& found,
                      const std::string& source) {
  const std::string path = "/weights/" + array.path();
  const auto match = std::find_if(found.begin(), found.end(), [&](const auto& item) { return item.path == path; });
  return fmt::format("{} of {} has the shape ({}), the model needs ({})", path, source, fmt::join(match->shape, ", "),
                     fmt::join(array.info.shape, ", "));
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

void take_weights(ArrayStore& network, const spec::WeightSource& source, const Stages& stages, const Place& place) {
  auto found = read_weights(source, stages, place);
  const std::string name = source.stage.empty() ? source.file : "stage " + source.stage;
  std::vector<Diagnostic> faults;
  for (std::size_t index = 0; index < network.arrays().size(); ++index) {
    const auto& array = network.arrays()[index];
    const Taken taken = take(network, index, found, source.scale);
    if (taken == Taken::missing)
      faults.push_back({place, fmt::format("{} has no array /weights/{}", name, array.path())});
    if (taken == Taken::misshapen) faults.push_back({place, misshapen(array, found, name)});
  }
  if (!faults.empty()) throw InvalidInput(std::move(faults));
}

std::set<std::string> take_some_weights(ArrayStore& network, const spec::WeightSource& source, const Stages& stages,
                                        const Place& place) {
  auto found = read_weights(source, stages, place);
  const std::string name = source.stage.empty() ? source.file : "stage " + source.stage;
  std::set<std::string> set;
  for (std::size_t index = 0; index < network.arrays().size(); ++index) {
    const auto& array = network.arrays()[index];
    // What a probe reads is found anew for the ensembles that there are.
    if (array.owner == NetworkArray::Owner::probe) continue;
    if (array.owner == NetworkArray::Owner::layer && !source.ensembles) continue;
    const bool named = std::find(source.only.begin(), source.only.end(), array.path()) != source.only.end();
    if (array.owner == NetworkArray::Owner::connection && !source.only.empty() && !named) continue;
    const Taken taken = take(network, index, found, source.scale);
    if (taken == Taken::misshapen) throw InvalidInput(place, misshapen(array, found, name));
    if (taken == Taken::yes) set.insert(array.path());
  }
  for (const auto& path : source.only)
    if (!set.contains(path)) throw InvalidInput(place, fmt::format("{} has no array {} of this model", name, path));
  if (set.empty()) throw InvalidInput(place, fmt::format("{} has no array of this model", name));
  return set;
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

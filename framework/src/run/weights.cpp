#include "weights.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tyto {

void initialise(Network& network, std::uint64_t seed) {
  for (std::size_t array = 0; array < network.arrays().size(); ++array) {
    const auto& info = network.arrays()[array];
    std::vector<double> values(info.size, 0.0);
    Random random(stream_key(seed, "weights/" + info.path()));
    if (info.info.initialise) info.info.initialise(random, values);
    network.set(array, values);
  }
}

namespace run {

void take_weights(Network& network, const spec::WeightSource& source, const Place& place) {
  std::vector<results::ReadArray> found;
  try {
    found = results::read_arrays(source.file, "/weights");
  } catch (const Error& error) {
    throw InvalidInput(place, error.what());
  }
  std::vector<Diagnostic> faults;
  for (std::size_t index = 0; index < network.arrays().size(); ++index) {
    const auto& array = network.arrays()[index];
    const std::string path = "/weights/" + array.path();
    const auto match = std::find_if(found.begin(), found.end(), [&](const auto& item) { return item.path == path; });
    if (match == found.end()) {
      faults.push_back({place, fmt::format("{} has no array {}", source.file, path)});
    } else if (match->shape != array.info.shape) {
      faults.push_back({place, fmt::format("{} of {} has the shape ({}), the model needs ({})", path, source.file,
                                           fmt::join(match->shape, ", "), fmt::join(array.info.shape, ", "))});
    } else {
      // Signs are no weights, and neither are arrays with a unit, such as delays.
      if (array.info.trainable && array.info.units == "1")
        for (double& value : match->values) value *= source.scale;
      network.set(index, match->values);
    }
  }
  if (!faults.empty()) throw InvalidInput(std::move(faults));
}

void write_weights(const Network& network, results::ResultsFile& file) {
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
      std::vector<std::int64_t> values(array.info.shape[k]);
      std::iota(values.begin(), values.end(), 0);
      table.axis(name, values, "1", "index of the neuron or channel, counted from 0");
      axes.push_back(name);
    }
    table.variable(array.name, axes, network.get(index), array.info.units, array.info.doc);
  }
  for (const auto& [layer, table] : groups) file.write("/weights/" + layer, table);
}

}  // namespace run
}  // namespace tyto

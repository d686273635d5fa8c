#include <tyto/backend.hpp>

#include <functional>
#include <numeric>

#include <tyto/error.hpp>

namespace tyto {

std::unique_ptr<Simulation> Backend::simulate(const Model&, Precision) const {
  throw Error("this backend cannot run a model step by step");
}

std::vector<NetworkArray> arrays_of(const Model& model) {
  std::vector<NetworkArray> arrays;
  const auto add = [&](const std::string& layer, std::string name, std::size_t source, const ArrayInfo& info) {
    auto& array = arrays.emplace_back();
    array.layer = layer;
    array.name = std::move(name);
    array.source = source;
    array.info = info;
    array.size = std::accumulate(info.shape.begin(), info.shape.end(), std::size_t{1}, std::multiplies<>());
  };
  const auto name_of = [&](std::size_t source) {
    return source == ModelInput::stimulus ? std::string("stimulus") : model.layers[source].name;
  };
  for (const auto& layer : model.layers) {
    for (const auto& info : layer.arrays) {
      add(layer.name, info.name, layer.from, info);
      arrays.back().owner = NetworkArray::Owner::layer;
    }
    for (const auto& input : layer.inputs)
      for (const auto& info : input.arrays)
        add(layer.name, layer.inputs.size() == 1 ? info.name : name_of(input.from) + "_" + info.name, input.from, info);
  }
  for (const auto& probe : model.probes)
    for (const auto& info : probe.input.arrays) {
      add("probe_" + probe.name, info.name, probe.input.from, info);
      arrays.back().owner = NetworkArray::Owner::probe;
    }
  return arrays;
}

void initialise(ArrayStore& store, std::uint64_t seed) {
  for (std::size_t array = 0; array < store.arrays().size(); ++array) {
    const auto& info = store.arrays()[array];
    std::vector<double> values(info.size, 0.0);
    const std::string stream = info.info.stream.empty() ? info.path() : info.layer + "/" + info.info.stream;
    Random random(stream_key(seed, "weights/" + stream));
    if (info.info.initialise) info.info.initialise(random, values);
    store.set(array, values);
  }
}

}  // namespace tyto

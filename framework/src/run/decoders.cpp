#include "decoders.hpp"

#include <fmt/format.h>

#include <tyto/error.hpp>

namespace tyto::run {

namespace {

/// Index of the first array of a layer's own arrays or of a connection's.
class Cursor {
 public:
  std::size_t take(std::size_t count) {
    const std::size_t first = next_;
    next_ += count;
    return first;
  }

 private:
  std::size_t next_ = 0;
};

}  // namespace

KeptTuning::KeptTuning(const Model& model, std::size_t layer, const ArrayStore& store) {
  const ModelLayer& ensemble = model.layers.at(layer);
  std::size_t first = 0;
  for (std::size_t i = 0; i < layer; ++i) {
    first += model.layers[i].arrays.size();
    for (const auto& input : model.layers[i].inputs) first += input.arrays.size();
  }
  for (std::size_t k = 0; k < ensemble.arrays.size(); ++k) arrays_.push_back(store.get(first + k));
  const std::vector<std::span<const double>> views(arrays_.begin(), arrays_.end());
  if (ensemble.population && ensemble.ensemble) tuning_ = ensemble.population->tuning(views);
  if (!tuning_) throw Error(fmt::format("layer '{}' is no ensemble", ensemble.name));
}

void find_decoders(const Model& model, ArrayStore& store, std::uint64_t seed, const std::set<std::string>& given,
                   results::ResultsFile& file) {
  Cursor cursor;
  const auto solve = [&](const ModelInput& input, const std::string& layer, std::size_t channels,
                         std::optional<std::size_t> target) {
    const std::size_t first = cursor.take(input.arrays.size());
    if (!input.decodes || given.contains(store.arrays()[first].path())) return;
    const KeptTuning from(model, input.from, store);
    std::optional<KeptTuning> to;
    if (target && model.layers[*target].ensemble) to.emplace(model, *target, store);
    const std::string& source = model.layers[input.from].name;
    std::vector<std::vector<double>> arrays;
    for (std::size_t k = 0; k < input.arrays.size(); ++k) arrays.push_back(store.get(first + k));
    try {
      Table report = input.projection->solve(
          {from, to ? &*to : nullptr, channels, seed, "points/" + layer + "/" + source}, arrays);
      file.write("/solutions/" + layer + "/" + source, report);
    } catch (const Error& error) {
      throw Error(fmt::format("the connection from '{}' to '{}': {}", source, layer, error.what()));
    }
    for (std::size_t k = 0; k < arrays.size(); ++k) store.set(first + k, arrays[k]);
  };
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const auto& layer = model.layers[i];
    cursor.take(layer.arrays.size());
    for (const auto& input : layer.inputs) {
      const bool at_layer = layer.ensemble && input.projection->port() == Port::layer;
      solve(input, layer.name, at_layer ? layer.population->input_size(layer.size) : layer.size, i);
    }
  }
  for (const auto& probe : model.probes)
    if (probe.what == ModelProbe::What::projection)
      solve(probe.input, "probe_" + probe.name, probe.channels, std::nullopt);
}

}  // namespace tyto::run

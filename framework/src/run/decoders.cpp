#include "decoders.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <tyto/error.hpp>

namespace tyto::run {

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
  std::size_t next = 0;  // index of the array that comes next in the order of arrays_of()
  const auto solve = [&](const ModelInput& input, const std::string& layer, std::optional<std::size_t> target) {
    const std::size_t first = next;
    next += input.arrays.size();
    if (!input.decodes || given.contains(store.arrays()[first].path())) return;
    const KeptTuning from(model, input.from, store);
    std::optional<KeptTuning> to;
    if (target && model.layers[*target].ensemble) to.emplace(model, *target, store);
    const std::string& source = model.layers[input.from].name;
    const auto brings_currents = [](const ModelInput& other) { return other.decodes && other.onto_neurons; };
    std::size_t together = 1;
    if (target && brings_currents(input))
      together = static_cast<std::size_t>(
          std::count_if(model.layers[*target].inputs.begin(), model.layers[*target].inputs.end(), brings_currents));
    std::vector<std::vector<double>> arrays;
    for (std::size_t k = 0; k < input.arrays.size(); ++k) arrays.push_back(store.get(first + k));
    try {
      Table report = input.projection->solve(
          {from, to ? &*to : nullptr, input.channels, together, seed, "points/" + layer + "/" + source}, arrays);
      file.write("/solutions/" + layer + "/" + source, report);
    } catch (const Error& error) {
      throw Error(fmt::format("the connection from '{}' to '{}': {}", source, layer, error.what()));
    }
    for (std::size_t k = 0; k < arrays.size(); ++k) store.set(first + k, arrays[k]);
  };
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const auto& layer = model.layers[i];
    next += layer.arrays.size();
    for (const auto& input : layer.inputs) solve(input, layer.name, i);
  }
  for (const auto& probe : model.probes)
    if (probe.what == ModelProbe::What::projection) solve(probe.input, "probe_" + probe.name, std::nullopt);
}

}  // namespace tyto::run

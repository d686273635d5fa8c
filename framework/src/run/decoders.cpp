#include "decoders.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <tyto/error.hpp>

#include "checks.hpp"

namespace tyto::run {

KeptTuning::KeptTuning(const Model& model, std::size_t layer, const ArrayStore& store) {
  const ModelLayer& ensemble = model.layers.at(layer);
  const ArrayRange own = store.arrays().of_layer(layer);
  for (std::size_t k = 0; k < own.count; ++k) arrays_.push_back(store.get(own.first + k));
  const std::vector<std::span<const double>> views(arrays_.begin(), arrays_.end());
  if (ensemble.population && ensemble.ensemble) tuning_ = ensemble.population->tuning(views);
  if (!tuning_) throw Error(fmt::format("layer '{}' is no ensemble", ensemble.name));
}

namespace {

/// Connections that decode currents for the neurons of one layer, and how many of them have weights already.
struct Bringing {
  std::size_t connections = 0;
  std::size_t given = 0;
};

Bringing bringing_currents(const Model& model, std::size_t layer, const ArrayStore& store,
                           const std::set<std::string>& given) {
  Bringing bringing;
  const auto& inputs = model.layers[layer].inputs;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    if (!inputs[k].decodes || !inputs[k].onto_neurons) continue;
    ++bringing.connections;
    const ArrayRange range = store.arrays().of_input(layer, k);
    bringing.given += given.contains(store.arrays()[range.first].path()) ? 1 : 0;
  }
  return bringing;
}

}  // namespace

void find_decoders(const Model& model, ArrayStore& store, std::uint64_t seed, const std::set<std::string>& given,
                   results::ResultsFile& file) {
  const ArrayTable& table = store.arrays();
  const auto solve = [&](const ModelInput& input, ArrayRange range, const std::string& layer,
                         std::optional<std::size_t> target) {
    if (!input.decodes || given.contains(table[range.first].path())) return;
    const KeptTuning from(model, input.from, store);
    std::optional<KeptTuning> to;
    if (target && model.layers[*target].ensemble) to.emplace(model, *target, store);
    const std::string& source = model.layers[input.from].name;
    std::size_t bringing = 1;
    if (to && input.onto_neurons) {
      const Bringing all = bringing_currents(model, *target, store, given);
      // Weights that are given bring the share of the bias that they were found for.
      if (all.given > 0 && !to->has_own_bias())
        throw Error(
            fmt::format("'{0}' gets its bias with its input, of which some weights are given and some are to be "
                        "found; give all of them, or let '{0}' have 'bias: own'",
                        layer));
      bringing = all.connections;
    }
    std::vector<std::vector<double>> arrays;
    for (std::size_t k = 0; k < range.count; ++k) arrays.push_back(store.get(range.first + k));
    const std::string& group = table[range.first].group;
    Table report = from_plugin(fmt::format("the connection from '{}' to '{}'", source, layer), [&] {
      Table found = input.projection->solve(
          {from, to ? &*to : nullptr, input.channels, bringing, seed, "points/" + group}, arrays);
      check_finite("its solver", found);
      return found;
    });
    // What solvers call the ends of a connection has its name in the file.
    for (auto [end, name] : {std::pair<std::string, std::string>{"from", table[range.first].axes[0]},
                             {"output", table[range.first].axes.back()}}) {
      for (auto& axis : report.axes)
        if (axis.name == end) axis.name = name;
      for (auto& variable : report.variables) std::replace(variable.axes.begin(), variable.axes.end(), end, name);
    }
    file.write("/solutions/" + group, report);
    for (std::size_t k = 0; k < arrays.size(); ++k) store.set(range.first + k, arrays[k]);
  };
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const auto& layer = model.layers[i];
    for (std::size_t k = 0; k < layer.inputs.size(); ++k) solve(layer.inputs[k], table.of_input(i, k), layer.name, i);
    const auto reaches_neurons = [](const ModelInput& input) { return input.onto_neurons; };
    if (layer.ensemble && std::none_of(layer.inputs.begin(), layer.inputs.end(), reaches_neurons) &&
        !KeptTuning(model, i, store).has_own_bias())
      throw Error(
          fmt::format("'{}' gets its bias with what arrives at its neurons, and nothing does; write 'bias: own', or "
                      "'onto: neurons' in a connection",
                      layer.name));
  }
  for (std::size_t i = 0; i < model.probes.size(); ++i)
    if (model.probes[i].what == ModelProbe::What::projection)
      solve(model.probes[i].input, table.of_probe(i), "probe_" + model.probes[i].name, std::nullopt);
}

}  // namespace tyto::run

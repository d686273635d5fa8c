#include <tyto/arrays.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

namespace tyto {

namespace {

/// An axis of a results file, and how long it is.
struct NamedAxis {
  std::string name;
  std::size_t size = 0;
};

/// What a layer, or the stimulus, puts out.
NamedAxis outputs_of(const Model& model, std::size_t source) {
  if (source == ModelInput::stimulus) return {"input_channel", model.input.channels};
  const ModelLayer& layer = model.layers[source];
  return {layer.name + (layer.transform ? "_channel" : "_neuron"), layer.size};
}

/// Where a connection arrives.
NamedAxis inputs_of(const Model& model, std::size_t target, const ModelInput& input) {
  const ModelLayer& layer = model.layers[target];
  if (!layer.ensemble || input.onto_neurons) return {layer.name + "_neuron", layer.size};
  return {layer.name + "_dimension", layer.population->input_size(layer.size)};
}

/// Names for the axes of an array of a connection. What is no end of it, or has another size, has a name of its own.
std::vector<std::string> axes_of(const ArrayInfo& info, NamedAxis from, const NamedAxis& to, const std::string& own) {
  if (from.name == to.name) from.name = "from_" + from.name;
  std::vector<std::string> names;
  for (std::size_t k = 0; k < info.axes.size(); ++k) {
    const NamedAxis* const end = info.axes[k] == "from" ? &from : info.axes[k] == "to" ? &to : nullptr;
    const bool fits = end != nullptr && k < info.shape.size() && end->size == info.shape[k];
    std::string name = fits ? end->name : own;
    if (!fits) name.append("_").append(info.axes[k]).append(end != nullptr ? "_end" : "");
    names.push_back(std::move(name));
  }
  return names;
}

std::vector<std::string> axes_of_layer(const ArrayInfo& info, const std::string& layer) {
  std::vector<std::string> names;
  for (const auto& axis : info.axes) names.push_back(std::string(layer).append("_").append(axis));
  return names;
}

}  // namespace

ArrayTable::ArrayTable(const Model& model) {
  using Owner = NetworkArray::Owner;
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const ModelLayer& layer = model.layers[i];
    layers_.push_back(add({Owner::layer, i, 0, layer.name, {}, 0, false}, layer.arrays));
    name_axes(layers_.back(), [&](const ArrayInfo& info) { return axes_of_layer(info, layer.name); });
    auto& inputs = inputs_.emplace_back();
    for (std::size_t k = 0; k < layer.inputs.size(); ++k) {
      const ModelInput& input = layer.inputs[k];
      inputs.push_back(
          add({Owner::connection, i, k, layer.name + "/" + input.name, {}, 0, input.frozen}, input.arrays));
      name_axes(inputs.back(), [&](const ArrayInfo& info) {
        return axes_of(info, outputs_of(model, input.from), inputs_of(model, i, input), layer.name + "_" + input.name);
      });
    }
  }
  for (std::size_t i = 0; i < model.probes.size(); ++i) {
    const ModelProbe& probe = model.probes[i];
    // Nothing comes back from what is recorded.
    probes_.push_back(
        add({Owner::probe, i, 0, "probe_" + probe.name + "/" + probe.input.name, {}, 0, true}, probe.input.arrays));
    name_axes(probes_.back(), [&](const ArrayInfo& info) {
      return axes_of(info, outputs_of(model, probe.input.from), {probe.name + "_channel", probe.channels},
                     probe.name + "_" + probe.input.name);
    });
  }
}

ArrayRange ArrayTable::add(const NetworkArray& owner, const std::vector<ArrayInfo>& infos) {
  const ArrayRange range{arrays_.size(), infos.size()};
  for (const ArrayInfo& info : infos) {
    NetworkArray& array = arrays_.emplace_back(owner);
    array.info = info;
    array.size = std::accumulate(info.shape.begin(), info.shape.end(), std::size_t{1}, std::multiplies<>());
  }
  return range;
}

std::optional<std::size_t> ArrayTable::find(std::string_view path) const {
  for (std::size_t array = 0; array < arrays_.size(); ++array)
    if (arrays_[array].path() == path) return array;
  for (std::size_t array = 0; array < arrays_.size(); ++array)
    if (earlier_path(array) == path) return array;
  return std::nullopt;
}

std::string ArrayTable::earlier_path(std::size_t index) const {
  const NetworkArray& array = arrays_[index];
  if (array.owner == NetworkArray::Owner::layer) return array.path();
  const auto slash = array.group.find('/');
  const bool alone = array.owner == NetworkArray::Owner::probe || inputs_[array.index].size() == 1;
  return array.group.substr(0, slash + 1) + (alone ? "" : array.group.substr(slash + 1) + "_") + array.info.name;
}

std::optional<std::size_t> ArrayTable::companion(std::size_t index) const {
  const NetworkArray& array = arrays_[index];
  if (array.info.companion.empty()) return std::nullopt;
  for (std::size_t other = 0; other < arrays_.size(); ++other)
    if (arrays_[other].group == array.group && arrays_[other].info.name == array.info.companion) return other;
  return std::nullopt;
}

std::string array_path(const ModelLayer& layer, const ModelInput& input, std::string_view array) {
  return layer.name + "/" + input.name + "/" + std::string(array);
}
std::string array_path(const ModelLayer& layer, std::string_view array) {
  return layer.name + "/" + std::string(array);
}

namespace {

/// Infinity and NaN have all bits of the exponent set. Looked at as whole numbers, since comparisons of numbers stop
/// vectors.
template <class Word, class S>
std::optional<std::size_t> find_not_finite(std::span<const S> values) {
  constexpr Word exponent = std::bit_cast<Word>(std::numeric_limits<S>::infinity());
  constexpr std::size_t block = 1024;
  for (std::size_t first = 0; first < values.size(); first += block) {
    const auto some = values.subspan(first, std::min(block, values.size() - first));
    Word found = 0;
    for (const S value : some) found |= (std::bit_cast<Word>(value) & exponent) == exponent ? Word(1) : Word(0);
    if (found == 0) continue;
    for (std::size_t k = 0; k < some.size(); ++k)
      if (!std::isfinite(some[k])) return first + k;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::size_t> first_not_finite(std::span<const float> values) {
  return find_not_finite<std::uint32_t>(values);
}
std::optional<std::size_t> first_not_finite(std::span<const double> values) {
  return find_not_finite<std::uint64_t>(values);
}

std::optional<std::size_t> ArrayStore::first_not_finite(std::size_t array) const {
  return tyto::first_not_finite(std::span<const double>(get(array)));
}

void initialise(ArrayStore& store, std::uint64_t seed) {
  for (std::size_t index = 0; index < store.arrays().size(); ++index) {
    const NetworkArray& array = store.arrays()[index];
    std::vector<double> values(array.size, 0.0);
    Random random(stream_key(seed, array.stream()));
    if (array.info.initialise) array.info.initialise(random, values);
    store.set(index, values);
  }
}

}  // namespace tyto

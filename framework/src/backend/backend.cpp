#include <tyto/backend.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include <tyto/error.hpp>

namespace tyto {

void Program::start() { throw Error("this backend cannot run a model step by step"); }
void Program::advance(const Signal<double>&, const ProbeSink&) {
  throw Error("this backend cannot run a model step by step");
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
  for (const auto& layer : model.layers) {
    for (const auto& info : layer.arrays) {
      add(layer.name, info.name, layer.from, info);
      arrays.back().owner = NetworkArray::Owner::layer;
    }
    for (const auto& input : layer.inputs)
      for (const auto& info : input.arrays)
        add(layer.name, layer.inputs.size() == 1 ? info.name : input.name + "_" + info.name, input.from, info);
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

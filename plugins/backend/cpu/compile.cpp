#include "compile.hpp"

#include <functional>
#include <numeric>
#include <type_traits>

namespace cpu {

namespace {

template <class S>
std::unique_ptr<tyto::PopulationKernel<S>> population(const tyto::Layer& layer, double dt_s) {
  if constexpr (std::is_same_v<S, float>)
    return layer.population_f32(dt_s);
  else
    return layer.population_f64(dt_s);
}

template <class S>
std::unique_ptr<tyto::ProjectionKernel<S>> projection(const tyto::Layer& layer, double dt_s) {
  if constexpr (std::is_same_v<S, float>)
    return layer.projection_f32(dt_s);
  else
    return layer.projection_f64(dt_s);
}

template <class S>
std::unique_ptr<tyto::TransformKernel<S>> transform(const tyto::Layer& layer, double dt_s) {
  if constexpr (std::is_same_v<S, float>)
    return layer.transform_f32(dt_s);
  else
    return layer.transform_f64(dt_s);
}

[[noreturn]] void no_kernel(const std::string& layer, const std::string& type, std::size_t bytes) {
  throw tyto::Error("layer '" + layer + "': '" + type + "' has no float" + std::to_string(8 * bytes) +
                    " kernel for the backend 'cpu'");
}

}  // namespace

template <class S>
std::vector<CompiledLayer<S>> compile_layers(const tyto::Model& model) {
  std::vector<CompiledLayer<S>> layers;
  std::size_t next_array = 0;
  for (const auto& layer : model.layers) {
    const auto read_from = [&](std::size_t source) {
      if (source != tyto::ModelInput::stimulus) layers[source].read = true;
    };
    auto& compiled = layers.emplace_back();
    compiled.name = layer.name;
    compiled.size = layer.size;
    compiled.steps = layer.steps;
    compiled.spiking = layer.spiking;
    if (layer.transform) {
      compiled.from = layer.from;
      read_from(layer.from);
      compiled.transform = transform<S>(*layer.transform, model.input.dt_s);
      if (!compiled.transform) no_kernel(layer.name, layer.type, sizeof(S));
      for (std::size_t k = 0; k < layer.arrays.size(); ++k) compiled.arrays.push_back(next_array++);
      continue;
    }
    compiled.kernel = population<S>(*layer.population, model.input.dt_s);
    if (!compiled.kernel) no_kernel(layer.name, layer.type, sizeof(S));
    for (const auto& input : layer.inputs) {
      auto& target = compiled.inputs.emplace_back();
      target.from = input.from;
      read_from(input.from);
      target.kernel = projection<S>(*input.projection, model.input.dt_s);
      if (!target.kernel) no_kernel(layer.name, input.type, sizeof(S));
      for (std::size_t k = 0; k < input.arrays.size(); ++k) target.arrays.push_back(next_array++);
    }
  }
  return layers;
}

std::vector<tyto::NetworkArray> arrays_of(const tyto::Model& model) {
  std::vector<tyto::NetworkArray> arrays;
  const auto add = [&](const std::string& layer, std::string name, std::size_t source, const tyto::ArrayInfo& info) {
    auto& array = arrays.emplace_back();
    array.layer = layer;
    array.name = std::move(name);
    array.source = source;
    array.info = info;
    array.size = std::accumulate(info.shape.begin(), info.shape.end(), std::size_t{1}, std::multiplies<>());
  };
  for (const auto& layer : model.layers) {
    for (const auto& info : layer.arrays) add(layer.name, info.name, layer.from, info);
    for (const auto& input : layer.inputs) {
      const bool single = layer.inputs.size() == 1;
      const std::string source = input.from == tyto::ModelInput::stimulus ? "stimulus" : model.layers[input.from].name;
      for (const auto& info : input.arrays)
        add(layer.name, single ? info.name : source + "_" + info.name, input.from, info);
    }
  }
  return arrays;
}

template std::vector<CompiledLayer<float>> compile_layers(const tyto::Model&);
template std::vector<CompiledLayer<double>> compile_layers(const tyto::Model&);

}  // namespace cpu

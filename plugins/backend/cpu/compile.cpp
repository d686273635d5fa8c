#include "compile.hpp"

#include "kernels.hpp"

namespace cpu {

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
      need(compiled.transform, layer.name, layer.type, sizeof(S));
      for (std::size_t k = 0; k < layer.arrays.size(); ++k) compiled.arrays.push_back(next_array++);
      continue;
    }
    next_array += layer.arrays.size();
    compiled.kernel = population<S>(*layer.population, model.input.dt_s);
    need(compiled.kernel, layer.name, layer.type, sizeof(S));
    for (const auto& input : layer.inputs) {
      auto& target = compiled.inputs.emplace_back();
      target.from = input.from;
      read_from(input.from);
      target.kernel = projection<S>(*input.projection, model.input.dt_s);
      need(target.kernel, layer.name, input.type, sizeof(S));
      for (std::size_t k = 0; k < input.arrays.size(); ++k) target.arrays.push_back(next_array++);
    }
  }
  return layers;
}

template std::vector<CompiledLayer<float>> compile_layers(const tyto::Model&);
template std::vector<CompiledLayer<double>> compile_layers(const tyto::Model&);

}  // namespace cpu

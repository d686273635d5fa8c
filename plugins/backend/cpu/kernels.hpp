/// A component's kernels, chosen by precision.
#pragma once

#include <memory>
#include <string>
#include <type_traits>

#include <tyto/error.hpp>
#include <tyto/layer.hpp>
#include <tyto/plasticity.hpp>

namespace cpu {

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

template <class S>
std::unique_ptr<tyto::PlasticityKernel<S>> plasticity(const tyto::Plasticity& rule, double dt_s) {
  if constexpr (std::is_same_v<S, float>)
    return rule.kernel_f32(dt_s);
  else
    return rule.kernel_f64(dt_s);
}

/// Throws Error, naming the layer, if there is no kernel, or if it contradicts itself.
template <class Kernel>
void need(const std::unique_ptr<Kernel>& kernel, const std::string& layer, const std::string& type, std::size_t bytes) {
  if (!kernel)
    throw tyto::Error("layer '" + layer + "': '" + type + "' has no float" + std::to_string(8 * bytes) +
                      " kernel for the backend 'cpu'");
  if constexpr (requires { kernel->state_names(); }) {
    const std::size_t named = kernel->state_names().size(), kept = kernel->state_size();
    if (named > kept)  // Those without a name are not to be recorded.
      throw tyto::Error("layer '" + layer + "': '" + type + "' names " + std::to_string(named) +
                        " state variables and keeps " + std::to_string(kept));
  }
}

}  // namespace cpu

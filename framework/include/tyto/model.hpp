/// A model: layers in the order in which signals pass through them.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <tyto/layer.hpp>
#include <tyto/stimulus.hpp>

namespace tyto {

/// A projection into a layer.
struct ModelInput {
  static constexpr std::size_t stimulus = static_cast<std::size_t>(-1);
  std::size_t from = stimulus;  ///< index of an earlier layer, or the stimulus
  std::string type;             ///< the projection's component name
  std::shared_ptr<const Layer> projection;
  std::vector<ArrayInfo> arrays;
};

struct ModelLayer {
  std::string name;
  std::string type;  ///< the population's component name
  std::size_t size = 0;
  bool spiking = false;
  std::shared_ptr<const Layer> population;
  std::vector<ModelInput> inputs;
};

/// Layers in topological order; the last one is the output layer.
struct Model {
  TrialShape input;
  std::vector<ModelLayer> layers;
};

}  // namespace tyto

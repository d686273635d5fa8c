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

/// A population with its projections, or a transform of one earlier signal.
struct ModelLayer {
  std::string name;
  std::string type;       ///< the component's name
  std::size_t size = 0;   ///< neurons, or channels of a transform
  std::size_t steps = 0;  ///< of its output; transforms may shorten a signal
  bool spiking = false;
  std::shared_ptr<const Layer> population;  ///< null for a transform
  std::vector<ModelInput> inputs;           ///< of a population
  std::shared_ptr<const Layer> transform;   ///< null for a population
  std::size_t from = ModelInput::stimulus;  ///< what a transform reads
  std::vector<ArrayInfo> arrays;            ///< that a transform owns, e.g. delays
};

/// Layers in topological order; the last one is the output layer.
struct Model {
  TrialShape input;
  std::vector<ModelLayer> layers;
};

}  // namespace tyto

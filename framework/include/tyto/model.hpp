/// A model: layers in the order in which signals pass through them, but for loops.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tyto/layer.hpp>
#include <tyto/plasticity.hpp>
#include <tyto/stimulus.hpp>
#include <tyto/synapse.hpp>

namespace tyto {

/// How a connection learns by a rule of its own.
struct ModelLearning {
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  std::string type;  ///< the plasticity's component name
  std::shared_ptr<const Plasticity> rule;
  std::size_t error = none;   ///< the layer whose input is the error signal
  std::size_t reward = none;  ///< the layer whose value is the reward, in a stream
  double from_s = 0;          ///< when learning is switched on, in each trial or in the stream
  double until_s = std::numeric_limits<double>::infinity();
};

/// A projection into a layer.
struct ModelInput {
  static constexpr std::size_t stimulus = static_cast<std::size_t>(-1);
  std::string name;             ///< that of its source unless it has its own; no other into the layer has it
  std::size_t from = stimulus;  ///< index of a layer, or the stimulus
  std::string type;             ///< the projection's component name
  std::shared_ptr<const Layer> projection;
  std::vector<ArrayInfo> arrays;
  bool decodes = false;  ///< finds its weights itself, from the rates of an ensemble
  bool frozen = false;   ///< a training leaves its arrays as they are

  std::size_t channels = 0;                              ///< numbers that it hands on
  bool onto_neurons = true;                              ///< else it reaches what an ensemble represents
  std::size_t receptor = 0;                              ///< of the neurons, in the order of Layer::receptors()
  std::uint64_t delay_steps = 0;                         ///< after which it acts; 0: see steps_late()
  std::shared_ptr<const Synapse> synapse;                ///< may be null
  SynapticInput synaptic_input = SynapticInput::values;  ///< what it hands on, to its synapse first
  std::optional<ModelLearning> learning;

  /// Whether it hands on what its projection makes of a step in that step, if it comes from an earlier layer.
  [[nodiscard]] bool at_once() const { return !synapse && delay_steps == 0; }
};

/// A state variable that neurons have at the beginning from an array of the layer.
struct InitialState {
  std::string state;
  std::size_t array = 0;  ///< index among the layer's own
};

/// A population with its projections, or a transform of one earlier signal.
struct ModelLayer {
  std::string name;
  std::string type;       ///< the component's name
  std::size_t size = 0;   ///< neurons, or channels of a transform
  std::size_t steps = 0;  ///< of its output; transforms may shorten a signal
  bool spiking = false;
  bool ensemble = false;                    ///< has an input of its own size, beside the currents of its neurons
  std::shared_ptr<const Layer> population;  ///< null for a transform
  std::vector<ModelInput> inputs;           ///< of a population
  std::shared_ptr<const Layer> transform;   ///< null for a population
  std::size_t from = ModelInput::stimulus;  ///< what a transform reads
  std::vector<ArrayInfo> arrays;            ///< that it owns itself: delays, encoders, ...
  std::vector<InitialState> initial;        ///< others begin as the population lets them
};

/// What is recorded in a stream, or in test trials: what a projection hands on, or something of a layer.
struct ModelProbe {
  enum class What {
    projection,
    input,  ///< what arrives at a layer, of neurons with receptors at the one named by `item`
    output,
    spikes,  ///< a sample for each spike: the index of its neuron
    state,
    array
  };
  std::string name;
  What what = What::projection;
  ModelInput input;          ///< of What::projection
  std::size_t layer = 0;     ///< else
  std::string item;          ///< name of the state or array
  std::size_t channels = 0;  ///< numbers in a sample
  std::uint64_t every_steps = 1;
  std::size_t trials = 0;  ///< the first so many of a run with trials
};

/// Layers in topological order, but for loops; the last one is the output layer of a model for trials.
struct Model {
  TrialShape input;  ///< in a simulation without steps
  std::vector<ModelLayer> layers;
  std::vector<ModelProbe> probes;
};

}  // namespace tyto

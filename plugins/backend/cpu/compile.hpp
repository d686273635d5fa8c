/// A model turned into kernels, and how its layers hang together.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tyto/backend.hpp>
#include <tyto/schedule.hpp>

#include "filter.hpp"

namespace cpu {

inline constexpr std::size_t from_stimulus = tyto::ModelInput::stimulus;

template <class S>
struct CompiledLearning {
  std::unique_ptr<tyto::PlasticityKernel<S>> kernel;
  tyto::Synapses synapses;  ///< known when the arrays are
  tyto::StateSizes state;
  std::size_t error = tyto::ModelLearning::none;
  std::size_t reward = tyto::ModelLearning::none;
  std::uint64_t from_step = 0;
  std::uint64_t until_step = std::numeric_limits<std::uint64_t>::max();
  bool rewarded = false;
  bool changes_encoders = false;  ///< of the ensemble that is reached, and not the connection's first array
};

/// A projection with its kernel, on its way to a population or a probe.
template <class S>
struct Edge {
  std::size_t from = from_stimulus;
  std::size_t layer = 0;       ///< that it reaches; of a probe's the number of layers
  std::size_t channels = 0;    ///< numbers that it hands on
  std::size_t late = 0;        ///< steps after which what the source does acts
  std::size_t later = 0;       ///< of these, those that a delay of its own adds, after which a rule sees it
  std::size_t reach = 0;       ///< steps of the past that have to be handed to its kernel
  bool inside = false;         ///< comes from the same part
  bool onto_neurons = true;    ///< else it reaches what an ensemble represents
  std::size_t receptor = 0;    ///< of the neurons
  bool at_least_zero = false;  ///< weights stay so, for that receptor's sake
  std::unique_ptr<tyto::ProjectionKernel<S>> kernel;
  tyto::ArrayRange arrays;
  std::optional<Filter<S>> filter;  ///< none without a synapse
  std::optional<CompiledLearning<S>> learning;
};

/// A population, or a transform of the layer `from`.
template <class S>
struct Node {
  std::string name;
  std::size_t size = 0;
  std::size_t steps = 0;  ///< in trials
  bool spiking = false;
  bool read = false;     ///< by another layer, a probe or a rule
  bool own_run = false;  ///< keeps its currents and outputs for a whole window: in a loop, or since they are probed
  bool keeps_states = false;  ///< they are recorded in a stream
  std::size_t past = 0;       ///< steps before a window that somebody reads
  tyto::ArrayRange arrays;    ///< its own
  std::unique_ptr<tyto::PopulationKernel<S>> kernel;
  std::size_t variables = 0;  ///< of its neurons' state
  std::size_t receptors = 1;
  bool source = false;  ///< nothing arrives at it
  bool ensemble = false;
  std::size_t inputs = 0;  ///< of an ensemble: numbers that it takes in beside its neurons' currents
  double radius = 1;
  std::size_t encoders = 0;  ///< index of an ensemble's array of that name
  std::size_t gain = 0;
  struct Initial {
    std::size_t state, array;
  };
  std::vector<Initial> initial;    ///< states that begin as arrays say
  std::vector<std::size_t> edges;  ///< that reach it
  /// Of these, so many can be summed up before a part that loops takes its first step.
  std::size_t ahead = 0;
  /// Of these, so many are summed up by one thread, where several share the neurons bounds[p] .. bounds[p + 1] - 1.
  std::size_t undivided = 0;
  std::vector<std::size_t> bounds;
  std::unique_ptr<tyto::TransformKernel<S>> transform;
  std::size_t from = from_stimulus;
};

/// Some neurons of a layer, which a thread works on.
struct Task {
  std::size_t layer, slice;
};

template <class S>
struct CompiledProbe {
  tyto::ModelProbe::What what = tyto::ModelProbe::What::projection;
  std::size_t edge = 0;  ///< of What::projection
  std::size_t layer = 0;
  std::size_t item = 0;  ///< index of the state, receptor or array
  std::size_t channels = 0;
  std::uint64_t every_steps = 1;
  bool while_learning = false;  ///< of an array that changes from step to step
};

template <class S>
struct Compiled {
  tyto::TrialShape input;
  std::size_t stimulus_past = 0;  ///< as Node::past
  std::vector<Node<S>> nodes;
  std::vector<Edge<S>> edges;
  std::vector<tyto::Part> parts;
  /// Of each part of the model, what threads do one after the other, and the tasks that they share in it; none if one
  /// thread works on the part.
  std::vector<std::vector<std::vector<Task>>> tasks;
  std::vector<CompiledProbe<S>> probes;
  tyto::ArrayTable arrays;

  [[nodiscard]] bool streams() const { return input.steps == 0; }
};

/// Throws tyto::Error, naming the layer, where a component has no kernel for precision S.
template <class S>
[[nodiscard]] Compiled<S> compile(const tyto::Model& model);

/// Shares a stream's neurons among threads, as far as kernels can do so. To be called when their kernels have started.
template <class S>
void divide(Compiled<S>& compiled, std::span<const std::span<const S>> arrays, std::size_t threads);

}  // namespace cpu

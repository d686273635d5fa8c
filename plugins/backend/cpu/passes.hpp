/// The way of a group of trials through the layers, forward and back.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <tyto/backend.hpp>

#include "tape.hpp"

namespace cpu {

/// A projection with its kernel and the network's arrays that it uses.
template <class S>
struct CompiledInput {
  std::size_t from = 0;
  std::unique_ptr<tyto::ProjectionKernel<S>> kernel;
  std::vector<std::size_t> arrays;
};

/// A population, or a transform of the layer `from`.
template <class S>
struct CompiledLayer {
  std::string name;
  std::size_t size = 0;
  std::size_t steps = 0;
  bool spiking = false;
  bool read = false;  ///< by another layer
  std::unique_ptr<tyto::PopulationKernel<S>> kernel;
  std::vector<CompiledInput<S>> inputs;
  std::unique_ptr<tyto::TransformKernel<S>> transform;
  std::size_t from = tyto::ModelInput::stimulus;
  std::vector<std::size_t> arrays;  ///< of a transform
};

template <class S>
class Passes {
 public:
  /// `arrays`: the numbers of every array of the network. Both must outlive this.
  Passes(const std::vector<CompiledLayer<S>>& layers, std::span<const std::span<const S>> arrays);

  /// `smooth`: spikes are replaced by its primitive, and handed on as numbers.
  void forward(Tape<S>& tape, Workspace<S>& work, Keep keep, const tyto::Surrogate* smooth) const;
  /// Scores, right after forward(), of every trial of the group.
  void read(const tyto::Objective& objective, Tape<S>& tape, const Workspace<S>& work) const;
  /// `rate_gradients[layer]` is added to dL/d output of every step; from dL/d scores to `grad_arrays[array] += ...`.
  void backward(const Tape<S>& tape, Workspace<S>& work, const tyto::Backpropagation& request,
                const std::vector<std::vector<S>>& rate_gradients, std::span<const std::span<S>> grad_arrays) const;
  /// A layer's output in one trial, [step][neuron], after forward() with Keep::values.
  [[nodiscard]] std::vector<S> output(const Tape<S>& tape, std::size_t layer, std::size_t trial) const;

 private:
  using Views = std::vector<std::span<const S>>;

  [[nodiscard]] tyto::Signal<S> signal_from(std::size_t layer, const Tape<S>& tape, std::size_t trial) const;
  void forward_population(std::size_t index, Tape<S>& tape, Workspace<S>& work, Keep keep,
                          const tyto::Surrogate* smooth) const;
  void forward_transform(std::size_t index, Tape<S>& tape) const;
  void hand_on(std::size_t index, Tape<S>& tape, const Workspace<S>& work, Keep keep, bool as_spikes) const;
  void backward_population(std::size_t index, const Tape<S>& tape, Workspace<S>& work,
                           const tyto::Backpropagation& request, std::span<const std::span<S>> grad_arrays) const;
  void backward_transform(std::size_t index, const Tape<S>& tape, Workspace<S>& work,
                          const tyto::Backpropagation& request, std::span<const std::span<S>> grad_arrays) const;
  void start_gradients(const Tape<S>& tape, Workspace<S>& work, const tyto::Backpropagation& request,
                       const std::vector<std::vector<S>>& rate_gradients) const;
  /// Where the gradient of a layer's output in one trial lies.
  [[nodiscard]] tyto::Rows<S> gradient_rows(std::size_t layer, const Tape<S>& tape, Workspace<S>& work,
                                            std::size_t trial) const;
  [[nodiscard]] static bool wanted(std::size_t layer, const tyto::Backpropagation& request) {
    return layer != tyto::ModelInput::stimulus || request.input_gradient;
  }

  const std::vector<CompiledLayer<S>>& layers_;
  std::vector<std::vector<Views>> views_;  ///< [layer][input]; of a transform [layer][0]
};

extern template class Passes<float>;
extern template class Passes<double>;

}  // namespace cpu

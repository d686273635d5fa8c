/// A model compiled for the CPU: trials are worked on one by one, spread over threads in chunks whose
/// size never depends on the number of threads, and gradients are added up in a fixed tree.
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
  std::unique_ptr<tyto::PopulationKernel<S>> kernel;
  std::vector<CompiledInput<S>> inputs;
  std::unique_ptr<tyto::TransformKernel<S>> transform;
  std::size_t from = tyto::ModelInput::stimulus;
  std::vector<std::size_t> arrays;  ///< of a transform
};

template <class S>
class CpuNetwork final : public tyto::Network {
 public:
  CpuNetwork(const tyto::Model& model, tyto::Executor& executor);

  [[nodiscard]] const std::vector<tyto::NetworkArray>& arrays() const override { return infos_; }
  [[nodiscard]] std::vector<double> get(std::size_t array) const override;
  void set(std::size_t array, std::span<const double> values) override;
  [[nodiscard]] tyto::Evaluation evaluate(const tyto::Batch& batch, const tyto::Objective& objective,
                                          bool activity) override;
  [[nodiscard]] tyto::Recording record(const tyto::TrialSet& trials, std::size_t trial, std::size_t layer) override;
  tyto::BatchResult backpropagate(const tyto::Batch& batch, const tyto::Backpropagation& request) override;
  [[nodiscard]] std::vector<double> gradient(std::size_t array) const override;
  void apply(const tyto::Optimizer& optimizer) override;

 private:
  using Views = std::vector<std::span<const S>>;

  [[nodiscard]] tyto::Signal<S> signal_from(std::size_t layer, const tyto::Spikes& input, const Tape<S>& tape) const;
  [[nodiscard]] Views views(const std::vector<std::size_t>& arrays) const;
  void forward(const tyto::Spikes& input, Tape<S>& tape, Keep keep, const tyto::Surrogate* smooth) const;
  void forward_population(std::size_t index, const tyto::Spikes& input, Tape<S>& tape, Keep keep,
                          const tyto::Surrogate* smooth) const;
  void forward_transform(std::size_t index, const tyto::Spikes& input, Tape<S>& tape) const;
  /// Loss of one trial; leaves dL/d scores, divided by the number of trials, in the tape.
  S score(const tyto::Objective& objective, double target, std::size_t trials, Tape<S>& tape) const;
  /// `rate_gradients[layer]` is added to dL/d output of every step.
  void backward(const tyto::Spikes& input, Tape<S>& tape, const tyto::Backpropagation& request,
                const std::vector<std::vector<S>>& rate_gradients, std::span<const std::span<S>> grad_arrays) const;
  void backward_population(std::size_t index, const tyto::Spikes& input, Tape<S>& tape,
                           const tyto::Backpropagation& request, std::span<const std::span<S>> grad_arrays) const;
  void backward_transform(std::size_t index, const tyto::Spikes& input, Tape<S>& tape,
                          const tyto::Backpropagation& request, std::span<const std::span<S>> grad_arrays) const;
  /// Where the gradient of a layer's input goes; null if nobody wants it.
  [[nodiscard]] S* gradient_of(std::size_t from, Tape<S>& tape, const tyto::Backpropagation& request) const;
  [[nodiscard]] double add_penalties(const tyto::Batch& batch, const tyto::Backpropagation& request,
                                     std::vector<std::vector<S>>& rate_gradients) const;
  void reduce(std::size_t chunks);
  [[nodiscard]] tyto::ConstrainedArray<S> constrained(std::size_t array) const;
  /// Computes the effective numbers of an array with a constraint.
  void settle(std::size_t array);
  /// The same for numbers from outside, which may not be within the law yet.
  void admit(std::size_t array);

  tyto::TrialShape shape_;
  tyto::Executor& executor_;
  std::vector<CompiledLayer<S>> layers_;
  std::vector<tyto::NetworkArray> infos_;
  std::vector<std::vector<S>> arrays_;     ///< as stored: what optimizers change
  std::vector<std::vector<S>> effective_;  ///< as used, for arrays with a constraint; else empty
  std::vector<std::size_t> companions_;    ///< the array that the constraint reads, or the array itself
  std::vector<std::vector<S>> memory_;     ///< the optimizer's, for each array
  std::int64_t updates_ = 0;
  double rate_factor_ = 1;  ///< of the pass that the kept gradients come from

  std::vector<std::size_t> offsets_;  ///< of each array in a chunk's gradients
  std::size_t gradient_size_ = 0;
  std::vector<std::vector<S>> gradients_;  ///< one for each chunk; [0] is the sum after reduce()
  std::vector<Tape<S>> tapes_;
};

/// Trials per task. Fixed, so that sums have the same bits for any number of threads.
inline constexpr std::size_t chunk_trials = 8;

extern template class CpuNetwork<float>;
extern template class CpuNetwork<double>;

}  // namespace cpu

/// Plasticity: a learning rule of one connection, written for one step. In a stream what it changes acts from the next
/// step on; in trials the changes of a batch are collected (see the learning rule "local").
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <span>

#include <tyto/export.hpp>
#include <tyto/plugin.hpp>
#include <tyto/spikes.hpp>
#include <tyto/synapses.hpp>

namespace tyto {

/// What a rule needs of its connection and of the run; matched when an experiment is read.
struct RuleNeeds {
  bool error = false;     ///< the values of a layer as its error
  bool reward = false;    ///< a reward: the value of a layer; in trials what the objective says of the whole trial
  bool encoders = false;  ///< those of the ensemble that is reached, which it changes in the place of weights
  bool neurons = false;   ///< synapses onto neurons, not onto what an ensemble represents
  bool spikes = false;    ///< the same from neurons that spike onto neurons that spike
  bool matrix = false;    ///< a synapse for each pair of neurons; else lists of synapses will do as well
  bool stream = false;    ///< weights that change with every step; else changes may be collected over a batch
};

/// Numbers that a rule keeps from step to step.
struct StateSizes {
  std::size_t source = 0;   ///< for each neuron that the connection comes from
  std::size_t target = 0;   ///< for each neuron of the layer that it reaches
  std::size_t synapse = 0;  ///< for each synapse
  std::size_t other = 0;    ///< besides
};

/// What a rule adds to its connection's weights.
template <class S>
class Changes {
 public:
  Changes() = default;
  explicit Changes(std::span<S> values, S lowest = -std::numeric_limits<S>::infinity(),
                   S highest = std::numeric_limits<S>::infinity())
      : values_(values), lowest_(lowest), highest_(highest) {}

  // In a stream sums are kept within the rule's bounds.

  void add(std::size_t synapse, S change) const {
    values_[synapse] = std::clamp(values_[synapse] + change, lowest_, highest_);
  }
  /// factor times each of the numbers, to synapses side by side.
  void add(std::size_t first, S factor, std::span<const S> numbers) const {
    S* const values = values_.data() + first;
    const S lowest = lowest_, highest = highest_;
    for (std::size_t k = 0; k < numbers.size(); ++k)
      values[k] = std::clamp(values[k] + factor * numbers[k], lowest, highest);
  }

 private:
  std::span<S> values_;
  S lowest_ = -std::numeric_limits<S>::infinity();
  S highest_ = std::numeric_limits<S>::infinity();
};

/// One connection at one step of one trial, or of a stream.
template <class S>
struct LocalStep {
  const Synapses* synapses = nullptr;
  /// One step of what it comes from, [from]: so much earlier as the connection's delay makes it late; for a rule that
  /// needs spikes that which acts in this step, later by a synapse's or a loop's own step, too.
  Signal<S> source;
  Signal<S> target;            ///< one step of the output of the layer that it reaches, [neuron]
  std::span<const S> handed;   ///< what it hands on in this step, after its synapse, [to]
  std::span<const S> error;    ///< of the rule's error layer; empty without one
  S reward = S(0);             ///< of a stream, in this step
  std::span<const S> weights;  ///< as they are used, [synapse]
  Changes<S> changes;          ///< of the weights

  bool onto_neurons = false;  ///< of an ensemble: weights bring currents, and errors are values that it represents
  std::span<S> encoders;      ///< of an ensemble that it reaches, its array "encoders", [neuron][dimension]; else empty
  std::span<const S> gain;    ///< of its neurons, its array "gain"
  double radius = 1;          ///< of that ensemble

  /// What the rule keeps, [variable][neuron of the source or target] or [variable][synapse]; zero at the beginning of a
  /// trial or stream.
  std::span<S> source_state, target_state, synapse_state, other_state;

  [[nodiscard]] std::size_t from() const { return synapses->from(); }
  /// What weights reach: neurons, or what an ensemble represents, unless the rule needs neurons.
  [[nodiscard]] std::size_t to() const { return synapses->to(); }
};

/// Weights that a rule does not leave.
struct WeightBounds {
  double lowest = -std::numeric_limits<double>::infinity();
  double highest = std::numeric_limits<double>::infinity();
};

/// One connection's rule in precision S.
template <class S>
class PlasticityKernel {
 public:
  virtual ~PlasticityKernel() = default;
  [[nodiscard]] virtual StateSizes state(const Synapses& synapses) const = 0;
  /// Sets what is not zero at the beginning; `step` has the states and nothing else.
  virtual void start([[maybe_unused]] const LocalStep<S>& step) const {}
  [[nodiscard]] virtual WeightBounds bounds() const { return {}; }
  /// Keeps traces up to date and, if `learning`, adds to the changes, or changes encoders.
  virtual void step(const LocalStep<S>& step, bool learning) const = 0;
  /// After the last step of a trial, if a rule that needs a reward learns then: the trial's reward minus what was
  /// expected.
  virtual void reward([[maybe_unused]] const LocalStep<S>& step, [[maybe_unused]] S surprise) const {}
};

/// Interface of the plugin kind "plasticity".
class TYTO_API Plasticity {
 public:
  virtual ~Plasticity() = default;
  [[nodiscard]] virtual RuleNeeds needs() const = 0;
  [[nodiscard]] virtual std::unique_ptr<PlasticityKernel<float>> kernel_f32(double dt_s) const = 0;
  [[nodiscard]] virtual std::unique_ptr<PlasticityKernel<double>> kernel_f64(double dt_s) const = 0;
};

/// Makes a Plasticity from a struct with `static constexpr RuleNeeds needs` and
/// `template <class S> std::unique_ptr<PlasticityKernel<S>> prepare(double dt_s) const`.
template <class Definition>
class PlasticityOf : public Plasticity {
 public:
  Definition definition;
  [[nodiscard]] RuleNeeds needs() const override { return Definition::needs; }
  [[nodiscard]] std::unique_ptr<PlasticityKernel<float>> kernel_f32(double dt_s) const override {
    return definition.template prepare<float>(dt_s);
  }
  [[nodiscard]] std::unique_ptr<PlasticityKernel<double>> kernel_f64(double dt_s) const override {
    return definition.template prepare<double>(dt_s);
  }
};

}  // namespace tyto

/// Defines a plugin that provides one plasticity.
#define TYTO_PLASTICITY(name, Definition)                                                          \
  TYTO_PLUGIN(registrar) {                                                                         \
    registrar.add_definition<::tyto::PlasticityOf<Definition>, Definition>(                        \
        name, &::tyto::PlasticityOf<Definition>::definition, {}, std::source_location::current()); \
  }

/// Plasticity: a local learning rule of one connection, applied at every step of a simulation.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include <tyto/export.hpp>
#include <tyto/plugin.hpp>
#include <tyto/spikes.hpp>

namespace tyto {

/// One connection at one step. Activities are rates: a spike is 1/dt in its step.
template <class S>
struct PlasticStep {
  std::size_t from = 0;       ///< neurons that it comes from
  std::size_t to = 0;         ///< what its weights reach
  Signal<S> source;           ///< one step of what it comes from, so much earlier as its delay makes it late
  std::span<const S> handed;  ///< what it hands on in this step, after its synapse, [to]
  std::span<const S> error;   ///< of the rule's error layer; empty without one
  Signal<S> target;           ///< one step of the output of the layer that it reaches
  std::span<S> weights;       ///< [from][to]
  bool onto_neurons = false;  ///< of an ensemble: weights bring currents, and errors are values that it represents
  std::span<S> encoders;      ///< of an ensemble that it reaches, its array "encoders", [neuron][dimension]; else empty
  std::span<const S> gain;    ///< of its neurons, its array "gain"
  double radius = 1;          ///< of that ensemble
  std::span<S> state;         ///< of the rule, kept from step to step
};

/// One connection's rule in precision S.
template <class S>
class PlasticityKernel {
 public:
  virtual ~PlasticityKernel() = default;
  /// Numbers that it keeps from step to step, for a connection of these sizes; zero at the start unless start() sets
  /// them.
  [[nodiscard]] virtual std::size_t state_size(std::size_t from, std::size_t to, std::size_t target_neurons) const = 0;
  virtual void start([[maybe_unused]] std::size_t from, [[maybe_unused]] std::span<S> state) const {}
  /// Keeps traces up to date and, if `learning`, changes weights or encoders.
  virtual void step(const PlasticStep<S>& step, bool learning) const = 0;
};

/// Interface of the plugin kind "plasticity".
class TYTO_API Plasticity {
 public:
  virtual ~Plasticity() = default;
  /// Whether it learns from an error signal, the values of another layer.
  [[nodiscard]] virtual bool needs_error() const { return false; }
  /// Whether it changes the encoders of the ensemble that is reached.
  [[nodiscard]] virtual bool needs_ensemble() const { return false; }
  [[nodiscard]] virtual std::unique_ptr<PlasticityKernel<float>> kernel_f32(double dt_s) const = 0;
  [[nodiscard]] virtual std::unique_ptr<PlasticityKernel<double>> kernel_f64(double dt_s) const = 0;
};

/// Makes a Plasticity from a struct with `static constexpr bool error` and `ensemble` (what it needs) and
/// `template <class S> std::unique_ptr<PlasticityKernel<S>> prepare(double dt_s) const`.
template <class Definition>
class PlasticityOf : public Plasticity {
 public:
  Definition definition;
  [[nodiscard]] bool needs_error() const override { return Definition::error; }
  [[nodiscard]] bool needs_ensemble() const override { return Definition::ensemble; }
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

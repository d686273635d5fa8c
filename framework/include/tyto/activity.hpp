/// For rules of single connections (plasticity.hpp): traces of activity, errors as currents, and products of both ends.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <type_traits>

#include <tyto/math.hpp>
#include <tyto/plasticity.hpp>

namespace tyto {

/// A low-pass filter on activity in Hz; a spike is a rate of 1/dt in its step. With tau = 0 the activity itself.
template <class S>
class ActivityTrace {
 public:
  ActivityTrace(double tau_s, double dt_s)
      : decay_(static_cast<S>(tau_s > 0 ? exp(-dt_s / tau_s) : 0)),
        rest_(static_cast<S>(tau_s > 0 ? 1 - exp(-dt_s / tau_s) : 1)),
        spike_hz_(static_cast<S>(1 / dt_s)) {}

  void follow(const Signal<S>& activity, std::span<S> trace) const {
    for (S& value : trace) value *= decay_;
    if (activity.bits != nullptr)
      activity.spikes().for_each(0, [&](std::size_t i) { trace[i] += rest_ * spike_hz_; });
    else
      for (std::size_t i = 0; i < trace.size(); ++i) trace[i] += rest_ * activity.values[i];
  }

 private:
  S decay_, rest_, spike_hz_;
};

/// The error of what weight k of each neuron brings: a value, or the current of neuron k of the ensemble that is
/// reached, along whose encoder the error is taken.
template <class S>
S error_of(const LocalStep<S>& step, std::size_t k) {
  if (!step.onto_neurons) return step.error[k];
  const std::size_t d = step.error.size();
  S sum = S(0);
  for (std::size_t j = 0; j < d; ++j) sum += step.encoders[k * d + j] * step.error[j];
  return sum * step.gain[k] / static_cast<S>(step.radius);
}

/// Adds source[i] target[k] to the weight from i to k, for every synapse there is.
template <class S>
void add_products(const LocalStep<S>& step, std::span<const std::type_identity_t<S>> source,
                  std::span<const std::type_identity_t<S>> target) {
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (step.synapses->is_matrix())
      step.changes.add(i * target.size(), source[i], target);
    else
      step.synapses->for_each_from(
          i, [&](std::size_t synapse, std::size_t k) { step.changes.add(synapse, source[i] * target[k]); });
  }
}

}  // namespace tyto

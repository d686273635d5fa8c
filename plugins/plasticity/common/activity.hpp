/// What local rules share: traces of activity.
#pragma once

#include <cstddef>
#include <span>

#include <tyto/plasticity.hpp>

namespace plasticity {

/// trace <- decay trace + rest activity, in Hz; a spike is a rate of 1/dt in its step.
template <class S>
void follow(const tyto::Signal<S>& activity, S decay, S rest, S spike_hz, std::span<S> trace) {
  for (S& value : trace) value *= decay;
  if (activity.bits != nullptr)
    activity.spikes().for_each(0, [&](std::size_t i) { trace[i] += rest * spike_hz; });
  else
    for (std::size_t i = 0; i < trace.size(); ++i) trace[i] += rest * activity.values[i];
}

/// The error as a current of neuron k of the ensemble that is reached.
template <class S>
S along_encoder(const tyto::PlasticStep<S>& step, std::size_t k) {
  const std::size_t d = step.error.size();
  S sum = S(0);
  for (std::size_t j = 0; j < d; ++j) sum += step.encoders[k * d + j] * step.error[j];
  return sum * step.gain[k] / static_cast<S>(step.radius);
}

}  // namespace plasticity

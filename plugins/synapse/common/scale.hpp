/// What of a synapse's answer is 1.
#pragma once

#include <utility>

#include <tyto/parameters.hpp>
#include <tyto/synapse.hpp>

namespace synapse {

enum class Scale {
  automatic,  ///< whatever does not depend on the time step
  area,       ///< the sum over steps of the answer to a pulse of one step
  peak        ///< the highest value of the answer to a spike
};

/// Adds the parameter `scale`.
template <class T>
[[nodiscard]] tyto::Parameters<T> with_scale(tyto::Parameters<T> parameters, Scale T::*member) {
  return parameters.choice(
      "scale", member, {{"auto", Scale::automatic}, {"area", Scale::area}, {"peak", Scale::peak}}, "auto",
      "what is 1: the highest current that a spike of weight 1 makes (peak), or the sum over steps of the answer to a "
      "pulse of one step, so that constant values pass as they are (area); auto: peak for spikes on their way to what "
      "takes currents, area for values and for neurons that add what arrives at every step, as lif does with "
      "input_scale: one");
}

/// Whether the answer to a spike has the height 1.
[[nodiscard]] inline bool has_peak(Scale scale, tyto::SynapticInput input) {
  return scale == Scale::peak || (scale == Scale::automatic && input == tyto::SynapticInput::spikes);
}

}  // namespace synapse

/// What of a synapse's answer is 1.
#pragma once

#include <string_view>
#include <utility>

#include <tyto/parameters.hpp>
#include <tyto/synapse.hpp>

namespace synapse {

enum class Scale {
  automatic,  ///< whatever does not depend on the time step
  area,       ///< the sum over steps of the answer to a pulse of one step
  peak        ///< the highest value of the answer to a spike
};

/// For the pages of synapses that have the parameter `scale`.
inline constexpr std::string_view scale_details = R"(| what it gets | what it reaches | `scale: auto` |
|---|---|---|
| spikes | what adds answers at every step: `lif`, `adaptive_lif`, `leaky_integrator` with input_scale: one | `area` |
| spikes | what takes currents: the same with input_scale: one_minus_decay, ensembles, `nef_lif`; probes | `peak` |
| values (of `decoded`, or of a source without spikes) | anything | `area` |

`peak`: the highest answer to a spike of weight 1 is 1. `area`: the answer to a pulse of one step sums up to 1 over
all steps, so that constant values pass as they are.)";

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

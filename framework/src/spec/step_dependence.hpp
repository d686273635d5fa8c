/// Whether what a connection does in a simulation depends on how long a step is.
#pragma once

#include <string>

#include <tyto/layer.hpp>
#include <tyto/synapse.hpp>

#include "reader.hpp"

namespace tyto::spec {

struct Effect {
  const Synapse* synapse = nullptr;  ///< may be null
  SynapticInput synaptic_input = SynapticInput::values;
  bool takes_charges = false;  ///< what is reached adds what arrives at every step
  bool decodes_spikes = false;
  bool answers_silence = false;  ///< comes from spikes, and hands on something in steps without any, too
  std::string from, to;          ///< names for the sentence
  Place place;
};

/// Whether a synapse's answer depends on how long a step is: constant values do not pass alike, a current does not have
/// the same area in time, or charges do not have the same sum.
[[nodiscard]] bool step_dependent(const Synapse& synapse, SynapticInput input, double dt_s);

/// Whether a projection without arrays hands on something in a step in which none of its sources spikes.
[[nodiscard]] bool answers_silence(const Layer& projection, double dt_s, std::size_t from, std::size_t to);
/// Whether a projection without arrays makes numbers below 0 of spikes.
[[nodiscard]] bool hands_on_below_zero(const Layer& projection, double dt_s, std::size_t from, std::size_t to);

void warn_of_step_dependence(const Effect& effect, double dt_s, Reader& reader);

}  // namespace tyto::spec

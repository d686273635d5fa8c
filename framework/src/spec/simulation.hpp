/// Experiments that run a model step by step through a stream: the keys `simulation` and `probes`, and models whose
/// layers may form loops.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <tyto/distribution.hpp>
#include <tyto/model.hpp>

#include "model.hpp"
#include "node.hpp"
#include "reader.hpp"

namespace tyto::spec {

/// How long a simulation runs.
struct SimulationKeys {
  double duration_s = 0;
  double dt_s = 0;

  [[nodiscard]] std::uint64_t steps() const;
  [[nodiscard]] static Parameters<SimulationKeys> parameters();
};

/// What stands in a connection of a simulation beside the projection's own parameters, but for `from`, which InputKeys
/// declares.
struct ConnectionKeys {
  std::shared_ptr<const Synapse> synapse;

  [[nodiscard]] static Parameters<ConnectionKeys> parameters();
};

/// What stands under `learn` beside the rule's own parameters.
struct LearnKeys {
  std::string error;
  double from_s = 0;
  std::optional<double> until_s;

  [[nodiscard]] static Parameters<LearnKeys> parameters();
};

/// What stands in a probe; one that reads a projection has the projection's keys beside `every`.
struct ProbeKeys {
  std::optional<double> every_s;

  [[nodiscard]] static Parameters<ProbeKeys> parameters();
};
struct LayerProbeKeys {
  std::string layer;
  std::string what;

  [[nodiscard]] static Parameters<LayerProbeKeys> parameters();
};

/// What stands under a layer's `initial` for a state variable.
[[nodiscard]] Parameters<Distribution> initial_state_parameters();

/// What the model of a simulation is shown.
struct StreamShape {
  double dt_s = 0;
  bool given = false;        ///< whether there is a stimulus
  std::size_t channels = 0;  ///< of it; 0 if unknown
};

/// The layers of a simulation. Inputs may come from any layer.
[[nodiscard]] BuiltModel build_simulation_model(const Node& layers, const StreamShape& stream, Reader& reader);

/// Adds what is to be recorded. Returns the resolved configuration.
[[nodiscard]] Node read_probes(const Node* probes, const StreamShape& stream, BuiltModel& built, Reader& reader);

}  // namespace tyto::spec

/// One connection of a simulation's model, as it is written under a layer's `input` or as a probe.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <tyto/model.hpp>

#include "node.hpp"
#include "reader.hpp"

namespace tyto::spec {

/// What a connection can come from or reach.
struct ConnectionEnd {
  std::string name;
  const ComponentInfo* type = nullptr;  ///< null if unknown, and for the stimulus
  std::size_t size = 0;                 ///< numbers in its output; 0 if unknown
  std::size_t represented = 0;          ///< numbers that it takes in
  bool ensemble = false;
  bool spiking = false;
  bool takes_charges = false;
};

struct ConnectionEnds {
  std::vector<ConnectionEnd> layers;
  ConnectionEnd stimulus;
  bool has_stimulus = false;
  double dt_s = 0;

  [[nodiscard]] const ConnectionEnd& at(std::size_t index) const {
    return index == ModelInput::stimulus ? stimulus : layers[index];
  }
  /// Index by name; reports a fault at `place` for an unknown one.
  [[nodiscard]] std::optional<std::size_t> find(const Node& name, Reader& reader) const;
};

struct ReadConnection {
  std::optional<ModelInput> input;
  Node resolved;
};

/// `target`: what it reaches; nothing for a probe. `before`: where it comes from if it does not say so. Keys in
/// `ignored` belong to somebody else.
[[nodiscard]] ReadConnection read_connection(const Node& node, const ConnectionEnds& ends, const ConnectionEnd* target,
                                             std::optional<std::size_t> before, Reader& reader,
                                             const std::vector<std::string>& ignored = {});

}  // namespace tyto::spec

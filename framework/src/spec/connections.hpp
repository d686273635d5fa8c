/// What connects the layers of a model, as it is written under a layer's `input`, as a transform, or as a probe.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <tyto/model.hpp>

#include "layers.hpp"
#include "node.hpp"

namespace tyto::spec {

/// Reads what transforms and populations are connected to.
void read_connections(Draft& draft);

/// Index of a layer, or the stimulus, by name; reports a fault for an unknown one.
[[nodiscard]] std::optional<std::size_t> find_source(const Node& name, const Draft& draft);

struct ReadConnection {
  std::optional<ModelInput> input;
  Node resolved;
};

/// `target`: the layer that it reaches; nothing for a probe. Keys in `ignored` belong to somebody else.
[[nodiscard]] ReadConnection read_connection(const Node& node, std::optional<std::size_t> target, const Draft& draft,
                                             const std::vector<std::string>& ignored = {});

/// That an input comes from the layer itself, or from one that comes later.
[[nodiscard]] std::string not_earlier(const std::string& from, const std::string& layer);

}  // namespace tyto::spec

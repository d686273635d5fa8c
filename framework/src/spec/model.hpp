/// From the keys `model` and `probes` to a graph of layers.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include <tyto/model.hpp>

#include "node.hpp"
#include "reader.hpp"

namespace tyto::spec {

/// The map of layers of a model written inline or in a file, with every `$name` replaced. Nothing if
/// there was a fault that leaves no layers to look at.
[[nodiscard]] std::optional<Node> model_layers(const Node& model, Reader& reader);

/// What a model is made for.
struct ModelSurroundings {
  bool stream = false;                 ///< a simulation runs it step by step; else it is shown trials
  bool stimulus = true;                ///< whether there is one
  TrialShape input;                    ///< zero where unknown; a stream has no number of steps
  std::optional<std::size_t> outputs;  ///< neurons that the objective needs; unknown if there is no objective
  bool classifies = false;
  bool sequence = false;  ///< of a stream: whether its stimulus are trials, one after the other
};

struct BuiltModel {
  Model model;
  std::vector<const ComponentInfo*> types;  ///< for each layer; null if unknown
  std::vector<Place> places;                ///< for each layer, where its type is named
  Node resolved;                            ///< {layers: ...}
  Node probes;                              ///< the same of what is recorded
  bool complete = false;                    ///< no fault in its layers
};

/// Reads the layers, then their connections, then the probes (null if there are none).
[[nodiscard]] BuiltModel build_model(const Node& layers, const Node* probes, const ModelSurroundings& around,
                                     Reader& reader);

}  // namespace tyto::spec

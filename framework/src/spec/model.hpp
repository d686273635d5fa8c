/// From the key `model` to a graph of layers.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <tyto/model.hpp>

#include "node.hpp"
#include "reader.hpp"

namespace tyto::spec {

/// The map of layers of a model written inline or in a file, with every `$name` replaced. Nothing if
/// there was a fault that leaves no layers to look at. `folder` is where the experiment file lies.
[[nodiscard]] std::optional<Node> model_layers(const Node& model, const std::filesystem::path& folder, Reader& reader);

/// What a model is made for; what could not be read is unknown.
struct ModelSurroundings {
  std::optional<TrialShape> input;
  std::optional<std::size_t> outputs;  ///< neurons that the objective needs
  bool classifies = false;
};

struct BuiltModel {
  Model model;
  std::vector<const ComponentInfo*> types;  ///< for each layer; null if unknown
  std::vector<Place> places;                ///< for each layer, where its type is named
  Node resolved;                            ///< {layers: ...}
  bool complete = false;                    ///< no fault in it
};

/// Reports weights that no memory could hold.
void check_memory_of(const std::vector<ArrayInfo>& arrays, std::size_t from, std::size_t to, const Place& place,
                     Reader& reader);

[[nodiscard]] BuiltModel build_model(const Node& layers, const ModelSurroundings& around, Reader& reader);

}  // namespace tyto::spec

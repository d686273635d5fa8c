/// The layers of a model without what connects them: types, sizes, parameters, first states, arrays of their own.
#pragma once

#include <vector>

#include <tyto/model.hpp>

#include "model.hpp"
#include "node.hpp"
#include "reader.hpp"

namespace tyto::spec {

/// What is known of a layer beside its part of the model.
struct WrittenLayer {
  const Node* node = nullptr;
  std::vector<const Node*> inputs;      ///< for each of ModelLayer::inputs
  const ComponentInfo* type = nullptr;  ///< null if unknown
  Place place;                          ///< where its type is named
  Node resolved;

  [[nodiscard]] bool is_transform() const { return type != nullptr && type->offers(capability::transform); }
};

/// A model while it is being read. Sizes and steps that are unknown are 0, so that the other faults are found too.
struct Draft {
  const ModelSurroundings& around;
  Reader& reader;
  Model model;
  std::vector<WrittenLayer> written;  ///< for each layer
};

void read_layers(const Node& layers, Draft& draft);

/// Makes `value` the second entry of a resolved configuration, behind the type.
void put_second(Node& map, const std::string& key, Node value);

}  // namespace tyto::spec

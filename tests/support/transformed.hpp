/// Models for tests whose stimulus passes a transform first.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "support/workshop.hpp"

namespace workshop {

/// A transform named "transform", by its YAML, and behind it a chain of layers.
inline tyto::Model transformed_chain(const tyto::TrialShape& input, const std::string& transform,
                                     const std::vector<LayerText>& texts) {
  tyto::ModelLayer first;
  first.name = "transform";
  first.type = transform;
  first.size = input.channels;
  first.transform = make<tyto::Layer>(transform);
  first.steps = first.transform->output_steps(input.steps, input.dt_s);
  first.arrays = first.transform->arrays(input.channels, input.channels);
  auto model = chain({first.steps, input.channels, input.dt_s}, texts);
  model.input = input;
  for (auto& layer : model.layers)
    for (auto& source : layer.inputs) source.from = source.from == tyto::ModelInput::stimulus ? 0 : source.from + 1;
  model.layers.insert(model.layers.begin(), std::move(first));
  return model;
}

}  // namespace workshop

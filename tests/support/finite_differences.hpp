/// Gradients of a whole network against finite differences, with smooth spikes.
#pragma once

#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "support/workshop.hpp"

namespace workshop {

/// Trials of random spikes, or values, with one target in [0, maximum].
inline tyto::TrialSet random_trials(std::size_t count, const tyto::TrialShape& shape, double maximum,
                                    double density = 0.3) {
  tyto::TrialSet trials(shape, {{"label", "", tyto::Dimension::none, 0, maximum}}, count);
  tyto::Random random(tyto::stream_key(7, "test"));
  for (std::size_t i = 0; i < count; ++i) {
    trials.targets(i)[0] = random.uniform(0, maximum);
    if (shape.values) {
      for (float& value : trials.values(i)) value = static_cast<float>(random.uniform(-0.2, 0.8));
      continue;
    }
    for (std::size_t t = 0; t < shape.steps; ++t)
      for (std::size_t c = 0; c < shape.channels; ++c)
        if (random.uniform() < density) trials.spikes(i).set(t, c);
  }
  return trials;
}

inline std::vector<std::uint32_t> all_of(const tyto::TrialSet& trials) {
  std::vector<std::uint32_t> index(trials.size());
  std::iota(index.begin(), index.end(), 0U);
  return index;
}

/// Expects dL/d stored numbers of every trainable array to be what central differences find. `pass` is used for all
/// passes, so that everything random is drawn alike.
inline void expect_true_gradients(tyto::Program& network, const tyto::TrialSet& trials,
                                  const tyto::Objective& objective, const tyto::Pass& pass = {},
                                  const std::string& surrogate_yaml = "sigmoid") {
  const auto soft = surrogate(surrogate_yaml);
  tyto::Backpropagation request;
  request.objective = &objective;
  request.surrogate = soft.get();
  request.smooth = true;
  const auto index = all_of(trials);
  const tyto::Batch batch{&trials, index, pass};
  // Effective numbers become the stored ones, since only those can be moved.
  for (std::size_t a = 0; a < network.arrays().size(); ++a) network.set(a, network.get(a));
  network.backpropagate(batch, request);
  std::vector<std::vector<double>> gradients;
  for (std::size_t a = 0; a < network.arrays().size(); ++a) gradients.push_back(network.gradient(a));
  constexpr double h = 1e-5;
  double largest = 0;
  for (std::size_t a = 0; a < gradients.size(); ++a) {
    if (!network.arrays()[a].learns()) continue;
    const auto values = network.get(a);
    for (std::size_t k = 0; k < values.size(); ++k) {
      const auto loss_at = [&](double value) {
        auto moved = values;
        moved[k] = value;
        network.set(a, moved);
        return network.backpropagate(batch, request).loss;
      };
      const auto central = [&](double width) {
        return (loss_at(values[k] + width) - loss_at(values[k] - width)) / (2 * width);
      };
      double slope = central(h);
      // Where the third derivative shows, it is taken out.
      if (std::abs(slope - gradients[a][k]) > 5e-8 * std::max(1.0, std::abs(slope)))
        slope = (4 * central(h) - central(2 * h)) / 3;
      EXPECT_NEAR(gradients[a][k], slope, 1e-7 * std::max(1.0, std::abs(slope)))
          << network.arrays()[a].path() << " " << k;
      largest = std::max(largest, std::abs(gradients[a][k]));
    }
    network.set(a, values);
  }
  EXPECT_GT(largest, 3e-4) << "a gradient of zero would prove nothing";
}

/// Puts a transform behind layer `after` of a chain; what read that layer now reads the transform.
inline void insert_transform(tyto::Model& model, std::size_t after, const std::string& name,
                             std::shared_ptr<const tyto::Layer> transform) {
  tyto::ModelLayer layer;
  layer.name = name;
  layer.type = name;
  layer.size = model.layers[after].size;
  layer.steps = transform->output_steps(model.layers[after].steps, model.input.dt_s);
  layer.transform = std::move(transform);
  layer.from = after;
  layer.arrays = layer.transform->arrays(layer.size, layer.size);
  for (auto& other : model.layers)
    for (auto& input : other.inputs)
      if (input.from != tyto::ModelInput::stimulus && input.from >= after) ++input.from;
  model.layers.insert(model.layers.begin() + static_cast<std::ptrdiff_t>(after) + 1, std::move(layer));
}

}  // namespace workshop

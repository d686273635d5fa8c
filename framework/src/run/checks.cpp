#include "checks.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <type_traits>
#include <variant>
#include <vector>

#include <fmt/format.h>

namespace tyto::run {

const char* const exploding =
    "gradients or weights explode; a smaller learning rate, smaller initial weights or a flatter surrogate may help";

std::string component_text(const spec::Experiment& experiment, Kind kind) {
  for (const auto* component : experiment.components)
    if (component->kind == kind)
      return fmt::format("{} '{}' of plugin '{}'", to_string(kind), component->name, component->plugin);
  return std::string(to_string(kind));
}

std::string arithmetic_text(const spec::Experiment& experiment) {
  std::string layers;
  for (const auto* component : experiment.components)
    if (component->kind == Kind::layer) layers += (layers.empty() ? "'" : ", '") + component->name + "'";
  return component_text(experiment, Kind::backend) + ", or a layer that it runs (" + layers + ")";
}

std::string number_text(double number) { return std::isnan(number) ? "nan" : fmt::format("{}", number); }

namespace {

/// Its place in each direction, as in "[3, 5]".
std::string place_of(std::size_t index, const std::vector<std::size_t>& shape) {
  std::string text;
  for (std::size_t k = shape.size(); k-- > 0;) {
    text.insert(0, std::to_string(index % shape[k]) + (text.empty() ? "" : ", "));
    index /= shape[k];
  }
  return "[" + text + "]";
}

}  // namespace

void check_arrays(const ArrayStore& store, const std::string& when, const std::string& cause) {
  std::vector<std::size_t> all(store.arrays().size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  check_arrays(store, all, when, cause);
}

void check_arrays(const ArrayStore& store, std::span<const std::size_t> arrays, const std::string& when,
                  const std::string& cause) {
  for (const std::size_t array : arrays) {
    const auto found = store.first_not_finite(array);
    if (!found) continue;
    const NetworkArray& info = store.arrays()[array];
    throw Diverged(fmt::format("{} {} is {} {}: {}", info.path(), place_of(*found, info.info.shape),
                               number_text(store.get(array)[*found]), when, cause));
  }
}

void check_bounds(const Model& model, const ArrayStore& store) {
  for (std::size_t layer = 0; layer < model.layers.size(); ++layer)
    for (std::size_t k = 0; k < model.layers[layer].inputs.size(); ++k) {
      const auto& learning = model.layers[layer].inputs[k].learning;
      if (!learning || learning->rule->needs().encoders) continue;
      const WeightBounds bounds = learning->rule->kernel_f64(model.input.dt_s)->bounds();
      const std::size_t array = store.arrays().of_input(layer, k).first;
      const auto values = store.get(array);
      for (std::size_t i = 0; i < values.size(); ++i)
        // Numbers may have been rounded to float.
        if (values[i] < bounds.lowest - 1e-6 * std::abs(bounds.lowest) ||
            values[i] > bounds.highest + 1e-6 * std::abs(bounds.highest))
          throw Error(fmt::format(
              "{} {} is {} at the beginning, beyond what the rule '{}' allows, {} to {}; its 'lowest' "
              "and 'highest' have to hold all weights",
              store.arrays()[array].path(), place_of(i, store.arrays()[array].info.shape), number_text(values[i]),
              learning->type, number_text(bounds.lowest), number_text(bounds.highest)));
    }
}

namespace {

/// Of what is trained, weights and biases; others, such as the signs of Dale's law, do not arrive.
void check_at_least_zero(const ArrayStore& store, std::size_t array, const Receptor& receptor) {
  const NetworkArray& info = store.arrays()[array];
  if (!info.info.trainable) return;
  const auto values = store.get(array);
  const auto below = std::find_if(values.begin(), values.end(), [](double value) { return value < 0; });
  if (below == values.end()) return;
  throw Error(fmt::format(
      "{} {} is {} at the beginning, but what arrives at the receptor '{}' cannot be below 0; draw weights that "
      "are not, or choose another 'receptor'",
      info.path(), place_of(static_cast<std::size_t>(below - values.begin()), info.info.shape), number_text(*below),
      receptor.name));
}

}  // namespace

void check_receptors(const Model& model, const ArrayStore& store) {
  for (std::size_t layer = 0; layer < model.layers.size(); ++layer)
    for (std::size_t k = 0; k < model.layers[layer].inputs.size(); ++k) {
      const ModelInput& input = model.layers[layer].inputs[k];
      const auto receptors = model.layers[layer].population->receptors();
      if (receptors.empty() || !receptors[input.receptor].at_least_zero || input.arrays.empty()) continue;
      const ArrayRange range = store.arrays().of_input(layer, k);
      for (std::size_t array = range.first; array < range.first + range.count; ++array)
        check_at_least_zero(store, array, receptors[input.receptor]);
    }
}

void check_finite(const std::string& who, const Table& table) {
  for (const auto& variable : table.variables)
    std::visit(
        [&]<class T>(const std::vector<T>& values) {
          if constexpr (std::is_floating_point_v<T>) {
            if (std::any_of(values.begin(), values.end(), [](T value) { return std::isinf(value); }))
              throw Error(who + ": '" + variable.name + "' has infinite values");
            if (variable.missing.empty() &&
                std::any_of(values.begin(), values.end(), [](T value) { return std::isnan(value); }))
              throw Error(who + ": '" + variable.name +
                          "' has values that are NaN, and it is not said what that means");
          }
        },
        variable.values);
}

void say_what_is_missing(Table& table) {
  std::string text;
  for (const auto& variable : table.variables)
    if (!variable.missing.empty()) text += (text.empty() ? "" : "; ") + variable.name + ": " + variable.missing;
  if (!text.empty()) table.attribute("nan_means", std::move(text));
}

namespace {

/// Whether two stimuli have trials of one shape, with the same targets.
bool makes_the_same(const Stimulus& one, const Stimulus& other) {
  const TrialShape a = one.shape(), b = other.shape();
  const auto targets = one.targets(), others = other.targets();
  return a.steps == b.steps && a.channels == b.channels && a.dt_s == b.dt_s &&
         std::equal(targets.begin(), targets.end(), others.begin(), others.end(),
                    [](const TargetInfo& x, const TargetInfo& y) {
                      return x.name == y.name && x.dimension == y.dimension && x.minimum == y.minimum &&
                             x.maximum == y.maximum;
                    });
}

}  // namespace

spec::Experiment with_prepared_stimulus(spec::Experiment experiment) {
  if (!experiment.stimulus) return experiment;
  const std::string who = component_text(experiment, Kind::stimulus);
  auto prepared = from_plugin(who, [&] {
    auto made = experiment.stimulus->prepared(experiment.seeds.trials);
    const bool values = experiment.simulation && !experiment.simulation->sequence;
    if (made &&
        !(values ? made->channels() == experiment.stimulus->channels() : makes_the_same(*experiment.stimulus, *made)))
      throw Error("what it prepares has other channels, steps or targets than itself");
    return made;
  });
  if (prepared) experiment.stimulus = std::move(prepared);
  return experiment;
}

}  // namespace tyto::run

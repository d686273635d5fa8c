#include "checks.hpp"

#include <cmath>

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
  for (std::size_t array = 0; array < store.arrays().size(); ++array) {
    const auto found = store.first_not_finite(array);
    if (!found) continue;
    const NetworkArray& info = store.arrays()[array];
    throw Diverged(fmt::format("{} {} is {} {}: {}", info.path(), place_of(*found, info.info.shape),
                               number_text(store.get(array)[*found]), when, cause));
  }
}

}  // namespace tyto::run

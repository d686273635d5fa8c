#include "overrides.hpp"

#include "parts.hpp"
#include "settings.hpp"
#include "sweep_values.hpp"
#include "words.hpp"

namespace tyto::spec {

namespace {

template <class Item>
void apply_settings(const std::vector<Item>& settings, Node& root, Reader& reader) {
  for (const auto& setting : settings) {
    try {
      if (const auto change = apply_setting(root, setting))
        leave_out_keys_of(change->former, change->now, *change->map, reader.components());
    } catch (const InvalidInput& error) {
      for (const auto& diagnostic : error.diagnostics()) reader.fault(diagnostic.place, diagnostic.message);
    }
  }
}

/// One seed for all stages, asked for from outside, is not to be kept from those that have their own.
void refuse_seeds_of_stages(const Overrides& overrides, const Node& root, Reader& reader) {
  const Node* stages = root.find("stages");
  if (stages == nullptr || !stages->is_sequence()) return;
  std::string asked = overrides.seed ? "--seed" : "";
  for (const auto& setting : overrides.settings)
    if (is_seed(setting.path)) asked = "a sweep of '" + setting.path + "'";
  if (asked.empty()) return;
  for (std::size_t i = 0; i < stages->items.size(); ++i)
    if (const Node* seed = stages->items[i].find("seed"))
      reader.fault(seed->place,
                   asked + " does not reach this stage, which has a seed of its own; take that away, or set 'stages." +
                       std::to_string(i) + ".seed'");
}

}  // namespace

void apply_overrides(const Overrides& overrides, Node& root, Reader& reader) {
  apply_settings(overrides.set, root, reader);
  if (overrides.seed) {
    const std::string text = std::to_string(*overrides.seed);
    put(root, "seed", make_scalar(text, {"--seed " + text, 0, 0}));
  }
  if (overrides.backend) {
    const Node* given = root.find("backend");
    const Node* type = given == nullptr ? nullptr : given->find("type");
    // The file's parameters stay if they are those of the backend that is asked for.
    if (type == nullptr || type->text != *overrides.backend)
      put(root, "backend", make_text(*overrides.backend, {"--backend " + *overrides.backend, 0, 0}));
  }
  apply_settings(overrides.settings, root, reader);
  refuse_seeds_of_stages(overrides, root, reader);
}

}  // namespace tyto::spec

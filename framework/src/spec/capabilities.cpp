#include "capabilities.hpp"

#include <algorithm>
#include <string>

#include <tyto/learning_rule.hpp>

#include "parts.hpp"
#include "words.hpp"

namespace tyto::spec {

namespace {

/// Matches what the rule needs with what layers and backend offer.
void match_needs(const Configured& rule, const BuiltModel& built, const UsedBackend& backend, Reader& reader) {
  const std::string who = "the rule " + quote(rule.info->name) + " needs ";
  for (const auto& need : rule.as<LearningRule>()->needs()) {
    const std::string capability(need.capability);
    if (need.of == Need::Of::backend) {
      if (backend.info != nullptr && !backend.info->offers(need.capability))
        reader.fault(backend.place, who + "a backend that offers " + quote(capability) + ", which " +
                                        quote(backend.info->name) + " does not");
      continue;
    }
    for (std::size_t i = 0; i < built.model.layers.size(); ++i) {
      const ComponentInfo* type = built.types[i];
      if (type == nullptr || type->offers(need.capability) || type->offers(capability::transform)) continue;
      // Nothing arrives at a source, so that nothing has to go back through it.
      if (type->offers(capability::source)) continue;
      if (need.of == Need::Of::every_spiking_layer && !type->offers(capability::spiking)) continue;
      reader.fault(built.places[i], who + "layers that offer " + quote(capability) + ", which layer " +
                                        quote(built.model.layers[i].name) + " of type " + quote(type->name) +
                                        " does not");
    }
  }
}

/// Gradients have to pass every connection.
void check_way_back(const Configured& rule, const BuiltModel& built, Reader& reader) {
  const auto needs = rule.as<LearningRule>()->needs();
  const auto goes_back = [](const Need& need) { return need.capability == capability::backpropagation; };
  if (std::none_of(needs.begin(), needs.end(), goes_back)) return;
  for (std::size_t i = 0; i < built.model.layers.size(); ++i)
    for (const auto& input : built.model.layers[i].inputs)
      if (!input.projection->runs_backward())
        reader.fault(built.places[i], "the rule " + quote(rule.info->name) +
                                          " needs gradients, which cannot pass the "
                                          "connection " +
                                          quote(input.name) + " of type " + quote(input.type) + " into layer " +
                                          quote(built.model.layers[i].name));
}

/// Connections that learn by themselves do so only if the rule of the whole model lets them.
void check_local_rules(const Configured& rule, const BuiltModel& built, Reader& reader) {
  if (rule.info->offers(capability::local_rules)) return;
  for (std::size_t i = 0; i < built.model.layers.size(); ++i)
    for (const auto& input : built.model.layers[i].inputs)
      if (input.learning)
        reader.fault(built.places[i], "the connection " + quote(input.name) + " into layer " +
                                          quote(built.model.layers[i].name) + " learns by the rule " +
                                          quote(input.learning->type) + ", which the learning rule " +
                                          quote(rule.info->name) + " leaves no room for; use 'rule: local'");
}

}  // namespace

void check_capabilities(const Configured& rule, const BuiltModel& built, const UsedBackend& backend, Reader& reader) {
  if (rule.interface != nullptr)
    guarded(reader, rule.place, [&] {
      match_needs(rule, built, backend, reader);
      check_way_back(rule, built, reader);
    });
  if (rule.info != nullptr) check_local_rules(rule, built, reader);
}

}  // namespace tyto::spec

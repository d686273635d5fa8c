/// Makes components and models for tests, through the same plugins and the same reader that
/// experiments use.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <tyto/analysis.hpp>
#include <tyto/backend.hpp>
#include <tyto/learning_rule.hpp>

#include "plugin/registry.hpp"
#include "spec/node.hpp"
#include "spec/reader.hpp"

namespace workshop {

/// Whether accesses to memory are checked, which takes its time.
#ifdef __SANITIZE_ADDRESS__
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

/// The registry on the build tree's plugins, and on those of the folder TYTO_TEST_PLUGINS, if that is set.
inline tyto::plugin::Registry& registry() {
  static tyto::plugin::Registry instance([] {
    std::vector<std::filesystem::path> folders{TYTO_PLUGIN_FOLDER};
    if (const char* const more = std::getenv("TYTO_TEST_PLUGINS")) folders.emplace_back(more);
    return folders;
  }());
  return instance;
}

/// A component from YAML such as "{type: lif, tau: 5 ms}".
template <class Interface>
std::shared_ptr<Interface> make(const std::string& yaml, bool* spiking = nullptr) {
  tyto::spec::Reader reader(registry());
  const tyto::spec::Configured configured =
      reader.component(tyto::spec::parse(yaml, "test"), {.kind = tyto::kind_of<Interface>});
  reader.finish();
  if (spiking != nullptr) *spiking = configured.info->offers(tyto::capability::spiking);
  return configured.as<Interface>();
}

inline std::shared_ptr<tyto::Surrogate> surrogate(const std::string& yaml) { return make<tyto::Surrogate>(yaml); }

/// A layer with a projection, by their YAML.
struct LayerText {
  std::string name;
  std::size_t size;
  std::string population;
  std::string projection = "dense";
};

/// A chain of layers on an input.
inline tyto::Model chain(const tyto::TrialShape& input, const std::vector<LayerText>& texts) {
  tyto::Model model;
  model.input = input;
  std::size_t from = tyto::ModelInput::stimulus;
  std::size_t from_size = input.channels;
  for (const auto& text : texts) {
    tyto::ModelLayer layer;
    layer.name = text.name;
    layer.type = text.population;
    layer.size = text.size;
    layer.steps = input.steps;
    layer.population = make<tyto::Layer>(text.population, &layer.spiking);
    tyto::ModelInput source;
    source.name = model.layers.empty() ? "stimulus" : model.layers.back().name;
    source.from = from;
    source.type = text.projection;
    source.projection = make<tyto::Layer>(text.projection);
    source.arrays = source.projection->arrays(from_size, text.size);
    layer.inputs.push_back(std::move(source));
    from = model.layers.size();
    from_size = text.size;
    model.layers.push_back(std::move(layer));
  }
  return model;
}

/// One backend and precision; tests of arithmetic run once for each.
struct Arithmetic {
  std::string backend;
  tyto::Precision precision;
  [[nodiscard]] bool is_double() const { return precision == tyto::Precision::float64; }
};
inline std::vector<Arithmetic> arithmetics() {
  std::vector<Arithmetic> all;
  for (const auto& backend : registry().names(tyto::Kind::backend))
    for (const auto precision : {tyto::Precision::float32, tyto::Precision::float64})
      all.push_back({backend, precision});
  return all;
}
inline std::string name_of(const Arithmetic& arithmetic) {
  return arithmetic.backend + (arithmetic.is_double() ? "_float64" : "_float32");
}
inline std::unique_ptr<tyto::Program> compile(const tyto::Model& model, const Arithmetic& arithmetic,
                                              tyto::Executor& executor) {
  return make<tyto::Backend>(arithmetic.backend)->compile(model, arithmetic.precision, executor);
}

}  // namespace workshop

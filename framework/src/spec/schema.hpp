/// JSON Schema (draft 7) of experiment and model files, for editors and other programs.
#pragma once

#include <string>

#include "../plugin/registry.hpp"

namespace tyto::spec {

enum class SchemaOf { experiment, model_file };

/// The schema as JSON text, from what is known of all components; no library is opened.
[[nodiscard]] std::string schema(const plugin::Components& components, SchemaOf what);

}  // namespace tyto::spec

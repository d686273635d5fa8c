/// Whether a learning rule, the layers and connections of a model and a backend go together.
#pragma once

#include "model.hpp"
#include "reader.hpp"

namespace tyto::spec {

struct UsedBackend {
  const ComponentInfo* info = nullptr;  ///< null if unknown
  Place place;
};

/// Matches what the rule needs with what all others offer, and states a fault for each thing that is missing.
void check_capabilities(const Configured& rule, const BuiltModel& built, const UsedBackend& backend, Reader& reader);

}  // namespace tyto::spec

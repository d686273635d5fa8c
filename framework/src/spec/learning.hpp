/// The key `learning` of an experiment: its rule, and how many trials there are.
#pragma once

#include "experiment.hpp"
#include "reader.hpp"

namespace tyto::spec {

struct LearningPart {
  Configured rule;
  Node resolved;
};

/// Reads the rule and the keys beside it into an experiment whose stimulus and objective are known.
[[nodiscard]] LearningPart read_learning(const Node& root, Reader& reader, Experiment& experiment);

}  // namespace tyto::spec

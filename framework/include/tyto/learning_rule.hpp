/// A learning rule: what it needs, and one function per batch.
#pragma once

#include <string_view>
#include <vector>

#include <tyto/backend.hpp>

namespace tyto {

/// A capability that a rule needs, matched before anything runs.
struct Need {
  enum class Of {
    every_layer,          ///< every population of the model
    every_spiking_layer,  ///< every population whose output are spikes
    backend
  };
  Of of;
  std::string_view capability;
};

/// Interface of the plugin kind "learning rule".
class TYTO_API LearningRule {
 public:
  virtual ~LearningRule() = default;
  [[nodiscard]] virtual std::vector<Need> needs() const = 0;
  /// False for rules that only evaluate; then there are no training trials and no epochs.
  [[nodiscard]] virtual bool trains() const { return true; }
  /// Called when an experiment is read. Throws Error if the rule cannot work on this model with this objective.
  virtual void check([[maybe_unused]] const Model& model, [[maybe_unused]] const Objective& objective) const {}
  /// Called once, before the first batch.
  virtual void begin([[maybe_unused]] const Model& model, [[maybe_unused]] const Objective& objective) {}
  /// Learns from one batch.
  virtual BatchResult learn(Program& network, const Batch& batch, const Objective& objective) = 0;
};

}  // namespace tyto

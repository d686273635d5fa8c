#include <tyto/learning_rule.hpp>

namespace {

/// Evaluates given weights.
class NoLearning final : public tyto::LearningRule {
 public:
  static auto parameters() {
    return tyto::parameters<NoLearning>("No learning: the weights stay as they are and are only evaluated");
  }
  [[nodiscard]] std::vector<tyto::Need> needs() const override { return {}; }
  [[nodiscard]] bool trains() const override { return false; }
  tyto::BatchResult learn(tyto::Program&, const tyto::Batch&, const tyto::Objective&) override {
    throw tyto::Error("the rule 'none' does not learn");
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<NoLearning>("none"); }

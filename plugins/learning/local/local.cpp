#include <memory>
#include <optional>

#include <tyto/learning_rule.hpp>

namespace {

/// Connections learn by rules of their own.
class Local final : public tyto::LearningRule {
 public:
  double baseline = 0.1;

  static auto parameters() {
    return tyto::parameters<Local>(
               "Each connection with a key 'learn' learns by the rule named there; others stay as they are")
        .details(R"(For each batch, in this order:

1. All trials run over all steps, with the weights that they find. The rule of each connection follows its trial from
   step to step, from traces of zero on, and adds up what it would change.
2. A rule that learns from rewards gets R - m at the end of each trial. R is 1 if the trial is classified right and 0 if
   not, or minus its loss if there are no classes. m is what is expected: 0 in the first batch, then its mean reward, and
   after each further batch m += baseline (mean reward - m).
3. Weights change by the mean over the batch's trials of what was added up, as if that were minus their gradient: with
   the optimizer `sgd` at a learning rate of 1 by exactly so much. Bounds and Dale's law hold afterwards.

With `batch_size: 1` weights change after each trial.)")
        .component("optimizer", &Local::optimizer_, "{type: sgd, learning_rate: 1}", "how weights follow their changes")
        .group("clip", &Local::clip_, tyto::Clipping::parameters(), "bounds of the changes; none if not given")
        .number("baseline", &Local::baseline, "0.1", "how fast the expected reward follows; 0: nothing is expected")
        .range(0, 1);
  }

  [[nodiscard]] std::vector<tyto::Need> needs() const override {
    return {{tyto::Need::Of::backend, tyto::capability::local_rules}};
  }
  void check(const tyto::Model& model, const tyto::Objective&) const override {
    for (const auto& layer : model.layers)
      for (const auto& input : layer.inputs)
        if (input.learning) return;
    throw tyto::Error("no connection has a rule to learn by; give one as in 'learn: {rule: stdp}'");
  }
  void begin(const tyto::Model&, const tyto::Objective&) override {
    expected_ = 0;
    batches_ = 0;
  }
  tyto::BatchResult learn(tyto::Program& network, const tyto::Batch& batch, const tyto::Objective& objective) override {
    tyto::BatchResult result = network.learn(batch, {&objective, expected_});
    network.apply(*optimizer_, clip_.value_or(tyto::Clipping{}));
    const double followed = batches_++ == 0 && baseline > 0 ? 1 : baseline;
    expected_ += followed * (result.reward - expected_);
    return result;
  }

 private:
  std::shared_ptr<const tyto::Optimizer> optimizer_;
  std::optional<tyto::Clipping> clip_;
  double expected_ = 0;
  std::size_t batches_ = 0;
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<Local>("local", {tyto::capability::local_rules}); }

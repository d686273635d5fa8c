#include <tyto/learning_rule.hpp>

namespace {

/// Changes all weights a little at random, and keeps the change if the loss of the batch fell.
class RandomSearch final : public tyto::LearningRule {
 public:
  static auto parameters() {
    return tyto::parameters<RandomSearch>("Random changes of all weights, kept if they lower the batch's loss")
        .number("size", &RandomSearch::size_, "0.01", "standard deviation of a change")
        .positive()
        .integer("stream", &RandomSearch::stream_, "1", "number of the random stream of the changes")
        .non_negative();
  }

  std::vector<tyto::Need> needs() const override { return {}; }

  void begin(const tyto::Model&, const tyto::Objective&) override { batches_ = 0; }

  tyto::BatchResult learn(tyto::Program& network, const tyto::Batch& batch, const tyto::Objective& objective) override {
    const auto before = score(network, batch, objective);
    const auto kept = change(network);
    const auto after = score(network, batch, objective);
    if (after.loss < before.loss) return after;
    for (std::size_t k = 0; k < kept.size(); ++k) network.set(k, kept[k]);
    return before;
  }

 private:
  static tyto::BatchResult score(tyto::Program& network, const tyto::Batch& batch, const tyto::Objective& objective) {
    const auto answer = network.evaluate(batch, objective, false);
    const std::span<const double> scores = answer.scores;
    tyto::BatchResult result;
    result.trials = answer.trials;
    for (std::size_t i = 0; i < answer.trials; ++i) {
      result.loss += answer.losses[i] / static_cast<double>(answer.trials);
      const double target = batch.trials->targets(batch.index[i])[objective.target_index()];
      const double estimate = objective.estimate(scores.subspan(i * objective.outputs(), objective.outputs()));
      if (objective.classifies() && objective.class_of(estimate) == objective.class_of(target)) ++result.correct;
    }
    return result;
  }

  /// Changes every trainable array; returns the values before.
  std::vector<std::vector<double>> change(tyto::Program& network) {
    tyto::Random random(tyto::stream_key(stream_, "random_search"), batches_++);
    std::vector<std::vector<double>> before;
    for (std::size_t k = 0; k < network.arrays().size(); ++k) {
      before.push_back(network.get(k));
      if (!network.arrays()[k].info.trainable) continue;
      auto values = before.back();
      for (double& value : values) value += size_ * random.normal();
      network.set(k, values);
    }
    return before;
  }

  double size_ = 0;
  std::uint64_t stream_ = 0;
  std::uint64_t batches_ = 0;
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<RandomSearch>("random_search"); }

/// A finished run as analyses see it.
#pragma once

#include <tyto/analysis.hpp>

namespace tyto::run {

class TestedRun final : public FinishedRun {
 public:
  TestedRun(const Model& model, const Objective& objective, Network& network, const TrialSet& trials,
            const Evaluation& evaluation)
      : model_(model), objective_(objective), network_(network), trials_(trials), evaluation_(evaluation) {}

  [[nodiscard]] const Model& model() const override { return model_; }
  [[nodiscard]] const Objective& objective() const override { return objective_; }
  [[nodiscard]] const TrialSet& trials() const override { return trials_; }
  [[nodiscard]] const Evaluation& evaluation() const override { return evaluation_; }
  [[nodiscard]] Recording record(std::size_t trial, std::size_t layer) const override {
    return network_.record(trials_, trial, layer);
  }
  [[nodiscard]] std::vector<double> array(std::string_view layer, std::string_view name) const override;

 private:
  const Model& model_;
  const Objective& objective_;
  Network& network_;
  const TrialSet& trials_;
  const Evaluation& evaluation_;
};

}  // namespace tyto::run

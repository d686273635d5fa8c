/// A finished run as analyses see it.
#pragma once

#include <tyto/analysis.hpp>
#include <tyto/parallel.hpp>

#include "../spec/experiment.hpp"

namespace tyto::run {

class TestedRun final : public FinishedRun {
 public:
  TestedRun(const spec::Experiment& experiment, Program& network, const TrialSet& training_trials,
            const TrialSet& trials, const Evaluation& evaluation, Executor& executor)
      : experiment_(experiment),
        network_(network),
        training_trials_(training_trials),
        trials_(trials),
        evaluation_(evaluation),
        executor_(executor) {}

  [[nodiscard]] const Model& model() const override { return experiment_.model; }
  [[nodiscard]] const Objective& objective() const override { return experiment_.objective; }
  [[nodiscard]] const TrialSet& trials() const override { return trials_; }
  [[nodiscard]] const Evaluation& evaluation() const override { return evaluation_; }
  [[nodiscard]] Recording record(std::size_t trial, std::size_t layer) const override {
    return network_.record(trials_, trial, layer);
  }
  [[nodiscard]] std::vector<double> array(std::string_view path) const override;
  [[nodiscard]] std::unique_ptr<Tuning> tuning(std::size_t layer) const override;
  [[nodiscard]] const TrialSet& training_trials() const override { return training_trials_; }
  [[nodiscard]] Evaluation evaluate(const TrialSet& trials, std::span<const ChangedArray> changed) const override;
  [[nodiscard]] std::vector<double> log_likelihood(std::span<const double> values) const override;

 private:
  const spec::Experiment& experiment_;
  Program& network_;
  const TrialSet& training_trials_;
  const TrialSet& trials_;
  const Evaluation& evaluation_;
  Executor& executor_;
};

}  // namespace tyto::run

/// How good a network's answers are, for analyses that ask it anew.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

#include <tyto/analysis.hpp>

namespace scoring {

struct Quality {
  double accuracy = std::numeric_limits<double>::quiet_NaN();  ///< only with classes
  double error = 0;                                            ///< mean absolute error to the true target, base unit
  double loss = 0;
};

[[nodiscard]] inline Quality quality(const tyto::Evaluation& answers, const tyto::TrialSet& trials,
                                     const tyto::Objective& objective) {
  Quality result;
  const auto count = static_cast<double>(answers.trials);
  std::size_t correct = 0;
  for (std::size_t trial = 0; trial < answers.trials; ++trial) {
    const double target = trials.targets(trial)[objective.target_index()];
    const double estimate =
        objective.estimate(std::span(answers.scores).subspan(trial * objective.outputs(), objective.outputs()));
    result.error += objective.distance(estimate, target) / count;
    result.loss += answers.losses[trial] / count;
    if (objective.classifies()) correct += objective.class_of(estimate) == objective.class_of(target) ? 1 : 0;
  }
  if (objective.classifies()) result.accuracy = static_cast<double>(correct) / count;
  return result;
}

}  // namespace scoring

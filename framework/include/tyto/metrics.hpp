/// How good a network is on a set of trials: the one definition of accuracy and errors, for runs and for analyses that
/// ask a network anew. Every figure says in its name what it is measured against.
#pragma once

#include <optional>

#include <tyto/backend.hpp>
#include <tyto/export.hpp>
#include <tyto/objective.hpp>
#include <tyto/trials.hpp>

namespace tyto {

struct Metrics {
  double loss = 0;
  std::optional<double> accuracy;     ///< part of the trials in the right class; only with classes
  std::optional<double> chance;       ///< the accuracy of always answering the class that is most frequent
  std::optional<double> error;        ///< mean |estimate - target|, base unit; not where the target is a category
  std::optional<double> class_error;  ///< mean |centre of estimated - centre of true class|, base unit; as `error`
};

/// `evaluation`: what the network answered to all of `trials`.
[[nodiscard]] TYTO_API Metrics measure(const Evaluation& evaluation, const TrialSet& trials,
                                       const Objective& objective);

}  // namespace tyto

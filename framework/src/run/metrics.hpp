/// How good a network is on a set of trials. Every figure says in its name what it is measured against.
#pragma once

#include <optional>

#include <tyto/backend.hpp>
#include <tyto/table.hpp>

namespace tyto::run {

struct Metrics {
  double loss = 0;
  std::optional<double> accuracy;     ///< part of the trials in the right class; only with classes
  double error = 0;                   ///< mean |estimate - target|, base unit
  std::optional<double> class_error;  ///< mean |centre of estimated - centre of true class|, base unit
};

[[nodiscard]] Metrics measure(const Evaluation& evaluation, const TrialSet& trials, const Objective& objective);

/// accuracy, error_deg, class_error_deg, loss (or error and class_error in base units if the target is no angle).
[[nodiscard]] Table metrics_table(const Metrics& metrics, const Objective& objective);

}  // namespace tyto::run

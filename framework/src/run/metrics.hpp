/// Metrics as they stand in a results file.
#pragma once

#include <tyto/metrics.hpp>
#include <tyto/table.hpp>

namespace tyto::run {

/// accuracy, error_deg, class_error_deg, loss (or error and class_error in base units if the target is no angle).
[[nodiscard]] Table metrics_table(const Metrics& metrics, const Objective& objective);

}  // namespace tyto::run

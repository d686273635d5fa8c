#include "metrics.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include <tyto/analysis_tools.hpp>

namespace tyto {

Metrics measure(const Evaluation& evaluation, const TrialSet& trials, const Objective& objective) {
  Metrics metrics;
  const auto count = static_cast<double>(evaluation.trials);
  const std::size_t outputs = objective.outputs();
  double error = 0, class_error = 0;
  std::size_t correct = 0;
  std::vector<std::size_t> frequency(objective.classifies() ? outputs : 0);
  for (std::size_t i = 0; i < evaluation.trials; ++i) {
    const double target = trials.targets(i)[objective.target_index()];
    const double estimate = objective.estimate(std::span(evaluation.scores).subspan(i * outputs, outputs));
    metrics.loss += evaluation.losses[i] / count;
    error += objective.distance(estimate, target) / count;
    if (!objective.classifies()) continue;
    const std::size_t true_class = objective.class_of(target);
    const std::size_t estimated_class = objective.class_of(estimate);
    ++frequency[true_class];
    correct += true_class == estimated_class ? 1 : 0;
    class_error += std::abs(estimate - objective.class_centre(true_class)) / count;
  }
  if (objective.classifies()) {
    metrics.accuracy = static_cast<double>(correct) / count;
    metrics.chance = static_cast<double>(*std::max_element(frequency.begin(), frequency.end())) / count;
  }
  if (!objective.target_info().categories.empty()) return metrics;
  metrics.error = error;
  if (objective.classifies()) metrics.class_error = class_error;
  return metrics;
}

namespace run {

Table metrics_table(const Metrics& metrics, const Objective& objective) {
  Table table;
  const ReportedUnit unit = reported_unit(objective.target_info().dimension);
  const std::string suffix = objective.target_info().dimension == Dimension::angle ? "_deg" : "";
  const auto add = [&](const std::string& name, double value, const std::string& units, const std::string& text) {
    table.variable(name, {}, std::vector<double>{value}, units, text);
  };
  if (metrics.accuracy) add("accuracy", *metrics.accuracy, "1", "part of the trials in the right class");
  if (metrics.chance)
    add("chance_accuracy", *metrics.chance, "1", "accuracy of always answering the most frequent class");
  if (metrics.error)
    add("error" + suffix, unit.per_base * *metrics.error, unit.name,
        "mean absolute error of the estimate to the true target");
  if (metrics.class_error)
    add("class_error" + suffix, unit.per_base * *metrics.class_error, unit.name,
        "mean absolute error of the estimate to the centre of the true class");
  add("loss", metrics.loss, "1", "mean loss over the trials, without penalties");
  return table;
}

}  // namespace run
}  // namespace tyto

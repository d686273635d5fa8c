/// The ideal observer: what can be known of the target from the spikes, by the probabilities that made them.

#include <algorithm>
#include <cmath>

#include <tyto/analysis.hpp>
#include <tyto/analysis_tools.hpp>
#include <tyto/component.hpp>
#include <tyto/math.hpp>
#include <tyto/metrics.hpp>
#include <tyto/plugin.hpp>

namespace {

/// Probabilities from their logarithms up to a constant. If all are zero, nothing is known.
void normalise(std::span<const double> logarithms, std::span<double> posterior) {
  const double highest = *std::max_element(logarithms.begin(), logarithms.end());
  double total = 0;
  for (std::size_t i = 0; i < posterior.size(); ++i) {
    posterior[i] = std::isfinite(highest) ? tyto::exp(logarithms[i] - highest) : 1.0;
    total += posterior[i];
  }
  for (double& p : posterior) p /= total;
}

struct IdealObserver final : tyto::Analysis {
  int grid = 0;

  static auto parameters() {
    return tyto::parameters<IdealObserver>(
               "Ideal observer: the posterior over the target given the spikes, by the stimulus's exact probabilities, "
               "a flat prior, and knowledge of all else about the trial; its accuracy and errors on the test trials")
        .integer("grid", &IdealObserver::grid, "360", "target values that are compared, evenly over the range")
        .range(12, 100'000);
  }

  [[nodiscard]] std::vector<std::string_view> needs_of_stimulus() const override {
    return {tyto::capability::likelihood};
  }

  void check(const tyto::Model&, const tyto::Objective& objective) const override {
    tyto::require_number(objective.target_info(), "ideal_observer");
  }

  void run(const tyto::FinishedRun& run, tyto::Table& table) const override {
    const auto& objective = run.objective();
    const auto count = static_cast<std::size_t>(grid);
    const auto values = tyto::target_bins(objective.target_info(), count).centres();
    const auto logarithms = run.log_likelihood(values);
    std::vector<std::size_t> class_of;
    if (objective.classifies())
      for (const double value : values) class_of.push_back(objective.class_of(value));

    Answers answers;
    std::vector<double> posterior(count);
    for (std::size_t trial = 0; trial < run.trials().size(); ++trial) {
      normalise(std::span(logarithms).subspan(trial * count, count), posterior);
      judge(values, posterior, class_of, run.target(trial), objective, answers);
    }
    write(run, answers, table);
  }

 private:
  struct Answers {
    std::size_t trials = 0;
    std::size_t correct = 0;
    std::size_t map_correct = 0;
    tyto::Moments class_error, map_class_error, error, map_error, mean_error, spread;
    std::vector<double> estimates;
  };

  static void judge(const std::vector<double>& values, const std::vector<double>& posterior,
                    const std::vector<std::size_t>& class_of, double target, const tyto::Objective& objective,
                    Answers& answers) {
    double mean = 0, square = 0;
    for (std::size_t i = 0; i < values.size(); ++i) mean += posterior[i] * values[i];
    for (std::size_t i = 0; i < values.size(); ++i) square += posterior[i] * (values[i] - mean) * (values[i] - mean);
    const auto best =
        static_cast<std::size_t>(std::max_element(posterior.begin(), posterior.end()) - posterior.begin());
    ++answers.trials;
    answers.estimates.push_back(mean);
    answers.mean_error.add(std::abs(mean - target));
    answers.map_error.add(std::abs(values[best] - target));
    answers.spread.add(std::sqrt(square));
    if (class_of.empty()) return;
    std::vector<double> mass(objective.outputs());
    for (std::size_t i = 0; i < values.size(); ++i) mass[class_of[i]] += posterior[i];
    const auto likely = static_cast<std::size_t>(std::max_element(mass.begin(), mass.end()) - mass.begin());
    const std::size_t truth = objective.class_of(target);
    answers.correct += likely == truth ? 1 : 0;
    answers.map_correct += class_of[best] == truth ? 1 : 0;
    answers.class_error.add(std::abs(objective.class_centre(likely) - objective.class_centre(truth)));
    answers.map_class_error.add(std::abs(objective.class_centre(class_of[best]) - objective.class_centre(truth)));
    answers.error.add(std::abs(objective.class_centre(likely) - target));
  }

  void write(const tyto::FinishedRun& run, Answers& answers, tyto::Table& table) const {
    const auto& target = run.objective().target_info();
    const auto unit = tyto::reported_unit(target.dimension);
    const auto number = [&](const std::string& name, double value, const std::string& units, const std::string& text) {
      table.variable(name, {}, std::vector<double>{value}, units, text);
    };
    const auto count = static_cast<double>(answers.trials);
    table.attribute("grid", static_cast<std::int64_t>(grid));
    const auto network = tyto::measure(run.evaluation(), run.trials(), run.objective());
    if (run.objective().classifies()) {
      number("accuracy", static_cast<double>(answers.correct) / count, "1",
             "part of the test trials whose class has the highest posterior probability");
      number("map_accuracy", static_cast<double>(answers.map_correct) / count, "1",
             "part of the test trials whose class holds the most probable value");
      number("network_accuracy", *network.accuracy, "1",
             "part of the same trials that the network puts in the right class");
      number("class_error", answers.class_error.mean() * unit.per_base, unit.name,
             "mean absolute difference of the centres of the most probable and the true class");
      number("map_class_error", answers.map_class_error.mean() * unit.per_base, unit.name,
             "mean absolute difference of the centres of the most probable value's and the true class");
      number("error", answers.error.mean() * unit.per_base, unit.name,
             "mean absolute error of the most probable class's centre to the true " + target.name);
    }
    number("network_error", network.error.value() * unit.per_base, unit.name,
           "mean absolute error of the network's estimate to the true " + target.name);
    number("map_error", answers.map_error.mean() * unit.per_base, unit.name,
           "mean absolute error of the most probable value to the true " + target.name);
    number("posterior_mean_error", answers.mean_error.mean() * unit.per_base, unit.name,
           "mean absolute error of the posterior mean to the true " + target.name);
    number("posterior_sd", answers.spread.mean() * unit.per_base, unit.name,
           "standard deviation of the posterior, mean over trials");
    for (double& estimate : answers.estimates) estimate *= unit.per_base;
    table.axis("trial", tyto::numbered(answers.trials), "1", "test trial");
    table.variable("posterior_mean", {"trial"}, std::move(answers.estimates), unit.name,
                   target.name + ", mean of the posterior");
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<IdealObserver>("ideal_observer"); }

/// Confusion matrix: how often each class was taken for each class.

#include <limits>

#include <tyto/analysis.hpp>
#include <tyto/analysis_tools.hpp>
#include <tyto/error.hpp>
#include <tyto/plugin.hpp>

namespace {

struct Confusion final : tyto::Analysis {
  static auto parameters() {
    return tyto::parameters<Confusion>("Confusion matrix of the test trials, counts and shares of each true class");
  }

  void check(const tyto::Model&, const tyto::Objective& objective) const override {
    if (!objective.classifies())
      throw tyto::Error(
          "confusion needs classes, and the objective estimates a value; give 'objective.classes', or use the "
          "analysis 'estimates'");
  }

  void run(const tyto::FinishedRun& run, tyto::Table& table) const override {
    const auto& objective = run.objective();
    const std::size_t classes = objective.outputs();
    std::vector<std::int64_t> counts(classes * classes);
    std::vector<std::int64_t> trials(classes);
    for (std::size_t trial = 0; trial < run.trials().size(); ++trial) {
      const std::size_t truth = objective.class_of(run.target(trial));
      ++counts[truth * classes + objective.class_of(run.estimate(trial))];
      ++trials[truth];
    }
    // Without a trial of its class, a row has no shares: it is left as NaN.
    std::vector<double> shares(classes * classes, std::numeric_limits<double>::quiet_NaN());
    std::vector<double> accuracy(classes, std::numeric_limits<double>::quiet_NaN());
    for (std::size_t truth = 0; truth < classes; ++truth) {
      if (trials[truth] == 0) continue;
      for (std::size_t k = truth * classes; k < (truth + 1) * classes; ++k)
        shares[k] = static_cast<double>(counts[k]) / static_cast<double>(trials[truth]);
      accuracy[truth] = shares[truth * classes + truth];
    }
    const auto& target = objective.target_info();
    const auto unit = tyto::reported_unit(target.dimension);
    const auto along = tyto::along_target(target, classes);
    const std::string of = target.categories.empty() ? ", centre of the " : ", name of the ";
    table.axis("true_class", along, unit.name, target.name + of + "true class");
    table.axis("estimated_class", along, unit.name, target.name + of + "estimated class");
    table.variable("counts", {"true_class", "estimated_class"}, std::move(counts), "1",
                   "test trials of each true class taken for each class");
    table
        .variable("share", {"true_class", "estimated_class"}, std::move(shares), "1",
                  "share of each true class's test trials taken for each class")
        .nan_means("classes without trials");
    table
        .variable("accuracy", {"true_class"}, std::move(accuracy), "1",
                  "share of each true class's test trials taken for that class")
        .nan_means("classes without trials");
    table.variable("trials", {"true_class"}, std::move(trials), "1", "test trials of each true class");
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<Confusion>("confusion"); }

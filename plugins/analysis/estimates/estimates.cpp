/// Estimates: what the network took every test trial for, and how far off it was.

#include <cmath>

#include <tyto/analysis.hpp>
#include <tyto/analysis_tools.hpp>
#include <tyto/error.hpp>
#include <tyto/plugin.hpp>

namespace {

/// Target and estimate of every test trial, in base units.
struct Estimated {
  std::vector<double> truth;
  std::vector<double> estimate;
};

struct Estimates final : tyto::Analysis {
  int bins = 36;

  static auto parameters() {
    return tyto::parameters<Estimates>(
               "Histograms of estimates and their errors, against the true target of each trial")
        .integer("bins", &Estimates::bins, "36", "bins of the histograms")
        .range(1, 10'000);
  }

  void check(const tyto::Model&, const tyto::Objective& objective) const override {
    const auto& target = objective.target_info();
    tyto::require_number(target, "estimates");
    if (!(target.minimum < target.maximum))
      throw tyto::Error("estimates needs a target with a range, and that of '" + target.name + "' is empty");
  }

  void run(const tyto::FinishedRun& run, tyto::Table& table) const override {
    Estimated all;
    for (std::size_t trial = 0; trial < run.trials().size(); ++trial) {
      all.truth.push_back(run.target(trial));
      all.estimate.push_back(run.estimate(trial));
    }
    const auto& target = run.objective().target_info();
    const auto unit = tyto::reported_unit(target.dimension);
    const auto by_truth = tyto::target_bins(target, count());
    const auto by_class =
        run.objective().classifies() ? tyto::target_bins(target, run.objective().outputs()) : by_truth;
    write_error_histogram(all, target, unit, table);
    write_joint_histogram(all, by_truth, by_class, target, unit, table);
    write_errors_by_class(all, by_class, target, unit, table);
    write_trials(std::move(all), target, unit, table);
  }

 private:
  [[nodiscard]] std::size_t count() const { return static_cast<std::size_t>(bins); }

  void write_error_histogram(const Estimated& all, const tyto::TargetInfo& target, const tyto::ReportedUnit& unit,
                             tyto::Table& table) const {
    const double span = target.maximum - target.minimum;
    const tyto::Bins by_error(-span, span, count());
    std::vector<std::int64_t> counts(count());
    std::int64_t beyond = 0;
    for (std::size_t i = 0; i < all.truth.size(); ++i)
      if (const auto bin = by_error.find(all.estimate[i] - all.truth[i]))
        ++counts[*bin];
      else
        ++beyond;
    table.axis("error", by_error.centres(unit.per_base), unit.name,
               target.name + ", estimate minus true value, centre of each bin");
    table.variable("error_counts", {"error"}, std::move(counts), "1", "test trials with an error in each bin");
    table.variable("errors_beyond", {}, std::vector<std::int64_t>{beyond}, "1",
                   "test trials with an error larger than the target's range, in no bin");
  }

  static void write_joint_histogram(const Estimated& all, const tyto::Bins& by_truth, const tyto::Bins& by_estimate,
                                    const tyto::TargetInfo& target, const tyto::ReportedUnit& unit,
                                    tyto::Table& table) {
    std::vector<std::int64_t> counts(by_truth.size() * by_estimate.size());
    std::int64_t outside = 0;
    for (std::size_t i = 0; i < all.truth.size(); ++i)
      if (const auto bin = by_estimate.find(all.estimate[i]))
        ++counts[by_truth.nearest(all.truth[i]) * by_estimate.size() + *bin];
      else
        ++outside;
    table.axis("true_target", by_truth.centres(unit.per_base), unit.name, target.name + ", true value, bin centre");
    table.axis("estimated_target", by_estimate.centres(unit.per_base), unit.name,
               target.name + ", estimated value, bin centre");
    table.variable("joint_counts", {"true_target", "estimated_target"}, std::move(counts), "1",
                   "test trials by true and estimated value");
    table.variable("estimates_outside", {}, std::vector<std::int64_t>{outside}, "1",
                   "test trials with an estimate outside the target's range, in no bin");
  }

  static void write_errors_by_class(const Estimated& all, const tyto::Bins& by_class, const tyto::TargetInfo& target,
                                    const tyto::ReportedUnit& unit, tyto::Table& table) {
    tyto::Moments all_sizes, all_errors, all_squares;
    std::vector<tyto::Moments> sizes(by_class.size()), errors(by_class.size());
    for (std::size_t i = 0; i < all.truth.size(); ++i) {
      const double error = (all.estimate[i] - all.truth[i]) * unit.per_base;
      const std::size_t bin = by_class.nearest(all.truth[i]);
      sizes[bin].add(std::abs(error));
      errors[bin].add(error);
      all_sizes.add(std::abs(error));
      all_errors.add(error);
      all_squares.add(error * error);
    }
    std::vector<double> size, bias, sd;
    std::vector<std::int64_t> trials;
    for (std::size_t bin = 0; bin < by_class.size(); ++bin) {
      size.push_back(sizes[bin].mean());
      bias.push_back(errors[bin].mean());
      sd.push_back(errors[bin].sd());
      trials.push_back(static_cast<std::int64_t>(errors[bin].count()));
    }
    table.axis("true_class", by_class.centres(unit.per_base), unit.name,
               target.name + ", centre of the true class, or of the bin without classes");
    table
        .variable("class_absolute_error", {"true_class"}, std::move(size), unit.name,
                  "mean absolute error to the true value, by true class")
        .nan_means("classes with too few trials");
    table
        .variable("class_bias", {"true_class"}, std::move(bias), unit.name,
                  "mean of estimate minus true value, by true class")
        .nan_means("classes with too few trials");
    table
        .variable("class_error_sd", {"true_class"}, std::move(sd), unit.name,
                  "standard deviation (n - 1) of estimate minus true value, by true class")
        .nan_means("classes with too few trials");
    table.variable("class_trials", {"true_class"}, std::move(trials), "1", "test trials of each true class");
    table.variable("absolute_error", {}, std::vector<double>{all_sizes.mean()}, unit.name,
                   "mean absolute error to the true value");
    table.variable("bias", {}, std::vector<double>{all_errors.mean()}, unit.name, "mean of estimate minus true value");
    table.variable("rms_error", {}, std::vector<double>{std::sqrt(all_squares.mean())}, unit.name,
                   "root mean square error to the true value");
  }

  static void write_trials(Estimated all, const tyto::TargetInfo& target, const tyto::ReportedUnit& unit,
                           tyto::Table& table) {
    const std::size_t trials = all.truth.size();
    for (double& value : all.truth) value *= unit.per_base;
    for (double& value : all.estimate) value *= unit.per_base;
    table.axis("trial", tyto::numbered(trials), "1", "test trial");
    table.variable("true_value", {"trial"}, std::move(all.truth), unit.name, target.name + ", true value");
    table.variable("estimated_value", {"trial"}, std::move(all.estimate), unit.name, target.name + ", estimated value");
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<Estimates>("estimates"); }

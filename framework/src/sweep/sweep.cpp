#include "sweep.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include <fmt/format.h>

#include <tyto/error.hpp>
#include <tyto/parallel.hpp>

#include "../results/target.hpp"
#include "../run/runner.hpp"
#include "merge.hpp"
#include "parts.hpp"
#include "plan.hpp"
#include "progress.hpp"

namespace tyto::sweep {

namespace {

/// One number that says how a run went.
std::string brief(const run::RunSummary& summary) {
  if (summary.test.accuracy) return fmt::format("accuracy {:.1f} %", 100 * *summary.test.accuracy);
  if (summary.epochs > 0 || summary.simulation_s == 0) return fmt::format("loss {:.4f}", summary.test.loss);
  if (summary.numbers.empty()) return fmt::format("simulated in {:.2f} s", summary.simulation_s);
  return fmt::format("{} {:.4g}", summary.numbers.front().name, summary.numbers.front().value);
}

/// Everything that the runs share.
class Runs {
 public:
  Runs(const spec::Sweep& sweep, const SweepOptions& options, const Plan& plan, const Parts& parts,
       plugin::Components& components, SweepProgress& progress, const std::stop_token& stop)
      : sweep_(sweep),
        options_(options),
        plan_(plan),
        parts_(parts),
        components_(components),
        progress_(progress),
        stop_(stop) {
    std::set<std::string> seen;
    for (std::size_t run = 0; run < plan.keys.size(); ++run)
      if (!parts.has(plan.keys[run]) && seen.insert(plan.keys[run]).second) missing_.push_back(run);
  }

  /// "3 of 8 runs have findings: chance 3, ties 1", or nothing.
  [[nodiscard]] std::string findings() const {
    if (with_findings_ == 0) return "";
    std::string text;
    for (const auto& [kind, runs] : findings_) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", kind, runs);
    return fmt::format("{} of {} runs have findings, which are in /health: {}", with_findings_, done_, text);
  }
  [[nodiscard]] std::size_t missing() const { return missing_.size(); }

  /// Runs what is missing, one thread for each run while there are enough of them.
  void run_missing() {
    const std::size_t side_by_side = std::max<std::size_t>(1, std::min(options_.threads, missing_.size()));
    const std::size_t threads = options_.threads / side_by_side;
    Executor executor(side_by_side);
    executor.for_each(missing_.size(), [&](std::size_t i) {
      if (!stop_.stop_requested()) run_one(missing_[i], threads);
    });
  }

  /// Parts that are there now, in runs.
  [[nodiscard]] std::size_t kept() const { return plan_.keys.size() - missing_.size() + done_; }

  /// All runs that failed, those included that have the same results as one that did.
  [[nodiscard]] std::vector<Failure> failures() const {
    std::vector<Failure> all;
    for (std::size_t run = 0; run < plan_.keys.size(); ++run)
      if (const auto found = failed_.find(plan_.keys[run]); found != failed_.end()) all.push_back({run, found->second});
    return all;
  }

 private:
  void run_one(std::size_t run, std::size_t threads) {
    const auto position = sweep_.position(run);
    const std::string settings = sweep_.text(position);
    try {
      const auto summary = run_experiment(position, plan_.keys[run], threads);
      const std::lock_guard lock(mutex_);
      ++done_;
      std::set<std::string> kinds;
      for (const auto& finding : summary.findings) kinds.insert(finding.kind);
      for (const auto& kind : kinds) ++findings_[kind];
      with_findings_ += kinds.empty() ? 0 : 1;
      progress_.finished(settings, brief(summary));
    } catch (const Interrupted&) {
      // The caller sees that a stop was requested.
    } catch (const std::exception& error) {
      const std::lock_guard lock(mutex_);
      failed_.emplace(plan_.keys[run], error.what());
      progress_.failed(settings, error.what());
    }
  }

  run::RunSummary run_experiment(const std::vector<std::size_t>& position, const std::string& key,
                                 std::size_t threads) {
    auto load = [&] {
      // Reading an experiment may open plugins, which one thread does at a time.
      const std::lock_guard lock(mutex_);
      return spec::load_experiment(options_.document, overrides_of_run(options_.overrides, sweep_, position),
                                   components_);
    };
    const spec::Experiment experiment = load();
    Executor executor(threads);
    run::Progress silent(stderr, run::Progress::Style::quiet);
    run::RunOptions options;
    options.out = parts_.file(key);
    options.origin = options_.origin;
    options.keep_sound = false;
    options.part_of_sweep = true;
    auto summary = run::run_experiment(experiment, options, executor, silent, stop_);
    parts_.seal(key);
    return summary;
  }

  const spec::Sweep& sweep_;
  const SweepOptions& options_;
  const Plan& plan_;
  const Parts& parts_;
  plugin::Components& components_;
  SweepProgress& progress_;
  const std::stop_token& stop_;
  std::vector<std::size_t> missing_;
  std::mutex mutex_;  ///< guards what follows, and the components
  std::size_t done_ = 0;
  std::map<std::string, std::string> failed_;
  std::size_t with_findings_ = 0;
  std::map<std::string, std::size_t> findings_;  ///< runs by kind
};

std::vector<std::vector<std::string>> labels_of(const spec::Sweep& sweep) {
  std::vector<std::vector<std::string>> labels;
  for (const auto& axis : sweep.axes) {
    auto& of_axis = labels.emplace_back(axis.size());
    for (const auto& swept : axis.paths)
      for (std::size_t i = 0; i < axis.size(); ++i) of_axis[i] += (of_axis[i].empty() ? "" : ", ") + swept.labels[i];
  }
  return labels;
}

}  // namespace

SweepOutcome run_sweep(const spec::Sweep& sweep, const SweepOptions& options, plugin::Components& components,
                       const std::stop_token& stop) {
  MergeOptions merging{options.out, options.origin, results::utc_now(), options.threads};
  const Plan plan = make_plan(sweep, options.document, options.overrides, components, stop);
  auto inputs = plan.inputs;
  inputs.insert(inputs.end(), options.must_stay.begin(), options.must_stay.end());
  results::check_target(options.out, inputs, options.replace || Parts::begun(options.out));
  Parts parts(options.out);
  SweepProgress progress(stderr, options.style);
  Runs runs(sweep, options, plan, parts, components, progress, stop);
  const std::size_t total = plan.keys.size();
  progress.say(runs.missing() == total ? fmt::format("{} runs", total)
                                       : fmt::format("{} runs, {} of them done before", total, total - runs.missing()));
  for (const auto& warning : plan.warnings) progress.say(to_string(warning));
  progress.start(total, total - runs.missing());
  runs.run_missing();
  progress.clear();
  const auto failures = runs.failures();
  if (stop.stop_requested() && runs.kept() + failures.size() < total) {
    if (runs.kept() == 0) {
      parts.remove();
      throw Interrupted();
    }
    progress.say(fmt::format("{} of {} runs are kept in '{}'; the same command goes on from there", runs.kept(), total,
                             parts.folder().string()));
    throw Interrupted();
  }
  // Of runs that all failed there is nothing to keep, and results of an earlier sweep are not given up for it.
  if (failures.size() == total) {
    if (runs.kept() == 0) parts.remove();
    throw Error(fmt::format("all {} runs failed; the first one: {}", total, failures.front().message));
  }
  const Merged merged = merge(sweep, plan, parts, failures, merging);
  if (failures.empty() && !options.keep_parts) parts.remove();
  return {total, failures.size(), runs.findings(),
          summary_text(merged.metrics, merged.grid, labels_of(sweep), merged.seed_axis)};
}

}  // namespace tyto::sweep

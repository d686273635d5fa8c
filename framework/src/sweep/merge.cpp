#include "merge.hpp"

#include <algorithm>
#include <set>

#include <tyto/error.hpp>

#include "../results/read_table.hpp"
#include "../results/results_file.hpp"
#include "../spec/sweep_values.hpp"

namespace tyto::sweep {

namespace {

namespace h5 = results::h5;

constexpr const char* provenance_group = "/provenance";

/// The parts of all runs, opened when they are needed; so many stay open.
class OpenParts {
 public:
  OpenParts(const Plan& plan, const Parts& parts, const std::vector<Failure>& failures)
      : files_(plan.keys.size()), handles_(plan.keys.size()) {
    for (std::size_t run = 0; run < files_.size(); ++run) files_[run] = parts.file(plan.keys[run]);
    for (const auto& failure : failures) files_[failure.run].clear();
  }
  [[nodiscard]] std::size_t size() const { return files_.size(); }
  [[nodiscard]] bool failed(std::size_t run) const { return files_[run].empty(); }

  /// A group of a run, or nothing if the run has none.
  [[nodiscard]] std::optional<Table> table(std::size_t run, const std::string& group) {
    const h5::Handle& file = open(run);
    if (!h5::exists(file, group) && group != "/") return std::nullopt;
    return results::read_table(file, group);
  }
  [[nodiscard]] std::vector<std::string> groups(std::size_t run) { return results::group_paths(open(run)); }

 private:
  const h5::Handle& open(std::size_t run) {
    constexpr std::size_t most_open = 200;
    if (handles_[run]) return handles_[run];
    if (open_.size() == most_open) {
      for (const auto other : open_) handles_[other].reset();
      open_.clear();
    }
    handles_[run] = h5::open_file(files_[run]);
    open_.push_back(run);
    return handles_[run];
  }

  std::vector<std::filesystem::path> files_;
  std::vector<h5::Handle> handles_;
  std::vector<std::size_t> open_;
};

/// What the runs hold: groups in the order in which they come, and all names in them.
struct Contents {
  std::vector<std::string> groups;
  std::set<std::string> names;
};

/// The part of a group's path that lies where axes do: at the top, or in a stage.
std::string name_beside_axes(const std::string& group) {
  std::vector<std::string> parts;
  for (const auto& part : std::filesystem::path(group)) parts.push_back(part.string());
  const bool in_stage = parts.size() > 3 && parts[1] == "stages";
  return parts[in_stage ? 3 : 1];
}

Contents contents_of(OpenParts& parts) {
  Contents contents;
  // Axes lie at the top of the file, where the groups have their names, too.
  contents.names = {"sweep", "summary", "failures", "provenance"};
  std::set<std::string> seen;
  for (std::size_t run = 0; run < parts.size(); ++run) {
    if (parts.failed(run)) continue;
    for (const auto& group : parts.groups(run)) {
      if (group == "/" || group == provenance_group || !seen.insert(group).second) continue;
      contents.groups.push_back(group);
      contents.names.insert(name_beside_axes(group));
      const auto table = parts.table(run, group);
      for (const auto& axis : table->axes) contents.names.insert(axis.name);
      for (const auto& variable : table->variables) contents.names.insert(variable.name);
    }
  }
  return contents;
}

Grid grid_of(const spec::Sweep& sweep, const std::set<std::string>& taken) {
  Grid grid;
  const auto names = spec::short_names(sweep, taken);
  for (std::size_t i = 0; i < sweep.axes.size(); ++i) {
    const auto& axis = sweep.axes[i];
    if (axis.zip.empty()) {
      const auto& swept = axis.paths.front();
      grid.axes.push_back({names[i].front(), swept.numbers, swept.units, swept.path});
      continue;
    }
    std::vector<std::int64_t> index(axis.size());
    for (std::size_t k = 0; k < index.size(); ++k) index[k] = static_cast<std::int64_t>(k);
    // A name that the user chose may be one of a group or of an axis of the results.
    const std::string zip = taken.contains(axis.zip) ? "zip_" + axis.zip : axis.zip;
    grid.axes.push_back({zip, std::move(index), "1", "values that go together, counted from 0"});
    for (std::size_t k = 0; k < axis.paths.size(); ++k) {
      const auto& swept = axis.paths[k];
      grid.coordinates.push_back({names[i][k], {zip}, swept.numbers, swept.units, swept.path});
    }
  }
  return grid;
}

std::optional<std::size_t> seed_axis_of(const spec::Sweep& sweep) {
  for (std::size_t i = 0; i < sweep.axes.size(); ++i)
    if (sweep.axes[i].zip.empty() && spec::is_seed(sweep.axes[i].paths.front().path)) return i;
  return std::nullopt;
}

Table stack_group(OpenParts& parts, const Grid& grid, const std::string& group) {
  std::vector<std::optional<Table>> tables(parts.size());
  std::vector<const Table*> pointers(parts.size(), nullptr);
  for (std::size_t run = 0; run < parts.size(); ++run) {
    if (parts.failed(run)) continue;
    tables[run] = parts.table(run, group);
    if (tables[run]) pointers[run] = &*tables[run];
  }
  return stack(grid, pointers);
}

/// Whether a group holds figures by which runs are judged: of a run, or of one of its stages.
bool is_judged_by(std::string_view group) {
  constexpr std::string_view stages = "/stages/";
  if (group.starts_with(stages)) {
    const auto end = group.find('/', stages.size());
    group = end == std::string_view::npos ? std::string_view() : group.substr(end);
  }
  return group.starts_with("/metrics") || group.starts_with("/analysis");
}

/// The variables of a stacked group of which every run has one number.
void collect_metrics(const std::string& group, const Table& table, const Grid& grid, std::vector<Metric>& metrics) {
  if (!is_judged_by(group)) return;
  const auto axes = grid.names();
  for (const auto& variable : table.variables) {
    const bool coordinate = std::any_of(grid.coordinates.begin(), grid.coordinates.end(),
                                        [&](const Variable& other) { return other.name == variable.name; });
    if (variable.axes != axes || coordinate) continue;
    std::visit(
        [&]<class T>(const std::vector<T>& values) {
          if constexpr (!std::is_same_v<T, std::string>)
            metrics.push_back(
                {group, variable.name, variable.units, variable.long_name, {values.begin(), values.end()}});
        },
        variable.values);
  }
}

Table root_table(const Plan& plan, const Grid& grid, bool complete) {
  Table root;
  add_grid(grid, root);
  root.attribute("tyto_version", std::string(TYTO_VERSION));
  root.attribute("schema", std::string("tyto-results/1"));
  root.attribute("title", plan.title);
  root.attribute("status", std::string(complete ? "complete" : "incomplete"));
  std::string axes;
  for (const auto& axis : grid.axes) axes += (axes.empty() ? "" : " ") + axis.name;
  root.attribute("sweep", axes);
  return root;
}

/// What became of each run, and from what it is.
Table sweep_table(const spec::Sweep& sweep, const Plan& plan, const Grid& grid, const std::vector<Failure>& failures) {
  std::vector<std::string> settings;
  std::vector<std::string> status(plan.keys.size(), "done");
  for (std::size_t run = 0; run < plan.keys.size(); ++run) settings.push_back(sweep.text(sweep.position(run)));
  for (const auto& failure : failures) status[failure.run] = "failed";
  Table table;
  add_grid(grid, table);
  table.variable("settings", grid.names(), std::move(settings), "1", "what the sweep sets in the run");
  table.variable("run_status", grid.names(), std::move(status), "1", "'done' or 'failed'");
  table.variable("run_key", grid.names(), plan.keys, "1",
                 "SHA-256 of the run's configuration, program and plugins; the name of its part");
  return table;
}

Table failure_table(const spec::Sweep& sweep, const std::vector<Failure>& failures) {
  std::vector<std::int64_t> index;
  std::vector<std::int64_t> runs;
  std::vector<std::string> settings;
  std::vector<std::string> messages;
  for (const auto& failure : failures) {
    index.push_back(static_cast<std::int64_t>(index.size()));
    runs.push_back(static_cast<std::int64_t>(failure.run));
    settings.push_back(sweep.text(sweep.position(failure.run)));
    messages.push_back(failure.message);
  }
  Table table;
  table.axis("failure", std::move(index), "1", "failed run, counted from 0");
  table.variable("run", {"failure"}, std::move(runs), "1", "its number among all runs, the last axis fastest");
  table.variable("failed_settings", {"failure"}, std::move(settings), "1", "what the sweep sets in the run");
  table.variable("message", {"failure"}, std::move(messages), "1", "why it failed");
  return table;
}

Table provenance_of(const Plan& plan, const MergeOptions& options) {
  results::Provenance provenance;
  provenance.source_yaml = plan.source;
  provenance.resolved_yaml = plan.resolved;
  provenance.plugins = plan.plugins;
  provenance.inputs = results::inputs_of(plan.inputs);
  provenance.origin = options.origin;
  provenance.started = options.started;
  provenance.finished = results::utc_now();
  provenance.backend = plan.backend;
  provenance.threads = options.threads;
  Table table = results::provenance_table(provenance);
  // Times belong to single runs, some of which another program may have made.
  std::erase_if(table.variables, [](const Variable& variable) { return variable.name == "trials_s"; });
  for (auto& variable : table.variables)
    if (variable.name == "resolved_yaml")
      variable.long_name = "whole configuration of the first run; the others differ as /sweep/settings says";
  return table;
}

}  // namespace

Merged merge(const spec::Sweep& sweep, const Plan& plan, const Parts& parts, const std::vector<Failure>& failures,
             const MergeOptions& options) {
  results::ResultsFile file(options.out);
  Merged merged;
  merged.seed_axis = seed_axis_of(sweep);
  OpenParts open(plan, parts, failures);
  const Contents contents = contents_of(open);
  merged.grid = grid_of(sweep, contents.names);
  file.write("/", root_table(plan, merged.grid, failures.empty()));
  for (const auto& group : contents.groups) {
    const Table table = stack_group(open, merged.grid, group);
    collect_metrics(group, table, merged.grid, merged.metrics);
    // A group that only holds others has nothing of its own to be written.
    const bool says_what_is_missing = std::any_of(table.attributes.begin(), table.attributes.end(),
                                                  [](const auto& one) { return one.name == "left_out"; });
    if (table.variables.size() > merged.grid.coordinates.size() || says_what_is_missing) file.write(group, table);
  }
  if (merged.seed_axis) {
    std::set<std::string> done;
    for (const auto& metric : merged.metrics)
      if (done.insert(metric.group).second)
        file.write("/summary" + metric.group,
                   summary_table(merged.metrics, metric.group, merged.grid, *merged.seed_axis));
  }
  file.write("/sweep", sweep_table(sweep, plan, merged.grid, failures));
  if (!failures.empty()) file.write("/failures", failure_table(sweep, failures));
  file.write(provenance_group, provenance_of(plan, options));
  file.commit();
  return merged;
}

}  // namespace tyto::sweep

#include "report.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <type_traits>

#include "../results/provenance.hpp"

namespace tyto::run {

void write_root(results::ResultsFile& file, const spec::Experiment& experiment, const StageResult& result) {
  Table root;
  root.attribute("tyto_version", std::string(TYTO_VERSION));
  root.attribute("schema", std::string("tyto-results/1"));
  root.attribute("title", experiment.title);
  const auto& seeds = experiment.seeds;
  root.attribute("seed", static_cast<std::int64_t>(seeds.trials));
  if (seeds.weights != seeds.trials || seeds.order != seeds.trials) {
    root.attribute("seed_weights", static_cast<std::int64_t>(seeds.weights));
    root.attribute("seed_order", static_cast<std::int64_t>(seeds.order));
  }
  const char* const status = !result.diverged.empty()  ? "diverged"
                             : result.failures.empty() ? "complete"
                                                       : "incomplete";
  root.attribute("status", std::string(status));
  if (!result.diverged.empty()) root.attribute("diverged", result.diverged);
  file.write("/", root);
}

void write_provenance(results::ResultsFile& file, const spec::Experiment& experiment, const RunOptions& options,
                      const Conduct& conduct) {
  results::Provenance provenance;
  provenance.source_yaml = experiment.source;
  provenance.resolved_yaml = experiment.resolved;
  provenance.origin = options.origin;
  provenance.started = conduct.started;
  provenance.finished = results::utc_now();
  provenance.threads = conduct.threads;
  provenance.backend = experiment.backend_name;
  provenance.plugins = results::plugins_of(experiment.components);
  provenance.inputs = conduct.inputs;
  provenance.trials_s = conduct.trials_s;
  provenance.simulation_s = conduct.simulation_s;
  provenance.epoch_s = conduct.epoch_s;
  file.write("/provenance", results::provenance_table(provenance));
}

void write_failures(const std::vector<std::string>& failures, results::ResultsFile& file) {
  if (failures.empty()) return;
  std::vector<std::int64_t> index(failures.size());
  std::iota(index.begin(), index.end(), 0);
  Table table;
  table.axis("failure", std::move(index), "1", "failed analysis or probe, counted from 0");
  table.variable("message", {"failure"}, failures, "1", "which analysis or probe failed, and why");
  file.write("/failures", table);
}

void add_numbers(const std::string& analysis, const Table& table, RunSummary& summary) {
  for (const auto& variable : table.variables) {
    if (!variable.axes.empty()) continue;
    if (const auto* number = std::get_if<std::vector<double>>(&variable.values); number != nullptr && !number->empty())
      summary.numbers.push_back({analysis + " " + variable.name, number->front(), variable.units});
  }
}

}  // namespace tyto::run

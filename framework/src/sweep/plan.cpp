#include "plan.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "../files/own_library.hpp"
#include "../results/sha256.hpp"
#include "../run/weights.hpp"

namespace tyto::sweep {

namespace {

/// SHA-256 of files, each read once.
class FileSums {
 public:
  const std::string& of(const std::string& file) {
    const auto known = sums_.find(file);
    return known != sums_.end() ? known->second : sums_.emplace(file, results::sha256_file(file)).first->second;
  }

 private:
  std::map<std::string, std::string> sums_;
};

std::string key_of(const spec::Experiment& experiment, const std::string& framework, FileSums& sums) {
  std::string text = "tyto part 1\n" + framework + '\n';
  std::set<std::string> libraries;
  for (const auto* component : experiment.components)
    if (!component->library.empty()) libraries.insert(component->library);
  for (const auto& library : libraries) text += sums.of(library) + '\n';
  const auto add_weights = [&](const spec::Experiment& of) {
    if (of.weights && of.weights->stage.empty()) text += sums.of(of.weights->file) + '\n';
  };
  add_weights(experiment);
  for (const auto& stage : experiment.stages) add_weights(stage);
  for (const auto& read : experiment.files) text += sums.of(read) + '\n';
  return results::sha256_text(text + experiment.resolved);
}

/// Faults of many runs, each once.
class Faults {
 public:
  template <class Load>
  void collect(Load load) {
    try {
      load();
    } catch (const InvalidInput& error) {
      for (const auto& fault : error.diagnostics())
        if (seen_.insert(to_string(fault)).second) faults_.push_back(fault);
    }
  }
  void finish() {
    if (faults_.empty()) return;
    std::stable_sort(faults_.begin(), faults_.end(), [](const Diagnostic& a, const Diagnostic& b) {
      return std::tie(a.place.line, a.place.column) < std::tie(b.place.line, b.place.column);
    });
    throw InvalidInput(faults_);
  }

 private:
  std::set<std::string> seen_;
  std::vector<Diagnostic> faults_;
};

}  // namespace

spec::Overrides overrides_of_run(const spec::Overrides& overrides, const spec::Sweep& sweep,
                                 const std::vector<std::size_t>& position) {
  spec::Overrides of_run = overrides;
  of_run.settings = sweep.settings(position);
  return of_run;
}

Plan make_plan(const spec::Sweep& sweep, const spec::Document& document, const spec::Overrides& overrides,
               plugin::Components& components, const std::stop_token& stop) {
  run::KnownFiles known;
  const auto load = [&](const std::vector<std::size_t>& position) {
    auto experiment = spec::load_experiment(document, overrides_of_run(overrides, sweep, position), components);
    run::check_weights(experiment, known);
    return experiment;
  };
  // Each value on its own first, so that one bad value gives one fault and not one for each combination.
  Faults faults;
  std::vector<std::size_t> position(sweep.axes.size(), 0);
  faults.collect([&] { static_cast<void>(load(position)); });
  for (std::size_t axis = 0; axis < sweep.axes.size(); ++axis) {
    for (std::size_t i = 1; i < sweep.axes[axis].size(); ++i) {
      position[axis] = i;
      faults.collect([&] { static_cast<void>(load(position)); });
    }
    position[axis] = 0;
  }
  faults.finish();

  Plan plan;
  FileSums sums;
  // Results of a program that has been changed are not those of this one.
  const std::string library = own_library().string();
  const std::string framework = TYTO_VERSION + (library.empty() ? "" : ' ' + sums.of(library));
  std::set<const ComponentInfo*> used;
  std::set<std::string> inputs, warned;
  for (std::size_t run = 0; run < sweep.runs(); ++run) {
    if (stop.stop_requested()) throw Interrupted();
    faults.collect([&] {
      const spec::Experiment experiment = load(sweep.position(run));
      for (const auto* component : experiment.components)
        if (!component->library.empty()) used.insert(component);
      for (auto& input : spec::files_read_by(experiment)) inputs.insert(std::move(input));
      for (auto& warning : spec::all_warnings(experiment))
        if (warned.insert(to_string(warning)).second) plan.warnings.push_back(std::move(warning));
      plan.keys.push_back(key_of(experiment, framework, sums));
      if (run > 0) return;
      plan.title = experiment.title;
      plan.source = experiment.source;
      plan.resolved = experiment.resolved;
      plan.backend = experiment.backend_name;
    });
  }
  faults.finish();
  plan.inputs.assign(inputs.begin(), inputs.end());
  plan.plugins = results::plugins_of(std::vector<const ComponentInfo*>(used.begin(), used.end()));
  return plan;
}

}  // namespace tyto::sweep

#include <unistd.h>
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <limits>
#include <thread>

#include <fmt/format.h>

#include <tyto/analysis_tools.hpp>

#include "commands.hpp"
#include "options.hpp"
#include "plugin/registry.hpp"
#include "results/target.hpp"
#include "run/runner.hpp"
#include "run/trials_file.hpp"
#include "run/weights.hpp"
#include "spec/experiment.hpp"
#include "spec/sweep.hpp"
#include "stop_signals.hpp"
#include "stored/stored_run.hpp"
#include "sweep/parts.hpp"
#include "sweep/plan.hpp"
#include "sweep/sweep.hpp"

namespace tyto::cli {

namespace po = boost::program_options;

namespace {

constexpr std::int64_t most_threads = 1024;
constexpr std::size_t most_files = 1000;

std::size_t threads_of(const Options& options) {
  if (!options.has("threads")) return std::max(1U, std::thread::hardware_concurrency());
  const auto threads = options.get<std::int64_t>("threads");
  if (threads < 1 || threads > most_threads)
    throw InvalidInput(Place{"--threads"},
                       fmt::format("{} is not a number of threads from 1 to {}", threads, most_threads));
  return static_cast<std::size_t>(threads);
}

/// `ending` follows the experiment's name where --out does not name a file; a number comes between them where such a
/// file is there already. A sweep that has been begun goes on under its name.
std::filesystem::path out_of(const Options& options, const std::filesystem::path& experiment,
                             const char* ending = ".h5") {
  if (options.has("out")) return options.get<std::string>("out");
  const std::filesystem::path out = std::filesystem::path(experiment.stem()).concat(ending);
  return options.has("force") || sweep::Parts::begun(out) ? out : results::free_name(out);
}

spec::Overrides overrides_of(const Options& options) {
  spec::Overrides overrides;
  overrides.set = options.all("set");
  if (options.has("seed")) {
    const auto seed = options.get<std::int64_t>("seed");
    if (seed < 0) throw InvalidInput(Place{"--seed"}, "must be at least 0");
    overrides.seed = static_cast<std::uint64_t>(seed);
  }
  if (options.has("backend")) overrides.backend = options.get<std::string>("backend");
  return overrides;
}

/// Of the last stage, where there are any.
std::string summary_text(const run::RunSummary& summary, const spec::Experiment& experiment) {
  if (!experiment.stages.empty()) return summary_text(summary, experiment.stages.back());
  if (experiment.simulation) {
    std::string text = fmt::format("simulated in {:.2f} s", summary.simulation_s);
    for (const auto& number : summary.numbers)
      text += fmt::format(", {} {:.4g}{}", number.name, number.value, number.units == "1" ? "" : " " + number.units);
    return text;
  }
  const auto& metrics = summary.test;
  const ReportedUnit unit = reported_unit(experiment.objective.target_info().dimension);
  std::string text = fmt::format("test: loss {:.4f}", metrics.loss);
  if (metrics.accuracy)
    text +=
        fmt::format(", accuracy {:.1f} % (chance {:.1f} %)", 100 * *metrics.accuracy, 100 * metrics.chance.value_or(0));
  const std::string name = unit.name == "1" ? "" : " " + unit.name;
  if (metrics.error)
    text += fmt::format(", error {:.2f}{} to the true {}", unit.per_base * *metrics.error, name,
                        experiment.objective.target_info().name);
  if (metrics.class_error)
    text += fmt::format(", {:.2f}{} to the class centre", unit.per_base * *metrics.class_error, name);
  return text;
}

po::options_description experiment_options() {
  auto described = common_options();
  described.add_options()("set", po::value<std::vector<std::string>>()->value_name("a.b=c"),
                          "change a value of the experiment (may be given several times)")(
      "seed", po::value<std::int64_t>()->value_name("N"), "use this seed")(
      "backend", po::value<std::string>()->value_name("NAME"), "use this backend");
  return described;
}

void add_output_options(po::options_description& described, const char* out) {
  described.add_options()("threads", po::value<std::int64_t>()->value_name("N"),
                          "number of threads (all cores if not given); results do not depend on it")(
      "out", po::value<std::string>()->value_name("FILE"), out)("force", "replace an existing results file")(
      "no-host", "keep the host's name, the command line and the experiment's folder out of the results");
}

/// Options that change an experiment, as they are kept with its results.
std::vector<std::string> settings_of(const spec::Overrides& overrides) {
  std::vector<std::string> settings;
  for (const auto& setting : overrides.set) settings.push_back("--set " + setting);
  if (overrides.seed) settings.push_back("--seed " + std::to_string(*overrides.seed));
  if (overrides.backend) settings.push_back("--backend " + *overrides.backend);
  return settings;
}

results::Origin origin_of(const Call& call, const Options& options, const std::filesystem::path& experiment,
                          const spec::Overrides& overrides) {
  results::Origin origin;
  origin.command_line = call.command_line;
  origin.experiment_file = experiment;
  origin.folder = experiment.parent_path();
  origin.build_revision = call.build_revision;
  origin.settings = settings_of(overrides);
  origin.named = !options.has("no-host");
  return origin;
}

/// Of a run that begins with results of another.
results::Origin origin_of(const Call& call, const Options& options, const stored::StoredRun& run,
                          const spec::Overrides& overrides) {
  const auto known = run.origin();
  auto origin = origin_of(call, options, known.experiment_file, overrides);
  origin.folder = known.folder;
  return origin;
}

void print_warnings(const std::vector<spec::Warning>& warnings) {
  for (const auto& warning : warnings) std::cerr << to_string(warning) << '\n';
}

run::Progress::Style style_of(const Options& options) {
  if (options.has("quiet")) return run::Progress::Style::quiet;
  return isatty(STDERR_FILENO) != 0 ? run::Progress::Style::bar : run::Progress::Style::lines;
}

/// Runs every setting of a sweep.
int run_all(const spec::Sweep& sweep, const sweep::SweepOptions& sweep_options, plugin::Registry& registry,
            const std::stop_token& stop) {
  const auto outcome = sweep::run_sweep(sweep, sweep_options, registry, stop);
  const std::string out = sweep_options.out.string();
  if (sweep_options.style != run::Progress::Style::quiet) {
    if (!outcome.findings.empty()) std::cerr << "warning: " << outcome.findings << '\n';
    std::cout << outcome.table << "results: " << out << '\n' << std::flush;
  }
  if (outcome.failed == 0) return exit_done;
  std::cerr << fmt::format("error: {} of {} runs failed; '{}' names them in /failures\n", outcome.failed, outcome.runs,
                           out);
  return exit_failed;
}

/// Every value of an experiment, and where it comes from.
std::string annotated(const spec::Experiment& experiment) {
  return spec::write(experiment.settings, [](const spec::Node& value) {
    return value.place.line > 0 || value.place.file.starts_with("--") ? to_string(value.place) : "default";
  });
}

/// What a command runs, and how.
struct Job {
  spec::Document document;
  spec::Overrides overrides;
  results::Origin origin;
  std::filesystem::path out;
  const stored::StoredRun* again = nullptr;  ///< results that this begins with, and must not replace
  bool same_inputs = false;                  ///< inputs that were not read as they are now are refused, not named
};

/// Refuses, or names, what is not as a run has read it.
void check_inputs(const std::vector<std::string>& files, const stored::StoredRun& run, bool refuse) {
  std::vector<Diagnostic> faults;
  for (const auto& file : run.changed(files))
    faults.push_back({Place{run.file().string()}, "'" + file + "' is not as it was when the run read it"});
  if (faults.empty()) return;
  if (refuse) throw InvalidInput(std::move(faults));
  for (const auto& fault : faults) std::cerr << to_string(fault.place) << ": warning: " << fault.message << '\n';
}

/// Of trials that are drawn from so many that there are, others may be for testing than were before.
void warn_of_other_trials(const spec::Experiment& experiment, const spec::Overrides& overrides) {
  const bool changed = overrides.seed || std::any_of(overrides.set.begin(), overrides.set.end(), [](const auto& set) {
                         return set.starts_with("seed") || set.starts_with("stimulus");
                       });
  if (changed && experiment.stimulus && experiment.stimulus->available(Split::test))
    std::cerr
        << "warning: the stimulus has but so many trials, and what is changed may draw test trials from those that the "
           "network was trained with\n";
}

void run_job(const Job& job, const Options& options, plugin::Registry& registry, const StopSignals& signals) {
  const auto style = style_of(options);
  const auto experiment = spec::load_experiment(job.document, job.overrides, registry);
  run::check_weights(experiment);
  auto inputs = spec::files_read_by(experiment);
  if (job.again != nullptr && !job.same_inputs) warn_of_other_trials(experiment, job.overrides);
  if (job.again != nullptr) {
    check_inputs(inputs, *job.again, job.same_inputs);
    inputs.push_back(job.again->file().string());
  }
  results::check_target(job.out, inputs, options.has("force"));

  if (style != run::Progress::Style::quiet) print_warnings(spec::all_warnings(experiment));
  run::Progress progress(stderr, style);
  Executor executor(threads_of(options));
  run::RunOptions run_options;
  run_options.out = job.out;
  run_options.origin = job.origin;
  run::RunSummary summary;
  try {
    summary = run::run_experiment(experiment, run_options, executor, progress, signals.token());
  } catch (...) {
    progress.clear();
    throw;
  }
  if (style == run::Progress::Style::quiet) return;
  for (const auto& finding : summary.findings) std::cerr << "warning: " << finding.sentence << '\n';
  std::cout << summary_text(summary, experiment) << "\nresults: " << job.out.string() << '\n' << std::flush;
}

/// Of the experiment, or of the runs of its sweep, without running any.
int print_plan(const spec::Document& document, const spec::Overrides& overrides, plugin::Registry& registry,
               bool config) {
  // Of a sweep the configuration is that outside of it.
  if (const auto sweep = config ? std::nullopt : spec::load_sweep(document, overrides, registry)) {
    const auto plan = sweep::make_plan(*sweep, document, overrides, registry, {});
    print_warnings(plan.warnings);
    for (std::size_t run = 0; run < sweep->runs(); ++run)
      std::cout << fmt::format("run {}/{}  {}\n", run + 1, sweep->runs(), sweep->text(sweep->position(run)));
    return exit_done;
  }
  const auto experiment = spec::load_experiment(document, overrides, registry);
  run::check_weights(experiment);
  print_warnings(spec::all_warnings(experiment));
  std::cout << (config ? annotated(experiment) : fmt::format("{}: would run\n", document.name));
  return exit_done;
}

}  // namespace

int run(const Call& call) {
  auto described = experiment_options();
  add_output_options(described,
                     "results file (if not given <experiment>.h5, or the next free of <experiment>-2.h5, ...)");
  described.add_options()("keep-parts", "keep the results of each run of a sweep beside those of the whole")(
      "print-config", "print every value of the experiment and where it comes from, and run nothing")(
      "dry-run", "check everything, name the runs of a sweep, and run nothing")("quiet,q", "print nothing but errors");
  const Options options(call, "tyto run FILE [options]", described, 1, 1);
  if (!options.ready()) return exit_done;

  const StopSignals signals;
  const std::filesystem::path file = options.operands()[0];
  plugin::Registry registry(plugin::search_path(call.executable, options.all("plugin-path")));
  const auto overrides = overrides_of(options);
  const auto document = spec::read_document(file);
  if (options.has("print-config") || options.has("dry-run"))
    return print_plan(document, overrides, registry, options.has("print-config"));
  const auto origin = origin_of(call, options, file, overrides);
  if (const auto sweep = spec::load_sweep(document, overrides, registry))
    return run_all(*sweep,
                   {out_of(options, file), origin, document, overrides, threads_of(options), options.has("keep-parts"),
                    options.has("force"), style_of(options)},
                   registry, signals.token());
  run_job({document, overrides, origin, out_of(options, file)}, options, registry, signals);
  return exit_done;
}

int evaluate(const Call& call) {
  auto described = experiment_options();
  add_output_options(described, "results file (if not given <results>_evaluated.h5, or the next free number)");
  described.add_options()("stage", po::value<std::string>()->value_name("NAME"),
                          "of a run with stages: the one whose network is asked")("quiet,q",
                                                                                  "print nothing but errors");
  const Options options(call, "tyto evaluate RESULTS [options]", described, 1, 1);
  if (!options.ready()) return exit_done;
  const StopSignals signals;
  check_results_file(options.operands()[0]);
  const stored::StoredRun stored(options.operands()[0]);
  plugin::Registry registry(plugin::search_path(call.executable, options.all("plugin-path")));
  const auto overrides = overrides_of(options);
  const auto document = stored.evaluation(options.has("stage") ? options.get<std::string>("stage") : "");
  const Job job{document, overrides, origin_of(call, options, stored, overrides),
                out_of(options, stored.file(), "_evaluated.h5"), &stored};
  run_job(job, options, registry, signals);
  return exit_done;
}

int rerun(const Call& call) {
  auto described = common_options();
  add_output_options(described, "results file (if not given <results>_rerun.h5, or the next free number)");
  described.add_options()("quiet,q", "print nothing but errors and what differs");
  const Options options(call, "tyto rerun RESULTS [options]", described, 1, 1);
  if (!options.ready()) return exit_done;
  const StopSignals signals;
  check_results_file(options.operands()[0]);
  const stored::StoredRun stored(options.operands()[0]);
  plugin::Registry registry(plugin::search_path(call.executable, options.all("plugin-path")));
  const auto document = stored.document();
  const auto overrides = stored.settings();
  const auto origin = origin_of(call, options, stored, overrides);
  const auto out = out_of(options, stored.file(), "_rerun.h5");
  if (const auto sweep = spec::load_sweep(document, overrides, registry)) {
    check_inputs(sweep::make_plan(*sweep, document, overrides, registry, signals.token()).inputs, stored, true);
    sweep::SweepOptions again{out, origin, document, overrides, threads_of(options)};
    again.replace = options.has("force");
    again.style = style_of(options);
    again.must_stay = {stored.file().string()};
    run_all(*sweep, again, registry, signals.token());
  } else {
    run_job({document, overrides, origin, out, &stored, true}, options, registry, signals);
  }
  return print_differences(stored.file(), out);
}

int trials(const Call& call) {
  auto described = experiment_options();
  add_output_options(described, "file of the trials (if not given <experiment>_trials.h5, or the next free number)");
  const Options options(call, "tyto trials FILE [options]", described, 1, 1);
  if (!options.ready()) return exit_done;
  const StopSignals signals;
  const std::filesystem::path file = options.operands()[0];
  plugin::Registry registry(plugin::search_path(call.executable, options.all("plugin-path")));
  // Of a sweep these are the trials of the settings that stand outside it.
  const auto overrides = overrides_of(options);
  const auto experiment = spec::load_experiment(spec::read_document(file), overrides, registry);
  const run::RunOptions run_options{out_of(options, file, "_trials.h5"), origin_of(call, options, file, overrides)};
  results::check_target(run_options.out, spec::files_read_by(experiment), options.has("force"));
  Executor executor(threads_of(options));
  run::write_trials(experiment, run_options, executor, signals.token());
  std::cout << "trials: " << run_options.out.string() << '\n' << std::flush;
  return exit_done;
}

namespace {

void validate_one(const std::string& file, const spec::Overrides& overrides, plugin::Registry& registry) {
  const auto document = spec::read_document(file);
  if (const auto sweep = spec::load_sweep(document, overrides, registry)) {
    const auto plan = sweep::make_plan(*sweep, document, overrides, registry, {});
    print_warnings(plan.warnings);
    std::cout << fmt::format("{}: valid, {} runs\n", file, plan.keys.size());
    return;
  }
  const auto experiment = spec::load_experiment(document, overrides, registry);
  run::check_weights(experiment);
  print_warnings(spec::all_warnings(experiment));
  std::cout << file << ": valid\n";
}

}  // namespace

int validate(const Call& call) {
  const Options options(call, "tyto validate FILE... [options]", experiment_options(), 1, most_files);
  if (!options.ready()) return exit_done;
  plugin::Registry registry(plugin::search_path(call.executable, options.all("plugin-path")));
  const auto overrides = overrides_of(options);
  std::vector<Diagnostic> faults;
  for (const auto& file : options.operands()) try {
      validate_one(file, overrides, registry);
    } catch (const InvalidInput& error) {
      faults.insert(faults.end(), error.diagnostics().begin(), error.diagnostics().end());
    }
  if (!faults.empty()) throw InvalidInput(std::move(faults));
  return exit_done;
}

}  // namespace tyto::cli

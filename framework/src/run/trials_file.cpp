#include "trials_file.hpp"

#include <bit>
#include <cstring>

#include <tyto/analysis_tools.hpp>
#include <tyto/error.hpp>

#include "../results/provenance.hpp"
#include "../results/results_file.hpp"
#include "report.hpp"
#include "stop_watch.hpp"

namespace tyto::run {

namespace {

constexpr std::size_t channels_in_a_byte = 8;

std::vector<std::int8_t> bytes_of(const TrialSet& trials) {
  static_assert(std::endian::native == std::endian::little, "the bytes of a word begin with its lowest bits");
  const auto& shape = trials.shape();
  const std::size_t row_bytes = (shape.channels + channels_in_a_byte - 1) / channels_in_a_byte;
  std::vector<std::int8_t> bytes(trials.size() * shape.steps * row_bytes);
  auto* next = bytes.data();
  for (std::size_t trial = 0; trial < trials.size(); ++trial)
    for (std::size_t step = 0; step < shape.steps; ++step, next += row_bytes)
      std::memcpy(next, trials.spikes(trial).row(step).data(), row_bytes);
  return bytes;
}

Table table_of(const TrialSet& trials) {
  const auto& shape = trials.shape();
  Table table;
  std::vector<double> times;
  for (std::size_t step = 0; step < shape.steps; ++step) times.push_back(static_cast<double>(step + 1) * shape.dt_s);
  std::vector<std::int64_t> first_channel;
  for (std::size_t channel = 0; channel < shape.channels; channel += channels_in_a_byte)
    first_channel.push_back(static_cast<std::int64_t>(channel));
  table.axis("trial", numbered(trials.size()), "1", "number of the trial");
  table.axis("time", std::move(times), "s", "end of the step");
  if (shape.values) {
    std::vector<float> values;
    for (std::size_t trial = 0; trial < trials.size(); ++trial)
      values.insert(values.end(), trials.values(trial).begin(), trials.values(trial).end());
    table.axis("channel", numbered(shape.channels), "1", "number of the channel");
    table.variable("values", {"trial", "time", "channel"}, std::move(values), "1", "what the channel shows");
  } else {
    table.axis("byte", std::move(first_channel), "1", "first of the eight channels in the byte");
    table.variable("spikes", {"trial", "time", "byte"}, bytes_of(trials), "1",
                   "a bit for each channel, the first one in the lowest bit");
  }
  const auto& targets = trials.target_info();
  for (std::size_t k = 0; k < targets.size(); ++k) {
    std::vector<double> values;
    for (std::size_t trial = 0; trial < trials.size(); ++trial) values.push_back(trials.targets(trial)[k]);
    table.variable(targets[k].name, {"trial"}, reported_values(targets[k], std::move(values)),
                   reported_unit(targets[k].dimension).name, targets[k].doc);
    if (!targets[k].categories.empty())
      table.axis(targets[k].name + "_names", targets[k].categories, "1", "categories in their order");
  }
  table.variable("channels", {}, std::vector{static_cast<std::int64_t>(shape.channels)}, "1", "how many there are");
  return table;
}

}  // namespace

void write_trials(const spec::Experiment& planned, const RunOptions& options, Executor& executor,
                  const std::stop_token& stop) {
  if (planned.simulation || !planned.stages.empty())
    throw InvalidInput(Place{options.origin.experiment_file.string()},
                       "this experiment has " + std::string(planned.simulation ? "no trials" : "stages"));
  const spec::Experiment experiment = with_prepared_stimulus(planned);
  Conduct conduct;
  conduct.started = results::utc_now();
  conduct.threads = executor.threads();
  conduct.inputs = results::inputs_of(spec::files_read_by(planned));
  results::ResultsFile file(options.out);
  const StopWatch watch;
  const auto write = [&](Split split, int count) {
    if (stop.stop_requested()) throw Interrupted();
    if (count > 0)
      file.write("/" + std::string(to_string(split)),
                 table_of(make_trials(*experiment.stimulus, experiment.seeds.trials, split,
                                      static_cast<std::size_t>(count), executor)));
  };
  write(Split::train, experiment.train_trials);
  write(Split::validation, experiment.validation_trials);
  write(Split::test, experiment.test_trials);
  conduct.trials_s = watch.seconds();
  write_root(file, experiment, {});
  write_provenance(file, experiment, options, conduct);
  if (stop.stop_requested()) throw Interrupted();
  file.commit();
}

}  // namespace tyto::run

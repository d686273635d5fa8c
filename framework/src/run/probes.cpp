#include "probes.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>

#include <tyto/analysis_tools.hpp>

#include "checks.hpp"

namespace tyto::run {

namespace {

Axis numbered_axis(const std::string& name, std::size_t count, const std::string& long_name) {
  return {name, numbered(count), "1", long_name};
}

/// What single spikes are: an event each.
Table table_of_events(const ModelProbe& probe, const Variable& variable, std::span<const std::vector<double>> times_s,
                      std::span<const std::vector<double>> values) {
  Table table;
  std::vector<std::int64_t> trials;
  std::vector<double> times, all;
  for (std::size_t trial = 0; trial < probe.trials; ++trial) {
    trials.insert(trials.end(), times_s[trial].size(), static_cast<std::int64_t>(trial));
    times.insert(times.end(), times_s[trial].begin(), times_s[trial].end());
    all.insert(all.end(), values[trial].begin(), values[trial].end());
  }
  std::vector<std::int64_t> events(times.size());
  std::iota(events.begin(), events.end(), 0);
  const std::string event = time_axis(probe);
  table.axis(event, std::move(events), "1", "index of the spike");
  table.variable("trial", {event}, std::move(trials), "1", "number of the test trial");
  table.variable("time", {event}, std::move(times), "s", "end of the step in the trial");
  table.variable(variable.name, {event}, std::move(all), variable.units, variable.long_name);
  return table;
}

Table table_of_samples(const ModelProbe& probe, std::vector<Axis> axes, Variable variable,
                       std::span<const std::vector<double>> times_s, std::span<const std::vector<double>> values,
                       bool narrow) {
  Table table;
  std::vector<std::int64_t> trials(probe.trials);
  std::iota(trials.begin(), trials.end(), 0);
  const std::string trial_axis = probe.name + "_trial", time = time_axis(probe);
  table.axis(trial_axis, std::move(trials), "1", "number of the test trial");
  table.axis(time, times_s[0], "s", "end of the sampled step in the trial");
  variable.axes = {trial_axis, time};
  for (auto& axis : axes) {
    variable.axes.push_back(axis.name);
    table.axes.push_back(std::move(axis));
  }
  std::vector<double> all;
  for (std::size_t trial = 0; trial < probe.trials; ++trial)
    all.insert(all.end(), values[trial].begin(), values[trial].end());
  if (narrow)
    variable.values = std::vector<float>(all.begin(), all.end());
  else
    variable.values = std::move(all);
  table.variables.push_back(std::move(variable));
  return table;
}

}  // namespace

std::string time_axis(const ModelProbe& probe) {
  if (probe.what == ModelProbe::What::spikes) return probe.name + "_spike";
  return probe.every_steps == 1 ? "time" : "time_every_" + std::to_string(probe.every_steps);
}

std::pair<std::vector<Axis>, Variable> layout_of(const ModelProbe& probe, const Model& model) {
  using What = ModelProbe::What;
  Variable variable{"value", {}, std::vector<double>{}, "1", ""};
  const std::string neurons = probe.what == What::projection ? "" : model.layers[probe.layer].name + "_neuron";
  switch (probe.what) {
    case What::projection:
      variable.long_name = "what " + probe.input.type + " reads";
      return {{numbered_axis(probe.name + "_channel", probe.channels, "index of the value")}, variable};
    case What::input:
      variable.long_name = (probe.item.empty() ? "input" : probe.item) + " of " + model.layers[probe.layer].name;
      return {
          {model.layers[probe.layer].size == probe.channels && !model.layers[probe.layer].ensemble
               ? numbered_axis(neurons, probe.channels, "index of the neuron")
               : numbered_axis(model.layers[probe.layer].name + "_dimension", probe.channels, "index of the value")},
          variable};
    case What::output:
      variable.long_name = (model.layers[probe.layer].spiking ? "spikes of " : "output of ") +
                           model.layers[probe.layer].name + " in the step";
      return {{numbered_axis(neurons, probe.channels, "index of the neuron")}, variable};
    case What::spikes:
      variable.long_name = "index of the neuron of " + model.layers[probe.layer].name + " that fired";
      return {{}, variable};
    case What::state:
      variable.long_name = probe.item + " of " + model.layers[probe.layer].name + " after the step";
      return {{numbered_axis(neurons, probe.channels, "index of the neuron")}, variable};
    case What::array:
      break;
  }
  std::vector<Axis> axes;
  for (const auto& array : ArrayTable(model)) {
    if (array.path() != probe.item) continue;
    variable.long_name = array.info.doc;
    variable.units = array.info.units;
    for (std::size_t k = 0; k < array.info.shape.size(); ++k)
      axes.push_back(numbered_axis(array.axes[k], array.info.shape[k], "index"));
  }
  return {axes, variable};
}

Recorded::Recorded(const spec::Experiment& experiment, Program& program, const TrialSet& trials,
                   const std::stop_token& stop) {
  const auto& probes = experiment.model.probes;
  std::size_t most = 0;
  for (const auto& probe : probes) most = std::max(most, probe.trials);
  std::vector<std::vector<std::vector<double>>> times_s(probes.size()), values(probes.size());  // [probe][trial]
  for (std::size_t trial = 0; trial < most; ++trial) {
    if (stop.stop_requested()) throw Interrupted();
    for (std::size_t k = 0; k < probes.size(); ++k) {
      times_s[k].emplace_back();
      values[k].emplace_back();
    }
    program.probe(trials, trial, [&](std::size_t probe, std::uint64_t step, std::span<const double> sample) {
      if (trial >= probes[probe].trials) return;
      times_s[probe].back().push_back(static_cast<double>(step + 1) * experiment.model.input.dt_s);
      auto& all = values[probe].back();
      all.insert(all.end(), sample.begin(), sample.end());
    });
  }
  const bool narrow = experiment.precision == Precision::float32;
  for (std::size_t k = 0; k < probes.size(); ++k) {
    auto [axes, variable] = layout_of(probes[k], experiment.model);
    const bool events = probes[k].what == ModelProbe::What::spikes;
    Table table =
        events ? table_of_events(probes[k], variable, times_s[k], values[k])
               : table_of_samples(probes[k], std::move(axes), std::move(variable), times_s[k], values[k], narrow);
    try {
      check_finite("probe '" + probes[k].name + "'", table);
      tables_.emplace_back("/probes/" + probes[k].name, std::move(table));
    } catch (const Error& error) {
      failures_.emplace_back(error.what());
    }
  }
}

}  // namespace tyto::run

/// A finished run with given data, and what tests of analyses need besides: an analysis made from its plugin as
/// an experiment would make it, and access to the table it writes.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <numbers>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <tyto/analysis.hpp>
#include <tyto/error.hpp>

#include "plugin/registry.hpp"
#include "spec/node.hpp"
#include "spec/reader.hpp"

namespace fake {

inline constexpr double radians_per_degree = std::numbers::pi / 180;

/// Trials of 10 steps of 1 ms unless said otherwise, with one target, an angle in [-90, 90] deg.
class Run final : public tyto::FinishedRun {
 public:
  tyto::Model network;
  tyto::Objective asked;
  tyto::TrialSet set;
  tyto::Evaluation answers;
  std::map<std::pair<std::size_t, std::size_t>, tyto::Recording> recordings;  ///< by trial and layer
  std::map<std::string, std::vector<double>> arrays;                          ///< by path
  tyto::TrialSet training;
  /// Stand in for the network and for the stimulus's probabilities.
  std::function<tyto::Evaluation(const tyto::TrialSet&, std::span<const tyto::ChangedArray>)> answer;
  std::function<std::vector<double>(std::span<const double>)> likelihood;

  Run(std::optional<int> classes, const std::vector<double>& targets_deg, tyto::TrialShape shape = {10, 4, 0.001}) {
    const tyto::TargetInfo target{"angle", "an angle", tyto::Dimension::angle, -90 * radians_per_degree,
                                  90 * radians_per_degree};
    network.input = shape;
    asked.classes = classes;
    if (!classes) asked.loss = tyto::Loss::mean_squared_error;
    asked.bind({target});
    set = tyto::TrialSet(shape, {target}, targets_deg.size());
    for (std::size_t i = 0; i < targets_deg.size(); ++i) set.targets(i)[0] = targets_deg[i] * radians_per_degree;
    answers.trials = targets_deg.size();
  }

  /// A layer with its mean output over time for every trial, [trial][neuron].
  void add_layer(const std::string& name, std::size_t size, bool spiking, std::vector<double> activity = {}) {
    tyto::ModelLayer layer;
    layer.name = name;
    layer.type = spiking ? "lif" : "leaky_integrator";
    layer.size = size;
    layer.spiking = spiking;
    network.layers.push_back(std::move(layer));
    answers.activity.push_back(std::move(activity));
  }
  /// A weight matrix into the last layer.
  void add_weights(std::size_t from, std::size_t rows, std::vector<double> values) {
    auto& layer = network.layers.back();
    tyto::ModelInput input;
    input.name = from == tyto::ModelInput::stimulus ? "stimulus" : network.layers[from].name;
    input.from = from;
    input.type = "dense";
    tyto::ArrayInfo array;
    array.name = "w";
    array.shape = {rows, layer.size};
    array.axes = {"from", "to"};
    input.arrays.push_back(array);
    arrays[tyto::array_path(layer, input, "w")] = std::move(values);
    layer.inputs.push_back(std::move(input));
  }
  /// Scores that make each trial be taken for a class.
  void answer_classes(const std::vector<std::size_t>& classes) {
    answers.scores.assign(classes.size() * asked.outputs(), 0.0);
    for (std::size_t i = 0; i < classes.size(); ++i) answers.scores[i * asked.outputs() + classes[i]] = 1.0;
  }
  void answer_degrees(const std::vector<double>& values_deg) {
    for (const double value : values_deg) answers.scores.push_back(value * radians_per_degree);
  }

  [[nodiscard]] const tyto::Model& model() const override { return network; }
  [[nodiscard]] const tyto::Objective& objective() const override { return asked; }
  [[nodiscard]] const tyto::TrialSet& trials() const override { return set; }
  [[nodiscard]] const tyto::Evaluation& evaluation() const override { return answers; }
  [[nodiscard]] tyto::Recording record(std::size_t trial, std::size_t layer) const override {
    return recordings.at({trial, layer});
  }
  [[nodiscard]] const tyto::TrialSet& training_trials() const override { return training; }
  [[nodiscard]] tyto::Evaluation evaluate(const tyto::TrialSet& trials,
                                          std::span<const tyto::ChangedArray> changed) const override {
    return answer(trials, changed);
  }
  [[nodiscard]] std::vector<double> log_likelihood(std::span<const double> values) const override {
    return likelihood(values);
  }
  [[nodiscard]] std::vector<double> array(std::string_view path) const override {
    const auto found = arrays.find(std::string(path));
    if (found == arrays.end()) throw tyto::Error("no such array");
    return found->second;
  }
};

/// An analysis as an experiment would get it, e.g. from "{type: tuning_curves, layer: hidden}".
inline std::shared_ptr<const tyto::Analysis> analysis(const std::string& yaml) {
  tyto::plugin::Registry registry({TYTO_PLUGIN_FOLDER});
  tyto::spec::Reader reader(registry);
  const auto made = reader.component(tyto::spec::parse(yaml, "test"), {tyto::Kind::analysis});
  reader.finish();
  return made.as<const tyto::Analysis>();
}

/// The sentence that an action fails with; empty if it does not fail.
template <class Action>
std::string error_of(Action&& action) {
  try {
    action();
  } catch (const tyto::Error& error) {
    return error.what();
  }
  return "";
}

inline std::string check_error(const std::string& yaml, const Run& run) {
  return error_of([&] { analysis(yaml)->check(run.network, run.asked); });
}

/// Every name is used once, every variable fits its axes, and all have units and a long name.
inline void expect_well_formed(const tyto::Table& table) {
  std::set<std::string> names;
  std::map<std::string, std::size_t> lengths;
  for (const auto& axis : table.axes) {
    EXPECT_TRUE(names.insert(axis.name).second) << "axis " << axis.name << " is there twice";
    EXPECT_FALSE(axis.units.empty()) << axis.name;
    EXPECT_FALSE(axis.long_name.empty()) << axis.name;
    lengths[axis.name] = tyto::size_of(axis.values);
  }
  for (const auto& variable : table.variables) {
    EXPECT_TRUE(names.insert(variable.name).second) << "variable " << variable.name << " is there twice";
    EXPECT_FALSE(variable.units.empty()) << variable.name;
    EXPECT_FALSE(variable.long_name.empty()) << variable.name;
    std::size_t size = 1;
    for (const auto& axis : variable.axes) {
      EXPECT_TRUE(lengths.contains(axis)) << variable.name << " lies along an axis that is not there: " << axis;
      size *= lengths[axis];
    }
    EXPECT_EQ(tyto::size_of(variable.values), size) << variable.name;
  }
}

/// Checks the model against the analysis, runs it, and checks the form of what it wrote.
inline tyto::Table table_of(const std::string& yaml, const Run& run) {
  const auto made = analysis(yaml);
  made->check(run.network, run.asked);
  tyto::Table table;
  made->run(run, table);
  expect_well_formed(table);
  return table;
}

inline const tyto::Variable& variable(const tyto::Table& table, std::string_view name) {
  for (const auto& candidate : table.variables)
    if (candidate.name == name) return candidate;
  throw tyto::Error("no variable '" + std::string(name) + "'");
}
inline bool has_variable(const tyto::Table& table, std::string_view name) {
  for (const auto& candidate : table.variables)
    if (candidate.name == name) return true;
  return false;
}
inline const tyto::Axis& axis(const tyto::Table& table, std::string_view name) {
  for (const auto& candidate : table.axes)
    if (candidate.name == name) return candidate;
  throw tyto::Error("no axis '" + std::string(name) + "'");
}
inline std::vector<double> numbers(const tyto::Table& table, const std::string& name) {
  return std::get<std::vector<double>>(variable(table, name).values);
}
inline std::vector<std::int64_t> integers(const tyto::Table& table, const std::string& name) {
  return std::get<std::vector<std::int64_t>>(variable(table, name).values);
}
inline std::vector<double> axis_numbers(const tyto::Table& table, const std::string& name) {
  return std::get<std::vector<double>>(axis(table, name).values);
}

/// Equal up to rounding; NaN stands for NaN.
inline void expect_near(const std::vector<double>& got, const std::vector<double>& wanted) {
  ASSERT_EQ(got.size(), wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (wanted[i] != wanted[i])
      EXPECT_TRUE(got[i] != got[i]) << "at " << i << ": " << got[i] << " is not NaN";
    else
      EXPECT_NEAR(got[i], wanted[i], 1e-9) << "at " << i;
  }
}

inline constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

}  // namespace fake

#include "spec/model.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <tyto/backend.hpp>

#include "fake_components.hpp"

namespace tyto::spec {
namespace {

using test::FakeComponents;
using test::faults_of;

const ModelSurroundings in_trials{false, true, {100, 6, 1e-3}, 2, true};
const ModelSurroundings in_a_stream{true, true, {0, 6, 1e-3, true}, {}, false};

/// Faults are thrown.
BuiltModel built(const std::string& layers, const ModelSurroundings& around) {
  FakeComponents components;
  Reader reader(components);
  const Node node = parse(layers, "m");
  BuiltModel model = build_model(node, nullptr, around, reader);
  reader.finish();
  return model;
}

std::string faults(const std::string& layers, const ModelSurroundings& around) {
  return faults_of([&] { static_cast<void>(built(layers, around)); });
}

std::vector<std::string> paths(const Model& model) {
  std::vector<std::string> paths;
  for (const auto& array : ArrayTable(model)) paths.push_back(array.path());
  return paths;
}

TEST(Model, BothKindsOfRunReadTheSame) {
  const std::string layers =
      "{hidden: {type: lif, size: 3, input: dense}, output: {type: leaky_integrator, size: 2, input: [dense, {type: "
      "dense, from: stimulus, gain: 2}]}}";
  const BuiltModel trials = built(layers, in_trials), stream = built(layers, in_a_stream);
  EXPECT_EQ(write(trials.resolved), write(stream.resolved));
  EXPECT_EQ(paths(trials.model), paths(stream.model));
  EXPECT_TRUE(trials.complete && stream.complete);
  EXPECT_EQ(trials.model.layers[1].steps, 100U);
  EXPECT_EQ(stream.model.layers[1].steps, 0U);
}

TEST(Model, ConnectionsHaveTheNameOfTheirSourceUnlessTheyHaveTheirOwn) {
  const BuiltModel model = built(
      "{hidden: {type: lif, size: 3, input: dense}, output: {type: lif, input: [dense, {type: dense, name: fast}, "
      "{type: dense, from: stimulus}]}}",
      in_trials);
  EXPECT_EQ(paths(model.model),
            (std::vector<std::string>{"hidden/stimulus/w", "output/hidden/w", "output/fast/w", "output/stimulus/w"}));
  const auto& inputs = model.model.layers[1].inputs;
  EXPECT_EQ(inputs[0].name, "hidden");
  EXPECT_EQ(inputs[1].name, "fast");
  EXPECT_EQ(inputs[1].from, 0U);
  EXPECT_EQ(inputs[2].name, "stimulus");
  const std::string resolved = write(model.resolved);
  EXPECT_NE(resolved.find("name: fast"), std::string::npos);
  EXPECT_EQ(resolved.find("name: hidden"), std::string::npos);
}

TEST(Model, NamesOfConnectionsIntoALayerDiffer) {
  const auto of_inputs = [](const std::string& inputs) {
    return faults("{output: {type: lif, size: 2, input: " + inputs + "}}", in_trials);
  };
  EXPECT_EQ(of_inputs("[dense, dense]"),
            "m:1:46: error: two connections into layer 'output' are named 'stimulus'; 'name' tells them apart");
  EXPECT_EQ(of_inputs("[{type: dense, name: a}, {type: dense, name: a}]"),
            "m:1:63: error: two connections into layer 'output' are named 'a'; 'name' tells them apart");
  EXPECT_EQ(of_inputs("[{type: dense, name: a}, dense]"), "no fault");
  EXPECT_EQ(of_inputs("{type: dense, name: a-b}"),
            "m:1:58: error: the name of a connection is made of letters, digits and underscores");
}

TEST(Model, ArraysAreFoundByTheNamesOfBefore) {
  const BuiltModel built_model = built(
      "{hidden: {type: lif, size: 3, input: dense}, output: {type: lif, input: [dense, {type: dense, name: fast}]}}",
      in_trials);
  const ArrayTable table(built_model.model);
  EXPECT_EQ(table.find("hidden/stimulus/w"), 0U);
  EXPECT_EQ(table.find("hidden/w"), 0U);
  EXPECT_EQ(table.find("output/hidden_w"), 1U);
  EXPECT_EQ(table.find("output/fast_w"), 2U);
  EXPECT_EQ(table.find("output/fast/w"), 2U);
  EXPECT_EQ(table.find("output/w"), std::nullopt);
  EXPECT_EQ(table.of_input(1, 1).first, 2U);
  EXPECT_EQ(array_path(built_model.model.layers[1], built_model.model.layers[1].inputs[1], "w"), "output/fast/w");
}

TEST(Model, HasLoopsInTrialsAsInStreams) {
  const std::string layers =
      "{a: {type: lif, size: 3, input: [dense, {type: dense, from: b}]}, b: {type: lif, size: 2, input: [dense, "
      "{type: dense, from: b}]}}";
  for (const auto& around : {in_a_stream, in_trials})
    EXPECT_EQ(paths(built(layers, around).model),
              (std::vector<std::string>{"a/stimulus/w", "a/b/w", "b/a/w", "b/b/w"}));
}

TEST(Model, DelaysAreWholeSteps) {
  for (const auto& around : {in_a_stream, in_trials}) {
    const auto delay = [&](const std::string& time) {
      return built("{a: {type: lif, size: 2, input: {type: dense, delay: " + time + "}}}", around)
          .model.layers[0]
          .inputs[0]
          .delay_steps;
    };
    EXPECT_EQ(delay("1 ms"), 1U);
    EXPECT_EQ(delay("3.4 ms"), 3U);
  }
}

TEST(Model, OnlyTrialsNeedAnInputForEveryLayer) {
  const std::string layers = "{a: {type: lif, size: 3}, b: {type: lif, size: 2, input: dense}}";
  EXPECT_EQ(faults(layers, in_a_stream), "no fault");
  EXPECT_EQ(faults(layers, in_trials), "m:1:5: error: layer 'a' has no 'input' (a projection, as in 'input: dense')");
}

TEST(Model, OnlyTheOutputLayerOfTrialsMayDoWithoutASize) {
  const std::string layers = "{a: {type: lif, input: dense}}";
  EXPECT_EQ(built(layers, in_trials).model.layers[0].size, 2U);
  EXPECT_EQ(faults(layers, in_a_stream), "m:1:5: error: layer 'a' has no 'size'");
}

}  // namespace
}  // namespace tyto::spec

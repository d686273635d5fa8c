#include <cmath>

#include "support/fake_run.hpp"

namespace {

using Integers = std::vector<std::int64_t>;

/// Two channels, three hidden neurons, two classes.
fake::Run example() {
  fake::Run run(2, {-60, 60}, {10, 2, 0.001});
  run.add_layer("hidden", 3, true);
  run.add_weights(tyto::ModelInput::stimulus, 2, {1, 2, 3, -1, 0, 4});
  run.add_layer("output", 2, false);
  run.add_weights(0, 3, {1, -5, 2, 1, 0, 3});
  return run;
}

TEST(Weights, DescribesEveryMatrix) {
  const auto table = fake::table_of("weights", example());
  EXPECT_EQ(std::get<std::vector<std::string>>(fake::axis(table, "array").values),
            (std::vector<std::string>{"hidden/stimulus/w", "output/hidden/w"}));
  fake::expect_near(fake::numbers(table, "mean"), {1.5, 1.0 / 3});
  fake::expect_near(fake::numbers(table, "sd"), {std::sqrt(17.5 / 5), std::sqrt((40 - 6.0 / 9) / 5)});
  fake::expect_near(fake::numbers(table, "minimum"), {-1, -5});
  fake::expect_near(fake::numbers(table, "maximum"), {4, 3});
  fake::expect_near(fake::numbers(table, "positive_share"), {4.0 / 6, 4.0 / 6});
  EXPECT_EQ(fake::integers(table, "count"), (Integers{6, 6}));
}

TEST(Weights, MultipliesTheMatricesOfATwoLayerNetwork) {
  const auto table = fake::table_of("weights", example());
  fake::expect_near(fake::numbers(table, "hidden_output_product"), {5, 6, -1, 17});
  EXPECT_EQ(fake::variable(table, "hidden_output_product").axes,
            (std::vector<std::string>{"input_channel", "angle_class"}));
  fake::expect_near(fake::axis_numbers(table, "angle_class"), {-45, 45});
}

TEST(Weights, OrdersHiddenNeuronsByTheirStrongestOutput) {
  // The strongest outputs are 1 (-5), 0 (2) and 1 (3).
  const auto table = fake::table_of("weights", example());
  EXPECT_EQ(fake::integers(table, "hidden_order"), (Integers{1, 0, 2}));
  fake::expect_near(fake::numbers(table, "hidden_strongest_output"), {-45, 45, 45});
  fake::expect_near(fake::numbers(table, "hidden_w_ordered"), {2, 1, 3, 0, -1, 4});
  fake::expect_near(fake::numbers(table, "output_w_ordered"), {2, 1, 1, -5, 0, 3});
}

TEST(Weights, GivesStatisticsAloneForOtherNetworks) {
  fake::Run run(2, {0}, {10, 2, 0.001});
  run.add_layer("output", 2, false);
  run.add_weights(tyto::ModelInput::stimulus, 2, {1, 2, 3, 4});
  const auto table = fake::table_of("weights", run);
  EXPECT_EQ(fake::numbers(table, "mean"), std::vector<double>{2.5});
  EXPECT_EQ(table.variables.size(), 6U);
}

TEST(Weights, NumbersTheOutputsOfARegression) {
  fake::Run run(std::nullopt, {0}, {10, 1, 0.001});
  run.add_layer("hidden", 2, true);
  run.add_weights(tyto::ModelInput::stimulus, 1, {1, 2});
  run.add_layer("output", 1, false);
  run.add_weights(0, 2, {3, 4});
  const auto table = fake::table_of("weights", run);
  EXPECT_EQ(fake::numbers(table, "hidden_output_product"), std::vector<double>{11});
  EXPECT_EQ(fake::axis_numbers(table, "output_neuron"), std::vector<double>{0});
}

TEST(Weights, TellsTheInputsOfALayerApart) {
  fake::Run run(2, {0}, {10, 1, 0.001});
  run.add_layer("hidden", 1, true);
  run.add_weights(tyto::ModelInput::stimulus, 1, {1});
  run.add_layer("output", 2, false);
  run.add_weights(tyto::ModelInput::stimulus, 1, {});
  run.add_weights(0, 1, {});
  run.arrays["output/stimulus/w"] = {2, 4};
  run.arrays["output/hidden/w"] = {6, 8};
  const auto table = fake::table_of("weights", run);
  EXPECT_EQ(std::get<std::vector<std::string>>(fake::axis(table, "array").values),
            (std::vector<std::string>{"hidden/stimulus/w", "output/stimulus/w", "output/hidden/w"}));
  EXPECT_EQ(fake::numbers(table, "mean"), (std::vector<double>{1, 3, 7}));
}

TEST(Weights, RefusesAMatrixOfAnotherSize) {
  auto run = example();
  run.arrays["output/hidden/w"] = {1, 2};
  tyto::Table table;
  EXPECT_EQ(fake::error_of([&] { fake::analysis("weights")->run(run, table); }),
            "weights output/hidden/w are 2 numbers where the model has 3 by 2");
}

TEST(Weights, NeedsAMatrix) {
  fake::Run run(2, {0});
  run.add_layer("output", 2, false);
  EXPECT_EQ(fake::check_error("weights", run),
            "weights needs a layer with a weight matrix 'w', and this model has none");
}

}  // namespace

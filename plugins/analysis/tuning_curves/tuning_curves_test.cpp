#include <cmath>

#include "support/fake_run.hpp"

namespace {

/// Two classes, one spiking layer of two neurons and one output layer; spikes per step at dt 1 ms.
fake::Run example() {
  fake::Run run(2, {-60, -29, 31});
  run.add_layer("hidden", 2, true, {0.1, 0.0, 0.3, 0.0, 0.5, 0.2});
  run.add_layer("output", 2, false, {1, 2, 3, 6, 5, -1});
  run.answer_classes({0, 0, 1});
  return run;
}

TEST(TuningCurves, GivesRatesOfSpikingLayersInHertz) {
  const auto table = fake::table_of("tuning_curves", example());
  fake::expect_near(fake::numbers(table, "hidden_mean"), {200, 0, 500, 200});
  fake::expect_near(fake::numbers(table, "hidden_sd"), {100 * std::sqrt(2), 0, fake::undefined, fake::undefined});
  fake::expect_near(fake::numbers(table, "hidden_sem"), {100, 0, fake::undefined, fake::undefined});
  EXPECT_EQ(fake::variable(table, "hidden_mean").units, "Hz");
  EXPECT_EQ(fake::variable(table, "hidden_mean").axes, (std::vector<std::string>{"target", "hidden_neuron"}));
}

TEST(TuningCurves, GivesMeanOutputOfLayersThatDoNotSpike) {
  const auto table = fake::table_of("tuning_curves", example());
  fake::expect_near(fake::numbers(table, "output_mean"), {2, 4, 5, -1});
  EXPECT_EQ(fake::variable(table, "output_mean").units, "1");
  EXPECT_EQ(fake::integers(table, "trials"), (std::vector<std::int64_t>{2, 1}));
  fake::expect_near(fake::axis_numbers(table, "target"), {-45, 45});
  EXPECT_EQ(fake::axis(table, "target").units, "deg");
}

TEST(TuningCurves, DescribesOneLayerIfAsked) {
  const auto table = fake::table_of("{type: tuning_curves, layer: hidden, bins: 3}", example());
  EXPECT_FALSE(fake::has_variable(table, "output_mean"));
  fake::expect_near(fake::axis_numbers(table, "target"), {-60, 0, 60});
  EXPECT_EQ(fake::integers(table, "trials"), (std::vector<std::int64_t>{1, 1, 1}));
}

TEST(TuningCurves, TakesTwelveBinsWithoutClasses) {
  fake::Run run(std::nullopt, {-89, 89});
  run.add_layer("output", 1, false, {1, 2});
  run.answer_degrees({0, 0});
  const auto table = fake::table_of("tuning_curves", run);
  ASSERT_EQ(fake::axis_numbers(table, "target").size(), 12U);
  EXPECT_EQ(fake::axis_numbers(table, "target").front(), -82.5);
  EXPECT_EQ(fake::numbers(table, "output_mean").front(), 1);
  EXPECT_EQ(fake::numbers(table, "output_mean").back(), 2);
  EXPECT_TRUE(std::isnan(fake::numbers(table, "output_mean")[5]));
}

TEST(TuningCurves, NamesTheLayersIfThereIsNoSuchOne) {
  EXPECT_EQ(fake::check_error("{type: tuning_curves, layer: hiden}", example()),
            "the model has no layer 'hiden'; it has 'hidden', 'output'");
}

}  // namespace

#include "support/fake_run.hpp"

namespace {

using Integers = std::vector<std::int64_t>;

/// Five trials of three steps of 2 ms; hidden neuron 1 fires at step (trial mod 3), input channel 3 at step 1.
fake::Run example() {
  fake::Run run(2, {80, -80, 5, 40, -40}, {3, 4, 0.002});
  run.add_layer("hidden", 2, true);
  run.add_layer("output", 2, false);
  for (std::size_t trial = 0; trial < 5; ++trial) {
    run.set.spikes(trial).set(1, 3);
    tyto::Recording hidden{3, 2, std::vector<double>(6, 0.0), {}, {}};
    hidden.output[(trial % 3) * 2 + 1] = 1;
    tyto::Recording output{3, 2, std::vector<double>(6, static_cast<double>(trial)), {}, {}};
    run.recordings[{trial, 0}] = hidden;
    run.recordings[{trial, 1}] = output;
  }
  run.answer_classes({1, 0, 1, 1, 0});
  return run;
}

TEST(Rasters, SpreadsTrialsOverTheTarget) {
  // Wanted are -60, 0 and 60 deg; the nearest trials not yet taken are 1 (-80, as near as -40 but earlier in order
  // of target), 2 (5) and 3 (40, as near as 80 but earlier in order of target).
  const auto table = fake::table_of("{type: rasters, trials: 3}", example());
  EXPECT_EQ(std::get<Integers>(fake::axis(table, "raster_trial").values), (Integers{1, 2, 3}));
  fake::expect_near(fake::numbers(table, "true_value"), {-80, 5, 40});
  fake::expect_near(fake::numbers(table, "estimated_value"), {-45, 45, 45});
}

TEST(Rasters, TakesEveryTrialIfThereAreNoMore) {
  const auto table = fake::table_of("rasters", example());
  EXPECT_EQ(std::get<Integers>(fake::axis(table, "raster_trial").values), (Integers{1, 4, 2, 3, 0}));
}

TEST(Rasters, ListsSpikesOfInputAndSpikingLayers) {
  const auto table = fake::table_of("{type: rasters, trials: 3}", example());
  EXPECT_EQ(fake::integers(table, "input_spike_trial"), (Integers{1, 2, 3}));
  fake::expect_near(fake::numbers(table, "input_spike_time"), {4e-3, 4e-3, 4e-3});
  EXPECT_EQ(fake::integers(table, "input_spike_neuron"), (Integers{3, 3, 3}));
  EXPECT_EQ(fake::integers(table, "hidden_spike_trial"), (Integers{1, 2, 3}));
  fake::expect_near(fake::numbers(table, "hidden_spike_time"), {4e-3, 6e-3, 2e-3});
  EXPECT_EQ(fake::integers(table, "hidden_spike_neuron"), (Integers{1, 1, 1}));
  EXPECT_EQ(fake::variable(table, "hidden_spike_time").units, "s");
  EXPECT_FALSE(fake::has_variable(table, "output_spike_time"));
}

TEST(Rasters, GivesTheTimeCourseOfTheOutput) {
  const auto table = fake::table_of("{type: rasters, trials: 2}", example());
  const auto& course = fake::variable(table, "output_course");
  EXPECT_EQ(course.axes, (std::vector<std::string>{"raster_trial", "time", "output_neuron"}));
  const auto values = fake::numbers(table, "output_course");
  EXPECT_EQ(std::vector<double>(values.begin(), values.begin() + 6), std::vector<double>(6, 4.0));
  EXPECT_EQ(std::vector<double>(values.begin() + 6, values.end()), std::vector<double>(6, 3.0));
  fake::expect_near(fake::axis_numbers(table, "time"), {2e-3, 4e-3, 6e-3});
}

TEST(Rasters, WritesEmptyListsForASilentLayer) {
  auto run = example();
  for (auto& [key, recording] : run.recordings) recording.output.assign(6, 0.0);
  const auto table = fake::table_of("rasters", run);
  EXPECT_TRUE(fake::integers(table, "hidden_spike_trial").empty());
}

TEST(Rasters, ChecksLayers) {
  EXPECT_EQ(fake::check_error("{type: rasters, layer: output}", example()),
            "layer 'output' (leaky_integrator) does not spike");
  fake::Run run(2, {0});
  run.add_layer("input", 2, false);
  EXPECT_EQ(fake::check_error("rasters", run),
            "rasters writes the stimulus's spikes as 'input', so no layer may have that name");
}

}  // namespace

#include <cmath>

#include "support/fake_run.hpp"

namespace {

fake::Run example() {
  fake::Run run(2, {-60, -30, 30, 60});
  run.add_layer("hidden", 2, true, {0.1, 0, 0.2, 0, 0.0, 0, 0.3, 0});
  run.add_layer("output", 2, false, std::vector<double>(8, 1.0));
  run.answer_classes({0, 0, 1, 1});
  return run;
}

TEST(FiringRates, DescribesEveryNeuron) {
  const auto table = fake::table_of("firing_rates", example());
  fake::expect_near(fake::numbers(table, "hidden_rate_mean"), {150, 0});
  fake::expect_near(fake::numbers(table, "hidden_rate_sd"), {std::sqrt(50000.0 / 3), 0});
  fake::expect_near(fake::numbers(table, "hidden_rate_min"), {0, 0});
  fake::expect_near(fake::numbers(table, "hidden_rate_max"), {300, 0});
  fake::expect_near(fake::numbers(table, "hidden_silent_share"), {0.25, 1});
  fake::expect_near(fake::numbers(table, "hidden_population_mean"), {75});
  EXPECT_EQ(fake::integers(table, "hidden_silent_units"), std::vector<std::int64_t>{1});
  EXPECT_EQ(fake::variable(table, "hidden_rate_mean").units, "Hz");
}

TEST(FiringRates, LeavesOutLayersThatDoNotSpike) {
  EXPECT_FALSE(fake::has_variable(fake::table_of("firing_rates", example()), "output_rate_mean"));
}

TEST(FiringRates, NeedsALayerThatSpikes) {
  EXPECT_EQ(fake::check_error("{type: firing_rates, layer: output}", example()),
            "layer 'output' (leaky_integrator) does not spike");
  fake::Run without(2, {0});
  without.add_layer("output", 2, false);
  EXPECT_EQ(fake::check_error("firing_rates", without), "the model has no layer that spikes");
}

}  // namespace

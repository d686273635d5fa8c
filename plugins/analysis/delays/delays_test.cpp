#include <cmath>

#include "support/fake_run.hpp"
#include "support/workshop.hpp"

namespace {

using Integers = std::vector<std::int64_t>;

/// Four channels with delays, then a layer whose synapses have delays.
fake::Run example() {
  fake::Run run(2, {-60, 60}, {100, 4, 0.001});
  tyto::ModelLayer delay;
  delay.name = "delay";
  delay.type = "delay";
  delay.size = 4;
  delay.transform = workshop::make<tyto::Layer>("{type: delay, max: 20 ms}");
  delay.arrays = delay.transform->arrays(4, 4);
  run.network.layers.push_back(delay);
  run.answers.activity.push_back({});
  run.arrays["delay/d"] = {0, 20, 5, 15};
  run.add_layer("output", 2, false);
  tyto::ModelInput input;
  input.name = "delay";
  input.from = 0;
  input.projection = workshop::make<tyto::Layer>("{type: delayed_dense, max: 10.1 ms}");
  input.arrays = input.projection->arrays(4, 2);
  run.network.layers.back().inputs.push_back(input);
  run.arrays["output/delay/w"] = std::vector<double>(8, 1.0);
  run.arrays["output/delay/d"] = {0, 0, 0, static_cast<double>(10.1F), 4, 4, 4, 4};
  return run;
}

TEST(Delays, CountsDelaysAtTheirBounds) {
  const auto table = fake::table_of("delays", example());
  EXPECT_EQ(std::get<std::vector<std::string>>(fake::axis(table, "array").values),
            (std::vector<std::string>{"delay/d", "output/delay/d"}));
  EXPECT_EQ(fake::integers(table, "count"), (Integers{4, 8}));
  EXPECT_EQ(fake::integers(table, "at_lower_bound"), (Integers{1, 3}));
  EXPECT_EQ(fake::integers(table, "at_upper_bound"), (Integers{1, 1}));
  fake::expect_near(fake::numbers(table, "bound_share"), {0.5, 0.5});
  fake::expect_near(fake::numbers(table, "lower_bound"), {0, 0});
  fake::expect_near(fake::numbers(table, "upper_bound"), {20, 10.1});
  fake::expect_near(fake::numbers(table, "mean"), {10, (static_cast<double>(10.1F) + 16) / 8});
  EXPECT_NEAR(fake::numbers(table, "sd")[0], std::sqrt(250.0 / 3), 1e-9);
}

TEST(Delays, KeepsTheValuesAndTheirShapes) {
  const auto table = fake::table_of("delays", example());
  EXPECT_EQ(fake::numbers(table, "delay_d"), (std::vector<double>{0, 20, 5, 15}));
  EXPECT_EQ(fake::variable(table, "delay_d").units, "ms");
  EXPECT_EQ(fake::variable(table, "output_delay_d").axes,
            (std::vector<std::string>{"output_delay_d_from", "output_delay_d_to"}));
}

TEST(Delays, CountsEveryDelayInTheHistogram) {
  const auto table = fake::table_of("{type: delays, bins: 4}", example());
  fake::expect_near(fake::axis_numbers(table, "delay"), {2.5, 7.5, 12.5, 17.5});
  EXPECT_EQ(fake::integers(table, "histogram"), (Integers{1, 1, 0, 2, 7, 0, 1, 0}));
}

TEST(Delays, NeedsALayerWithDelays) {
  fake::Run run(2, {0});
  run.add_layer("output", 2, false);
  EXPECT_EQ(fake::check_error("delays", run), "delays needs a layer with delays, and this model has none");
}

}  // namespace

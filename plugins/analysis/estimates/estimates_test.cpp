#include <cmath>

#include "support/fake_run.hpp"

namespace {

using Integers = std::vector<std::int64_t>;

/// Two classes with centres -45 and 45 deg; errors +35, -35, +5, +80 deg.
fake::Run example() {
  fake::Run run(2, {-80, -10, 40, -35});
  run.answer_classes({0, 0, 1, 1});
  return run;
}

TEST(Estimates, CountsErrors) {
  const auto table = fake::table_of("{type: estimates, bins: 4}", example());
  fake::expect_near(fake::axis_numbers(table, "error"), {-135, -45, 45, 135});
  EXPECT_EQ(fake::integers(table, "error_counts"), (Integers{0, 1, 3, 0}));
  EXPECT_EQ(fake::integers(table, "errors_beyond"), Integers{0});
}

TEST(Estimates, CountsTrueAgainstEstimatedValues) {
  const auto table = fake::table_of("{type: estimates, bins: 4}", example());
  fake::expect_near(fake::axis_numbers(table, "true_target"), {-67.5, -22.5, 22.5, 67.5});
  fake::expect_near(fake::axis_numbers(table, "estimated_target"), {-45, 45});
  EXPECT_EQ(fake::integers(table, "joint_counts"), (Integers{1, 0, 1, 1, 0, 1, 0, 0}));
}

TEST(Estimates, MeasuresErrorsByTrueClass) {
  const auto table = fake::table_of("estimates", example());
  fake::expect_near(fake::axis_numbers(table, "true_class"), {-45, 45});
  fake::expect_near(fake::numbers(table, "class_absolute_error"), {50, 5});
  fake::expect_near(fake::numbers(table, "class_bias"), {80.0 / 3, 5});
  fake::expect_near(fake::numbers(table, "absolute_error"), {155.0 / 4});
  fake::expect_near(fake::numbers(table, "bias"), {85.0 / 4});
  fake::expect_near(fake::numbers(table, "rms_error"), {std::sqrt((35.0 * 35 * 2 + 25 + 6400) / 4)});
  EXPECT_EQ(fake::integers(table, "class_trials"), (Integers{3, 1}));
  EXPECT_EQ(fake::variable(table, "absolute_error").units, "deg");
}

TEST(Estimates, PutsEveryEstimateBesideItsTarget) {
  const auto table = fake::table_of("estimates", example());
  fake::expect_near(fake::numbers(table, "true_value"), {-80, -10, 40, -35});
  fake::expect_near(fake::numbers(table, "estimated_value"), {-45, -45, 45, 45});
}

TEST(Estimates, CountsWhatARegressionPutsOutsideTheRange) {
  fake::Run run(std::nullopt, {-80, 0, 80});
  run.answer_degrees({-95, 10, 300});
  const auto table = fake::table_of("{type: estimates, bins: 2}", run);
  EXPECT_EQ(fake::integers(table, "estimates_outside"), Integers{2});
  EXPECT_EQ(fake::integers(table, "errors_beyond"), Integers{1});
  EXPECT_EQ(fake::integers(table, "error_counts"), (Integers{1, 1}));
  EXPECT_EQ(fake::integers(table, "joint_counts"), (Integers{0, 0, 0, 1}));
  fake::expect_near(fake::numbers(table, "class_bias"), {-15, 115});
}

TEST(Estimates, NeedsARange) {
  fake::Run run(2, {0});
  run.asked.classes.reset();
  run.asked.loss = tyto::Loss::mean_squared_error;
  run.asked.bind({{"level", "a level", tyto::Dimension::none, 1, 1}});
  EXPECT_EQ(fake::check_error("estimates", run), "estimates needs a target with a range, and that of 'level' is empty");
}

}  // namespace

#include <cmath>

#include "support/fake_run.hpp"

namespace {

/// An observer whose log-likelihood of every trial is a parabola around a given value, in degrees.
fake::Run example(const std::vector<double>& targets, const std::vector<double>& peaks, double sd) {
  fake::Run run(12, targets);
  run.answer_classes(std::vector<std::size_t>(targets.size(), 0));
  run.answers.losses.assign(targets.size(), 0.0);
  run.likelihood = [peaks, sd](std::span<const double> values) {
    std::vector<double> result;
    for (const double peak : peaks)
      for (const double value : values) {
        const double z = (value / fake::radians_per_degree - peak) / sd;
        result.push_back(-0.5 * z * z - 1e4);
      }
    return result;
  };
  return run;
}

TEST(IdealObserver, JudgesPosteriors) {
  // Classes of 15 deg: the second trial's peak lies in the next class.
  const auto run = example({-82, 14, 40}, {-81, 16, 40}, 0.5);
  const auto table = fake::table_of("{type: ideal_observer, grid: 1800}", run);
  EXPECT_NEAR(fake::numbers(table, "accuracy")[0], 2.0 / 3, 1e-12);
  EXPECT_NEAR(fake::numbers(table, "map_accuracy")[0], 2.0 / 3, 1e-12);
  EXPECT_NEAR(fake::numbers(table, "class_error")[0], 5, 1e-9);
  EXPECT_NEAR(fake::numbers(table, "posterior_mean_error")[0], 1, 1e-3);
  EXPECT_NEAR(fake::numbers(table, "posterior_sd")[0], 0.5, 1e-3);
  EXPECT_NEAR(fake::numbers(table, "map_error")[0], 1, 0.06);
  EXPECT_NEAR(fake::numbers(table, "posterior_mean")[1], 16, 1e-3);
  EXPECT_NEAR(fake::numbers(table, "network_accuracy")[0], 1.0 / 3, 1e-12);
  EXPECT_EQ(fake::variable(table, "posterior_mean").units, "deg");
}

TEST(IdealObserver, TakesTheClassOfMostProbabilityNotOfThePeak) {
  // The posterior is highest just outside [0, 15), but more of it lies within.
  fake::Run run = example({10}, {0}, 1);
  run.likelihood = [](std::span<const double> values) {
    std::vector<double> result;
    for (const double value : values) {
      const double deg = value / fake::radians_per_degree;
      result.push_back(deg > -0.6 && deg < 0 ? std::log(2.0) : deg >= 0 && deg < 15 ? 0.0 : -1e9);
    }
    return result;
  };
  const auto table = fake::table_of("{type: ideal_observer, grid: 720}", run);
  EXPECT_EQ(fake::numbers(table, "accuracy")[0], 1);
  EXPECT_EQ(fake::numbers(table, "map_accuracy")[0], 0);
}

TEST(IdealObserver, KnowsNothingFromImpossibleSpikes) {
  fake::Run run = example({10}, {0}, 1);
  run.likelihood = [](std::span<const double> values) {
    return std::vector<double>(values.size(), -std::numeric_limits<double>::infinity());
  };
  const auto table = fake::table_of("ideal_observer", run);
  EXPECT_NEAR(fake::numbers(table, "posterior_mean")[0], 0, 1e-9);
  EXPECT_NEAR(fake::numbers(table, "posterior_sd")[0], 180 / std::sqrt(12.0), 0.01);
}

TEST(IdealObserver, NeedsAStimulusThatKnowsItsProbabilities) {
  EXPECT_EQ(fake::analysis("ideal_observer")->needs_of_stimulus(),
            std::vector<std::string_view>{tyto::capability::likelihood});
}

}  // namespace

#include <cmath>

#include "support/fake_run.hpp"

namespace {

std::vector<double> targets() {
  std::vector<double> values;
  for (int i = 0; i < 720; ++i) values.push_back(-90 + (i + 0.5) * 0.25);
  return values;
}

double hill(double x, double offset, double amplitude, double centre, double width) {
  return offset + amplitude * std::exp(-0.5 * (x - centre) * (x - centre) / (width * width));
}

/// A hill, a valley, a flat curve, a straight line, and a peak beyond the range. Spikes per step of 1 ms.
fake::Run example() {
  fake::Run run(12, targets());
  std::vector<double> activity;
  for (const double x : targets())
    for (const double rate_hz :
         {hill(x, 20, 80, 30, 15), hill(x, 90, -50, -40, 25), 40.0, 100 + 0.5 * x, hill(x, 0, 200, 120, 30)})
      activity.push_back(rate_hz * 1e-3);
  run.add_layer("hidden", 5, true, activity);
  return run;
}

TEST(TuningFit, FindsHillsAndValleys) {
  const auto table = fake::table_of("{type: tuning_fit, bins: 180}", example());
  const auto centre = fake::numbers(table, "hidden_centre");
  const auto width = fake::numbers(table, "hidden_width");
  const auto amplitude = fake::numbers(table, "hidden_amplitude");
  const auto offset = fake::numbers(table, "hidden_offset");
  const auto r_squared = fake::numbers(table, "hidden_r_squared");
  // Bins of 1 deg smooth the curve a little.
  EXPECT_NEAR(centre[0], 30, 0.01);
  EXPECT_NEAR(width[0], 15, 0.05);
  EXPECT_NEAR(amplitude[0], 80, 0.2);
  EXPECT_NEAR(offset[0], 20, 0.1);
  EXPECT_NEAR(centre[1], -40, 0.01);
  EXPECT_NEAR(width[1], 25, 0.05);
  EXPECT_NEAR(amplitude[1], -50, 0.2);
  EXPECT_GT(r_squared[0], 0.99999);
  EXPECT_GT(r_squared[1], 0.99999);
  EXPECT_EQ(fake::variable(table, "hidden_centre").units, "deg");
}

TEST(TuningFit, FlagsWhatIsNoPeak) {
  const auto table = fake::table_of("tuning_fit", example());
  const auto status = std::get<std::vector<std::string>>(fake::variable(table, "hidden_status").values);
  EXPECT_EQ(status[0], "ok");
  EXPECT_EQ(status[1], "ok");
  EXPECT_EQ(status[2], "flat curve");
  EXPECT_NE(status[3], "ok");
  EXPECT_EQ(status[4], "centre outside the range");
  EXPECT_EQ(fake::integers(table, "hidden_fits_ok"), std::vector<std::int64_t>{2});
  EXPECT_TRUE(std::isnan(fake::numbers(table, "hidden_r_squared")[2]));
}

TEST(TuningFit, FittedCurvesHaveTheResidualThatIsTold) {
  const auto table = fake::table_of("{type: tuning_fit, bins: 12}", example());
  const auto measured = fake::numbers(table, "hidden_measured");
  const auto fitted = fake::numbers(table, "hidden_fitted");
  for (const std::size_t neuron : {0U, 1U, 3U}) {
    double squares = 0;
    for (std::size_t bin = 0; bin < 12; ++bin)
      squares += std::pow(measured[bin * 5 + neuron] - fitted[bin * 5 + neuron], 2) / 12;
    EXPECT_NEAR(std::sqrt(squares), fake::numbers(table, "hidden_rms_residual")[neuron], 1e-6);
  }
}

TEST(TuningFit, LeavesEmptyBinsOut) {
  fake::Run run(12, {-80, -40, 0, 40, 80});
  run.add_layer("hidden", 1, true, {0.01, 0.02, 0.05, 0.02, 0.01});
  const auto table = fake::table_of("tuning_fit", run);
  EXPECT_FALSE(std::isnan(fake::numbers(table, "hidden_r_squared")[0]));
  run.set = tyto::TrialSet(run.set.shape(), run.set.target_info(), 3);
  const auto few = fake::table_of("tuning_fit", run);
  EXPECT_TRUE(std::isnan(fake::numbers(few, "hidden_r_squared")[0]));
}

TEST(TuningFit, NeedsALayerThatSpikes) {
  fake::Run run(2, {0});
  run.add_layer("output", 2, false, {1, 0});
  EXPECT_EQ(fake::check_error("tuning_fit", run), "the model has no layer that spikes");
  EXPECT_EQ(fake::check_error("{type: tuning_fit, layer: output}", run), "");
}

}  // namespace

#include <cmath>

#include "support/fake_run.hpp"

namespace {

constexpr std::size_t classes = 12;

double ricker(double d, double a, double b, double sigma) {
  const double u = d * d / (sigma * sigma);
  return a * (1 - u) * std::exp(-u / 2) + b;
}

/// One row for each of the given classes.
std::vector<double> rows(const std::vector<std::size_t>& preferred, double a, double b, double sigma) {
  std::vector<double> w;
  for (const std::size_t c : preferred)
    for (std::size_t k = 0; k < classes; ++k)
      w.push_back(ricker(static_cast<double>(k) - static_cast<double>(c), a, b, sigma));
  return w;
}

fake::Run example(const std::vector<std::size_t>& preferred, std::vector<double> w, std::vector<double> activity = {}) {
  std::vector<double> targets;
  for (std::size_t c = 0; c < classes; ++c) targets.push_back(-82.5 + 15 * static_cast<double>(c));
  fake::Run run(classes, targets);
  run.add_layer("hidden", preferred.size(), true, std::move(activity));
  run.add_layer("output", classes, false);
  run.add_weights(0, preferred.size(), std::move(w));
  return run;
}

TEST(RickerFit, FindsTheWaveletInEveryForm) {
  const std::vector<std::size_t> preferred{0, 2, 4, 6, 8, 11};
  const auto table = fake::table_of("ricker_fit", example(preferred, rows(preferred, 4, -0.8, 2.2)));
  EXPECT_EQ(fake::integers(table, "preferred_class"), (std::vector<std::int64_t>{0, 2, 4, 6, 8, 11}));
  for (std::size_t i = 0; i < preferred.size(); ++i) {
    EXPECT_NEAR(fake::numbers(table, "neuron_a")[i], 4, 1e-4);
    EXPECT_NEAR(fake::numbers(table, "neuron_b")[i], -0.8, 1e-4);
    EXPECT_NEAR(fake::numbers(table, "neuron_sigma")[i], 2.2, 1e-4);
  }
  EXPECT_NEAR(fake::numbers(table, "pooled_sigma")[0], 2.2, 1e-4);
  EXPECT_NEAR(fake::numbers(table, "pooled_r_squared")[0], 1, 1e-9);
  EXPECT_EQ(std::get<std::vector<std::string>>(fake::variable(table, "pooled_status").values)[0], "ok");
}

TEST(RickerFit, ResampledRowsOfAllClassesAlignExactly) {
  std::vector<std::size_t> all(classes);
  for (std::size_t c = 0; c < classes; ++c) all[c] = c;
  const auto table = fake::table_of("ricker_fit", example(all, rows(all, 3, 0.5, 1.5)));
  fake::expect_near(fake::numbers(table, "resampled"), rows(all, 3, 0.5, 1.5));
  std::vector<double> expected;
  for (int d = -11; d <= 11; ++d) expected.push_back(ricker(d, 3, 0.5, 1.5));
  fake::expect_near(fake::numbers(table, "aligned"), expected);
  EXPECT_NEAR(fake::numbers(table, "aligned_a")[0], 3, 1e-4);
  EXPECT_NEAR(fake::numbers(table, "aligned_sigma")[0], 1.5, 1e-4);
}

TEST(RickerFit, FillsClassesThatNoNeuronPrefers) {
  const std::vector<std::size_t> preferred{2, 6};
  auto w = rows({2}, 4, 0, 1);
  const auto second = rows({6}, 8, 0, 1);
  w.insert(w.end(), second.begin(), second.end());
  const auto resampled = fake::numbers(fake::table_of("ricker_fit", example(preferred, w)), "resampled");
  // At the class itself the height goes from 4 to 8 along a line, and stays the same beyond.
  EXPECT_NEAR(resampled[0 * classes + 0], 4, 1e-12);
  EXPECT_NEAR(resampled[3 * classes + 3], 5, 1e-12);
  EXPECT_NEAR(resampled[4 * classes + 4], 6, 1e-12);
  EXPECT_NEAR(resampled[11 * classes + 11], 8, 1e-12);
  EXPECT_NEAR(resampled[4 * classes + 5], 6 * ricker(1, 1, 0, 1), 1e-12);
}

TEST(RickerFit, PrefersByRatesIfTold) {
  std::vector<double> activity;  // neuron 0 has a peak at class 3, neuron 1 a valley at class 9
  for (std::size_t c = 0; c < classes; ++c) {
    activity.push_back(c == 3 ? 0.2 : 0.1);
    activity.push_back(c == 9 ? 0.02 : 0.1);
  }
  // Their weights are valleys there.
  const auto run = example({3, 9}, rows({3, 9}, -5, 1, 1.2), activity);
  const auto table = fake::table_of("{type: ricker_fit, prefer: rates}", run);
  EXPECT_EQ(fake::integers(table, "preferred_class"), (std::vector<std::int64_t>{3, 9}));
  EXPECT_NEAR(fake::numbers(table, "pooled_a")[0], -5, 1e-4);
  EXPECT_NEAR(fake::numbers(table, "pooled_sigma")[0], 1.2, 1e-4);
  const auto other = fake::table_of("ricker_fit", run);
  EXPECT_LT(fake::numbers(other, "pooled_r_squared")[0], 0.9);
}

TEST(RickerFit, FlagsWeightsWithoutAWavelet) {
  std::vector<double> w(classes, 0.5);
  for (std::size_t k = 0; k < classes; ++k) w.push_back(k == 5 ? 1.0 : 0.0);
  const auto table = fake::table_of("ricker_fit", example({0, 5}, w));
  const auto status = std::get<std::vector<std::string>>(fake::variable(table, "neuron_status").values);
  EXPECT_EQ(status[0], "flat weights");
  EXPECT_NE(status[1], "ok");
}

TEST(RickerFit, SaysWhatItNeeds) {
  fake::Run regression(std::nullopt, {0});
  EXPECT_EQ(fake::check_error("ricker_fit", regression), "ricker_fit needs an objective with classes");
  fake::Run few(2, {0});
  EXPECT_EQ(fake::check_error("ricker_fit", few), "ricker_fit needs at least 5 classes, and there are 2");
  fake::Run shallow(classes, {0});
  shallow.add_layer("output", classes, false);
  shallow.add_weights(tyto::ModelInput::stimulus, 4, std::vector<double>(4 * classes));
  EXPECT_EQ(fake::check_error("ricker_fit", shallow),
            "ricker_fit needs an output layer with one input, from a layer of neurons");
}

}  // namespace

#include <cmath>

#include <gmock/gmock.h>

#include "support/simulations.hpp"

namespace {

constexpr double dt_s = 1e-3;

std::unique_ptr<tyto::Tuning> tuning_of(const workshop::MadeSimulation& made,
                                        std::vector<std::vector<double>>& arrays) {
  for (std::size_t k = 0; k < made.model.layers[0].arrays.size(); ++k) arrays.push_back(made.simulation->get(k));
  const std::vector<std::span<const double>> views(arrays.begin(), arrays.end());
  return made.model.layers[0].population->tuning(views);
}

/// Neurons reach their maximal rate where the vector points along their encoder with the length of the radius, and fire
/// from their intercept on.
TEST(Ensemble, RatesAndInterceptsAreWhatWasAskedFor) {
  const auto made = workshop::simulation(
      "e: {type: ensemble, size: 200, dimensions: 3, radius: 2, max_rates: {low: 50 Hz, high: 80 Hz}, intercepts: "
      "{low: "
      "-0.5, high: 0.5}}",
      "{}", dt_s, 0);
  tyto::initialise(*made.simulation, 7);
  std::vector<std::vector<double>> arrays;
  const auto tuning = tuning_of(made, arrays);
  std::vector<double> rates(200);
  for (std::size_t i = 0; i < 200; ++i) {
    double length = 0;
    std::vector<double> point(3);
    for (std::size_t k = 0; k < 3; ++k) {
      point[k] = 2 * arrays[0][3 * i + k];
      length += point[k] * point[k] / 4;
    }
    EXPECT_NEAR(length, 1, 1e-12);
    tuning->rates_hz(point, rates);
    EXPECT_GE(rates[i], 50 - 1e-9);
    EXPECT_LE(rates[i], 80 + 1e-9);
    for (double& value : point) value *= -0.51;
    tuning->rates_hz(point, rates);
    EXPECT_EQ(rates[i], 0) << "the intercept is above -0.51";
  }
}

class EnsembleOf : public testing::TestWithParam<tyto::Precision> {};
INSTANTIATE_TEST_SUITE_P(Precisions, EnsembleOf, testing::Values(tyto::Precision::float32, tyto::Precision::float64));

/// Spikes come at the rate that the closed form gives, whatever the step is.
TEST_P(EnsembleOf, SpikesComeAtTheirRate) {
  for (const double step_s : {1e-3, 2e-4}) {
    const auto made = workshop::simulation(
        "e: {type: ensemble, size: 20, max_rates: {low: 100 Hz, high: 300 Hz}, input: {type: "
        "direct, from: stimulus}}",
        "e: {of: e}", step_s, 1, {"cpu", GetParam()});
    tyto::initialise(*made.simulation, 5);
    std::vector<std::vector<double>> arrays;
    const auto tuning = tuning_of(made, arrays);
    const double seconds = 4;
    const auto steps = static_cast<std::size_t>(std::lround(seconds / step_s));
    const auto spikes = workshop::run(made, std::vector<double>(steps, 0.7))["e"];
    std::vector<double> rates(20);
    const double point[] = {0.7};
    tuning->rates_hz(point, rates);
    for (std::size_t i = 0; i < 20; ++i) {
      double count = 0;
      for (std::size_t n = 0; n < steps; ++n) count += spikes[n * 20 + i];
      EXPECT_NEAR(count / seconds, rates[i], 0.5) << "neuron " << i;
    }
  }
}

/// The rate neurons decode without noise what spiking ones decode with it.
TEST(Ensemble, RateNeuronsGiveTheirRates) {
  const auto made = workshop::simulation(
      "e: {type: ensemble, size: 20, neurons: rate_lif, input: {type: direct, from: stimulus}}", "e: {of: e}", dt_s);
  tyto::initialise(*made.simulation, 5);
  std::vector<std::vector<double>> arrays;
  const auto tuning = tuning_of(made, arrays);
  const auto output = workshop::run(made, {0.3})["e"];
  std::vector<double> rates(20);
  const double point[] = {0.3};
  tuning->rates_hz(point, rates);
  for (std::size_t i = 0; i < 20; ++i) EXPECT_NEAR(output[i], rates[i], 1e-9);
}

/// Giving the rates of all neurons leaves the drawn intercepts as they are.
TEST(Ensemble, ValuesTakeThePlaceOfDraws) {
  const auto bias = [](const std::string& rates) {
    const auto made = workshop::simulation("e: {type: ensemble, size: 3, max_rates: " + rates + "}", "{}", dt_s, 0);
    tyto::initialise(*made.simulation, 5);
    const auto gain = made.get("e/gain"), own = made.get("e/bias");
    std::vector<double> intercepts;
    for (std::size_t i = 0; i < 3; ++i) intercepts.push_back((1 - own[i]) / gain[i]);
    return intercepts;
  };
  const auto drawn = bias("{low: 100 Hz, high: 200 Hz}");
  const auto given = bias("{values: [100 Hz, 200 Hz, 300 Hz]}");
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(drawn[i], given[i], 1e-12);
}

}  // namespace

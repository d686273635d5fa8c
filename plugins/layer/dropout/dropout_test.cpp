/// Dropout's masks, its two directions, and that evaluation is left alone.
#include <algorithm>
#include <bit>

#include "support/finite_differences.hpp"

namespace {

constexpr std::size_t steps = 50, channels = 70;

std::shared_ptr<tyto::Layer> layer(double p) {
  return workshop::make<tyto::Layer>("{type: dropout, p: " + std::to_string(p) + "}");
}

tyto::Pass training_pass(std::uint64_t trial = 3, std::uint32_t epoch = 2, std::string_view name = "drop") {
  tyto::Pass pass;
  pass.training = true;
  pass.seed = 9;
  pass.trial = trial;
  pass.epoch = epoch;
  pass.layer = name;
  return pass;
}

std::vector<double> forward(double p, const std::vector<double>& input, const tyto::Pass& pass) {
  std::vector<double> output(input.size(), -7);
  layer(p)->transform_f64(1e-3)->forward({steps, channels, nullptr, input.data()}, {}, pass, output.data(), nullptr);
  return output;
}

const std::vector<double> ones(steps* channels, 1.0);

TEST(Dropout, KeepsTheShareThatItShould) {
  for (const double p : {0.1, 0.5, 0.9}) {
    std::size_t kept = 0, trials = 40;
    for (std::size_t trial = 0; trial < trials; ++trial)
      for (const double value : forward(p, ones, training_pass(trial))) {
        ASSERT_TRUE(value == 0 || value == 1 / (1 - p)) << value;
        kept += value != 0 ? 1 : 0;
      }
    const auto n = static_cast<double>(trials * steps * channels);
    EXPECT_NEAR(static_cast<double>(kept) / n, 1 - p, 5 * std::sqrt(p * (1 - p) / n)) << p;
  }
}

/// Each mask bit hangs on a word of its own: 16 blocks of four words decide on 64 cells in a row.
TEST(Dropout, DrawsFromTheStreamOfItsLayer) {
  const auto output = forward(0.3, ones, training_pass());
  const auto key = tyto::stream_key(9, "dropout/drop");
  for (std::size_t cell = 0; cell < steps * channels; ++cell) {
    const auto block = static_cast<std::uint32_t>(cell / 64 * 16 + cell % 16);
    const auto drawn = tyto::philox(key, block, 2, 3)[cell % 64 / 16];
    ASSERT_EQ(output[cell] != 0, drawn >= 0.3 * 0x1p32) << cell;
  }
}

TEST(Dropout, MasksDifferByTrialEpochAndLayerAndNothingElse) {
  const auto mask = forward(0.5, ones, training_pass());
  EXPECT_EQ(forward(0.5, ones, training_pass()), mask);
  EXPECT_NE(forward(0.5, ones, training_pass(4)), mask);
  EXPECT_NE(forward(0.5, ones, training_pass(3, 3)), mask);
  EXPECT_NE(forward(0.5, ones, training_pass(3, 2, "other")), mask);
  auto later = training_pass();
  later.progress = 0.7;
  EXPECT_EQ(forward(0.5, ones, later), mask);
}

TEST(Dropout, PassesEverythingOnInEvaluation) {
  std::vector<double> values(steps * channels);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<double>(i));
  EXPECT_EQ(forward(0.5, values, {}), values);
  const auto kernel = layer(0.5)->transform_f64(1e-3);
  EXPECT_TRUE(kernel->spikes({}));
  EXPECT_FALSE(kernel->spikes(training_pass()));
  EXPECT_TRUE(layer(0)->transform_f64(1e-3)->spikes(training_pass())) << "nothing is dropped";
  std::vector<std::uint64_t> bits(steps * 2), copy(steps * 2);
  for (std::size_t i = 0; i < bits.size(); ++i) bits[i] = i % 2 == 0 ? 0x123456789abcdefU * (i + 1) : i % 64;
  kernel->forward({steps, channels, bits.data(), nullptr}, {}, {}, nullptr, copy.data());
  EXPECT_EQ(copy, bits);
}

TEST(Dropout, SpikesAndValuesAreTreatedAlike) {
  std::vector<std::uint64_t> bits(steps * 2, 0);
  const tyto::MutableSpikes spikes{bits.data(), steps, channels};
  std::vector<double> values(steps * channels, 0.0), output(steps * channels);
  for (std::size_t i = 0; i < values.size(); i += 3) {
    spikes.set(i / channels, i % channels);
    values[i] = 1;
  }
  layer(0.4)->transform_f64(1e-3)->forward({steps, channels, bits.data(), nullptr}, {}, training_pass(), output.data(),
                                           nullptr);
  EXPECT_EQ(output, forward(0.4, values, training_pass()));
}

TEST(Dropout, GradientsPassTheSameMask) {
  std::vector<double> gradient(steps * channels, 2.0);
  const auto output = forward(0.5, ones, training_pass());
  layer(0.5)->transform_f64(1e-3)->backward({steps, channels, nullptr, ones.data()},
                                            {steps, channels, nullptr, output.data()}, {}, training_pass(), ones.data(),
                                            {}, gradient.data());
  for (std::size_t i = 0; i < gradient.size(); ++i) ASSERT_EQ(gradient[i], 2 + output[i]);
}

TEST(Dropout, GradientOfANetworkEqualsFiniteDifferences) {
  constexpr tyto::TrialShape shape{20, 6, 1e-3};
  const auto trials = workshop::random_trials(5, shape, 3);
  auto model = workshop::chain(shape, {{"hidden", 5, "{type: lif, tau: 5 ms}", "{type: dense, scale: 2}"},
                                       {"output", 3, "{type: leaky_integrator, tau: 4 ms}"}});
  workshop::insert_transform(model, 0, "drop", layer(0.4));
  tyto::Executor executor(2);
  const auto network = workshop::compile(model, {"cpu", tyto::Precision::float64}, executor);
  tyto::initialise(*network, 3);
  tyto::Objective objective;
  objective.classes = 3;
  objective.bind(trials.target_info());
  workshop::expect_true_gradients(*network, trials, objective, training_pass());
}

TEST(Dropout, RefusesToDropEverything) {
  EXPECT_THROW(workshop::make<tyto::Layer>("{type: dropout, p: 1}"), tyto::InvalidInput);
}

}  // namespace

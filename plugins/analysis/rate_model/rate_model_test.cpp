#include <cmath>

#include "analysis/rate_model/rates.hpp"
#include "support/fake_run.hpp"

namespace {

constexpr std::size_t steps = 40, channels = 40, neurons = 3, classes = 6, trials = 600;

/// Phase of a channel within its ear.
double phase(std::size_t channel) { return 0.4 * static_cast<double>(channel % (channels / 2)); }

/// Probability of a spike: waves that the target shifts in the second ear.
double probability(std::size_t t, std::size_t channel, double target_deg) {
  const double shift = channel < channels / 2 ? 0 : target_deg * fake::radians_per_degree;
  return 0.4 * (1 + std::sin(0.3 * static_cast<double>(t) + phase(channel) + shift));
}

/// Each neuron adds up both ears in phase at a shift of its own.
std::vector<double> tuned_weights() {
  std::vector<double> w;
  for (std::size_t c = 0; c < channels; ++c)
    for (const double preferred : {-1.0, 0.0, 1.0})
      w.push_back(0.12 * std::cos(phase(c) + (c < channels / 2 ? 0 : preferred)));
  return w;
}

/// A network of integrate-and-fire neurons, simulated here, and an output that adds up weighted hidden spikes.
fake::Run example() {
  std::vector<double> targets;
  for (std::size_t i = 0; i < trials; ++i) targets.push_back(-90 + 180 * (static_cast<double>(i) + 0.5) / trials);
  fake::Run run(classes, targets, {steps, channels, 0.001});
  const std::vector<double> w_out{1, -1, 0.5, 0.2, 0, 1, -0.5, 2, 0.1, 0.3, 0.6, -1, 0.4, 0.7, 0.2, -0.3, 1, 1};
  const auto weights = tuned_weights();
  std::vector<double> hidden, output;
  tyto::Random random(tyto::stream_key(3, "rate model test"));
  for (std::size_t trial = 0; trial < trials; ++trial) {
    tyto::Recording recording;
    recording.steps = steps;
    recording.neurons = neurons;
    recording.output.assign(steps * neurons, 0.0);
    std::vector<double> v(neurons), count(neurons);
    for (std::size_t t = 0; t < steps; ++t) {
      std::vector<double> current(neurons);
      for (std::size_t c = 0; c < channels; ++c) {
        if (random.uniform() >= probability(t, c, targets[trial])) continue;
        run.set.spikes(trial).set(t, c);
        for (std::size_t i = 0; i < neurons; ++i) current[i] += weights[c * neurons + i];
      }
      for (std::size_t i = 0; i < neurons; ++i) {
        v[i] = 0.6 * v[i] + current[i];
        if (v[i] <= 1) continue;
        v[i] = 0;
        recording.output[t * neurons + i] = 1;
        count[i] += 1.0 / steps;
      }
    }
    for (const double rate : count) hidden.push_back(rate);
    for (std::size_t k = 0; k < classes; ++k) {
      double sum = 0;
      for (std::size_t i = 0; i < neurons; ++i) sum += 2.5 * count[i] * w_out[i * classes + k];
      output.push_back(sum);
    }
    run.recordings[{trial, 0}] = std::move(recording);
  }
  run.add_layer("hidden", neurons, true, std::move(hidden));
  run.add_weights(tyto::ModelInput::stimulus, channels, weights);
  run.add_layer("output", classes, false, std::move(output));
  run.add_weights(0, neurons, w_out);
  return run;
}

TEST(RateModel, PredictsIntegrateAndFireNeurons) {
  const auto table = fake::table_of("rate_model", example());
  EXPECT_GT(fake::numbers(table, "fi_r_squared")[0], 0.8);
  EXPECT_GT(fake::numbers(table, "hidden_rw_pooled_correlation")[0], 0.97);
  EXPECT_GT(fake::numbers(table, "hidden_rw_mean_correlation")[0], 0.9);
  // Without their weights, neurons cannot be told apart.
  EXPECT_LT(fake::numbers(table, "hidden_r_pooled_correlation")[0], 0.9);
  // The output of this network is its hidden rates times the weights, but for the other half of the trials.
  EXPECT_GT(fake::numbers(table, "output_h_pooled_correlation")[0], 0.97);
  EXPECT_GT(fake::numbers(table, "output_rwh_pooled_correlation")[0], 0.9);
}

TEST(RateModel, MeasuresTheTrialsThatWereNotFitted) {
  auto run = example();
  const auto table = fake::table_of("{type: rate_model, bins: 3}", run);
  const auto measured = fake::numbers(table, "hidden_measured");
  double sum = 0;
  for (std::size_t trial = 1; trial < 200; trial += 2) sum += run.answers.activity[0][trial * neurons] / 100 / 0.001;
  EXPECT_NEAR(measured[0], sum, 1e-9);
}

TEST(RateModel, DriveIsMeanAndVarianceOfIndependentChannels) {
  const std::vector<double> p{0.5, 0.25}, w{2, -1, 4, 8};
  const auto drive = rate_model::drive(p, w, {1, 1, 2, 2});
  fake::expect_near(drive.mean, {2, 1.5});
  fake::expect_near(drive.variance, {0.25 * 4 + 0.1875 * 16, 0.25 + 0.1875 * 64});
  fake::expect_near(rate_model::equal_weights(w, 2), {3, 3.5, 3, 3.5});
}

TEST(RateModel, FindsTheCurveThatMadeTheRates) {
  rate_model::Drive drive{{2, 60, 1, 2}, {}, {}};
  for (std::size_t k = 0; k < 2 * 60 * 2; ++k) {
    drive.mean.push_back(0.6 + 0.5 * std::sin(0.17 * static_cast<double>(k)) + (k % 2 == 0 ? 0.1 : 0.0));
    drive.variance.push_back(0.05 + 0.04 * std::cos(0.11 * static_cast<double>(k)));
  }
  const std::array<double, 5> truth{std::log(1.5), std::log(2.5), std::log(0.8), std::log(0.7), std::log(2.0)};
  const std::vector<std::size_t> chosen{0, 1};
  std::vector<double> by_neuron(2 * 2 * 60), courses(2 * 60 * 2);
  rate_model::detail::Courses{drive, chosen, 0}(truth.data(), by_neuron.data());
  for (std::size_t bin = 0; bin < 2; ++bin)
    for (std::size_t k = 0; k < 2; ++k)
      for (std::size_t t = 0; t < 60; ++t) courses[(bin * 60 + t) * 2 + k] = by_neuron[(bin * 2 + k) * 60 + t];
  const auto fit = rate_model::fit_fi_curve(drive, chosen, courses);
  EXPECT_TRUE(fit.converged);
  EXPECT_EQ(fit.lag_steps, 0U);
  EXPECT_GT(fit.r_squared, 1 - 1e-8);
  EXPECT_NEAR(fit.curve.refractory_steps, 1.5, 0.01);
  EXPECT_NEAR(fit.curve.filter_tau_steps, 2, 0.01);
  EXPECT_NEAR(fit.curve.threshold, 0.8, 0.01);
}

TEST(RateModel, NeedsALayerThatReadsTheStimulus) {
  fake::Run run(classes, {0});
  run.add_layer("first", 2, false);
  run.add_weights(tyto::ModelInput::stimulus, 4, std::vector<double>(8));
  run.add_layer("hidden", 2, true);
  run.add_weights(0, 2, std::vector<double>(4));
  EXPECT_EQ(
      fake::check_error("rate_model", run),
      "rate_model needs a layer whose only input is the stimulus through a weight matrix 'w', without synapse and "
      "delay, and layer 'hidden' has another input");
}

}  // namespace

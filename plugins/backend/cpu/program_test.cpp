/// Gradients by finite differences, the same bits for any number of threads, and errors.
#include <cmath>

#include "support/workshop.hpp"

namespace {

using workshop::Arithmetic;
using workshop::LayerText;

tyto::TrialSet random_trials(std::size_t count, std::size_t steps, std::size_t channels, double maximum) {
  tyto::TrialSet trials({steps, channels, 1e-3}, {{"label", "", tyto::Dimension::none, 0, maximum}}, count);
  tyto::Random random(tyto::stream_key(7, "test"));
  for (std::size_t i = 0; i < count; ++i) {
    trials.targets(i)[0] = random.uniform(0, maximum);
    for (std::size_t t = 0; t < steps; ++t)
      for (std::size_t c = 0; c < channels; ++c)
        if (random.uniform() < 0.3) trials.spikes(i).set(t, c);
  }
  return trials;
}

std::vector<std::uint32_t> first(std::size_t count) {
  std::vector<std::uint32_t> index(count);
  for (std::size_t i = 0; i < count; ++i) index[i] = static_cast<std::uint32_t>(i);
  return index;
}

struct Smooth {
  std::string name;
  std::vector<LayerText> layers;
  std::string surrogate;
  tyto::Readout readout = tyto::Readout::mean;
  bool penalty = false;
};

std::vector<Smooth> smooth_models() {
  const LayerText out{"output", 3, "{type: leaky_integrator, tau: 4 ms}"};
  const auto hidden = [](const std::string& options) {
    return LayerText{"hidden", 5, "{type: lif, tau: 5 ms, " + options + "}"};
  };
  return {
      {"next_step_to_zero", {hidden("timing: next_step, reset: to_zero"), out}, "sigmoid"},
      {"next_step_subtract", {hidden("timing: next_step, reset: subtract"), out}, "sigmoid"},
      {"same_step_to_zero", {hidden("timing: same_step, reset: to_zero"), out}, "sigmoid"},
      {"same_step_subtract", {hidden("timing: same_step, reset: subtract"), out}, "{type: superspike, scale: 4}"},
      {"scaled_input", {hidden("input_scale: one_minus_decay, threshold: 0.3"), out}, "sigmoid"},
      {"two_hidden", {hidden("threshold: 0.8"), {"second", 4, "{type: lif, tau: 3 ms}"}, out}, "sigmoid"},
      {"same_step_readout", {hidden(""), {"output", 3, "{type: leaky_integrator, timing: same_step}"}}, "sigmoid"},
      {"sum", {hidden(""), out}, "sigmoid", tyto::Readout::sum},
      {"last", {hidden(""), out}, "sigmoid", tyto::Readout::last},
      {"max", {hidden(""), out}, "sigmoid", tyto::Readout::max},
      {"penalty", {hidden(""), out}, "sigmoid", tyto::Readout::mean, true},
  };
}

class SmoothGradient : public testing::TestWithParam<Smooth> {};

/// With every spike replaced by the function whose derivative the surrogate is, the model is smooth,
/// and its gradient must be the one that finite differences find.
TEST_P(SmoothGradient, EqualsFiniteDifferences) {
  const auto& model = GetParam();
  const auto trials = random_trials(5, 20, 6, 3);
  tyto::Executor executor(2);
  const auto network =
      workshop::compile(workshop::chain(trials.shape(), model.layers), {"cpu", tyto::Precision::float64}, executor);
  tyto::initialise(*network, 3);
  tyto::Objective objective;
  objective.classes = 3;
  objective.readout = model.readout;
  objective.bind(trials.target_info());
  const auto surrogate = workshop::surrogate(model.surrogate);
  tyto::Backpropagation request;
  request.objective = &objective;
  request.surrogate = surrogate.get();
  request.smooth = true;
  if (model.penalty) request.rate_penalties = {{0, 1, 50, 2.5}};
  const auto index = first(trials.size());
  const tyto::Batch batch{&trials, index, {}};
  network->backpropagate(batch, request);
  std::vector<std::vector<double>> gradients;
  for (std::size_t a = 0; a < network->arrays().size(); ++a) gradients.push_back(network->gradient(a));

  constexpr double h = 1e-5;
  double largest = 0;
  for (std::size_t a = 0; a < gradients.size(); ++a) {
    const auto values = network->get(a);
    for (std::size_t k = 0; k < values.size(); ++k) {
      auto moved = values;
      moved[k] = values[k] + h;
      network->set(a, moved);
      const double above = network->backpropagate(batch, request).loss;
      moved[k] = values[k] - h;
      network->set(a, moved);
      const double below = network->backpropagate(batch, request).loss;
      EXPECT_NEAR(gradients[a][k], (above - below) / (2 * h), 1e-7) << network->arrays()[a].path() << " " << k;
      largest = std::max(largest, std::abs(gradients[a][k]));
    }
    network->set(a, values);
  }
  EXPECT_GT(largest, 1e-3) << "a gradient of zero would prove nothing";
}
std::string smooth_name(const testing::TestParamInfo<Smooth>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Every, SmoothGradient, testing::ValuesIn(smooth_models()), smooth_name);

class Backend : public testing::TestWithParam<Arithmetic> {};

/// Trained weights and the loss of every update.
struct Trained {
  std::vector<double> weights;
  std::vector<double> losses;
  bool operator==(const Trained&) const = default;
};

Trained train_with(std::size_t threads, const Arithmetic& arithmetic, int updates) {
  const auto trials = random_trials(61, 30, 70, 4);
  tyto::Executor executor(threads);
  const auto network = workshop::compile(
      workshop::chain(trials.shape(), {{"hidden", 9, "{type: lif, tau: 5 ms}"}, {"output", 4, "leaky_integrator"}}),
      arithmetic, executor);
  tyto::initialise(*network, 5);
  tyto::Objective objective;
  objective.classes = 4;
  objective.bind(trials.target_info());
  const auto surrogate = workshop::surrogate("sigmoid");
  const auto optimizer = workshop::make<tyto::Optimizer>("adam");
  tyto::Backpropagation request;
  request.objective = &objective;
  request.surrogate = surrogate.get();
  request.rate_penalties = {{0, 10, 100, 1}};
  const auto index = first(trials.size());
  Trained trained;
  for (int k = 0; k < updates; ++k) {
    trained.losses.push_back(network->backpropagate({&trials, index, {}}, request).loss);
    network->apply(*optimizer);
  }
  trained.weights = network->get(0);
  const auto more = network->get(1);
  trained.weights.insert(trained.weights.end(), more.begin(), more.end());
  return trained;
}

TEST_P(Backend, SameBitsForAnyNumberOfThreads) {
  const auto one = train_with(1, GetParam(), 5);
  for (const std::size_t threads : {2U, 3U, 5U}) EXPECT_EQ(train_with(threads, GetParam(), 5), one) << threads;
}

TEST_P(Backend, TrainingOnOneBatchLowersItsLoss) {
  const auto losses = train_with(2, GetParam(), 100).losses;
  EXPECT_LT(losses.back(), 0.5 * losses.front());
}

/// Penalties need all trials before any goes back; without them each goes back at once. A penalty of
/// weight zero must not change a bit.
TEST_P(Backend, PenaltyOfWeightZeroChangesNothing) {
  const auto trials = random_trials(20, 30, 40, 4);
  tyto::Executor executor(2);
  const auto network = workshop::compile(
      workshop::chain(trials.shape(), {{"hidden", 9, "{type: lif, tau: 5 ms}"}, {"output", 4, "leaky_integrator"}}),
      GetParam(), executor);
  tyto::initialise(*network, 5);
  tyto::Objective objective;
  objective.classes = 4;
  objective.bind(trials.target_info());
  const auto surrogate = workshop::surrogate("sigmoid");
  tyto::Backpropagation request;
  request.objective = &objective;
  request.surrogate = surrogate.get();
  const auto index = first(trials.size());
  network->backpropagate({&trials, index, {}}, request);
  const auto plain = network->gradient(0);
  request.rate_penalties = {{0, 10, 100, 0}};
  network->backpropagate({&trials, index, {}}, request);
  EXPECT_EQ(network->gradient(0), plain);
}

TEST_P(Backend, RefusesArraysOfAnotherSize) {
  const auto trials = random_trials(1, 5, 4, 4);
  tyto::Executor executor(1);
  const auto network =
      workshop::compile(workshop::chain(trials.shape(), {{"output", 2, "leaky_integrator"}}), GetParam(), executor);
  EXPECT_THROW(network->set(0, std::vector<double>(7)), tyto::Error);
}
std::string arithmetic_name(const testing::TestParamInfo<Arithmetic>& info) { return workshop::name_of(info.param); }
INSTANTIATE_TEST_SUITE_P(Every, Backend, testing::ValuesIn(workshop::arithmetics()), arithmetic_name);

}  // namespace

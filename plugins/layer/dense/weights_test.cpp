/// How weights are drawn, and what keeps them as they are.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "support/finite_differences.hpp"

namespace {

constexpr std::size_t from = 300, to = 200;

std::vector<double> drawn(const std::string& initial, std::size_t rows = from, std::size_t columns = to) {
  const auto layer = workshop::make<tyto::Layer>("{type: dense, scale: 2, initial_weights: " + initial + "}");
  std::vector<double> values(rows * columns);
  tyto::Random random(tyto::stream_key(1, "weights test"));
  layer->arrays(rows, columns)[0].initialise(random, values);
  return values;
}

TEST(InitialWeights, HaveTheirDistributions) {
  struct Case {
    std::string name;
    double deviation;
    bool uniform;
  };
  const double third = 1 / std::sqrt(3.0);
  for (const auto& [name, deviation, uniform] : {Case{"uniform", 2 * third / std::sqrt(200.0), true},
                                                 {"normal", 2 / std::sqrt(200.0), false},
                                                 {"xavier_uniform", 2 * third * std::sqrt(6.0 / 500), true},
                                                 {"xavier_normal", 2 * std::sqrt(2.0 / 500), false},
                                                 {"kaiming_uniform", 2 * third * std::sqrt(6.0 / 300), true},
                                                 {"kaiming_normal", 2 * std::sqrt(2.0 / 300), false}}) {
    SCOPED_TRACE(name);
    const auto values = drawn(name);
    const auto count = static_cast<double>(values.size());
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
    const double square = std::inner_product(values.begin(), values.end(), values.begin(), 0.0) / count;
    EXPECT_NEAR(mean, 0, 5 * deviation / std::sqrt(count));
    EXPECT_NEAR(std::sqrt(square), deviation, 0.02 * deviation);
    const double highest = *std::max_element(values.begin(), values.end());
    if (uniform)
      EXPECT_NEAR(highest, deviation / third, 1e-3 * deviation);
    else
      EXPECT_GT(highest, 3.5 * deviation);
  }
  EXPECT_EQ(drawn("constant"), std::vector<double>(from * to, 2.0));
}

TEST(InitialWeights, AreOrthogonalWhereTheyShouldBe) {
  for (const auto& [rows, columns] : {std::pair<std::size_t, std::size_t>{12, 30}, {30, 12}, {9, 9}, {1, 5}, {5, 1}}) {
    const auto w = drawn("orthogonal", rows, columns);
    const bool by_rows = rows <= columns;
    const std::size_t vectors = std::min(rows, columns), length = std::max(rows, columns);
    for (std::size_t a = 0; a < vectors; ++a)
      for (std::size_t b = 0; b < vectors; ++b) {
        double product = 0;
        for (std::size_t i = 0; i < length; ++i)
          product += by_rows ? w[a * columns + i] * w[b * columns + i] : w[i * columns + a] * w[i * columns + b];
        EXPECT_NEAR(product, a == b ? 4 : 0, 1e-12);
      }
  }
}

constexpr tyto::TrialShape shape{20, 6, 1e-3};

/// Two layers with what a gradient is asked for with.
struct SmallTraining {
  explicit SmallTraining(bool frozen, const std::string& hidden = "{type: dense, scale: 3, bias: true}",
                         const std::string& output = "{type: dense, bias: true}") {
    auto model = workshop::chain(shape, {{"hidden", 5, "{type: lif, tau: 5 ms}", hidden},
                                         {"output", 3, "{type: leaky_integrator, tau: 4 ms}", output}});
    model.layers[0].inputs[0].frozen = frozen;
    program = workshop::compile(model, {"cpu", tyto::Precision::float64}, executor);
    tyto::initialise(*program, 3);
    objective.classes = 3;
    objective.bind(trials.target_info());
  }
  void backpropagate() {
    tyto::Backpropagation request;
    request.objective = &objective;
    request.surrogate = surrogate.get();
    const auto index = workshop::all_of(trials);
    program->backpropagate({&trials, index, {}}, request);
  }
  [[nodiscard]] std::vector<std::vector<double>> weights() const {
    std::vector<std::vector<double>> all;
    for (std::size_t k = 0; k < program->arrays().size(); ++k) all.push_back(program->get(k));
    return all;
  }

  tyto::TrialSet trials = workshop::random_trials(5, shape, 3);
  tyto::Executor executor{1};
  tyto::Objective objective;
  std::shared_ptr<tyto::Surrogate> surrogate = workshop::surrogate("sigmoid");
  std::unique_ptr<tyto::Program> program;
};

/// Every optimizer leaves a frozen connection as it is, with decay and clipping, while others learn.
TEST(Frozen, StaysAsItIs) {
  for (const auto& name : workshop::registry().names(tyto::Kind::optimizer)) {
    SCOPED_TRACE(name);
    SmallTraining training(true);
    const auto before = training.weights();
    const auto optimizer = workshop::make<tyto::Optimizer>("{type: " + name + "}");
    for (int update = 0; update < 1000; ++update) {
      training.backpropagate();
      training.program->apply(*optimizer, {.value = 1.0, .norm = 0.5});
    }
    const auto after = training.weights();
    EXPECT_EQ(after[0], before[0]);
    EXPECT_EQ(after[1], before[1]);
    EXPECT_NE(after[2], before[2]);
  }
}

/// One update by plain descent at a rate of 1, which shows the gradient as the optimizer saw it.
std::vector<std::vector<double>> moves(const tyto::Clipping& clipping) {
  SmallTraining training(false);
  training.backpropagate();
  const auto before = training.weights();
  training.program->apply(*workshop::make<tyto::Optimizer>("{type: sgd, learning_rate: 1}"), clipping);
  auto moved = training.weights();
  for (std::size_t k = 0; k < before.size(); ++k)
    for (std::size_t i = 0; i < before[k].size(); ++i) moved[k][i] = before[k][i] - moved[k][i];
  return moved;
}

double norm_of(const std::vector<std::vector<double>>& arrays) {
  double squares = 0;
  for (const auto& array : arrays) squares += std::inner_product(array.begin(), array.end(), array.begin(), 0.0);
  return std::sqrt(squares);
}

TEST(Clipping, BoundsNumbersAndTheNormOfAllTogether) {
  const auto plain = moves({});
  const double norm = norm_of(plain), bound = norm / 20;
  ASSERT_GT(norm, 0.01);
  const auto scaled = moves({.value = {}, .norm = norm / 4}), cut = moves({.value = bound, .norm = {}});
  EXPECT_NEAR(norm_of(scaled), norm / 4, 1e-12);
  EXPECT_EQ(moves({.value = {}, .norm = norm * 4}), plain);
  std::size_t at_bound = 0;
  for (std::size_t k = 0; k < plain.size(); ++k)
    for (std::size_t i = 0; i < plain[k].size(); ++i) {
      EXPECT_NEAR(scaled[k][i], plain[k][i] / 4, 1e-12);
      EXPECT_NEAR(cut[k][i], std::clamp(plain[k][i], -bound, bound), 1e-12);
      at_bound += std::abs(std::abs(cut[k][i]) - bound) < 1e-12 ? 1 : 0;
    }
  EXPECT_GT(at_bound, 0U);
}

/// A thousand updates of every optimizer, with settings drawn at random: weights stay within their bounds, and where
/// there is no synapse none appears.
TEST(Limits, HoldWhateverTheOptimizerDoes) {
  const int updates = workshop::sanitized ? 50 : 1000;
  for (const auto& name : workshop::registry().names(tyto::Kind::optimizer)) {
    std::size_t changed = 0, absent = 0;
    for (std::size_t seed = 0; seed < 6; ++seed) {
      tyto::Random random(tyto::stream_key(seed, name));
      const double lowest = random.uniform(-0.5, 0.3), highest = lowest + random.uniform(0.05, 1);
      const std::string limits =
          "{type: dense, scale: 3, connection_probability: " + std::to_string(random.uniform(0.2, 0.9)) +
          ", bounds: {lowest: " + std::to_string(lowest) + ", highest: " + std::to_string(highest) + "}}";
      const std::string optimizer_text =
          "{type: " + name + ", learning_rate: " + std::to_string(std::pow(10, random.uniform(-3, 0))) + "}";
      SCOPED_TRACE(optimizer_text + " " + limits);
      SmallTraining training(false, limits, limits);
      const auto optimizer = workshop::make<tyto::Optimizer>(optimizer_text);
      const auto first = training.weights();
      for (int update = 0; update < updates; ++update) {
        training.backpropagate();
        training.program->apply(*optimizer, {});
      }
      const auto last = training.weights();
      for (const std::size_t w : {0U, 2U}) {
        EXPECT_EQ(last[w + 1], first[w + 1]) << "which synapses there are";
        for (std::size_t k = 0; k < last[w].size(); ++k) {
          absent += last[w + 1][k] == 1 ? 1 : 0;
          if (last[w + 1][k] == 1) {
            EXPECT_EQ(last[w][k], 0);
            continue;
          }
          EXPECT_GE(last[w][k], std::stod(std::to_string(lowest)));
          EXPECT_LE(last[w][k], std::stod(std::to_string(highest)));
          changed += last[w][k] != first[w][k] ? 1 : 0;
        }
      }
    }
    EXPECT_GT(changed, 20U) << name;
    EXPECT_GT(absent, 20U) << name;
  }
}

/// Gradients with absent synapses are those of finite differences.
TEST(Limits, HaveTheirGradients) {
  SmallTraining training(false, "{type: dense, scale: 3, connection_probability: 0.5, bias: true}",
                         "{type: dense, connection_probability: 0.6, bounds: {lowest: -2}}");
  workshop::expect_true_gradients(*training.program, training.trials, training.objective, {}, "superspike");
  double zeros = 0;
  for (const double value : training.program->get(1)) zeros += value;
  EXPECT_GT(zeros, 5);
}

TEST(Limits, AreRefusedWhereTheyMakeNoSense) {
  const auto error_of = [](const std::string& yaml) {
    try {
      static_cast<void>(workshop::make<tyto::Layer>(yaml));
    } catch (const tyto::Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(error_of("{type: dense, bounds: {lowest: 1, highest: 0}}").find("must not be below the lowest"),
            std::string::npos);
  EXPECT_NE(error_of("{type: dense, bounds: {lowest: 0}, dale: {}}").find("cannot be had together with 'bounds'"),
            std::string::npos);
  EXPECT_NE(error_of("{type: delayed_dense, max: 3 ms, connection_probability: 0.5, dale: {}}")
                .find("cannot be had together"),
            std::string::npos);
}

}  // namespace

/// Direct and decoded connections in trials: their gradients, and what threads do to them.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "spec/model.hpp"
#include "support/finite_differences.hpp"

namespace {

constexpr double dt_s = 1e-3;

tyto::Model read(const std::string& layers) {
  tyto::spec::Reader reader(workshop::registry());
  tyto::spec::ModelSurroundings around{false, true, {30, 4, dt_s}, {}, false};
  around.outputs = 3;
  auto built = tyto::spec::build_model(tyto::spec::parse(layers, "layers"), nullptr, around, reader);
  reader.finish();
  return std::move(built.model);
}

tyto::Objective three_classes(const tyto::TrialSet& trials) {
  tyto::Objective objective;
  objective.classes = 3;
  objective.bind(trials.target_info());
  return objective;
}

TEST(Direct, HasTheGradientOfFiniteDifferences) {
  const auto model = read(
      "first: {type: lif, size: 4, tau: 5 ms, input: {type: dense, from: stimulus}}\n"
      "second: {type: lif, size: 4, tau: 5 ms, input: [{type: direct, from: first, transform: 0.7}, {type: direct, "
      "name: back, from: second, transform: -0.3, synapse: 3 ms}]}\n"
      "output: {type: leaky_integrator, size: 3, tau: 4 ms, input: {type: direct, from: second, transform: [1, -0.5, "
      "0.2, "
      "0, 0, 2, 1, 0.3, -1, 0.4, 0, 0.6]}}\n");
  const auto trials = workshop::random_trials(3, {30, 4, dt_s}, 3);
  tyto::Executor executor(2);
  const auto program = workshop::compile(model, {"cpu", tyto::Precision::float64}, executor);
  tyto::initialise(*program, 2);
  workshop::expect_true_gradients(*program, trials, three_classes(trials));
}

TEST(Direct, AnswersOfEnsemblesInTrialsDoNotDependOnThreads) {
  const auto model = read(
      "pre: {type: ensemble, size: 40, input: {type: direct, from: stimulus, function: \"x1*x2 - x3\", synapse: 5 "
      "ms}}\n"
      "post: {type: ensemble, size: 30, input: [{type: decoded, from: pre, synapse: 5 ms}, {type: decoded, name: back, "
      "from: post, synapse: 10 ms}]}\n"
      "output: {type: leaky_integrator, size: 3, input: {type: dense, from: post}}\n");
  const auto trials = workshop::random_trials(37, {30, 4, dt_s}, 3);
  const auto objective = three_classes(trials);
  const auto index = workshop::all_of(trials);
  for (const auto precision : {tyto::Precision::float32, tyto::Precision::float64}) {
    std::vector<double> expected;
    for (const std::size_t threads : {1U, 2U, 3U}) {
      tyto::Executor executor(threads);
      const auto program = workshop::compile(model, {"cpu", precision}, executor);
      tyto::initialise(*program, 2);
      for (std::size_t k = 0; k < program->arrays().size(); ++k) {
        // A solver would find them.
        if (program->arrays()[k].info.name != "decoders") continue;
        std::vector<double> decoders(program->arrays()[k].size);
        for (std::size_t i = 0; i < decoders.size(); ++i) decoders[i] = 1e-4 * static_cast<double>(i % 7) - 3e-4;
        program->set(k, decoders);
      }
      const auto scores = program->evaluate({&trials, index, {}}, objective, false).scores;
      if (expected.empty()) expected = scores;
      EXPECT_EQ(scores, expected) << threads;
      for (const std::uint32_t one : {0U, 17U, 36U}) {
        const auto alone = program->evaluate({&trials, {&one, 1}, {}}, objective, false).scores;
        EXPECT_TRUE(std::equal(alone.begin(), alone.end(), expected.begin() + one * 3)) << one;
      }
    }
    EXPECT_NE(std::vector<double>(expected.begin(), expected.begin() + 3),
              std::vector<double>(expected.begin() + 3, expected.begin() + 6));
  }
}

}  // namespace

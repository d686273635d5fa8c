/// Sources in trials: each trial has spikes of its own, whenever and beside whatever it is shown, and gradients pass
/// what they reach.
#include "spec/model.hpp"
#include "support/finite_differences.hpp"
#include "support/plain_program.hpp"

namespace {

constexpr std::size_t steps = 30;
constexpr tyto::TrialShape shape{steps, 4, 1e-3};

tyto::Model model() {
  tyto::spec::Reader reader(workshop::registry());
  const tyto::spec::ModelSurroundings around{false, true, shape, 3, true};
  auto built = tyto::spec::build_model(
      tyto::spec::parse(
          "noise: {type: poisson, size: 5, rate: 200 Hz, start: 5 ms}\n"
          "many: {type: poisson, size: 3, rate: 2 kHz, counts: true}\n"
          "hidden: {type: lif, size: 6, tau: 5 ms, threshold: 0.4, input: [{type: dense, from: stimulus}, "
          "{type: dense, from: noise, delay: 2 ms}, {type: sparse, from: many, weight: 0.1, probability: "
          "0.5}, {type: dense, from: hidden}]}\n"
          "output: {type: leaky_integrator, tau: 4 ms, size: 3, input: dense}",
          "layers"),
      nullptr, around, reader);
  reader.finish();
  return std::move(built.model);
}

tyto::TrialSet trials_from(std::uint64_t seed) {
  auto trials = workshop::random_trials(11, shape, 3);
  trials.number_from({seed, tyto::Split::test, 100});
  return trials;
}

std::vector<double> drawn(const tyto::TrialSet& trials, std::size_t trial) {
  const auto layer = workshop::make<tyto::Layer>("{type: poisson, rate: 200 Hz, start: 5 ms}");
  tyto::Pass pass;
  pass.layer = "noise";
  pass.shown = trials.key(trial);
  std::vector<double> output(steps * 5);
  tyto::ForwardScan<double> scan;
  scan.steps = steps;
  scan.neurons = 5;
  scan.output = output.data();
  scan.pass = &pass;
  layer->population_f64(1e-3)->forward(scan);
  return output;
}

class Sources : public testing::TestWithParam<workshop::Arithmetic> {};

TEST_P(Sources, HaveSpikesOfTheirOwnInEachTrial) {
  const auto trials = trials_from(3), others = trials_from(4);
  tyto::Executor executor(2);
  const auto program = workshop::compile(model(), GetParam(), executor);
  tyto::initialise(*program, 1);
  for (std::size_t trial = 0; trial < trials.size(); ++trial) {
    const auto found = program->record(trials, trial, 0).output;
    EXPECT_EQ(found, drawn(trials, trial));
    EXPECT_EQ(std::count(found.begin(), found.begin() + 25, 1.0), 0) << "before the start";
    EXPECT_GT(std::count(found.begin(), found.end(), 1.0), 5);
    EXPECT_NE(found, drawn(trials, (trial + 1) % trials.size()));
    EXPECT_NE(found, drawn(others, trial));
  }
}

TEST_P(Sources, DoNotDependOnOtherTrialsNorOnThreads) {
  const auto trials = trials_from(3);
  tyto::Objective objective;
  objective.classes = 3;
  objective.bind(trials.target_info());
  const auto index = workshop::all_of(trials);
  std::vector<double> before;
  for (const std::size_t threads : {1U, 2U, 3U}) {
    tyto::Executor executor(threads);
    const auto program = workshop::compile(model(), GetParam(), executor);
    tyto::initialise(*program, 1);
    const auto scores = program->evaluate({&trials, index, {}}, objective, false).scores;
    if (!before.empty()) {
      EXPECT_EQ(scores, before);
    }
    before = scores;
    for (const std::uint32_t one : index) {
      const auto alone = program->evaluate({&trials, {&one, 1}, {}}, objective, false).scores;
      EXPECT_TRUE(std::equal(alone.begin(), alone.end(), scores.begin() + one * 3)) << one;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Every, Sources, testing::ValuesIn(workshop::arithmetics()),
                         [](const auto& one) { return workshop::name_of(one.param); });

TEST(SourcesInTraining, LetGradientsPassWhatTheyReach) {
  const auto trials = trials_from(3);
  tyto::Executor executor(2);
  const auto program = workshop::compile(model(), {"cpu", tyto::Precision::float64}, executor);
  tyto::initialise(*program, 1);
  tyto::Objective objective;
  objective.classes = 3;
  objective.bind(trials.target_info());
  workshop::expect_true_gradients(*program, trials, objective);
}

}  // namespace

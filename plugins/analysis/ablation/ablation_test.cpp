#include "support/fake_run.hpp"

namespace {

/// Scores are mean input spikes of channels 0 and 1, through a diagonal of output weights: neuron k decides for class
/// k.
tyto::Evaluation answers(const fake::Run& run, const tyto::TrialSet& trials,
                         std::span<const tyto::ChangedArray> changed) {
  std::vector<double> w = run.arrays.at("output/hidden/w");
  for (const auto& change : changed)
    if (change.path == "output/hidden/w") w = change.values;
  tyto::Evaluation result;
  result.trials = trials.size();
  for (std::size_t trial = 0; trial < trials.size(); ++trial) {
    const auto spikes = trials.spikes(trial);
    std::vector<double> scores(2), hidden(3);
    for (std::size_t t = 0; t < spikes.steps; ++t)
      for (std::size_t c = 0; c < 3; ++c) hidden[c] += spikes.at(t, c) ? 1 : 0;
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t k = 0; k < 2; ++k) scores[k] += hidden[i] * w[i * 2 + k];
    result.scores.insert(result.scores.end(), scores.begin(), scores.end());
    result.losses.push_back(scores[0]);
  }
  return result;
}

/// Four trials, two of each class; channel 0 fires for the first class, channel 1 for the second, channel 2 never.
fake::Run example() {
  fake::Run run(2, {-45, 45, -45, 45});
  for (std::size_t trial = 0; trial < 4; ++trial) run.set.spikes(trial).set(2, trial % 2);
  run.add_layer("hidden", 3, true, {0.1, 0, 0, 0, 0.1, 0, 0.1, 0, 0, 0, 0.1, 0});
  run.add_layer("output", 2, false);
  run.add_weights(0, 3, {1, 0, 0, 1, 5, 5});
  run.answers.scores = answers(run, run.set, {}).scores;
  run.answers.losses = answers(run, run.set, {}).losses;
  return run;
}

void connect(fake::Run& run) {
  run.answer = [&run](const tyto::TrialSet& trials, std::span<const tyto::ChangedArray> changed) {
    return answers(run, trials, changed);
  };
}

TEST(Ablation, SilencesOneNeuronAtATime) {
  auto run = example();
  connect(run);
  const auto table = fake::table_of("ablation", run);
  EXPECT_EQ(fake::numbers(table, "intact_accuracy"), std::vector<double>{1});
  // Without neuron 0 its class has equal scores, and the first class of equal ones is taken: still right. Without
  // neuron 1 the second class is taken for the first.
  fake::expect_near(fake::numbers(table, "hidden_accuracy"), {1, 0.5, 1});
  fake::expect_near(fake::numbers(table, "hidden_accuracy_drop"), {0, 0.5, 0});
  fake::expect_near(fake::numbers(table, "hidden_error"), {0, 45, 0});
  fake::expect_near(fake::numbers(table, "hidden_loss"), {0, 0.5, 0.5});
}

TEST(Ablation, CountsSilentNeurons) {
  auto run = example();
  connect(run);
  const auto table = fake::table_of("ablation", run);
  EXPECT_EQ(std::get<std::vector<std::int8_t>>(fake::variable(table, "hidden_silent").values),
            (std::vector<std::int8_t>{0, 0, 1}));
  EXPECT_EQ(fake::integers(table, "hidden_silent_count"), std::vector<std::int64_t>{1});
}

TEST(Ablation, MeasuresTheGapToTheTrainingTrials) {
  auto run = example();
  connect(run);
  EXPECT_FALSE(fake::has_variable(fake::table_of("ablation", run), "gap_accuracy"));
  // Test trials of which one has its spikes in the wrong channel.
  run.training = run.set;
  run.answers.scores[2] = 2;
  const auto table = fake::table_of("ablation", run);
  fake::expect_near(fake::numbers(table, "train_accuracy"), {1});
  fake::expect_near(fake::numbers(table, "test_accuracy"), {0.75});
  fake::expect_near(fake::numbers(table, "gap_accuracy"), {0.25});
  fake::expect_near(fake::numbers(table, "gap_error"), {90.0 / 4});
}

TEST(Ablation, AsksOnlySomeTrialsIfTold) {
  auto run = example();
  connect(run);
  const auto table = fake::table_of("{type: ablation, trials: 1}", run);
  fake::expect_near(fake::numbers(table, "hidden_accuracy"), {1, 1, 1});
  EXPECT_EQ(std::get<std::int64_t>(table.attributes[0].value), 1);
}

TEST(Ablation, SaysWhatItNeeds) {
  fake::Run shallow(2, {0});
  shallow.add_layer("output", 2, true);
  EXPECT_EQ(fake::check_error("ablation", shallow), "ablation needs a spiking layer before the output layer");
  auto run = example();
  run.network.layers[1].inputs[0].arrays.clear();
  EXPECT_EQ(
      fake::check_error("ablation", run),
      "ablation silences neurons by their outgoing weights 'w', and the input 'dense' of layer 'output' has none");
  run.network.layers[1].inputs.clear();
  EXPECT_EQ(fake::check_error("ablation", run), "ablation: layer 'hidden' acts on no other layer");
}

}  // namespace

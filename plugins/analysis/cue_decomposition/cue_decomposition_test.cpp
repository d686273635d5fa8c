#include <cmath>
#include <functional>

#include "analysis/cue_decomposition/decomposition.hpp"
#include "analysis/cue_decomposition/surrogates.hpp"
#include "support/fake_run.hpp"

namespace {

constexpr std::size_t steps = 20, channels = 4;
using Decide = std::function<double(const tyto::Spikes&)>;

double level(const tyto::Spikes& spikes, std::size_t first) {
  return static_cast<double>(cues::count_spikes(spikes, {first, first + 2}));
}
/// Steps in which channel 0 and channel 2 fire together.
double coincidences(const tyto::Spikes& spikes) {
  double count = 0;
  for (std::size_t t = 0; t < spikes.steps; ++t) count += spikes.at(t, 0) && spikes.at(t, 2) ? 1 : 0;
  return count;
}

/// A regression network of one output that computes a known function of the spikes, as its own target.
fake::Run network(std::size_t trials, const Decide& decide) {
  fake::Run run(std::nullopt, std::vector<double>(trials), {steps, channels, 0.001});
  tyto::Random random(tyto::stream_key(7, "cue test"));
  for (std::size_t trial = 0; trial < trials; ++trial) {
    for (std::size_t c = 0; c < channels; ++c) {
      const double p = random.uniform(0.2, 0.6);
      for (std::size_t t = 0; t < steps; ++t)
        if (random.uniform() < p) run.set.spikes(trial).set(t, c);
    }
    run.set.targets(trial)[0] = decide(std::as_const(run.set).spikes(trial));
  }
  run.answer = [decide](const tyto::TrialSet& set, std::span<const tyto::ChangedArray>) {
    tyto::Evaluation answers;
    answers.trials = set.size();
    for (std::size_t trial = 0; trial < set.size(); ++trial) {
      answers.scores.push_back(decide(set.spikes(trial)));
      answers.losses.push_back(0);
    }
    return answers;
  };
  run.answers = run.answer(run.set, {});
  return run;
}

double number(const tyto::Table& table, const std::string& name) { return fake::numbers(table, name).at(0); }
/// In degrees: intact, levels only, ears unrelated, equal levels, left only, right only.
std::vector<double> errors(const tyto::Table& table) { return fake::numbers(table, "error"); }

TEST(CueDecomposition, FindsALevelOfOneEar) {
  const auto table = fake::table_of("cue_decomposition", network(80, [](const auto& s) { return level(s, 0); }));
  EXPECT_NEAR(number(table, "left_share"), 1, 1e-12);
  EXPECT_NEAR(number(table, "right_share"), 0, 1e-12);
  EXPECT_NEAR(number(table, "interaural_share"), 0, 1e-12);
  EXPECT_NEAR(number(table, "level_r_squared"), 1, 1e-12);
  EXPECT_GT(number(table, "left_level_share"), 0.9);
  EXPECT_NEAR(number(table, "right_level_share"), 0, 1e-12);
  const auto error = errors(table);
  EXPECT_NEAR(error[1], 0, 1e-9);  // levels are kept,
  EXPECT_NEAR(error[2], 0, 1e-9);  // times between ears do not matter,
  EXPECT_GT(error[3], 1);          // equal levels destroy it,
  EXPECT_NEAR(error[4], 0, 1e-9);  // and the left ear is all that is needed
  EXPECT_GT(error[5], 1);
}

TEST(CueDecomposition, FindsADifferenceOfLevels) {
  const auto table =
      fake::table_of("cue_decomposition", network(200, [](const auto& s) { return level(s, 2) - level(s, 0); }));
  EXPECT_NEAR(number(table, "left_share") + number(table, "right_share"), 1, 1e-12);
  EXPECT_NEAR(number(table, "interaural_share"), 0, 1e-12);
  EXPECT_NEAR(number(table, "level_r_squared"), 1, 1e-12);
  EXPECT_GT(number(table, "left_level_share"), 0.2);
  EXPECT_GT(number(table, "right_level_share"), 0.2);
  EXPECT_NEAR(errors(table)[1], 0, 1e-9);
}

TEST(CueDecomposition, FindsTimesBetweenTheEars) {
  const auto table = fake::table_of("cue_decomposition", network(200, coincidences));
  EXPECT_GT(number(table, "interaural_share"), 0.1);
  EXPECT_NEAR(number(table, "left_share") + number(table, "right_share") + number(table, "interaural_share"), 1, 1e-12);
  const auto error = errors(table);
  EXPECT_NEAR(error[0], 0, 1e-9);
  for (std::size_t k = 1; k < error.size(); ++k) EXPECT_GT(error[k], 10) << k;
}

TEST(CueDecomposition, TakesScoresLessTheirMean) {
  // Two classes whose scores share the left level and differ by the right level.
  auto run = network(100, [](const auto& s) { return level(s, 0); });
  run.asked.classes = 2;
  run.asked.loss = tyto::Loss::cross_entropy;
  run.answer = [](const tyto::TrialSet& set, std::span<const tyto::ChangedArray>) {
    tyto::Evaluation answers;
    answers.trials = set.size();
    answers.losses.assign(set.size(), 0);
    for (std::size_t trial = 0; trial < set.size(); ++trial) {
      const auto spikes = set.spikes(trial);
      answers.scores.push_back(10 * level(spikes, 0) + level(spikes, 2));
      answers.scores.push_back(10 * level(spikes, 0) - level(spikes, 2));
    }
    return answers;
  };
  run.answers = run.answer(run.set, {});
  const auto table = fake::table_of("cue_decomposition", run);
  EXPECT_NEAR(number(table, "right_share"), 1, 1e-9);
  EXPECT_NEAR(number(table, "chance"), 0.5, 1e-12);
  EXPECT_NEAR(number(table, "right_level_share"), number(table, "level_r_squared"), 0.1);
}

TEST(CueDecomposition, PartsOfATwoWayTable) {
  // Rows 0 and 2, columns 0 and 4, and an interaction of 1 and -1.
  const std::vector<double> values{1, 3, 1, 7};  // 0+0+1, 0+4-1, 2+0-1, 2+4+1
  const auto parts = cues::two_way(values, 2, 1);
  EXPECT_NEAR(parts.first, 4.0 / 24, 1e-12);
  EXPECT_NEAR(parts.second, 16.0 / 24, 1e-12);
  EXPECT_NEAR(parts.interaction, 4.0 / 24, 1e-12);
  EXPECT_TRUE(std::isnan(cues::two_way(std::vector<double>(4, 1.0), 2, 1).first));
}

TEST(CueDecomposition, PartsOfARegression) {
  const std::vector<double> a{-1, -1, 1, 1}, b{-1, 1, -1, 1}, y{-3, -1, 1, 3};  // y = 2 a + b
  const auto parts = cues::regress(y, 1, a, b);
  EXPECT_NEAR(parts.both, 1, 1e-12);
  EXPECT_NEAR(parts.first, 0.8, 1e-12);
  EXPECT_NEAR(parts.second, 0.2, 1e-12);
  const auto same = cues::regress(y, 1, a, a);
  EXPECT_NEAR(same.both, 0.8, 1e-12);
  EXPECT_NEAR(same.first, 0, 1e-12);
}

TEST(CueDecomposition, SurrogatesKeepWhatTheyShould) {
  const auto run = network(3, coincidences);
  const auto from = std::as_const(run.set).spikes(1);
  const auto make = [&](const auto& change) {
    tyto::TrialSet made(run.set.shape(), run.set.target_info(), 1);
    tyto::Random random(tyto::stream_key(1, "test"));
    change(made.spikes(0), random);
    return made;
  };
  const auto scattered = make([&](const auto& to, tyto::Random& random) {
    cues::scatter_ear(from, to, {0, 4}, random);
  });
  bool moved = false;
  for (std::size_t c = 0; c < channels; ++c) {
    EXPECT_EQ(cues::count_spikes(scattered.spikes(0), {c, c + 1}), cues::count_spikes(from, {c, c + 1}));
    for (std::size_t t = 0; t < steps; ++t) moved |= scattered.spikes(0).at(t, c) != from.at(t, c);
  }
  EXPECT_TRUE(moved);
  const auto thinned = make([&](const auto& to, tyto::Random& random) { cues::thin_ear(from, to, {2, 4}, 5, random); });
  EXPECT_EQ(cues::count_spikes(thinned.spikes(0), {0, 4}), 5U);
  for (std::size_t t = 0; t < steps; ++t)
    for (std::size_t c = 0; c < channels; ++c) EXPECT_TRUE(!thinned.spikes(0).at(t, c) || (from.at(t, c) && c >= 2));
  const auto turned = make([&](const auto& to, tyto::Random&) { cues::copy_ear(from, to, {0, 2}, 3); });
  for (std::size_t t = 0; t < steps; ++t) EXPECT_EQ(turned.spikes(0).at((t + 3) % steps, 1), from.at(t, 1));
  EXPECT_EQ(cues::count_spikes(turned.spikes(0), {2, 4}), 0U);
}

TEST(CueDecomposition, SaysWhatItNeeds) {
  fake::Run run(2, {0}, {10, 4, 0.001});
  EXPECT_EQ(fake::check_error("{type: cue_decomposition, left_channels: 4}", run),
            "cue_decomposition: left_channels leaves no channels for the right ear, since the stimulus has 4");
  fake::Run single(2, {0}, {10, 1, 0.001});
  EXPECT_EQ(fake::check_error("cue_decomposition", single),
            "cue_decomposition needs a stimulus with channels for two ears");
}

}  // namespace

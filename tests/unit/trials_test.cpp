#include <gtest/gtest.h>

#include <string>
#include <tyto/error.hpp>
#include <tyto/trials.hpp>

namespace tyto {
namespace {

/// One spike in each step, in a random channel; the targets are the trial's number and a random number.
class OneSpike final : public Stimulus {
 public:
  explicit OneSpike(std::size_t channels) : channels_(channels) {}

  [[nodiscard]] TrialShape shape() const override { return {5, channels_, 1e-3}; }
  [[nodiscard]] std::vector<TargetInfo> targets() const override {
    return {{"trial", "number of the trial", Dimension::none, 0, 1e6}, {"value", "random", Dimension::none, 0, 1}};
  }
  void make(const TrialKey& key, const MutableSpikes& spikes, std::span<double> targets) const override {
    if (key.trial == fails_at) throw Error("trial " + std::to_string(key.trial));
    Random random = key.random("spikes");
    for (std::size_t step = 0; step < spikes.steps; ++step)
      spikes.set(step, random.below(static_cast<std::uint32_t>(spikes.channels)));
    targets[0] = static_cast<double>(key.trial);
    targets[1] = key.random("value").uniform();
  }

  std::uint64_t fails_at = ~std::uint64_t{0};

 private:
  std::size_t channels_;
};

bool same(Spikes a, Spikes b) {
  for (std::size_t step = 0; step < a.steps; ++step)
    for (std::size_t word = 0; word < a.words(); ++word)
      if (a.row(step)[word] != b.row(step)[word]) return false;
  return a.steps == b.steps && a.channels == b.channels;
}

bool same(std::span<const double> a, std::span<const double> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

TEST(TrialSet, StartsEmpty) {
  TrialSet set({3, 65, 1e-3}, {{"x", "", Dimension::none, 0, 1}}, 4);
  EXPECT_EQ(set.size(), 4U);
  EXPECT_EQ(set.spikes(0).words(), 2U);
  for (std::size_t trial = 0; trial < 4; ++trial) {
    EXPECT_EQ(set.targets(trial)[0], 0.0);
    for (std::size_t step = 0; step < 3; ++step)
      for (const auto word : std::as_const(set).spikes(trial).row(step)) EXPECT_EQ(word, 0U);
  }
}

TEST(TrialSet, KeepsTrialsApart) {
  TrialSet set({3, 65, 1e-3}, {{"x", "", Dimension::none, 0, 1}, {"y", "", Dimension::none, 0, 1}}, 4);
  set.spikes(2).set(2, 64);
  set.targets(2)[1] = 5;
  std::size_t spikes = 0;
  for (std::size_t trial = 0; trial < 4; ++trial)
    for (std::size_t step = 0; step < 3; ++step)
      std::as_const(set).spikes(trial).for_each(step, [&](std::size_t channel) {
        ++spikes;
        EXPECT_EQ(trial, 2U);
        EXPECT_EQ(step, 2U);
        EXPECT_EQ(channel, 64U);
      });
  EXPECT_EQ(spikes, 1U);
  EXPECT_EQ(std::as_const(set).targets(2)[1], 5.0);
  EXPECT_EQ(set.targets(1)[1], 0.0);
  EXPECT_EQ(set.targets(3)[0], 0.0);
}

TEST(TrialSet, RefusesWhatMemoryCannotHold) {
  const std::vector<std::size_t> counts{std::size_t{1} << 40U, ~std::size_t{0}};
  for (const std::size_t count : counts) {
    try {
      const TrialSet set({1000, 200, 1e-3}, {}, count);
      FAIL() << count;
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()), std::to_string(count) +
                                               " trials of 1000 steps and 200 channels do not fit into this machine's "
                                               "memory");
    }
  }
}

TEST(MakeTrials, DoesNotDependOnThreadsOrCompany) {
  const OneSpike stimulus(100);
  Executor one(1);
  const TrialSet expected = make_trials(stimulus, 11, Split::train, 200, one);
  for (const std::size_t threads : {2UL, 3UL}) {
    Executor executor(threads);
    const TrialSet set = make_trials(stimulus, 11, Split::train, 200, executor);
    const TrialSet part = make_trials(stimulus, 11, Split::train, 70, executor, 130);
    for (std::size_t trial = 0; trial < 200; ++trial) {
      ASSERT_TRUE(same(set.spikes(trial), expected.spikes(trial)));
      ASSERT_TRUE(same(set.targets(trial), expected.targets(trial)));
      ASSERT_EQ(set.targets(trial)[0], static_cast<double>(trial));
      if (trial < 130) continue;
      ASSERT_TRUE(same(part.spikes(trial - 130), expected.spikes(trial)));
      ASSERT_TRUE(same(part.targets(trial - 130), expected.targets(trial)));
    }
  }
}

TEST(MakeTrials, DiffersForSeedsAndSplits) {
  const OneSpike stimulus(1000);
  Executor executor(2);
  const TrialSet train = make_trials(stimulus, 1, Split::train, 20, executor);
  for (const auto& other :
       {make_trials(stimulus, 1, Split::test, 20, executor), make_trials(stimulus, 1, Split::validation, 20, executor),
        make_trials(stimulus, 2, Split::train, 20, executor)}) {
    for (std::size_t trial = 0; trial < 20; ++trial) {
      EXPECT_FALSE(same(train.spikes(trial), other.spikes(trial)));
      EXPECT_NE(train.targets(trial)[1], other.targets(trial)[1]);
    }
  }
}

TEST(MakeTrials, MakesNone) {
  Executor executor(2);
  EXPECT_EQ(make_trials(OneSpike(3), 1, Split::train, 0, executor).size(), 0U);
}

TEST(MakeTrials, PassesErrorsOn) {
  OneSpike stimulus(3);
  stimulus.fails_at = 150;
  Executor executor(3);
  try {
    const TrialSet set = make_trials(stimulus, 1, Split::train, 300, executor);
    FAIL() << "no exception";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "trial 150");
  }
}

}  // namespace
}  // namespace tyto

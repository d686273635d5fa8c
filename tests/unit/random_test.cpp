#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <tyto/random.hpp>
#include <tyto/stimulus.hpp>
#include <vector>

namespace tyto {
namespace {

using Words = std::array<std::uint32_t, 4>;

constexpr std::uint64_t trial_of(std::uint32_t low, std::uint32_t high) { return (std::uint64_t{high} << 32U) | low; }

// The vectors that Random123 publishes for philox4x32 with ten rounds.
TEST(Philox, AgreesWithKnownAnswers) {
  EXPECT_EQ(philox({{0, 0}}, 0, 0, 0), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({{0xffffffff, 0xffffffff}}, 0xffffffff, 0xffffffff, ~std::uint64_t{0}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({{0xa4093822, 0x299f31d0}}, 0x243f6a88, 0x85a308d3, trial_of(0x13198a2e, 0x03707344)),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

// Changing these numbers changes every result that was ever made with a seed.
TEST(StreamKey, StaysAsItIs) {
  const StreamKey key = stream_key(1, "train/spikes");
  EXPECT_EQ(key.word[0], 0x0dc1d016U);
  EXPECT_EQ(key.word[1], 0xf00d6049U);
}

TEST(StreamKey, DiffersForSeedsAndNames) {
  std::set<std::pair<std::uint32_t, std::uint32_t>> keys;
  const std::vector<std::uint64_t> seeds{0, 1, 2, 1ULL << 32U, ~std::uint64_t{0}};
  const std::vector<std::string> names{"", "a", "b", "ab", "ba", "train/ipd", "test/ipd", std::string(1, '\0'), "\xff"};
  for (const auto seed : seeds)
    for (const auto& name : names) {
      const StreamKey key = stream_key(seed, name);
      keys.emplace(key.word[0], key.word[1]);
    }
  EXPECT_EQ(keys.size(), seeds.size() * names.size());
}

TEST(TrialKey, NamesStreamsBySplit) {
  const auto same = [](StreamKey a, StreamKey b) { return a.word[0] == b.word[0] && a.word[1] == b.word[1]; };
  const TrialKey key{7, Split::validation, 3};
  EXPECT_TRUE(same(key.stream("ipd"), stream_key(7, "validation/ipd")));
  EXPECT_FALSE(same(key.stream("ipd"), (TrialKey{7, Split::test, 3}.stream("ipd"))));
  EXPECT_EQ(to_string(Split::train), "train");
  EXPECT_EQ(to_string(Split::test), "test");
}

TEST(TrialKey, SharesNumbersOnlyWhereSaid) {
  const TrialKey one{7, Split::train, 1};
  const TrialKey two{7, Split::train, 2};
  EXPECT_NE(one.random("x").uniform(), two.random("x").uniform());
  EXPECT_EQ(one.shared("x").uniform(), two.shared("x").uniform());
  EXPECT_NE(one.shared("x").uniform(), one.shared("y").uniform());
}

TEST(Random, UsesTheWordsOfItsBlocksInOrder) {
  const StreamKey key = stream_key(3, "order");
  Random random(key, 5, 6);
  for (std::uint32_t block = 0; block < 3; ++block)
    for (const std::uint32_t word : philox(key, block, 6, 5)) EXPECT_EQ(random.bits(), word);
}

struct Moments {
  double mean = 0;
  double variance = 0;
  double third = 0;
  double fourth = 0;
};

constexpr double kDraws = 1e6;

template <class Draw>
Moments moments(Draw draw) {
  std::vector<double> values(static_cast<std::size_t>(kDraws));
  for (auto& value : values) value = draw();
  const double n = kDraws;
  Moments m;
  for (const double value : values) m.mean += value / n;
  for (const double value : values) {
    const double d = value - m.mean;
    m.variance += d * d / n;
    m.third += d * d * d / n;
    m.fourth += d * d * d * d / n;
  }
  return m;
}

// Bounds are five standard errors of each estimate.
TEST(Random, UniformHasTheRightMoments) {
  Random random(stream_key(1, "uniform"));
  const Moments m = moments([&] {
    const double value = random.uniform();
    EXPECT_GE(value, 0.0);
    EXPECT_LT(value, 1.0);
    return value;
  });
  EXPECT_NEAR(m.mean, 0.5, 5 * std::sqrt(1.0 / 12 / kDraws));
  EXPECT_NEAR(m.variance, 1.0 / 12, 5 * std::sqrt((1.0 / 80 - 1.0 / 144) / kDraws));
}

TEST(Random, UniformFillsAnInterval) {
  Random random(stream_key(1, "interval"));
  double low = 1;
  double high = -1;
  for (int i = 0; i < 10000; ++i) {
    const double value = random.uniform(-2, 6);
    low = std::min(low, value);
    high = std::max(high, value);
  }
  EXPECT_GE(low, -2);
  EXPECT_LT(low, -1.99);
  EXPECT_LT(high, 6);
  EXPECT_GT(high, 5.99);
}

TEST(Random, NormalHasTheRightMoments) {
  Random random(stream_key(1, "normal"));
  const Moments m = moments([&] { return random.normal(); });
  EXPECT_NEAR(m.mean, 0, 5 * std::sqrt(1.0 / kDraws));
  EXPECT_NEAR(m.variance, 1, 5 * std::sqrt(2.0 / kDraws));
  EXPECT_NEAR(m.third, 0, 5 * std::sqrt(15.0 / kDraws));
  EXPECT_NEAR(m.fourth, 3, 5 * std::sqrt(96.0 / kDraws));
}

TEST(Random, NeighbouringStreamsAreUncorrelated) {
  const int n = 200'000;
  double by_trial = 0;
  double by_step = 0;
  for (int i = 0; i < n; ++i) {
    const auto trial = static_cast<std::uint64_t>(i);
    const StreamKey key = stream_key(1, "correlation");
    const double value = Random(key, trial).uniform() - 0.5;
    by_trial += value * (Random(key, trial + 1).uniform() - 0.5);
    by_step += value * (Random(key, trial, 1).uniform() - 0.5);
  }
  const double bound = 5 * std::sqrt(n) / 12;
  EXPECT_NEAR(by_trial, 0, bound);
  EXPECT_NEAR(by_step, 0, bound);
}

// With n = 3 * 2^30, taking a remainder would make the lowest quarter of 2^32 come twice as often.
TEST(Random, BelowIsUnbiased) {
  Random random(stream_key(1, "below"));
  const std::uint32_t n = 3U << 30U;
  std::array<double, 3> counts{};
  const double draws = 300'000;
  for (int i = 0; i < static_cast<int>(draws); ++i) {
    const std::uint32_t value = random.below(n);
    ASSERT_LT(value, n);
    counts[value >> 30U] += 1;
  }
  for (const double count : counts) EXPECT_NEAR(count, draws / 3, 5 * std::sqrt(draws * 2 / 9));
}

TEST(Random, BelowReachesEveryValue) {
  Random random(stream_key(1, "small"));
  std::array<double, 7> counts{};
  for (int i = 0; i < 70'000; ++i) counts.at(random.below(7)) += 1;
  double chi_square = 0;
  for (const double count : counts) chi_square += (count - 10'000) * (count - 10'000) / 10'000;
  EXPECT_LT(chi_square, 22.5);  // 6 degrees of freedom, p = 0.001
  EXPECT_EQ(random.below(1), 0U);
}

}  // namespace
}  // namespace tyto

/// What a trial shows, and that its target is what was to be stored.
#include <cmath>

#include "support/workshop.hpp"

namespace {

constexpr std::size_t fibres = 40, steps = 25, slots = 5, trials = 400;

struct Shown {
  std::vector<std::uint64_t> bits;
  double target = -1;

  explicit Shown(const tyto::Stimulus& stimulus, std::uint64_t trial, std::uint64_t seed = 3) {
    const auto shape = stimulus.shape();
    bits.assign(shape.steps * tyto::words_for(shape.channels), 0);
    stimulus.make({seed, tyto::Split::train, trial}, {bits.data(), shape.steps, shape.channels}, {&target, 1});
  }
  /// Part of the fibres of a group that fire in a step of a slot.
  [[nodiscard]] double activity(std::size_t slot, std::size_t group) const {
    const tyto::Spikes spikes{bits.data(), slots * steps, 4 * fibres};
    double count = 0;
    for (std::size_t t = slot * steps; t < (slot + 1) * steps; ++t)
      for (std::size_t k = 0; k < fibres; ++k) count += spikes.at(t, group * fibres + k) ? 1 : 0;
    return count / static_cast<double>(steps * fibres);
  }
};

std::shared_ptr<tyto::Stimulus> stimulus() {
  return workshop::make<tyto::Stimulus>(
      "{type: store_recall, slots: 5, stored_until: 3, slot: 25 ms, fibres: 40, rate: 200 Hz, background: 10 Hz}");
}

TEST(StoreRecall, ShowsABitInEverySlotAndAsksForTheStoredOne) {
  const auto made = stimulus();
  EXPECT_EQ(made->shape().steps, slots * steps);
  EXPECT_EQ(made->shape().channels, 4 * fibres);
  std::vector<double> stored(slots, 0);
  double ones = 0, active = 0, silent = 0;
  for (std::uint64_t trial = 0; trial < trials; ++trial) {
    const Shown shown(*made, trial);
    constexpr double between = 0.1;  // rates are 0.2 and 0.01
    std::size_t cues = 0;
    for (std::size_t slot = 0; slot + 1 < slots; ++slot) {
      const bool one = shown.activity(slot, 1) > between;
      EXPECT_NE(shown.activity(slot, 0) > between, one);
      EXPECT_LT(shown.activity(slot, 3), between);
      active += shown.activity(slot, one ? 1 : 0);
      silent += shown.activity(slot, one ? 0 : 1);
      if (shown.activity(slot, 2) < between) continue;
      ++cues;
      ++stored[slot];
      EXPECT_EQ(shown.target, one ? 1 : 0);
      ones += shown.target;
    }
    EXPECT_EQ(cues, 1U);
    for (const std::size_t group : {0U, 1U, 2U}) EXPECT_LT(shown.activity(slots - 1, group), between);
    EXPECT_GT(shown.activity(slots - 1, 3), between);
  }
  EXPECT_NEAR(ones / trials, 0.5, 0.1);
  EXPECT_NEAR(active / (trials * (slots - 1)), 0.2, 0.002);
  EXPECT_NEAR(silent / (trials * (slots - 1)), 0.01, 0.0005);
  for (std::size_t slot = 0; slot < 3; ++slot) EXPECT_NEAR(stored[slot] / trials, 1.0 / 3, 0.1);
  EXPECT_EQ(stored[3], 0);
}

TEST(StoreRecall, IsAFunctionOfSeedAndTrial) {
  const auto made = stimulus();
  EXPECT_EQ(Shown(*made, 7).bits, Shown(*made, 7).bits);
  EXPECT_NE(Shown(*made, 7).bits, Shown(*made, 8).bits);
  EXPECT_NE(Shown(*made, 7).bits, Shown(*made, 7, 4).bits);
}

TEST(StoreRecall, RefusesWhatCannotBe) {
  EXPECT_THROW(workshop::make<tyto::Stimulus>("{type: store_recall, slots: 3, stored_until: 3}"), std::exception);
  EXPECT_THROW(workshop::make<tyto::Stimulus>("{type: store_recall, rate: 2 kHz}"), std::exception);
}

}  // namespace

/// Delays of packed spikes, and their sums on every instruction set, against plain loops.
#include <hwy/highway.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include <tyto/random.hpp>

#include "layer/delay/whole_steps.hpp"

namespace {

struct Case {
  std::size_t steps, channels, longest, skip;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const std::size_t steps : {1U, 63U, 64U, 150U, 200U})
    for (const std::size_t channels : {1U, 7U, 64U, 200U, 300U})
      for (const std::size_t longest : {0U, 5U, 64U, 130U}) {
        all.push_back({steps, channels, longest, 0});
        if (longest < steps) all.push_back({steps, channels, longest, longest});
      }
  return all;
}

struct Data {
  std::vector<std::uint64_t> bits;
  std::vector<std::uint32_t> shift;
  tyto::Spikes spikes;
};

Data data_for(const Case& size, tyto::Random& random) {
  Data data;
  data.bits.resize(size.steps * tyto::words_for(size.channels), 0);
  const tyto::MutableSpikes spikes{data.bits.data(), size.steps, size.channels};
  for (std::size_t t = 0; t < size.steps; ++t)
    for (std::size_t i = 0; i < size.channels; ++i)
      if (random.uniform() < 0.3) spikes.set(t, i);
  for (std::size_t i = 0; i < size.channels; ++i)
    data.shift.push_back(static_cast<std::uint32_t>(random.uniform(0, static_cast<double>(size.longest) + 0.999)));
  data.spikes = {data.bits.data(), size.steps, size.channels};
  return data;
}

class SumsAtSpikes : public testing::TestWithParam<std::int64_t> {
 protected:
  void SetUp() override { hwy::SetSupportedTargetsForTest(GetParam()); }
  void TearDown() override { hwy::SetSupportedTargetsForTest(0); }
};

TEST(WholeSteps, ShiftSpikes) {
  tyto::Random random(tyto::stream_key(1, "shift test"));
  for (const auto& size : cases()) {
    SCOPED_TRACE(testing::Message() << size.steps << " steps, " << size.channels << " channels, up to " << size.longest
                                    << " later, " << size.skip << " left out");
    const auto data = data_for(size, random);
    const std::size_t steps = size.steps - size.skip, words = tyto::words_for(size.channels);
    std::vector<std::uint64_t> fast(steps * words, ~std::uint64_t{0}), plain(steps * words, 0);
    delay::shift_spikes(data.spikes, data.shift, size.skip, {fast.data(), steps, size.channels});
    const tyto::MutableSpikes expected{plain.data(), steps, size.channels};
    for (std::size_t t = 0; t < size.steps; ++t)
      data.spikes.for_each(t, [&](std::size_t i) {
        const std::size_t later = t + data.shift[i];
        if (later >= size.skip && later < size.steps) expected.set(later - size.skip, i);
      });
    EXPECT_EQ(fast, plain);
  }
}

template <class S>
void check_sums(const Case& size, tyto::Random& random) {
  const auto data = data_for(size, random);
  std::vector<S> gradient(size.steps * size.channels), at(size.channels), after(size.channels);
  for (auto* const values : {&gradient, &at, &after})
    for (S& value : *values) value = static_cast<S>(random.uniform(-1, 1));
  auto expected_at = at, expected_after = after;
  for (std::size_t t = 0; t < size.steps; ++t)
    data.spikes.for_each(t, [&](std::size_t i) {
      expected_at[i] += gradient[t * size.channels + i];
      if (t + 1 < size.steps) expected_after[i] += gradient[(t + 1) * size.channels + i];
    });
  delay::sum_at_spikes<S>(data.spikes, gradient.data(), at, after);
  EXPECT_EQ(at, expected_at);
  EXPECT_EQ(after, expected_after);
}

TEST_P(SumsAtSpikes, HaveTheBitsOfPlainLoops) {
  tyto::Random random(tyto::stream_key(2, "shift test"));
  for (const auto& size : cases()) {
    SCOPED_TRACE(testing::Message() << size.steps << " steps, " << size.channels << " channels");
    check_sums<float>(size, random);
    check_sums<double>(size, random);
  }
}

std::vector<std::int64_t> targets() { return hwy::SupportedAndGeneratedTargets(); }
std::string target_name(const testing::TestParamInfo<std::int64_t>& info) { return hwy::TargetName(info.param); }
INSTANTIATE_TEST_SUITE_P(Every, SumsAtSpikes, testing::ValuesIn(targets()), target_name);

}  // namespace

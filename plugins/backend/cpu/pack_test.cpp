/// Packing against a plain loop, on every instruction set.
#include "backend/cpu/pack.hpp"

#include <hwy/highway.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include <tyto/random.hpp>
#include <tyto/spikes.hpp>

namespace {

template <class S>
void check(std::size_t steps, std::size_t trials, std::size_t neurons) {
  SCOPED_TRACE(testing::Message() << steps << " steps, " << trials << " trials, " << neurons << " neurons");
  tyto::Random random(tyto::stream_key(trials * 1000 + neurons, "pack test"));
  std::vector<S> output(steps * trials * neurons);
  for (S& value : output) value = random.uniform() < 0.4 ? static_cast<S>(random.uniform(-1, 1)) : S(0);
  const std::size_t words = tyto::words_for(neurons);
  // One row of each trial stands for others that must stay as they are.
  std::vector<std::uint64_t> bits(trials * (steps + 1) * words, ~std::uint64_t{0});
  cpu::pack(output.data(), steps, trials, neurons, bits.data(), steps + 1);
  std::vector<std::uint64_t> expected(bits.size(), ~std::uint64_t{0});
  for (std::size_t trial = 0; trial < trials; ++trial) {
    const auto own = std::span(expected).subspan(trial * (steps + 1) * words, steps * words);
    std::fill(own.begin(), own.end(), std::uint64_t{0});
    const tyto::MutableSpikes spikes{own.data(), steps, neurons};
    for (std::size_t t = 0; t < steps; ++t)
      for (std::size_t i = 0; i < neurons; ++i)
        if (output[(t * trials + trial) * neurons + i] != S(0)) spikes.set(t, i);
  }
  EXPECT_EQ(bits, expected);
}

class Pack : public testing::TestWithParam<std::int64_t> {
 protected:
  void SetUp() override { hwy::SetSupportedTargetsForTest(GetParam()); }
  void TearDown() override { hwy::SetSupportedTargetsForTest(0); }
};

TEST_P(Pack, SetsABitWhereANumberIsNotZero) {
  for (const std::size_t trials : {1U, 3U, 8U})
    for (const std::size_t neurons : {1U, 7U, 8U, 12U, 30U, 63U, 64U, 65U, 150U}) {
      check<float>(3, trials, neurons);
      check<double>(3, trials, neurons);
    }
}

std::vector<std::int64_t> targets() { return hwy::SupportedAndGeneratedTargets(); }
std::string target_name(const testing::TestParamInfo<std::int64_t>& info) { return hwy::TargetName(info.param); }
INSTANTIATE_TEST_SUITE_P(Every, Pack, testing::ValuesIn(targets()), target_name);

}  // namespace

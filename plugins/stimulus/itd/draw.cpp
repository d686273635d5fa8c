#include "draw.hpp"

#include <algorithm>
#include <array>
#include <bit>

// Highway compiles this file once for each instruction set. Left out are two that other ones stand in for:
// their gain would not be worth the time to compile them.
#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "draw.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h has to come first.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tyto::itd::HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

// Machines without any of the vectors above: one lane cannot hold the halves of a product.
void draw_tile(const TrialDraw& draw, const Tile& tile, const MutableSpikes& spikes) {
  draw_tile_scalar(draw, tile, spikes);
}

#else

namespace hn = hwy::HWY_NAMESPACE;

/// One lane for each step. Philox works in the even and the odd steps' 64-bit lanes, where the low half is
/// a word of the block and the high half is left over from a product and never looked at.
using Steps = hn::CappedTag<std::uint32_t, kTileSteps>;
using StepPairs = hn::Repartition<std::uint64_t, Steps>;
using Word = hn::Vec<Steps>;
using Thresholds = hn::Rebind<float, Steps>;
using Draws = hn::Rebind<std::int32_t, Steps>;

constexpr int kRounds = 10;
constexpr std::uint32_t kMultiplier0 = 0xD2511F53U;
constexpr std::uint32_t kMultiplier1 = 0xCD9E8D57U;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9U;
constexpr std::uint32_t kWeyl1 = 0xBB67AE85U;

/// Encrypts the counters in place.
HWY_INLINE void encrypt(StreamKey key, Word& c0, Word& c1, Word& c2, Word& c3) {
  const Steps d;
  const Word multiplier0 = hn::Set(d, kMultiplier0);
  const Word multiplier1 = hn::Set(d, kMultiplier1);
  for (int round = 0; round < kRounds; ++round) {
    const auto product0 = hn::MulEven(c0, multiplier0);
    const auto product1 = hn::MulEven(c2, multiplier1);
    const Word high0 = hn::BitCast(d, hn::ShiftRight<32>(product0));
    const Word high1 = hn::BitCast(d, hn::ShiftRight<32>(product1));
    c0 = hn::Xor3(high1, c1, hn::Set(d, key.word[0]));
    c2 = hn::Xor3(high0, c3, hn::Set(d, key.word[1]));
    c1 = hn::BitCast(d, product1);
    c3 = hn::BitCast(d, product0);
    key.word[0] += kWeyl0;
    key.word[1] += kWeyl1;
  }
}

/// Words of even and of odd steps into one vector of all steps.
HWY_INLINE Word weave(Word even, Word odd) {
  const StepPairs d;
  return hn::OddEven(hn::BitCast(Steps(), hn::ShiftLeft<32>(hn::BitCast(d, odd))), even);
}

/// Spikes of one group of channels, built from the lowest channel upwards.
struct Group {
  Word spikes;   ///< one bit for each channel, entering at the top
  Word nearest;  ///< 0 in a step in which some draw equals the whole part of its threshold
};

/// Draws one channel in all lanes' steps. kHarmonics is the number of harmonics, or 0 if it is not known here.
template <std::size_t kHarmonics>
HWY_INLINE void draw_channel(Word drawn, const float* HWY_RESTRICT terms, const float* HWY_RESTRICT fibre,
                             const TrialDraw& draw, Group& group) {
  const Thresholds df;
  const Draws di;
  const Steps du;
  const std::size_t harmonics = kHarmonics == 0 ? draw.harmonics : kHarmonics;
  auto sum = hn::Zero(df);
  for (std::size_t k = harmonics; k > 0; --k) {
    const float* term = terms + (k - 1) * 2 * kTileSteps;
    const auto cosine = hn::Mul(hn::Load(df, term), hn::Set(df, fibre[2 * k - 2]));
    const auto sine = hn::Mul(hn::Load(df, term + kTileSteps), hn::Set(df, fibre[2 * k - 1]));
    const auto harmonic = hn::Add(cosine, sine);
    sum = k == harmonics ? harmonic : hn::Add(sum, harmonic);
  }
  const auto whole = hn::ConvertTo(di, hn::Add(sum, hn::Set(df, draw.mean_threshold)));
  // Negative, so with the top bit set, if the channel fires.
  const Word distance = hn::BitCast(du, hn::Sub(hn::BitCast(di, drawn), whole));
  group.spikes = hn::OrAnd(hn::ShiftRight<1>(group.spikes), distance, hn::Set(du, 0x80000000U));
  group.nearest = hn::Min(group.nearest, distance);
}

/// Draws one block of channels.
template <std::size_t kHarmonics>
HWY_INLINE void draw_block(const TrialDraw& draw, const float* HWY_RESTRICT terms, std::size_t block, Word even_steps,
                           Word odd_steps, Group& group) {
  const Steps d;
  const Word number = hn::Set(d, static_cast<std::uint32_t>(block));
  const Word trial_low = hn::Set(d, static_cast<std::uint32_t>(draw.trial & 0xffffffffU));
  const Word trial_high = hn::Set(d, static_cast<std::uint32_t>(draw.trial >> 32U));
  Word even0 = number, even1 = even_steps, even2 = trial_low, even3 = trial_high;
  Word odd0 = number, odd1 = odd_steps, odd2 = trial_low, odd3 = trial_high;
  encrypt(draw.spikes, even0, even1, even2, even3);
  encrypt(draw.spikes, odd0, odd1, odd2, odd3);

  std::size_t channel = block * kBlockChannels;
  const std::size_t ear_size = draw.harmonics * 2 * kTileSteps;
  const float* fibre = draw.fibres.data() + channel * draw.harmonics * 2;
  const Word low_half = hn::Set(d, 0xffffU);
  const auto draw_two = [&](Word even, Word odd) HWY_ATTR {
    const Word word = weave(even, odd);
    for (const Word half : {hn::And(word, low_half), hn::ShiftRight<16>(word)}) {
      draw_channel<kHarmonics>(half, channel < draw.fibres_per_ear ? terms : terms + ear_size, fibre, draw, group);
      fibre += draw.harmonics * 2;
      ++channel;
    }
  };
  draw_two(even0, odd0);
  draw_two(even1, odd1);
  draw_two(even2, odd2);
  draw_two(even3, odd3);
}

/// Writes the spikes of a group, after drawing those steps again in which a draw needs refinement.
HWY_INLINE void store_group(const TrialDraw& draw, const Tile& tile, std::size_t first_lane_step, std::size_t number,
                            std::size_t blocks, const Group& group, const MutableSpikes& spikes) {
  const Steps d;
  HWY_ALIGN std::array<std::uint32_t, hn::MaxLanes(Steps())> bits{};
  HWY_ALIGN std::array<std::uint32_t, hn::MaxLanes(Steps())> nearest{};
  const auto missing = static_cast<int>(kGroupChannels - blocks * kBlockChannels);
  hn::Store(missing == 0 ? group.spikes : hn::ShiftRightSame(group.spikes, missing), d, bits.data());
  hn::Store(group.nearest, d, nearest.data());

  const std::size_t lanes = std::min(hn::Lanes(d), tile.steps - first_lane_step);
  const std::size_t channels = std::min(kGroupChannels, 2 * draw.fibres_per_ear - number * kGroupChannels);
  const std::uint32_t mask = channels == kGroupChannels ? ~0U : (1U << channels) - 1U;
  const std::size_t words = spikes.words();
  std::uint64_t* row = spikes.data + (tile.first_step + first_lane_step) * words + number / 2;
  for (std::size_t lane = 0; lane < lanes; ++lane, row += words) {
    std::uint32_t fired = bits[lane] & mask;
    if (nearest[lane] == 0) fired = draw_group_scalar(draw, tile, first_lane_step + lane, number);
    *row |= std::uint64_t{fired} << (number % 2 * kGroupChannels);
  }
}

template <std::size_t kHarmonics>
void draw_steps(const TrialDraw& draw, const Tile& tile, const MutableSpikes& spikes) {
  const Steps d;
  const StepPairs pairs;
  const std::size_t blocks = (2 * draw.fibres_per_ear + kBlockChannels - 1) / kBlockChannels;
  constexpr std::size_t kGroupBlocks = kGroupChannels / kBlockChannels;
  for (std::size_t lane_step = 0; lane_step < tile.steps; lane_step += hn::Lanes(d)) {
    const Word steps = hn::Iota(d, static_cast<std::uint32_t>(tile.first_step + lane_step));
    const Word odd_steps = hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(pairs, steps)));
    for (std::size_t first = 0; first < blocks; first += kGroupBlocks) {
      const std::size_t end = std::min(first + kGroupBlocks, blocks);
      Group group{hn::Zero(d), hn::Set(d, ~0U)};
      for (std::size_t block = first; block < end; ++block)
        draw_block<kHarmonics>(draw, tile.terms.data() + lane_step, block, steps, odd_steps, group);
      store_group(draw, tile, lane_step, first / kGroupBlocks, end - first, group, spikes);
    }
  }
}

void draw_tile(const TrialDraw& draw, const Tile& tile, const MutableSpikes& spikes) {
  // Usual numbers of harmonics have code of their own, in which the sum over them is written out.
  switch (draw.harmonics) {
    case 1:
      return draw_steps<1>(draw, tile, spikes);
    case 2:
      return draw_steps<2>(draw, tile, spikes);
    case 4:
      return draw_steps<4>(draw, tile, spikes);
    default:
      return draw_steps<0>(draw, tile, spikes);
  }
}

#endif

}  // namespace tyto::itd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace tyto::itd {

HWY_EXPORT(draw_tile);

void draw_tile(const TrialDraw& draw, const Tile& tile, const MutableSpikes& spikes) {
  HWY_DYNAMIC_DISPATCH(draw_tile)(draw, tile, spikes);
}

std::vector<std::int64_t> draw_targets() { return hwy::SupportedAndGeneratedTargets(); }

}  // namespace tyto::itd

#endif  // HWY_ONCE

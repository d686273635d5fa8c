#include <algorithm>
#include <cmath>

#include <tyto/math.hpp>

#include "draw.hpp"

namespace tyto::itd {

namespace {

float threshold(const TrialDraw& draw, const Tile& tile, std::size_t step_in_tile, std::size_t channel) {
  const std::size_t ear = channel < draw.fibres_per_ear ? 0 : 1;
  const float* terms = tile.terms.data() + ear * draw.harmonics * 2 * kTileSteps + step_in_tile;
  const float* fibre = draw.fibres.data() + channel * draw.harmonics * 2;
  float sum = 0;
  for (std::size_t k = draw.harmonics; k > 0; --k) {
    const float* term = terms + (k - 1) * 2 * kTileSteps;
    const float cosine = term[0] * fibre[2 * k - 2];
    const float sine = term[kTileSteps] * fibre[2 * k - 1];
    const float harmonic = cosine + sine;
    sum = sum + harmonic;
  }
  return sum + draw.mean_threshold;
}

std::int32_t sixteen_bits(const std::array<std::uint32_t, 4>& block, std::size_t channel) {
  const std::uint32_t word = block[channel % kBlockChannels / 2];
  return static_cast<std::int32_t>(channel % 2 == 0 ? word & 0xffffU : word >> 16U);
}

}  // namespace

std::vector<float> fibre_table(std::span<const double> fibre_phases_rad, std::size_t harmonics) {
  const std::size_t blocks = (fibre_phases_rad.size() + kBlockChannels - 1) / kBlockChannels;
  std::vector<float> table(blocks * kBlockChannels * harmonics * 2);
  float* out = table.data();
  for (const double phase_rad : fibre_phases_rad) {
    for (std::size_t k = 1; k <= harmonics; ++k) {
      const auto [sine, cosine] = tyto::sin_cos(static_cast<double>(k) * phase_rad);
      *out++ = static_cast<float>(cosine);
      *out++ = static_cast<float>(sine);
    }
  }
  return table;
}

std::uint32_t draw_group_scalar(const TrialDraw& draw, const Tile& tile, std::size_t step_in_tile, std::size_t group) {
  const auto step = static_cast<std::uint32_t>(tile.first_step + step_in_tile);
  const std::size_t begin = group * kGroupChannels;
  const std::size_t end = std::min(begin + kGroupChannels, 2 * draw.fibres_per_ear);
  std::array<std::uint32_t, 4> block{};
  std::uint32_t spikes = 0;
  for (std::size_t channel = begin; channel < end; ++channel) {
    const auto number = static_cast<std::uint32_t>(channel / kBlockChannels);
    if (channel % kBlockChannels == 0) block = philox(draw.spikes, number, step, draw.trial);
    const std::int32_t drawn = sixteen_bits(block, channel);
    const float x = threshold(draw, tile, step_in_tile, channel);
    const auto whole = static_cast<std::int32_t>(x);
    bool fires = drawn < whole;
    if (drawn == whole) {
      const auto fraction = static_cast<std::int32_t>((x - static_cast<float>(whole)) * 65536.0F);
      fires = sixteen_bits(philox(draw.refinement, number, step, draw.trial), channel) < fraction;
    }
    if (fires) spikes |= std::uint32_t{1} << (channel - begin);
  }
  return spikes;
}

void draw_tile_scalar(const TrialDraw& draw, const Tile& tile, const MutableSpikes& spikes) {
  const std::size_t groups = (2 * draw.fibres_per_ear + kGroupChannels - 1) / kGroupChannels;
  for (std::size_t i = 0; i < tile.steps; ++i) {
    const auto row = spikes.row(tile.first_step + i);
    for (std::size_t group = 0; group < groups; ++group)
      row[group / 2] |= std::uint64_t{draw_group_scalar(draw, tile, i, group)} << (group % 2 * kGroupChannels);
  }
}

}  // namespace tyto::itd

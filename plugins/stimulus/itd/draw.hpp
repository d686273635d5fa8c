/// Draws the spikes of a tile of steps.
///
/// Channel c of step t in trial i looks at 16 bits of the Philox block with counter (c / 8, t, i) under the
/// key of the stream "spikes": half c % 2 (low half first) of word (c % 8) / 2. They are compared with the
/// threshold x = 2^16 times the firing probability. The channel fires if they are below the whole part of
/// x; if they equal it, which happens once in 65,536 draws, the same 16 bits under the key of the stream
/// "spike_refinement" decide, by being below 2^16 times the fraction of x. A probability is thus resolved
/// to 32 bits at the price of 16.
///
/// x is computed in single precision, as a sum over the harmonics from the highest to the lowest, each a
/// product of two and two and a sum, and the mean last. Every instruction set does these same roundings, none
/// may fuse a product with a sum (-ffp-contract=off), and so all of them draw the same spikes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <tyto/random.hpp>
#include <tyto/spikes.hpp>
#include <vector>

#include "rates.hpp"

namespace tyto::itd {

/// Channels are drawn eight at a time, and tables are filled up to whole blocks.
inline constexpr std::size_t kBlockChannels = 8;
/// Blocks are collected into words of spikes.
inline constexpr std::size_t kGroupChannels = 32;

/// cos(k psi) and sin(k psi) of every channel, [channel][k][cos, sin]; zeros up to a whole block.
[[nodiscard]] std::vector<float> fibre_table(std::span<const double> fibre_phases_rad, std::size_t harmonics);

/// What the draws of one trial have in common.
struct TrialDraw {
  StreamKey spikes;
  StreamKey refinement;
  std::uint64_t trial = 0;
  std::size_t harmonics = 0;  ///< TileRates::count()
  std::size_t fibres_per_ear = 0;
  float mean_threshold = 0;
  std::span<const float> fibres;  ///< fibre_table()
};

/// A tile of one trial: its terms as TileRates::fill() writes them.
struct Tile {
  std::size_t first_step = 0;
  std::size_t steps = 0;  ///< at most kTileSteps
  std::span<const float> terms;
};

/// Sets the spikes of the tile's steps, on the best instruction set that this machine has.
void draw_tile(const TrialDraw& draw, const Tile& tile, const MutableSpikes& spikes);

/// The same in plain C++, one channel after the other.
void draw_tile_scalar(const TrialDraw& draw, const Tile& tile, const MutableSpikes& spikes);

/// Spikes of channels 32 group .. 32 group + 31 in one step of a tile.
[[nodiscard]] std::uint32_t draw_group_scalar(const TrialDraw& draw, const Tile& tile, std::size_t step_in_tile,
                                              std::size_t group);

/// Instruction sets that draw_tile() is built for and that run here, as Highway numbers them.
[[nodiscard]] std::vector<std::int64_t> draw_targets();

}  // namespace tyto::itd

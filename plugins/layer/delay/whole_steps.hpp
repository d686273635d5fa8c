/// Spikes delayed by whole steps, and the sums of gradients that their delays' derivatives are made of.
/// Every instruction set gives the same bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <tyto/spikes.hpp>

namespace delay {

/// Channel i of the output in step t is channel i of the input in step t + skip - shift[i], where there is one. The
/// output has `skip` steps less than the input.
void shift_spikes(const tyto::Spikes& input, std::span<const std::uint32_t> shift, std::size_t skip,
                  const tyto::MutableSpikes& output);

/// For every channel i, over its spikes in steps t, ascending: at[i] += gradient[t][i] and after[i] += gradient[t +
/// 1][i], which counts as 0 behind the last step.
template <class S>
void sum_at_spikes(const tyto::Spikes& spikes, const S* gradient, std::span<S> at, std::span<S> after);

}  // namespace delay

/// Packs spikes that came as numbers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cpu {

/// bits[trial][step][word] from output[step][trial][neuron]: a bit is set where a number is not 0. From one trial's
/// first row of bits to the next one's there are `rows` rows.
template <class S>
void pack(const S* output, std::size_t steps, std::size_t trials, std::size_t neurons, std::uint64_t* bits,
          std::size_t rows);

}  // namespace cpu

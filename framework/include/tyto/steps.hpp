/// Sums over the steps of a trial, and the way back of them. Sums belong to one column each, so that vectors go over
/// columns and change no bit. What is read and what is written must not overlap.
#pragma once

#include <cstddef>
#include <span>

#include <tyto/spikes.hpp>
#include <tyto/targets.hpp>

namespace tyto {

namespace detail {

template <class S>
TYTO_MANY_TARGETS void add_steps(const S* TYTO_RESTRICT rows, std::size_t stride, std::size_t steps,
                                 S* TYTO_RESTRICT sums, std::size_t columns) {
  for (std::size_t t = 0; t < steps; ++t)
    for (std::size_t k = 0; k < columns; ++k) sums[k] += rows[t * stride + k];
}

template <class S>
TYTO_MANY_TARGETS void add_to_steps(const S* TYTO_RESTRICT values, std::size_t columns, S factor, std::size_t steps,
                                    S* TYTO_RESTRICT rows, std::size_t stride) {
  for (std::size_t t = 0; t < steps; ++t)
    for (std::size_t k = 0; k < columns; ++k) rows[t * stride + k] += values[k] * factor;
}

}  // namespace detail

/// sums[k] += rows[step][k], steps ascending.
template <class S>
void add_steps(Rows<const S> rows, std::size_t steps, std::span<S> sums) {
  detail::add_steps(rows.data, rows.stride, steps, sums.data(), sums.size());
}

/// rows[step][k] += values[k] * factor
template <class S>
void add_to_steps(std::span<const S> values, S factor, std::size_t steps, Rows<S> rows) {
  detail::add_to_steps(values.data(), values.size(), factor, steps, rows.data, rows.stride);
}

}  // namespace tyto

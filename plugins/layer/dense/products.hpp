/// The products of a dense projection, for float and double, on the widest vectors that the machine has.
/// Every version adds the same numbers in the same order, so that all give the same bits.
///
/// Shapes: spikes and values [step][from], w and grad_w [from][to], current and grad_current [step][to].
#pragma once

#include <cstddef>

#include <tyto/spikes.hpp>

namespace dense {

/// current[t][j] += sum over spikes (t, i), i ascending, of w[i][j].
template <class S>
void add_spikes(const tyto::Spikes& spikes, const S* w, std::size_t to, S* current);

/// grad_w[i][j] += sum over spikes (t, i), t ascending, of grad_current[t][j].
template <class S>
void add_spike_gradients(const tyto::Spikes& spikes, const S* grad_current, std::size_t to, S* grad_w);

/// current[t][j] += sum over i, ascending, of values[t][i] w[i][j]; zeros are passed over.
template <class S>
void add_values(const S* values, std::size_t steps, std::size_t from, const S* w, std::size_t to, S* current);

/// grad_w[i][j] += sum over t, ascending, of values[t][i] grad_current[t][j]; zeros are passed over.
template <class S>
void add_value_gradients(const S* values, std::size_t steps, std::size_t from, const S* grad_current, std::size_t to,
                         S* grad_w);

/// grad_input[t][i] += the sum over j, ascending, of grad_current[t][j] w[i][j].
template <class S>
void add_input_gradients(const S* grad_current, std::size_t steps, const S* w, std::size_t from, std::size_t to,
                         S* grad_input);

}  // namespace dense

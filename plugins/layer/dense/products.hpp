/// The products of a dense projection, for float and double, on the widest vectors that the machine has.
/// Every version adds the same numbers in the same order, so that all give the same bits.
///
/// Shapes: spikes and values [step][from], w and grad_w [from][to], current and grad_current [step][to].
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <boost/align/aligned_allocator.hpp>

#include <tyto/spikes.hpp>

namespace dense {

/// For each trial: current[t][j] += the sum over groups of four inputs of the sums over their spikes (t, i) of w[i][j],
/// groups and i ascending. All trials are of one shape.
template <class S>
void add_spikes(std::span<const tyto::Spikes> trials, const S* w, std::size_t to,
                std::span<const tyto::Rows<S>> currents);

/// grad_w[i][j] += sum over trials and their spikes (t, i), both ascending, of grad_current[t][j]. All trials are of
/// one shape.
template <class S>
void add_spike_gradients(std::span<const tyto::Spikes> trials, std::span<const tyto::Rows<const S>> grad_currents,
                         std::size_t to, S* grad_w);

/// current[t][j] += values[t][i] w[i][j], i ascending, rounded once a term.
template <class S>
void add_values(const S* values, std::size_t steps, std::size_t from, const S* w, std::size_t to,
                tyto::Rows<S> current);

/// grad_w[i][j] += values[t][i] grad_current[t][j], t ascending, rounded once a term.
template <class S>
void add_value_gradients(const S* values, std::size_t steps, std::size_t from, tyto::Rows<const S> grad_current,
                         std::size_t to, S* grad_w);

/// Weights with those of neighbouring inputs side by side, in rows as long as vectors want them.
template <class S>
using Turned = std::vector<S, boost::alignment::aligned_allocator<S, 64>>;
template <class S>
void turn_weights(const S* w, std::size_t from, std::size_t to, Turned<S>& turned);

/// For each trial: grad_input[t][i] += grad_current[t][j] w[i][j], j ascending, rounded once a term.
template <class S>
void add_input_gradients(std::span<const tyto::Rows<const S>> grad_currents, std::size_t steps, const Turned<S>& turned,
                         std::size_t from, std::size_t to, std::span<const tyto::Rows<S>> grad_inputs);

}  // namespace dense

/// The products of a dense projection as plain loops: what the fast ones must equal, bit for bit.
#pragma once

#include <cstddef>

#include <tyto/spikes.hpp>

namespace dense::simple {

template <class S>
void add_spikes(const tyto::Spikes& spikes, const S* w, std::size_t to, S* current) {
  for (std::size_t t = 0; t < spikes.steps; ++t)
    for (std::size_t i = 0; i < spikes.channels; ++i)
      if (spikes.at(t, i))
        for (std::size_t j = 0; j < to; ++j) current[t * to + j] += w[i * to + j];
}

template <class S>
void add_spike_gradients(const tyto::Spikes& spikes, const S* grad_current, std::size_t to, S* grad_w) {
  for (std::size_t t = 0; t < spikes.steps; ++t)
    for (std::size_t i = 0; i < spikes.channels; ++i)
      if (spikes.at(t, i))
        for (std::size_t j = 0; j < to; ++j) grad_w[i * to + j] += grad_current[t * to + j];
}

template <class S>
void add_values(const S* values, std::size_t steps, std::size_t from, const S* w, std::size_t to, S* current) {
  for (std::size_t t = 0; t < steps; ++t)
    for (std::size_t i = 0; i < from; ++i)
      if (values[t * from + i] != S(0))
        for (std::size_t j = 0; j < to; ++j) current[t * to + j] += values[t * from + i] * w[i * to + j];
}

template <class S>
void add_value_gradients(const S* values, std::size_t steps, std::size_t from, const S* grad_current, std::size_t to,
                         S* grad_w) {
  for (std::size_t t = 0; t < steps; ++t)
    for (std::size_t i = 0; i < from; ++i)
      if (values[t * from + i] != S(0))
        for (std::size_t j = 0; j < to; ++j) grad_w[i * to + j] += values[t * from + i] * grad_current[t * to + j];
}

template <class S>
void add_input_gradients(const S* grad_current, std::size_t steps, const S* w, std::size_t from, std::size_t to,
                         S* grad_input) {
  for (std::size_t t = 0; t < steps; ++t)
    for (std::size_t i = 0; i < from; ++i) {
      S sum(0);
      for (std::size_t j = 0; j < to; ++j) sum += grad_current[t * to + j] * w[i * to + j];
      grad_input[t * from + i] += sum;
    }
}

}  // namespace dense::simple

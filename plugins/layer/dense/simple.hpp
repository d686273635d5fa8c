/// The products of a dense projection as plain loops: what the fast ones must equal, bit for bit.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

#include <tyto/spikes.hpp>

namespace dense::simple {

template <class S>
void add_spikes(std::span<const tyto::Spikes> trials, const S* w, std::size_t to,
                std::span<const tyto::Rows<S>> currents) {
  for (std::size_t trial = 0; trial < trials.size(); ++trial)
    for (std::size_t t = 0; t < trials[trial].steps; ++t)
      for (std::size_t j = 0; j < to; ++j) {
        S sum(0);
        for (std::size_t first = 0; first < trials[trial].channels; first += 4) {
          S part(0);
          for (std::size_t i = first; i < std::min(first + 4, trials[trial].channels); ++i)
            if (trials[trial].at(t, i)) part += w[i * to + j];
          sum += part;
        }
        currents[trial][t][j] += sum;
      }
}

template <class S>
void add_spike_gradients(std::span<const tyto::Spikes> trials, std::span<const tyto::Rows<const S>> grad_currents,
                         std::size_t to, S* grad_w) {
  for (std::size_t trial = 0; trial < trials.size(); ++trial)
    for (std::size_t t = 0; t < trials[trial].steps; ++t)
      for (std::size_t i = 0; i < trials[trial].channels; ++i)
        if (trials[trial].at(t, i))
          for (std::size_t j = 0; j < to; ++j) grad_w[i * to + j] += grad_currents[trial][t][j];
}

template <class S>
void add_values(const S* values, std::size_t steps, std::size_t from, const S* w, std::size_t to,
                tyto::Rows<S> current) {
  for (std::size_t t = 0; t < steps; ++t)
    for (std::size_t i = 0; i < from; ++i)
      if (values[t * from + i] != S(0))
        for (std::size_t j = 0; j < to; ++j) {
          S& sum = current[t][j];
          sum = std::fma(values[t * from + i], w[i * to + j], sum);
        }
}

template <class S>
void add_value_gradients(const S* values, std::size_t steps, std::size_t from, tyto::Rows<const S> grad_current,
                         std::size_t to, S* grad_w) {
  for (std::size_t t = 0; t < steps; ++t)
    for (std::size_t i = 0; i < from; ++i)
      if (values[t * from + i] != S(0))
        for (std::size_t j = 0; j < to; ++j) {
          S& sum = grad_w[i * to + j];
          sum = std::fma(values[t * from + i], grad_current[t][j], sum);
        }
}

template <class S>
void add_input_gradients(std::span<const tyto::Rows<const S>> grad_currents, std::size_t steps, const S* w,
                         std::size_t from, std::size_t to, std::span<const tyto::Rows<S>> grad_inputs) {
  for (std::size_t trial = 0; trial < grad_currents.size(); ++trial)
    for (std::size_t t = 0; t < steps; ++t)
      for (std::size_t i = 0; i < from; ++i) {
        S& sum = grad_inputs[trial][t][i];
        for (std::size_t j = 0; j < to; ++j) sum = std::fma(grad_currents[trial][t][j], w[i * to + j], sum);
      }
}

}  // namespace dense::simple

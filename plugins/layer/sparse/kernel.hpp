/// Synapses that all act in the step in which their source does.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include <tyto/layer.hpp>

#include "lists.hpp"

namespace sparse {

/// Follows the spikes of a step one by one: what a neuron sends goes to the neurons of its row.
template <class S>
class SparseKernel final : public tyto::ProjectionKernel<S> {
 public:
  void start(std::span<const std::span<const S>> arrays, std::size_t from, std::size_t to) override {
    lists_ = lists_of(arrays[pairs], from, to);
  }

  /// Nothing changes until the next start, so that synapses can be kept in a form that takes less memory to read.
  [[nodiscard]] bool divide(std::span<const std::span<const S>> arrays, std::span<const std::size_t> bounds) override {
    const auto& w = arrays[weights];
    slices_ = bounds.size() - 1;
    bounds_.assign(bounds.begin(), bounds.end());
    begins_.clear();
    for (std::size_t p = 0; p < slices_; ++p)
      if (bounds[p + 1] - bounds[p] > std::size_t{1} << 16U) return false;
    for (std::size_t from = 0; from < lists_.rows.size(); ++from) {
      const auto begin = lists_.targets.begin() + static_cast<std::ptrdiff_t>(lists_.begin_of(from));
      const auto end = lists_.targets.begin() + static_cast<std::ptrdiff_t>(lists_.begin_of(from + 1));
      if (!std::is_sorted(begin, end)) return false;
      for (const std::size_t bound : bounds)
        begins_.push_back(static_cast<std::size_t>(std::lower_bound(begin, end, bound) - lists_.targets.begin()));
    }
    places_.resize(lists_.targets.size());
    for (std::size_t from = 0; from < lists_.rows.size(); ++from)
      for (std::size_t p = 0; p < slices_; ++p) {
        const Stretch own = synapses_of(from, p);
        for (std::size_t k = own.first; k < own.end; ++k)
          places_[k] = static_cast<std::uint16_t>(lists_.targets[k] - bounds[p]);
      }
    one_weight_ = std::all_of(w.begin(), w.end(), [&](S weight) { return weight == w[0]; });
    return true;
  }
  void forward_slice(const tyto::Signal<S>& input, std::span<const std::span<const S>> arrays, std::size_t slice,
                     const tyto::Rows<S>& current) const override {
    if (lists_.targets.empty()) return;
    const S* const w = arrays[weights].data();
    for (std::size_t t = 0; t < input.steps; ++t) {
      S* const row = current[t] + bounds_[slice];
      if (input.bits == nullptr) {
        for (std::size_t from = 0; from < std::min(input.channels, lists_.rows.size()); ++from) {
          const S value = input.values[t * input.channels + from];
          if (value == S(0)) continue;  // as most are that stand for spikes
          const Stretch own = synapses_of(from, slice);
          for (std::size_t k = own.first; k < own.end; ++k) row[places_[k]] += w[k] * value;
        }
      } else if (one_weight_) {
        const S weight = w[0];
        for_spikes(input, t, slice, nullptr, [&](const Stretch& own) {
          for (std::size_t k = own.first; k < own.end; ++k) row[places_[k]] += weight;
        });
      } else {
        for_spikes(input, t, slice, w, [&](const Stretch& own) {
          for (std::size_t k = own.first; k < own.end; ++k) row[places_[k]] += w[k];
        });
      }
    }
  }

  [[nodiscard]] tyto::Synapses synapses(std::size_t from, std::size_t to) const override {
    return lists_.synapses(from, to);
  }

  void forward(const tyto::Signal<S>& input, std::span<const std::span<const S>> arrays, std::size_t to,
               const tyto::Pass&, S* current) const override {
    add(input, arrays[weights].data(), {current, to});
  }
  void forward_group(const tyto::Group<S>& group, std::span<const std::span<const S>> arrays, std::size_t,
                     std::span<const tyto::Rows<S>> currents) const override {
    for (std::size_t lane = 0; lane < group.size(); ++lane)
      add(group.inputs[lane], arrays[weights].data(), currents[lane]);
  }

  void backward(const tyto::Signal<S>& input, std::span<const std::span<const S>> arrays, std::size_t to,
                const tyto::Pass&, const S* grad_current, std::span<const std::span<S>> grad_arrays,
                S* grad_input) const override {
    for (std::size_t t = 0; t < input.steps; ++t) {
      const S* const gradient = grad_current + t * to;
      add_weight_gradients(input, t, gradient, grad_arrays[weights]);
      if (grad_input == nullptr) continue;
      for (std::size_t from = 0; from < input.channels; ++from)
        for (std::size_t k = lists_.begin_of(from); k < lists_.begin_of(from + 1); ++k)
          grad_input[t * input.channels + from] += arrays[weights][k] * gradient[lists_.targets[k]];
    }
  }

 private:
  void add_weight_gradients(const tyto::Signal<S>& input, std::size_t t, const S* gradient, std::span<S> grad_w) const {
    for (std::size_t from = 0; from < input.channels; ++from) {
      const S sent = input.at(t, from);
      if (sent == S(0)) continue;
      for (std::size_t k = lists_.begin_of(from); k < lists_.begin_of(from + 1); ++k)
        grad_w[k] += gradient[lists_.targets[k]] * sent;
    }
  }
  /// Synapses first .. end-1.
  struct Stretch {
    std::size_t first, end;
  };
  [[nodiscard]] Stretch synapses_of(std::size_t from, std::size_t slice) const {
    const std::size_t place = from * (slices_ + 1) + slice;
    return {begins_[place], begins_[place + 1]};
  }

  void add(const tyto::Signal<S>& input, const S* w, tyto::Rows<S> current) const {
    for (std::size_t t = 0; t < input.steps; ++t) {
      S* const row = current[t];
      if (input.bits != nullptr)
        input.spikes().for_each(t, [&](std::size_t from) {
          for (std::size_t k = lists_.begin_of(from); k < lists_.begin_of(from + 1); ++k)
            row[lists_.targets[k]] += w[k];
        });
      else
        for (std::size_t from = 0; from < input.channels; ++from) {
          const S value = input.values[t * input.channels + from];
          if (value == S(0)) continue;
          for (std::size_t k = lists_.begin_of(from); k < lists_.begin_of(from + 1); ++k)
            row[lists_.targets[k]] += w[k] * value;
        }
    }
  }

  /// Calls take(stretch) for the synapses of the neurons that fire, in order. They lie far apart in memory, so that
  /// they are fetched before it is their turn.
  template <class Take>
  void for_spikes(const tyto::Signal<S>& input, std::size_t t, std::size_t slice, const S* w, const Take& take) const {
    constexpr std::size_t ahead = 4, fetched = 256, places_of_line = 32, weights_of_line = 64 / sizeof(S);
    std::array<Stretch, ahead> coming{};
    std::size_t count = 0;
    input.spikes().for_each(t, [&](std::size_t from) {
      if (from >= lists_.rows.size()) return;
      const Stretch own = synapses_of(from, slice);
      if (own.first == own.end) return;
      for (std::size_t k = own.first; k < std::min(own.end, own.first + fetched); k += places_of_line)
        __builtin_prefetch(places_.data() + k);
      for (std::size_t k = own.first; w != nullptr && k < std::min(own.end, own.first + fetched / 2);
           k += weights_of_line)
        __builtin_prefetch(w + k);
      if (count >= ahead) take(coming[count % ahead]);
      coming[count++ % ahead] = own;
    });
    for (std::size_t k = count - std::min(count, ahead); k < count; ++k) take(coming[k % ahead]);
  }
  Lists lists_;
  std::size_t slices_ = 0;
  std::vector<std::size_t> bounds_;
  std::vector<std::size_t> begins_;    ///< [source][slice], and the end of the last slice
  std::vector<std::uint16_t> places_;  ///< of each synapse: its target, counted from the beginning of the slice
  bool one_weight_ = false;            ///< all synapses have the same
};

}  // namespace sparse

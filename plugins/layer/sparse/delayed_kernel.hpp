/// Synapses each of which is late by a number of steps of its own.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <tyto/error.hpp>
#include <tyto/layer.hpp>

#include "lists.hpp"

namespace sparse {

/// A source's synapses in the order of their delays, so that those of a spike that act in some steps lie together.
template <class S>
class DelayedSparseKernel final : public tyto::ProjectionKernel<S> {
 public:
  DelayedSparseKernel(double spread_s, double dt_s)
      : spread_s_(spread_s), dt_s_(dt_s), most_(static_cast<std::size_t>(std::llround(spread_s / dt_s))) {}

  [[nodiscard]] std::size_t reach() const override { return most_; }

  void start(std::span<const std::span<const S>> arrays, std::size_t from, std::size_t to) override {
    // A training changes weights alone, and starts kernels anew after every update.
    if (std::ranges::equal(arrays[pairs], pairs_) && std::ranges::equal(arrays[delays], delays_)) return;
    put_in_order(arrays, from, to);
    pairs_.assign(arrays[pairs].begin(), arrays[pairs].end());
    delays_.assign(arrays[delays].begin(), arrays[delays].end());
  }

  [[nodiscard]] tyto::Synapses synapses(std::size_t from, std::size_t to) const override {
    return lists_.synapses(from, to);
  }

  void forward(const tyto::Signal<S>& input, std::span<const std::span<const S>> arrays, std::size_t to,
               const tyto::Pass&, S* current) const override {
    add(input, 0, arrays[weights], {current, to});
  }
  void forward_group(const tyto::Group<S>& group, std::span<const std::span<const S>> arrays, std::size_t to,
                     std::span<const tyto::Rows<S>> currents) const override {
    thread_local std::vector<S> sums;
    for (std::size_t lane = 0; lane < group.size(); ++lane) {
      const auto& input = group.inputs[lane];
      // Summed up by themselves, so that it does not matter in how many stretches.
      sums.assign((input.steps - group.shown) * to, S(0));
      add(input, group.shown, arrays[weights], {sums.data(), to});
      tyto::detail::add_rows<S>(sums, to, currents[lane]);
    }
  }

  void backward(const tyto::Signal<S>& input, std::span<const std::span<const S>> arrays, std::size_t to,
                const tyto::Pass&, const S* grad_current, std::span<const std::span<S>> grad_arrays,
                S* grad_input) const override {
    for (std::size_t t = 0; t < input.steps; ++t)
      for (std::size_t from = 0; from < input.channels; ++from) {
        const S sent = input.at(t, from);
        if (sent == S(0) && grad_input == nullptr) continue;
        S back = 0;
        for_synapses(from, 0, input.steps - t, [&](std::size_t q) {
          const S gradient = grad_current[(t + late_[q]) * to + targets_[q]];
          grad_arrays[weights][order_[q]] += gradient * sent;
          back += arrays[weights][order_[q]] * gradient;
        });
        if (grad_input != nullptr) grad_input[t * input.channels + from] += back;
      }
  }

 private:
  void put_in_order(std::span<const std::span<const S>> arrays, std::size_t from, std::size_t to) {
    lists_ = lists_of(arrays[pairs], from, to);
    const std::size_t count = lists_.targets.size();
    std::vector<std::uint32_t> late(count);
    for (std::size_t k = 0; k < count; ++k) {
      const double steps = static_cast<double>(arrays[delays][k]) * 1e-3 / dt_s_;
      if (!(steps >= 0 && steps < static_cast<double>(most_) + 0.5))
        throw tyto::Error("d: number " + std::to_string(k) + " is not within 0 and " + std::to_string(spread_s_ * 1e3) +
                          " ms, the connection's delay_spread");
      late[k] = static_cast<std::uint32_t>(std::llround(steps));
    }
    order_.resize(count);
    std::iota(order_.begin(), order_.end(), 0U);
    for (std::size_t i = 0; i < lists_.rows.size(); ++i)
      std::stable_sort(order_.begin() + place(lists_.begin_of(i)), order_.begin() + place(lists_.begin_of(i + 1)),
                       [&](std::uint32_t a, std::uint32_t b) { return late[a] < late[b]; });
    late_.resize(count);
    targets_.resize(count);
    for (std::size_t q = 0; q < count; ++q) {
      late_[q] = late[order_[q]];
      targets_[q] = lists_.targets[order_[q]];
    }
  }

  static std::ptrdiff_t place(std::size_t k) { return static_cast<std::ptrdiff_t>(k); }

  /// visit(place in the order) for the synapses of a source that are late by first .. end - 1 steps.
  template <class Visit>
  void for_synapses(std::size_t from, std::size_t first, std::size_t end, const Visit& visit) const {
    const auto last = late_.begin() + place(lists_.begin_of(from + 1));
    auto next = std::lower_bound(late_.begin() + place(lists_.begin_of(from)), last, first);
    for (; next != last && *next < end; ++next) visit(static_cast<std::size_t>(next - late_.begin()));
  }

  /// current[0] is the row of the step after those that are only shown.
  void add(const tyto::Signal<S>& input, std::size_t shown, std::span<const S> w, tyto::Rows<S> current) const {
    for (std::size_t t = 0; t < input.steps; ++t) {
      const std::size_t first = t < shown ? shown - t : 0, end = input.steps - t;
      const auto send = [&](std::size_t from, S value) {
        for_synapses(from, first, end,
                     [&](std::size_t q) { current[t + late_[q] - shown][targets_[q]] += w[order_[q]] * value; });
      };
      if (input.bits != nullptr) {
        input.spikes().for_each(t, [&](std::size_t from) { send(from, S(1)); });
        continue;
      }
      for (std::size_t from = 0; from < input.channels; ++from)
        if (const S value = input.values[t * input.channels + from]; value != S(0)) send(from, value);
    }
  }

  double spread_s_, dt_s_;
  std::size_t most_;               ///< steps
  std::vector<S> pairs_, delays_;  ///< that the order is of
  Lists lists_;
  std::vector<std::uint32_t> order_;    ///< of each place in the order the synapse
  std::vector<std::uint32_t> late_;     ///< steps
  std::vector<std::uint32_t> targets_;  ///< in the order, too
};

}  // namespace sparse

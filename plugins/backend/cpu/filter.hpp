/// A synapse's linear filter over many channels.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <tyto/synapse.hpp>

namespace cpu {

template <class S>
class Filter {
 public:
  Filter(const tyto::LinearFilter& filter, std::size_t channels)
      : order_(filter.order),
        a_(filter.a.begin(), filter.a.end()),
        b_(filter.b.begin(), filter.b.end()),
        c_(filter.c.begin(), filter.c.end()),
        state_(order_ * channels, S(0)),
        next_(order_ > 1 ? order_ * channels : 0, S(0)) {}

  void start() { state_.assign(state_.size(), S(0)); }

  /// y[k] = C x of every channel.
  void read(std::span<S> y) const {
    for (std::size_t k = 0; k < y.size(); ++k) y[k] = c_[0] * state_[k];
    for (std::size_t row = 1; row < order_; ++row)
      for (std::size_t k = 0; k < y.size(); ++k) y[k] += c_[row] * state_[row * y.size() + k];
  }

  /// x = A x + B u.
  void move_on(std::span<const S> u) {
    const std::size_t n = u.size();
    if (order_ == 1) {
      for (std::size_t k = 0; k < n; ++k) state_[k] = a_[0] * state_[k] + b_[0] * u[k];
      return;
    }
    for (std::size_t row = 0; row < order_; ++row) {
      for (std::size_t k = 0; k < n; ++k) next_[row * n + k] = b_[row] * u[k];
      for (std::size_t column = 0; column < order_; ++column)
        for (std::size_t k = 0; k < n; ++k) next_[row * n + k] += a_[row * order_ + column] * state_[column * n + k];
    }
    state_.swap(next_);
  }

 private:
  std::size_t order_;
  std::vector<S> a_, b_, c_;
  std::vector<S> state_, next_;  ///< [order][channel]
};

}  // namespace cpu

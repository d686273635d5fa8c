/// A synapse's linear filter over many channels, forward and back in time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include <tyto/synapse.hpp>

namespace cpu {

/// What a filter keeps of the past, [order][channel], and room to work in.
template <class S>
struct FilterState {
  std::vector<S> state, next;
  std::vector<S> driven;  ///< u, [channel]
};

/// x[n+1] = A x[n] + B u[n], y[n] = C x[n] for every channel.
template <class S>
class Filter {
 public:
  explicit Filter(const tyto::LinearFilter& filter);

  /// x = 0
  void start(FilterState<S>& kept, std::size_t channels) const;

  /// y[k] += C x of every channel, or of those from one on.
  void add_to(std::span<S> y, const FilterState<S>& kept, std::size_t first = 0) const;

  /// x = A x + B u, where project(span) adds u to the numbers that it is given.
  template <class Project>
  void move_on(FilterState<S>& kept, const Project& project) const {
    if (order_ == 1) {
      // The state is kept in units of B, so that u is added to it as it comes: a spike touches what it reaches and
      // nothing else.
      decay(kept.state);
      project(std::span<S>(kept.state));
      return;
    }
    kept.driven.assign(kept.driven.size(), S(0));
    project(std::span<S>(kept.driven));
    advance(kept, 0, kept.driven.size());
    kept.state.swap(kept.next);
  }

  /// The same for some channels: several threads may each move some on.
  template <class Project>
  void move_slice_on(FilterState<S>& kept, std::size_t first, std::size_t count, const Project& project) const {
    if (order_ == 1) {
      const auto part = std::span(kept.state).subspan(first, count);
      decay(part);
      project(part);
      return;
    }
    const auto driven = std::span(kept.driven).subspan(first, count);
    std::fill(driven.begin(), driven.end(), S(0));
    project(driven);
    advance(kept, first, count);
    for (std::size_t row = 0, channels = kept.driven.size(); row < order_; ++row)
      std::copy_n(kept.next.data() + row * channels + first, count, kept.state.data() + row * channels + first);
  }

  /// The way back of a step, from dL/dy[n] and dL/dx[n+1] in `kept`, which becomes dL/dx[n]. Receives dL/du[n-1].
  void move_back(FilterState<S>& kept, std::span<const S> grad_y, std::span<S> grad_u) const;

 private:
  void decay(std::span<S> state) const;
  /// Leaves A x + B u of some channels in `next`.
  void advance(FilterState<S>& kept, std::size_t first, std::size_t count) const;

  std::size_t order_;
  std::vector<S> a_, b_, c_;
};

extern template class Filter<float>;
extern template class Filter<double>;

}  // namespace cpu

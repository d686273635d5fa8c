/// A synapse's linear filter over many channels.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <tyto/synapse.hpp>
#include <tyto/targets.hpp>

namespace cpu {

template <class S>
class Filter {
 public:
  Filter(const tyto::LinearFilter& filter, std::size_t channels);

  void start() { state_.assign(state_.size(), S(0)); }

  /// y[k] += C x of every channel.
  void add_to(std::span<S> y) const;

  /// x = A x + B u, where project(span) adds u to the numbers that it is given.
  template <class Project>
  void move_on(const Project& project) {
    if (order_ == 1) {
      // The state is kept in units of B, so that u is added to it as it comes: a spike touches what it reaches and
      // nothing else.
      decay();
      project(std::span<S>(state_));
      return;
    }
    driven_.assign(channels_, S(0));
    project(std::span<S>(driven_));
    advance();
  }

 private:
  void decay();
  void advance();

  std::size_t order_;
  std::size_t channels_;
  std::vector<S> a_, b_, c_;
  std::vector<S> state_, next_;  ///< [order][channel]
  std::vector<S> driven_;        ///< u
};

extern template class Filter<float>;
extern template class Filter<double>;

}  // namespace cpu

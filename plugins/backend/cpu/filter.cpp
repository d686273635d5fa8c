#include "filter.hpp"

#include <algorithm>

#include <tyto/targets.hpp>

namespace cpu {

namespace {

template <class S>
TYTO_MANY_TARGETS void scale(S factor, S* TYTO_RESTRICT x, std::size_t count) {
  for (std::size_t k = 0; k < count; ++k) x[k] *= factor;
}

template <class S>
TYTO_MANY_TARGETS void add_scaled(S factor, const S* TYTO_RESTRICT x, S* TYTO_RESTRICT y, std::size_t count) {
  for (std::size_t k = 0; k < count; ++k) y[k] += factor * x[k];
}

}  // namespace

template <class S>
Filter<S>::Filter(const tyto::LinearFilter& filter)
    : order_(filter.order),
      a_(filter.a.begin(), filter.a.end()),
      b_(filter.b.begin(), filter.b.end()),
      c_(filter.c.begin(), filter.c.end()) {
  if (order_ != 1) return;
  c_[0] = static_cast<S>(filter.c[0] * filter.b[0]);
  b_[0] = S(1);
}

template <class S>
void Filter<S>::start(FilterState<S>& kept, std::size_t channels) const {
  kept.state.assign(order_ * channels, S(0));
  kept.next.assign(order_ * channels, S(0));
  kept.driven.assign(channels, S(0));
}

template <class S>
void Filter<S>::add_to(std::span<S> y, const FilterState<S>& kept, std::size_t first) const {
  for (std::size_t row = 0; row < order_; ++row)
    add_scaled(c_[row], kept.state.data() + row * kept.driven.size() + first, y.data(), y.size());
}

template <class S>
void Filter<S>::decay(std::span<S> state) const {
  scale(a_[0], state.data(), state.size());
}

template <class S>
void Filter<S>::advance(FilterState<S>& kept, std::size_t first, std::size_t count) const {
  const std::size_t channels = kept.driven.size();
  for (std::size_t row = 0; row < order_; ++row) {
    S* const next = kept.next.data() + row * channels + first;
    std::fill_n(next, count, S(0));
    add_scaled(b_[row], kept.driven.data() + first, next, count);
    for (std::size_t column = 0; column < order_; ++column)
      add_scaled(a_[row * order_ + column], kept.state.data() + column * channels + first, next, count);
  }
}

template <class S>
void Filter<S>::move_back(FilterState<S>& kept, std::span<const S> grad_y, std::span<S> grad_u) const {
  const std::size_t channels = grad_y.size();
  std::fill(kept.next.begin(), kept.next.end(), S(0));
  std::fill(grad_u.begin(), grad_u.end(), S(0));
  for (std::size_t row = 0; row < order_; ++row) {
    S* const before = kept.next.data() + row * channels;
    add_scaled(c_[row], grad_y.data(), before, channels);
    for (std::size_t column = 0; column < order_; ++column)
      add_scaled(a_[column * order_ + row], kept.state.data() + column * channels, before, channels);
    add_scaled(b_[row], before, grad_u.data(), channels);
  }
  kept.state.swap(kept.next);
}

template class Filter<float>;
template class Filter<double>;

}  // namespace cpu

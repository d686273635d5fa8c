#include "filter.hpp"

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
Filter<S>::Filter(const tyto::LinearFilter& filter, std::size_t channels)
    : order_(filter.order),
      channels_(channels),
      a_(filter.a.begin(), filter.a.end()),
      b_(filter.b.begin(), filter.b.end()),
      c_(filter.c.begin(), filter.c.end()),
      state_(order_ * channels, S(0)),
      next_(order_ > 1 ? order_ * channels : 0, S(0)) {
  if (order_ == 1) c_[0] = static_cast<S>(filter.c[0] * filter.b[0]);
}

template <class S>
void Filter<S>::add_to(std::span<S> y) const {
  for (std::size_t row = 0; row < order_; ++row)
    add_scaled(c_[row], state_.data() + row * channels_, y.data(), channels_);
}

template <class S>
void Filter<S>::decay() {
  scale(a_[0], state_.data(), channels_);
}

template <class S>
void Filter<S>::advance() {
  next_.assign(next_.size(), S(0));
  for (std::size_t row = 0; row < order_; ++row) {
    S* const next = next_.data() + row * channels_;
    add_scaled(b_[row], driven_.data(), next, channels_);
    for (std::size_t column = 0; column < order_; ++column)
      add_scaled(a_[row * order_ + column], state_.data() + column * channels_, next, channels_);
  }
  state_.swap(next_);
}

template class Filter<float>;
template class Filter<double>;

}  // namespace cpu

#include "products.hpp"

#include <algorithm>
#include <cmath>

// Highway compiles this file once for each instruction set. Left out are two that other ones stand in for.
#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "value_products.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h has to come first.
#include <hwy/highway.h>

#include "products-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dense::HWY_NAMESPACE {

/// a b + c, rounded once. Where the machine has no such operation the library's stands in, with the same bits.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V fused(D d, V a, V b, V c) {
#if HWY_NATIVE_FMA
  (void)d;
  return hn::MulAdd(a, b, c);
#else
  using S = hn::TFromD<D>;
  HWY_ALIGN std::array<S, hn::MaxLanes(D())> x{}, y{}, sum{};
  hn::Store(a, d, x.data());
  hn::Store(b, d, y.data());
  hn::Store(c, d, sum.data());
  for (std::size_t k = 0; k < hn::Lanes(d); ++k) sum[k] = std::fma(x[k], y[k], sum[k]);
  return hn::Load(d, sum.data());
#endif
}

/// The left factor of a product of matrices, or a transposed one.
template <class S>
struct Left {
  const S* data = nullptr;
  std::size_t row_stride = 0;
  std::size_t term_stride = 0;
};

/// The first `count` numbers; lanes behind them are zero.
template <class D, class S = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> load_lanes(D d, const S* numbers, std::size_t count) {
  if (count >= hn::Lanes(d)) return hn::LoadU(d, numbers);
  HWY_ALIGN std::array<S, hn::MaxLanes(D())> lanes{};
  for (std::size_t k = 0; k < count; ++k) lanes[k] = numbers[k];
  return hn::Load(d, lanes.data());
}
template <class D, class S = hn::TFromD<D>>
HWY_INLINE void store_lanes(D d, hn::Vec<D> lanes, S* numbers, std::size_t count) {
  if (count >= hn::Lanes(d)) return hn::StoreU(lanes, d, numbers);
  HWY_ALIGN std::array<S, hn::MaxLanes(D())> all{};
  hn::Store(lanes, d, all.data());
  for (std::size_t k = 0; k < count; ++k) numbers[k] = all[k];
}

/// `rows` rows and `vectors` vectors of columns, of which `columns` columns exist; sums stay in registers.
template <std::size_t vectors, std::size_t rows, class D, class S = hn::TFromD<D>>
HWY_INLINE void add_product_block(D d, Left<S> left, std::size_t terms, tyto::Rows<const S> right, std::size_t columns,
                                  tyto::Rows<S> sum) {
  const std::size_t lanes = hn::Lanes(d);
  const auto rest = [&](std::size_t v) { return columns - HWY_MIN(columns, v * lanes); };
  std::array<hn::Vec<D>, rows * vectors> sums;
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t v = 0; v < vectors; ++v) sums[r * vectors + v] = load_lanes(d, sum[r] + v * lanes, rest(v));
  for (std::size_t k = 0; k < terms; ++k)
    for (std::size_t v = 0; v < vectors; ++v) {
      const auto numbers = hn::LoadU(d, right[k] + v * lanes);
      for (std::size_t r = 0; r < rows; ++r) {
        const auto factor = hn::Set(d, left.data[r * left.row_stride + k * left.term_stride]);
        sums[r * vectors + v] = fused(d, factor, numbers, sums[r * vectors + v]);
      }
    }
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t v = 0; v < vectors; ++v) store_lanes(d, sums[r * vectors + v], sum[r] + v * lanes, rest(v));
}

template <std::size_t vectors, class D, class S = hn::TFromD<D>>
HWY_INLINE void add_product_columns(D d, Left<S> left, std::size_t rows, std::size_t terms, tyto::Rows<const S> right,
                                    std::size_t columns, tyto::Rows<S> sum) {
  std::size_t r = 0;
  const auto block = [&]<std::size_t count>() HWY_ATTR {
    add_product_block<vectors, count>(d, {left.data + r * left.row_stride, left.row_stride, left.term_stride}, terms,
                                      right, columns, {sum[r], sum.stride});
  };
  // As many as there are registers for.
  if constexpr (HWY_TARGET <= HWY_AVX3)
    for (; r + 8 <= rows; r += 8) block.template operator()<8>();
  for (; r + 4 <= rows; r += 4) block.template operator()<4>();
  if (r + 2 <= rows) block.template operator()<2>(), r += 2;
  if (r < rows) block.template operator()<1>();
}

/// The columns that are left, fewer than `most` or as many: in a vector that is not twice as long as they need.
template <std::size_t most, class S>
HWY_INLINE void add_product_rest(Left<S> left, std::size_t rows, std::size_t terms, tyto::Rows<const S> right,
                                 std::size_t columns, tyto::Rows<S> sum) {
  const hn::CappedTag<S, most> d;
  if constexpr (most > 1)
    if (columns <= most / 2) return add_product_rest<most / 2, S>(left, rows, terms, right, columns, sum);
  add_product_columns<1>(d, left, rows, terms, right, columns, sum);
}

/// sum[r][j] += left(r, k) right[k][j], one term after the other, k ascending. The rows of `right` have numbers up to
/// the next multiple of the lanes. Its vectors stay in the nearest cache for all rows.
template <class S>
void add_product(Left<S> left, std::size_t rows, std::size_t terms, tyto::Rows<const S> right, std::size_t columns,
                 tyto::Rows<S> sum) {
  const Tag<S> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t first = 0;
  for (; first + lanes < columns; first += 2 * lanes)
    add_product_columns<2>(d, left, rows, terms, tyto::Rows<const S>{right.data + first, right.stride}, columns - first,
                           tyto::Rows<S>{sum.data + first, sum.stride});
  if (first < columns)
    add_product_rest<HWY_MAX_BYTES / sizeof(S), S>(left, rows, terms, {right.data + first, right.stride},
                                                   columns - first, {sum.data + first, sum.stride});
}

/// to[j] += factor * from[j].
template <class S>
HWY_INLINE void add_scaled_row(S factor, const S* HWY_RESTRICT from, std::size_t count, S* HWY_RESTRICT to) {
  const Tag<S> d;
  const auto factors = hn::Set(d, factor);
  for (std::size_t j = 0; j < count; j += hn::Lanes(d))
    store_lanes(d, fused(d, factors, load_lanes(d, from + j, count - j), load_lanes(d, to + j, count - j)), to + j,
                count - j);
}

/// Calls visit(i, values[i]) for those that are not 0. They are found first, by a loop without branches: where they lie
/// cannot be foreseen.
template <class S, class Visit>
HWY_INLINE void for_each_value(const S* values, std::size_t count, Visit&& visit) {
  thread_local std::vector<std::uint32_t> places;
  places.resize(count + 1);
  std::uint32_t* const place = places.data();
  std::size_t found = 0;
  for (std::size_t i = 0; i < count; ++i) {
    place[found] = static_cast<std::uint32_t>(i);
    found += values[i] != S(0) ? 1U : 0U;
  }
  for (std::size_t k = 0; k < found; ++k) visit(place[k], values[place[k]]);
}

/// Whether so few values are not 0 that it pays to find them. Which way is taken changes no bit but the sign of zeros,
/// as long as numbers are finite.
template <class S>
bool few_values(const S* values, std::size_t count, std::size_t to) {
  std::size_t found = 0;
  for (std::size_t k = 0; k < count; ++k) found += values[k] != S(0) ? 1U : 0U;
  const std::size_t vectors = vectors_for(to, hn::Lanes(Tag<S>()));
  return found * (8 + 2 * vectors) + count < count * (1 + vectors) / 2 + found;
}

template <class S>
void add_values(const S* values, std::size_t steps, std::size_t from, const S* w, std::size_t to,
                tyto::Rows<S> current) {
  if (!few_values(values, steps * from, to)) {
    thread_local Scratch<S> copy;
    const std::size_t length = padded_length<S>(to);
    const S* const rows = padded_rows(w, from, to, length, copy);
    return add_product<S>({values, from, 1}, steps, from, {rows, length}, to, current);
  }
  for (std::size_t t = 0; t < steps; ++t)
    for_each_value(values + t * from, from,
                   [&](std::size_t i, S value) HWY_ATTR { add_scaled_row(value, w + i * to, to, current[t]); });
}

template <class S>
void add_value_gradients(const S* values, std::size_t steps, std::size_t from, tyto::Rows<const S> grad_current,
                         std::size_t to, S* grad_w) {
  if (!few_values(values, steps * from, to)) {
    thread_local Scratch<S> copy;
    const std::size_t length = padded_length<S>(to);
    copy.assign(steps * length, S(0));
    for (std::size_t t = 0; t < steps; ++t) std::copy_n(grad_current[t], to, copy.data() + t * length);
    return add_product<S>({values, 1, from}, from, steps, {copy.data(), length}, to, {grad_w, to});
  }
  for (std::size_t t = 0; t < steps; ++t)
    for_each_value(values + t * from, from, [&](std::size_t i, S value) HWY_ATTR {
      add_scaled_row(value, grad_current[t], to, grad_w + i * to);
    });
}

/// A vector of columns of four rows becomes four columns of as many rows.
template <class D, class S = hn::TFromD<D>>
HWY_INLINE void turn_four(D d, tyto::Rows<const S> rows, tyto::Rows<S> turned) {
  const hn::CappedTag<S, 4> four;
  HWY_ALIGN std::array<S, 4 * hn::MaxLanes(D())> woven{};
  hn::StoreInterleaved4(hn::LoadU(d, rows[0]), hn::LoadU(d, rows[1]), hn::LoadU(d, rows[2]), hn::LoadU(d, rows[3]), d,
                        woven.data());
  for (std::size_t k = 0; k < hn::Lanes(d); ++k)
    for (std::size_t q = 0; q < 4; q += hn::Lanes(four))
      hn::StoreU(hn::Load(four, woven.data() + 4 * k + q), four, turned[k] + q);
}

/// turned[j][i] = rows[i][j].
template <class S>
void turn(tyto::Rows<const S> rows, std::size_t count, std::size_t columns, tyto::Rows<S> turned) {
  const Tag<S> d;
  const hn::CappedTag<S, 4> narrow;
  const std::size_t fours = count / 4 * 4;
  std::size_t j = 0;
  const auto block = [&](auto tag) HWY_ATTR {
    for (; j + hn::Lanes(tag) <= columns; j += hn::Lanes(tag))
      for (std::size_t i = 0; i < fours; i += 4)
        turn_four(tag, tyto::Rows<const S>{rows[i] + j, rows.stride}, tyto::Rows<S>{turned[j] + i, turned.stride});
  };
  block(d);
  block(narrow);
  for (std::size_t k = 0; k < columns; ++k)
    for (std::size_t i = k < j ? fours : 0; i < count; ++i) turned[k][i] = rows[i][k];
}

template <class S>
void turn_weights(const S* w, std::size_t from, std::size_t to, Turned<S>& turned) {
  const std::size_t length = padded_length<S>(from);
  turned.resize(to * length);
  if (length > from) std::fill(turned.begin(), turned.end(), S(0));
  turn<S>({w, to}, from, to, {turned.data(), length});
}

/// Whether rows of trials lie side by side, step after step, so that all make one matrix.
template <class S>
bool are_one(std::span<const tyto::Rows<S>> trials, std::size_t width) {
  for (std::size_t k = 0; k < trials.size(); ++k)
    if (trials[k].data != trials[0].data + k * width || trials[k].stride != trials.size() * width) return false;
  return true;
}

template <class S>
void add_input_gradients(std::span<const tyto::Rows<const S>> grad_currents, std::size_t steps, const Turned<S>& turned,
                         std::size_t from, std::size_t to, std::span<const tyto::Rows<S>> grad_inputs) {
  const tyto::Rows<const S> right{turned.data(), padded_length<S>(from)};
  if (are_one<const S>(grad_currents, to) && are_one<S>(grad_inputs, from))
    return add_product<S>({grad_currents[0].data, to, 1}, steps * grad_currents.size(), to, right, from,
                          {grad_inputs[0].data, from});
  for (std::size_t trial = 0; trial < grad_currents.size(); ++trial)
    add_product<S>({grad_currents[trial].data, grad_currents[trial].stride, 1}, steps, to, right, from,
                   grad_inputs[trial]);
}

// One plain function for each product and precision: what the dispatch tables point to.
#define DENSE_FOR_EACH(S, suffix)                                                                            \
  void add_values_##suffix(const S* values, std::size_t steps, std::size_t from, const S* w, std::size_t to, \
                           tyto::Rows<S> current) {                                                          \
    add_values<S>(values, steps, from, w, to, current);                                                      \
  }                                                                                                          \
  void add_value_gradients_##suffix(const S* values, std::size_t steps, std::size_t from,                    \
                                    tyto::Rows<const S> grad_current, std::size_t to, S* grad_w) {           \
    add_value_gradients<S>(values, steps, from, grad_current, to, grad_w);                                   \
  }                                                                                                          \
  void turn_weights_##suffix(const S* w, std::size_t from, std::size_t to, Turned<S>& turned) {              \
    turn_weights<S>(w, from, to, turned);                                                                    \
  }                                                                                                          \
  void add_input_gradients_##suffix(std::span<const tyto::Rows<const S>> grad_currents, std::size_t steps,   \
                                    const Turned<S>& turned, std::size_t from, std::size_t to,               \
                                    std::span<const tyto::Rows<S>> grad_inputs) {                            \
    add_input_gradients<S>(grad_currents, steps, turned, from, to, grad_inputs);                             \
  }
DENSE_FOR_EACH(float, f32)
DENSE_FOR_EACH(double, f64)
#undef DENSE_FOR_EACH

}  // namespace dense::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dense {

#define DENSE_DISPATCH(S, suffix)                                                                                  \
  HWY_EXPORT(add_values_##suffix);                                                                                 \
  HWY_EXPORT(add_value_gradients_##suffix);                                                                        \
  HWY_EXPORT(turn_weights_##suffix);                                                                               \
  HWY_EXPORT(add_input_gradients_##suffix);                                                                        \
  template <>                                                                                                      \
  void add_values(const S* values, std::size_t steps, std::size_t from, const S* w, std::size_t to,                \
                  tyto::Rows<S> current) {                                                                         \
    HWY_DYNAMIC_DISPATCH(add_values_##suffix)(values, steps, from, w, to, current);                                \
  }                                                                                                                \
  template <>                                                                                                      \
  void add_value_gradients(const S* values, std::size_t steps, std::size_t from, tyto::Rows<const S> grad_current, \
                           std::size_t to, S* grad_w) {                                                            \
    HWY_DYNAMIC_DISPATCH(add_value_gradients_##suffix)(values, steps, from, grad_current, to, grad_w);             \
  }                                                                                                                \
  template <>                                                                                                      \
  void turn_weights(const S* w, std::size_t from, std::size_t to, Turned<S>& turned) {                             \
    HWY_DYNAMIC_DISPATCH(turn_weights_##suffix)(w, from, to, turned);                                              \
  }                                                                                                                \
  template <>                                                                                                      \
  void add_input_gradients(std::span<const tyto::Rows<const S>> grad_currents, std::size_t steps,                  \
                           const Turned<S>& turned, std::size_t from, std::size_t to,                              \
                           std::span<const tyto::Rows<S>> grad_inputs) {                                           \
    HWY_DYNAMIC_DISPATCH(add_input_gradients_##suffix)(grad_currents, steps, turned, from, to, grad_inputs);       \
  }
DENSE_DISPATCH(float, f32)
DENSE_DISPATCH(double, f64)
#undef DENSE_DISPATCH

}  // namespace dense
#endif

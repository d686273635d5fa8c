#include "products.hpp"

#include <algorithm>

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

/// to[j] += factor * from[j], multiplied and added apart.
template <class S>
HWY_INLINE void add_scaled_row(S factor, const S* HWY_RESTRICT from, std::size_t count, S* HWY_RESTRICT to) {
  const Tag<S> d;
  const auto factors = hn::Set(d, factor);
  std::size_t j = 0;
  for (; j + hn::Lanes(d) <= count; j += hn::Lanes(d))
    hn::StoreU(hn::Add(hn::LoadU(d, to + j), hn::Mul(factors, hn::LoadU(d, from + j))), d, to + j);
  for (; j < count; ++j) to[j] += factor * from[j];
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

template <class S>
void add_values(const S* values, std::size_t steps, std::size_t from, const S* w, std::size_t to,
                tyto::Rows<S> current) {
  for (std::size_t t = 0; t < steps; ++t)
    for_each_value(values + t * from, from,
                   [&](std::size_t i, S value) HWY_ATTR { add_scaled_row(value, w + i * to, to, current[t]); });
}

template <class S>
void add_value_gradients(const S* values, std::size_t steps, std::size_t from, tyto::Rows<const S> grad_current,
                         std::size_t to, S* grad_w) {
  for (std::size_t t = 0; t < steps; ++t)
    for_each_value(values + t * from, from, [&](std::size_t i, S value) HWY_ATTR {
      add_scaled_row(value, grad_current[t], to, grad_w + i * to);
    });
}

/// The first `count` lanes of a sum are added to numbers.
template <class S>
HWY_INLINE void add_lanes(hn::Vec<Tag<S>> sum, std::size_t count, S* numbers) {
  const Tag<S> d;
  if (count >= hn::Lanes(d)) return hn::StoreU(hn::Add(hn::LoadU(d, numbers), sum), d, numbers);
  HWY_ALIGN std::array<S, HWY_MAX_BYTES / sizeof(S)> lanes;
  hn::Store(sum, d, lanes.data());
  for (std::size_t k = 0; k < count; ++k) numbers[k] += lanes[k];
}

/// Adds the sums of `rows` steps for `vectors` vectors of inputs, of which `columns` inputs exist, to the targets. They
/// stay in registers meanwhile.
template <class S, std::size_t rows, std::size_t vectors>
HWY_INLINE void input_gradient_rows(tyto::Rows<const S> gradient, std::size_t to, const S* turned, std::size_t length,
                                    std::size_t columns, tyto::Rows<S> target) {
  const Tag<S> d;
  std::array<hn::Vec<Tag<S>>, rows * vectors> sums;
  for (auto& sum : sums) sum = hn::Zero(d);
  for (std::size_t j = 0; j < to; ++j) {
    for (std::size_t v = 0; v < vectors; ++v) {
      const auto weights = hn::LoadU(d, turned + j * length + v * hn::Lanes(d));
      for (std::size_t r = 0; r < rows; ++r)
        sums[r * vectors + v] = hn::Add(sums[r * vectors + v], hn::Mul(hn::Set(d, gradient[r][j]), weights));
    }
  }
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t v = 0; v < vectors; ++v) {
      const std::size_t first = v * hn::Lanes(d);
      if (first < columns) add_lanes<S>(sums[r * vectors + v], columns - first, target[r] + first);
    }
}

/// The same for all steps of all trials, so that the weights of these inputs stay in the nearest cache.
template <class S, std::size_t vectors>
HWY_INLINE void input_gradient_columns(std::span<const tyto::Rows<const S>> grad_currents, std::size_t steps,
                                       std::size_t to, const S* turned, std::size_t length, std::size_t first,
                                       std::size_t columns, std::span<const tyto::Rows<S>> grad_inputs) {
  constexpr std::size_t rows = 8;
  for (std::size_t trial = 0; trial < grad_currents.size(); ++trial) {
    const tyto::Rows<const S> gradient = grad_currents[trial];
    const tyto::Rows<S> target{grad_inputs[trial].data + first, grad_inputs[trial].stride};
    std::size_t t = 0;
    for (; t + rows <= steps; t += rows)
      input_gradient_rows<S, rows, vectors>({gradient[t], gradient.stride}, to, turned + first, length, columns,
                                            {target[t], target.stride});
    for (; t < steps; ++t)
      input_gradient_rows<S, 1, vectors>({gradient[t], gradient.stride}, to, turned + first, length, columns,
                                         {target[t], target.stride});
  }
}

/// turned[j][i] = w[i][j], in rows that are filled up with zeros. It goes by tiles, so that the lines of the cache that
/// are read and written are all used while they are at hand.
template <class S>
void turn(const S* HWY_RESTRICT w, std::size_t from, std::size_t to, std::size_t length, S* HWY_RESTRICT turned) {
  constexpr std::size_t tile = 16;
  for (std::size_t i = 0; i < from; i += tile) {
    const std::size_t end = HWY_MIN(from, i + tile);
    for (std::size_t j = 0; j < to; ++j)
      for (std::size_t k = i; k < end; ++k) turned[j * length + k] = w[k * to + j];
  }
  for (std::size_t j = 0; j < to; ++j) std::fill(turned + j * length + from, turned + (j + 1) * length, S(0));
}

template <class S>
void add_input_gradients(std::span<const tyto::Rows<const S>> grad_currents, std::size_t steps, const S* w,
                         std::size_t from, std::size_t to, std::span<const tyto::Rows<S>> grad_inputs) {
  const std::size_t lanes = hn::Lanes(Tag<S>());
  const std::size_t length = padded_length<S>(from);
  thread_local Scratch<S> turned;  // w with lanes over inputs
  turned.resize(to * length);
  turn(w, from, to, length, turned.data());
  std::size_t first = 0;
  for (; first + lanes < from; first += 2 * lanes)
    input_gradient_columns<S, 2>(grad_currents, steps, to, turned.data(), length, first,
                                 HWY_MIN(from - first, 2 * lanes), grad_inputs);
  if (first < from)
    input_gradient_columns<S, 1>(grad_currents, steps, to, turned.data(), length, first, from - first, grad_inputs);
}

// One plain function for each product and precision: what the dispatch tables point to.
// One plain function for each product and precision: what the dispatch tables point to.
#define DENSE_FOR_EACH(S, suffix)                                                                                      \
  void add_values_##suffix(const S* values, std::size_t steps, std::size_t from, const S* w, std::size_t to,           \
                           tyto::Rows<S> current) {                                                                    \
    add_values<S>(values, steps, from, w, to, current);                                                                \
  }                                                                                                                    \
  void add_value_gradients_##suffix(const S* values, std::size_t steps, std::size_t from,                              \
                                    tyto::Rows<const S> grad_current, std::size_t to, S* grad_w) {                     \
    add_value_gradients<S>(values, steps, from, grad_current, to, grad_w);                                             \
  }                                                                                                                    \
  void add_input_gradients_##suffix(std::span<const tyto::Rows<const S>> grad_currents, std::size_t steps, const S* w, \
                                    std::size_t from, std::size_t to, std::span<const tyto::Rows<S>> grad_inputs) {    \
    add_input_gradients<S>(grad_currents, steps, w, from, to, grad_inputs);                                            \
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
  void add_input_gradients(std::span<const tyto::Rows<const S>> grad_currents, std::size_t steps, const S* w,      \
                           std::size_t from, std::size_t to, std::span<const tyto::Rows<S>> grad_inputs) {         \
    HWY_DYNAMIC_DISPATCH(add_input_gradients_##suffix)(grad_currents, steps, w, from, to, grad_inputs);            \
  }
DENSE_DISPATCH(float, f32)
DENSE_DISPATCH(double, f64)
#undef DENSE_DISPATCH

}  // namespace dense
#endif

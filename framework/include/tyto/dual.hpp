/// Forward-mode dual numbers: a value and its derivatives along N directions. `smooth` marks numbers of a
/// gradient check, for which spikes are replaced by a smooth function.
#pragma once

// With these the unqualified names of C's functions stand for those of every type of number. Without, abs(-0.7f) would
// be C's function of whole numbers, 0.
#include <math.h>
#include <stdlib.h>

#include <array>
#include <cmath>
#include <concepts>
#include <type_traits>

#include <tyto/math.hpp>

/// Marks functions that are part of a neuron's step: inlined into the scans over time, and on a device too.
#if defined(__CUDACC__)
#define TYTO_STEP __host__ __device__ inline
#elif defined(__GNUC__)
#define TYTO_STEP inline __attribute__((always_inline))
#else
#define TYTO_STEP inline
#endif

namespace tyto {

template <class S, int N, bool smooth = false>
struct Dual {
  S value{};
  S d[N]{};

  constexpr Dual() = default;
  template <class A, class = std::enable_if_t<std::is_arithmetic_v<A>>>
  TYTO_STEP constexpr Dual(A constant) : value(static_cast<S>(constant)) {}  // NOLINT(google-explicit-constructor)
  /// An independent variable: derivative 1 along `direction`.
  TYTO_STEP static constexpr Dual variable(S value, int direction) {
    Dual x(value);
    x.d[direction] = S(1);
    return x;
  }

  /// f(x) with derivative `slope` at x.
  TYTO_STEP static Dual chain(S value, S slope, const Dual& x) {
    Dual r(value);
#pragma GCC unroll 16
    for (int i = 0; i < N; ++i) r.d[i] = slope * x.d[i];
    return r;
  }

  TYTO_STEP friend Dual operator+(const Dual& a, const Dual& b) {
    Dual r(a.value + b.value);
#pragma GCC unroll 16
    for (int i = 0; i < N; ++i) r.d[i] = a.d[i] + b.d[i];
    return r;
  }
  TYTO_STEP friend Dual operator-(const Dual& a, const Dual& b) {
    Dual r(a.value - b.value);
#pragma GCC unroll 16
    for (int i = 0; i < N; ++i) r.d[i] = a.d[i] - b.d[i];
    return r;
  }
  TYTO_STEP friend Dual operator*(const Dual& a, const Dual& b) {
    Dual r(a.value * b.value);
#pragma GCC unroll 16
    for (int i = 0; i < N; ++i) r.d[i] = a.d[i] * b.value + a.value * b.d[i];
    return r;
  }
  /// Products with a constant, without the terms that its derivatives, all zero, would give.
  template <class A, class = std::enable_if_t<std::is_arithmetic_v<A>>>
  TYTO_STEP friend Dual operator*(A constant, const Dual& b) {
    const S c = static_cast<S>(constant);
    return chain(c * b.value, c, b);
  }
  template <class A, class = std::enable_if_t<std::is_arithmetic_v<A>>>
  TYTO_STEP friend Dual operator*(const Dual& a, A constant) {
    return constant * a;
  }
  TYTO_STEP friend Dual operator/(const Dual& a, const Dual& b) {
    const S inverse = S(1) / b.value;
    Dual r(a.value / b.value);
#pragma GCC unroll 16
    for (int i = 0; i < N; ++i) r.d[i] = (a.d[i] - r.value * b.d[i]) * inverse;
    return r;
  }
  TYTO_STEP friend Dual operator-(const Dual& a) { return chain(-a.value, S(-1), a); }
  TYTO_STEP Dual& operator+=(const Dual& b) { return *this = *this + b; }
  TYTO_STEP Dual& operator-=(const Dual& b) { return *this = *this - b; }
  TYTO_STEP Dual& operator*=(const Dual& b) { return *this = *this * b; }
  TYTO_STEP friend bool operator<(const Dual& a, const Dual& b) { return a.value < b.value; }
  TYTO_STEP friend bool operator>(const Dual& a, const Dual& b) { return a.value > b.value; }
  TYTO_STEP friend bool operator<=(const Dual& a, const Dual& b) { return a.value <= b.value; }
  TYTO_STEP friend bool operator>=(const Dual& a, const Dual& b) { return a.value >= b.value; }
};

// Functions of numbers and of dual numbers, to be called as tyto::exp(x) in a step. Those that stand in math.hpp have
// the same bits on every processor.

template <class S, int N, bool smooth>
TYTO_STEP Dual<S, N, smooth> exp(const Dual<S, N, smooth>& x) {
  const S e = tyto::exp(x.value);
  return Dual<S, N, smooth>::chain(e, e, x);
}
template <class S, int N, bool smooth>
TYTO_STEP Dual<S, N, smooth> expm1(const Dual<S, N, smooth>& x) {
  const S e = tyto::expm1(x.value);
  return Dual<S, N, smooth>::chain(e, e + S(1), x);
}
template <class S, int N, bool smooth>
TYTO_STEP Dual<S, N, smooth> log(const Dual<S, N, smooth>& x) {
  return Dual<S, N, smooth>::chain(tyto::log(x.value), S(1) / x.value, x);
}
template <class S, int N, bool smooth>
TYTO_STEP Dual<S, N, smooth> log1p(const Dual<S, N, smooth>& x) {
  return Dual<S, N, smooth>::chain(tyto::log1p(x.value), S(1) / (S(1) + x.value), x);
}
template <class S, int N, bool smooth>
TYTO_STEP Dual<S, N, smooth> sin(const Dual<S, N, smooth>& x) {
  return Dual<S, N, smooth>::chain(tyto::sin(x.value), tyto::cos(x.value), x);
}
template <class S, int N, bool smooth>
TYTO_STEP Dual<S, N, smooth> cos(const Dual<S, N, smooth>& x) {
  return Dual<S, N, smooth>::chain(tyto::cos(x.value), -tyto::sin(x.value), x);
}
template <class S, int N, bool smooth>
TYTO_STEP Dual<S, N, smooth> tanh(const Dual<S, N, smooth>& x) {
  const S y = tyto::tanh(x.value);
  return Dual<S, N, smooth>::chain(y, S(1) - y * y, x);
}
/// x^y for a plain y.
template <class S, int N, bool smooth, class A, class = std::enable_if_t<std::is_arithmetic_v<A>>>
TYTO_STEP Dual<S, N, smooth> pow(const Dual<S, N, smooth>& x, A y) {
  const S power = static_cast<S>(y);
  const S slope = power == S(0) ? S(0) : power * tyto::pow(x.value, power - S(1));
  return Dual<S, N, smooth>::chain(tyto::pow(x.value, power), slope, x);
}
template <std::floating_point S>
TYTO_STEP S sqrt(S x) {
  return std::sqrt(x);
}
template <class S, int N, bool smooth>
TYTO_STEP Dual<S, N, smooth> sqrt(const Dual<S, N, smooth>& x) {
  const S y = std::sqrt(x.value);
  return Dual<S, N, smooth>::chain(y, S(0.5) / y, x);
}
template <std::floating_point S>
TYTO_STEP S abs(S x) {
  return x < S(0) ? -x : x;
}
template <class S, int N, bool smooth>
TYTO_STEP Dual<S, N, smooth> abs(const Dual<S, N, smooth>& x) {
  return x.value < S(0) ? -x : x;
}
/// Of equal ones the first.
template <std::floating_point S>
TYTO_STEP S min(S a, std::type_identity_t<S> b) {
  return b < a ? b : a;
}
template <class S, int N, bool smooth>
TYTO_STEP Dual<S, N, smooth> min(const Dual<S, N, smooth>& a, const std::type_identity_t<Dual<S, N, smooth>>& b) {
  return b < a ? b : a;
}
template <std::floating_point S>
TYTO_STEP S max(S a, std::type_identity_t<S> b) {
  return a < b ? b : a;
}
template <class S, int N, bool smooth>
TYTO_STEP Dual<S, N, smooth> max(const Dual<S, N, smooth>& a, const std::type_identity_t<Dual<S, N, smooth>>& b) {
  return a < b ? b : a;
}

/// The plain value of a number or of a dual number.
template <class S>
TYTO_STEP S value_of(S x) {
  return x;
}
template <class S, int N, bool smooth>
TYTO_STEP S value_of(const Dual<S, N, smooth>& x) {
  return x.value;
}

/// `yes` or `no` by a condition that is no number. Unlike ?: it leaves the loop over neurons without a branch, so
/// that it can be vectorised.
template <class S>
TYTO_STEP S choose(bool condition, S yes, S no) {
  return condition ? yes : no;
}
template <class S, int N, bool smooth>
TYTO_STEP Dual<S, N, smooth> choose(bool condition, const Dual<S, N, smooth>& yes, const Dual<S, N, smooth>& no) {
  Dual<S, N, smooth> r(condition ? yes.value : no.value);
#pragma GCC unroll 16
  for (int i = 0; i < N; ++i) r.d[i] = condition ? yes.d[i] : no.d[i];
  return r;
}

/// `yes` where spiked is 1, `no` where it is 0, and the blend of both for the smooth spikes of a
/// gradient check, so that the derivative with respect to `spiked` is yes - no.
template <class T>
TYTO_STEP T select(const T& spiked, const T& yes, const T& no) {
  return no + spiked * (yes - no);
}

}  // namespace tyto

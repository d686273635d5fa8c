/// Elementary functions that give the same bits on every machine. The C library's do not: glibc chooses among versions
/// by the processor, with fused multiplications and without, and other versions of it round otherwise. These are made
/// of additions, multiplications, divisions and moves of bits alone, without tables, so that loops over them
/// vectorise. In float64 they are within 1 unit in the last place of the true value (exp, expm1, log, log1p, sin, cos;
/// 1.5 units where e^x is too small to be normal) or 2.5 units (tanh, atan2; pow, as long as y log(x) is within 20); in
/// float32 within 0.51 units, since they are worked out in float64 there. What is compiled with them must not contract
/// products and sums
/// (-ffp-contract=off); tyto_add_plugin() sees to that.
///
/// Sums of two doubles (`Pair`) carry what one double rounds away: Dekker, Numerische Mathematik 18 (1971).
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace tyto {
namespace math_detail {

/// high + low, of which `high` is the nearest double.
struct Pair {
  double high;
  double low;
};

/// The sum of two doubles without any rounding.
inline Pair two_sum(double a, double b) {
  const double sum = a + b;
  const double of_b = sum - a;
  return {sum, (a - (sum - of_b)) + (b - of_b)};
}

/// The product of two doubles below 2^996 without any rounding.
inline Pair two_product(double a, double b) {
  constexpr double splitter = 134217729;  // 2^27 + 1
  const double a_scaled = splitter * a, b_scaled = splitter * b;
  const double a_high = a_scaled - (a_scaled - a), a_low = a - a_high;
  const double b_high = b_scaled - (b_scaled - b), b_low = b - b_high;
  const double product = a * b;
  return {product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low};
}

/// c[0] + c[1] x + c[2] x^2 + ..., neighbours first (Estrin's scheme), so that no product waits for all before it.
template <int n>
inline double polynomial(const double (&c)[n], double x) {
  if constexpr (n == 1) {
    return c[0];
  } else {
    double pairs[(n + 1) / 2];
#pragma GCC unroll 16
    for (int k = 0; k < n / 2; ++k) pairs[k] = c[2 * k] + c[2 * k + 1] * x;
    if constexpr (n % 2 == 1) pairs[n / 2] = c[n - 1];
    return polynomial(pairs, x * x);
  }
}

constexpr double kRoundToWhole = 6755399441055744;  // 1.5 * 2^52: adding it leaves no room for a fraction

/// The whole number that `x`, to which kRoundToWhole has been added, stands for.
inline std::int64_t whole(double x) {
  return static_cast<std::int64_t>(std::bit_cast<std::uint64_t>(x) - std::bit_cast<std::uint64_t>(kRoundToWhole));
}

/// 2^n for n from -1022 to 1023.
inline double power_of_two(std::int64_t n) {
  return std::bit_cast<double>(static_cast<std::uint64_t>(n + 1023) << 52U);
}

constexpr double kLn2High = 0x1.62e42feep-1;  ///< with 21 zeros at its end: products with whole numbers are exact
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;

/// e^(high + low) = 2^n (1 + first + rest), |first| <= ln(2)/2.
struct Exponent {
  std::int64_t n;
  double first;
  double rest;
};
inline Exponent exponent_of(double high, double low) {
  // 1/2!, 1/3!, ...
  constexpr double factors[] = {0.5,           1.0 / 6,        1.0 / 24,        1.0 / 120,
                                1.0 / 720,     1.0 / 5040,     1.0 / 40320,     1.0 / 362880,
                                1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800};
  const double shifted = high * 0x1.71547652b82fep0 + kRoundToWhole;
  const double n = shifted - kRoundToWhole;
  const Pair r = two_sum(high - n * kLn2High, low - n * kLn2Low);
  return {whole(shifted), r.high, r.low + (r.low * r.high + r.high * r.high * polynomial(factors, r.high))};
}

/// e^(high + low).
inline double exp_of(double high, double low) {
  // Beyond these it is infinite or zero; a number that is none stays one.
  high = high < -750 ? -750 : high;
  high = high > 710 ? 710 : high;
  const Exponent e = exponent_of(high, low);
  const Pair sum = two_sum(1, e.first);
  const std::int64_t half = e.n >> 1U;
  return (sum.high + (sum.low + e.rest)) * power_of_two(half) * power_of_two(e.n - half);
}

/// x = 2^n (1 + f), sqrt(1/2) <= 1 + f < sqrt(2), for a positive, finite, normal x.
struct Logarithm {
  std::int64_t n;
  double f;
};
inline Logarithm decompose(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  constexpr std::uint64_t root_half = 0x3fe6a09e667f3bcd;
  const auto n = static_cast<std::int64_t>(bits - root_half) >> 52U;
  return {n, std::bit_cast<double>(bits - (static_cast<std::uint64_t>(n) << 52U)) - 1};
}

/// log((1 + s) / (1 - s)) - 2 s, divided by s, from the square of s.
inline double log_rest(double square) {
  constexpr double factors[] = {2.0 / 3,  2.0 / 5,  2.0 / 7,  2.0 / 9,  2.0 / 11, 2.0 / 13,
                                2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21, 2.0 / 23};
  return square * polynomial(factors, square);
}

/// The natural logarithm of x + low for a positive, finite, normal x and a low below its last bit.
inline double log_of(double x, double low) {
  const Logarithm parts = decompose(x);
  // Beyond a factor of 2^60, `low` is below what the result shows, and its power of two might be none.
  const double scaled = parts.n < -60 || parts.n > 60 ? 0 : low * power_of_two(-parts.n);
  const Pair f = two_sum(parts.f, scaled);
  const double s = f.high / (2 + f.high), half_square = 0.5 * f.high * f.high;
  const auto n = static_cast<double>(parts.n);
  const Pair sum = two_sum(n * kLn2High, f.high);
  const double tail = f.low * (1 - f.high + f.high * f.high);
  return sum.high + (sum.low + ((n * kLn2Low + tail) - (half_square - s * (half_square + log_rest(s * s)))));
}

/// The same with twice as many bits, for powers.
inline Pair long_log_of(double x) {
  const Logarithm parts = decompose(x);
  const Pair u = two_sum(2, parts.f);
  const double inverse = 1 / u.high;
  const double s = parts.f * inverse;
  const Pair back = two_product(s, u.high);
  const double s_low = (((parts.f - back.high) - back.low) - s * u.low) * inverse;
  const auto n = static_cast<double>(parts.n);
  const Pair sum = two_sum(n * kLn2High, 2 * s);
  return two_sum(sum.high, sum.low + ((2 * s_low + s * log_rest(s * s)) + n * kLn2Low));
}

/// An angle less the nearest multiple of pi/2, and which multiple it is.
struct Reduced {
  std::int64_t quarter;
  Pair rest;
};
/// For |x| up to 2^31.
inline Reduced reduce(double x) {
  // pi/2 in three parts of 22 bits, so that their products with whole numbers up to 2^31 are exact, and the rest.
  constexpr double first = 0x1.921fbp0, second = 0x1.5110bp-22, third = 0x1.184698p-44, last = 0x1.3198a2e037073p-69;
  const double shifted = x * 0x1.45f306dc9c883p-1 + kRoundToWhole;
  const double n = shifted - kRoundToWhole;
  const Pair one = two_sum(x - n * first, -(n * second));
  const Pair two = two_sum(one.high, -(n * third));
  return {whole(shifted), two_sum(two.high, (one.low + two.low) - n * last)};
}

inline double sin_of(const Pair& r) {
  constexpr double factors[] = {-1.0 / 6,        1.0 / 120,          -1.0 / 5040,          1.0 / 362880,
                                -1.0 / 39916800, 1.0 / 6227020800.0, -1.0 / 1307674368000, 1.0 / 355687428096000};
  const double square = r.high * r.high;
  return r.high + (r.low * (1 - 0.5 * square) + r.high * square * polynomial(factors, square));
}
inline double cos_of(const Pair& r) {
  constexpr double factors[] = {1.0 / 24,        -1.0 / 720,           1.0 / 40320,          -1.0 / 3628800,
                                1.0 / 479001600, -1.0 / 87178291200.0, 1.0 / 20922789888000, -1.0 / 6402373705728000};
  const Pair square = two_product(r.high, r.high);
  const Pair sum = two_sum(1, -0.5 * square.high);
  return sum.high + (sum.low + (square.high * square.high * polynomial(factors, square.high) -
                                (0.5 * square.low + r.high * r.low)));
}

/// Beyond this the parts of pi/2 in reduce() are too few, and an angle is left to the C library.
inline bool is_large_angle(double x) { return !(x <= 2147483648.0 && x >= -2147483648.0); }

/// Handles what log_of() does not: zero, negative numbers, infinity, NaN, and numbers too small to be normal.
inline double rare_log(double x) {
  if (!(x > 0)) return x == 0 ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  if (x > std::numeric_limits<double>::max()) return x;
  return log_of(x * 0x1p54, 0) - 54 * 0x1.62e42fefa39efp-1;
}
inline bool is_normal(double x) {
  return x >= std::numeric_limits<double>::min() && x <= std::numeric_limits<double>::max();
}

/// e^x = scale (1 + less), to a few units of 1e-11: enough for float32.
struct ShortExponent {
  double scale, less;
  [[nodiscard]] double exp() const { return scale + scale * less; }
  [[nodiscard]] double expm1() const { return (scale - 1) + scale * less; }
};
inline ShortExponent short_expm1(float number) {
  double x = static_cast<double>(number);
  x = x < -120 ? -120 : x;  // zero in float32, as is infinity what is beyond 89
  x = x > 89 ? 89 : x;
  constexpr double factors[] = {1,         0.5,        1.0 / 6,     1.0 / 24,     1.0 / 120,
                                1.0 / 720, 1.0 / 5040, 1.0 / 40320, 1.0 / 362880, 1.0 / 3628800};
  const double shifted = x * 0x1.71547652b82fep0 + kRoundToWhole;
  const double r = x - (shifted - kRoundToWhole) * 0x1.62e42fefa39efp-1;
  return {power_of_two(whole(shifted)), r * polynomial(factors, r)};
}

/// The natural logarithm of x + low, to a few units of 1e-11.
inline double short_log(double x, double low) {
  constexpr double factors[] = {2, 2.0 / 3, 2.0 / 5, 2.0 / 7, 2.0 / 9, 2.0 / 11, 2.0 / 13};
  const Logarithm parts = decompose(x);
  // `low` counts only where x is near 1, since float32 shows nothing of it elsewhere.
  const double s = (parts.f + (parts.n == 0 ? low : 0)) / (parts.f + 2);
  const double found = static_cast<double>(parts.n) * 0x1.62e42fefa39efp-1 + s * polynomial(factors, s * s);
  return is_normal(x) ? found : rare_log(x);
}

}  // namespace math_detail

/// e^x.
inline double exp(double x) { return math_detail::exp_of(x, 0); }
inline float exp(float x) { return static_cast<float>(math_detail::short_expm1(x).exp()); }

/// e^x - 1, exact to the last bits for small x, too.
inline double expm1(double x) {
  x = x > 710 ? 710 : x;
  if (x < -40) return -1;
  const math_detail::Exponent e = math_detail::exponent_of(x, 0);
  if (e.n == 0) return e.first + e.rest;
  const std::int64_t half = e.n >> 1;
  const double scale = math_detail::power_of_two(half), rest = math_detail::power_of_two(e.n - half);
  if (e.n > 60) return (1 + (e.first + e.rest)) * scale * rest;  // here the 1 is lost in rounding
  const math_detail::Pair ones = math_detail::two_sum(scale * rest, -1);
  const math_detail::Pair sum = math_detail::two_sum(ones.high, e.first * scale * rest);
  return sum.high + (sum.low + (ones.low + e.rest * scale * rest));
}
inline float expm1(float x) { return static_cast<float>(math_detail::short_expm1(x).expm1()); }

/// The natural logarithm.
inline double log(double x) { return math_detail::is_normal(x) ? math_detail::log_of(x, 0) : math_detail::rare_log(x); }
inline float log(float x) { return static_cast<float>(math_detail::short_log(static_cast<double>(x), 0)); }

/// log(1 + x), exact to the last bits for small x, too.
inline double log1p(double x) {
  const math_detail::Pair sum = math_detail::two_sum(1, x);
  if (!math_detail::is_normal(sum.high)) return math_detail::rare_log(sum.high);
  return x == 0 ? x : math_detail::log_of(sum.high, sum.low);
}
inline float log1p(float x) {
  const double wide = static_cast<double>(x), sum = 1 + wide;
  return static_cast<float>(math_detail::short_log(sum, wide - (sum - 1)));
}

/// Of an angle in radians. Beyond 2^31 they are those of the C library.
struct SinCos {
  double sin, cos;
};
inline SinCos sin_cos(double x) {
  if (math_detail::is_large_angle(x)) return {std::sin(x), std::cos(x)};
  const math_detail::Reduced reduced = math_detail::reduce(x);
  const double sine = x == 0 ? x : math_detail::sin_of(reduced.rest), cosine = math_detail::cos_of(reduced.rest);
  const bool swapped = (reduced.quarter & 1) != 0;
  const double first = swapped ? cosine : sine, second = swapped ? sine : cosine;
  return {(reduced.quarter & 2) != 0 ? -first : first, ((reduced.quarter + 1) & 2) != 0 ? -second : second};
}
inline double sin(double x) { return sin_cos(x).sin; }
inline double cos(double x) { return sin_cos(x).cos; }
inline float sin(float x) { return static_cast<float>(sin(static_cast<double>(x))); }
inline float cos(float x) { return static_cast<float>(cos(static_cast<double>(x))); }

inline double tanh(double x) {
  const double size = x < 0 ? -x : x;
  if (size > 20) return x < 0 ? -1 : 1;
  const double e = expm1(2 * size);
  const double y = e / (e + 2);
  return x < 0 ? -y : (x == 0 ? x : y);
}
inline float tanh(float x) { return static_cast<float>(tanh(static_cast<double>(x))); }

/// x^y as C's pow() has it, special cases included.
inline double pow(double x, double y) {
  const bool ordinary = math_detail::is_normal(x) && y >= -0x1p60 && y <= 0x1p60;
  if (!ordinary) {
    const double size = x < 0 ? -x : x;
    // A negative number has whole powers, negative if they are odd. All other cases have exact results.
    if (x < 0 && size <= std::numeric_limits<double>::max() && y >= -0x1p53 && y <= 0x1p53 && y == std::trunc(y))
      return std::fmod(y, 2) != 0 ? -pow(size, y) : pow(size, y);
    return std::pow(x, y);
  }
  const math_detail::Pair logarithm = math_detail::long_log_of(x);
  const math_detail::Pair product = math_detail::two_product(logarithm.high, y);
  return math_detail::exp_of(product.high,
                             product.high < 800 && product.high > -800 ? product.low + logarithm.low * y : 0);
}
inline float pow(float x, float y) { return static_cast<float>(pow(static_cast<double>(x), static_cast<double>(y))); }

/// The angle of the point (x, y), from -pi to pi.
inline double atan2(double y, double x) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  const double wide = x < 0 ? -x : x, high = y < 0 ? -y : y;
  // Points on the axes, at infinity and nowhere have exact results or none.
  if (!(wide > 0 && high > 0 && wide < infinite && high < infinite)) return std::atan2(y, x);
  // An angle up to pi/4, from which a known one near it is taken, so that a short series does.
  const bool steep = high > wide;
  const double t = steep ? wide / high : high / wide;
  struct Known {
    double tangent, angle, rest;
  };
  constexpr Known known[] = {{0, 0, 0},
                             {0.25, 0x1.f5b75f92c80ddp-3, 0x1.8ab6e3cf7afbdp-57},
                             {0.5, 0x1.dac670561bb4fp-2, 0x1.a2b7f222f65e2p-56},
                             {0.75, 0x1.4978fa3269ee1p-1, 0x1.2419a87f2a458p-56},
                             {1, 0x1.921fb54442d18p-1, 0x1.1a62633145c07p-55}};
  const Known& near = known[static_cast<int>(std::floor(t * 4 + 0.5))];
  const double s = (t - near.tangent) / (1 + t * near.tangent);
  constexpr double factors[] = {-1.0 / 3, 1.0 / 5,   -1.0 / 7, 1.0 / 9,  -1.0 / 11,
                                1.0 / 13, -1.0 / 15, 1.0 / 17, -1.0 / 19};
  const double square = s * s;
  double angle = near.angle + (s + (near.rest + s * square * math_detail::polynomial(factors, square)));
  if (steep) angle = 0x1.921fb54442d18p0 - (angle - 0x1.1a62633145c07p-54);
  if (x < 0) angle = 0x1.921fb54442d18p1 - (angle - 0x1.1a62633145c07p-53);
  return y < 0 ? -angle : angle;
}

/// e^x in float32, within 2e-7 of the true value relative to it for x from -87 to 88, beyond which it stays as it is
/// there: for surrogates and other places where speed is worth more than the last bit.
inline float exponential(float x) {
  x = x < -87.0F ? -87.0F : x;
  x = x > 88.0F ? 88.0F : x;
  // e^x = 2^n e^r with |r| <= ln(2)/2; ln 2 is taken in two parts, so that r is exact to the last bits.
  constexpr float round_to_whole = 12582912.0F;  // 1.5 * 2^23: adding it leaves no room for a fraction
  const float n = (x * 1.44269504F + round_to_whole) - round_to_whole;
  const float r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
  float sum = 1.0F / 5040;
  sum = sum * r + 1.0F / 720;
  sum = sum * r + 1.0F / 120;
  sum = sum * r + 1.0F / 24;
  sum = sum * r + 1.0F / 6;
  sum = sum * r + 0.5F;
  sum = sum * r + 1.0F;
  sum = sum * r + 1.0F;
  const auto power = std::bit_cast<float>((static_cast<std::int32_t>(n) + 127) << 23);
  return sum * power;
}
inline double exponential(double x) { return exp(x); }

}  // namespace tyto

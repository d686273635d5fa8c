/// Denormal numbers are taken as zero while this lives, and results that would be denormal become zero.
///
/// Gradients die away geometrically over time and soon leave the range of normal float32 numbers; arithmetic with
/// what is left of them is a hundred times slower and changes nothing. All work of the backend runs in this mode, on
/// every thread, so that results do not depend on who does it.
#pragma once

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace cpu {

class FlushToZero {
 public:
#if defined(__SSE2__)
  FlushToZero() : before_(_mm_getcsr()) { _mm_setcsr(before_ | flush_results | flush_operands); }
  ~FlushToZero() { _mm_setcsr(before_); }
#else
  FlushToZero() = default;
#endif
  FlushToZero(const FlushToZero&) = delete;
  FlushToZero& operator=(const FlushToZero&) = delete;

 private:
#if defined(__SSE2__)
  static constexpr unsigned flush_results = 0x8000;
  static constexpr unsigned flush_operands = 0x0040;
  unsigned before_;
#endif
};

}  // namespace cpu

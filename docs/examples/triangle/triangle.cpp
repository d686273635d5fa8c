#include <algorithm>
#include <cmath>

#include <tyto/surrogate.hpp>

namespace {

/// A triangle around the threshold, of height `slope` and area 1.
struct Triangle {
  double slope = 0;

  static auto parameters() {
    return tyto::parameters<Triangle>("Triangular surrogate derivative")
        .number("slope", &Triangle::slope, "1", "height of the triangle; its half-width is 1/slope")
        .positive();
  }

  template <class S>
  S derivative(S u) const {
    const S k = static_cast<S>(slope);
    return k * std::max(S(0), S(1) - std::abs(k * u));
  }
  double primitive(double u) const {
    const double x = std::clamp(slope * u, -1.0, 1.0);
    return x < 0 ? 0.5 * (1 + x) * (1 + x) : 1 - 0.5 * (1 - x) * (1 - x);
  }
};

}  // namespace

TYTO_SURROGATE("triangle", Triangle)

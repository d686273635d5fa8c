#include <cmath>

#include <tyto/surrogate.hpp>

namespace {

/// H'(u) = 1 / (scale |u| + 1)^2 (Zenke & Ganguli 2018).
struct SuperSpike {
  double scale = 0;

  static auto parameters() {
    return tyto::parameters<SuperSpike>("SuperSpike: inverse square of the scaled distance to threshold")
        .details(
            R"(On the way back, the derivative of the spike S = 1 (u > 0) by the distance u of the membrane to the
threshold is taken as

    dS/du = 1 / (scale |u| + 1)^2

It is 1 at the threshold, whatever `scale` is, and is the derivative of u / (scale |u| + 1). The way forward keeps hard
spikes. u is dimensionless (Zenke & Ganguli 2018).)")
        .number("scale", &SuperSpike::scale, "100", "how fast the derivative falls off with distance")
        .positive();
  }
  template <class S>
  [[nodiscard]] S derivative(S u) const {
    const S q = static_cast<S>(scale) * std::abs(u) + S(1);
    return S(1) / (q * q);
  }
  [[nodiscard]] double primitive(double u) const { return u / (scale * std::abs(u) + 1); }
};

}  // namespace

TYTO_SURROGATE("superspike", SuperSpike)

#include <cmath>

#include <tyto/math.hpp>
#include <tyto/surrogate.hpp>

namespace {

/// H'(u) = slope g(slope u) (1 - g(slope u)), g the logistic function.
struct Sigmoid {
  double slope = 0;

  static auto parameters() {
    return tyto::parameters<Sigmoid>("Derivative of the logistic function of slope times distance to threshold")
        .details(
            R"(On the way back, the derivative of the spike S = 1 (u > 0) by the distance u of the membrane to the
threshold is taken as

    g     = 1 / (1 + exp(-slope u))
    dS/du = slope g (1 - g)

It is slope / 4 at the threshold. The way forward keeps hard spikes. u is dimensionless. See Neftci, Mostafa & Zenke
(2019) for surrogate derivatives in general.)")
        .number("slope", &Sigmoid::slope, "5", "steepness at the threshold")
        .positive();
  }
  template <class S>
  [[nodiscard]] S derivative(S u) const {
    const S k = static_cast<S>(slope);
    const S g = S(1) / (S(1) + tyto::exponential(-k * u));
    return k * g * (S(1) - g);
  }
  [[nodiscard]] double primitive(double u) const { return 1 / (1 + tyto::exp(-slope * u)); }
};

}  // namespace

TYTO_SURROGATE("sigmoid", Sigmoid)

/// Every surrogate against the primitive that it is the derivative of.
#include <string>
#include <vector>

#include "support/workshop.hpp"

namespace {

TEST(Surrogates, DerivativesAreThoseOfTheirPrimitives) {
  for (const std::string yaml :
       {"sigmoid", "{type: sigmoid, slope: 2}", "superspike", "{type: superspike, scale: 7}"}) {
    const auto surrogate = workshop::surrogate(yaml);
    for (const double u : {-1.3, -0.2, -0.01, 0.02, 0.4, 2.0}) {
      const double h = 1e-6;
      const double slope = (surrogate->primitive(u + h) - surrogate->primitive(u - h)) / (2 * h);
      std::vector<double> derivative{u};
      surrogate->derivative(derivative, derivative);
      EXPECT_NEAR(derivative[0], slope, 1e-6) << yaml << " at " << u;
      std::vector<float> single{static_cast<float>(u)};
      surrogate->derivative(single, single);
      EXPECT_NEAR(single[0], derivative[0], 1e-5) << yaml << " at " << u;
    }
  }
}

}  // namespace

#include <tyto/distribution.hpp>

#include <algorithm>
#include <limits>

#include <boost/math/distributions/normal.hpp>

#include <tyto/error.hpp>

namespace tyto {

Parameters<Distribution> Distribution::parameters(Dimension dimension, std::string low, std::string high,
                                                  std::string doc, StepRole role) {
  return tyto::parameters<Distribution>(std::move(doc))
      .choice("shape", &Distribution::shape, {{"uniform", Shape::uniform}, {"normal", Shape::normal}}, "uniform",
              "evenly between low and high, or a normal distribution that is cut off there")
      .quantity("low", &Distribution::low, dimension, std::move(low), "lower end of the range")
      .unused_with("values")
      .quantity("high", &Distribution::high, dimension, std::move(high), "upper end of the range")
      .compared(role)
      .unused_with("values")
      .quantity("mean", &Distribution::mean, dimension, "", "of the shape normal; default: the middle of the range")
      .optional()
      .quantity("deviation", &Distribution::deviation, dimension, "",
                "standard deviation of the shape normal before it is cut off; default: a quarter of the range")
      .optional()
      .positive()
      .quantities("values", &Distribution::values, dimension, "[]", "a value for each neuron, instead of a range")
      .compared(role)
      .check([](const Distribution& d) -> std::optional<Problem> {
        if (d.low > d.high) return Problem{"low", "must not be greater than 'high'"};
        if (d.shape == Shape::uniform && (d.mean || d.deviation))
          return Problem{d.mean ? "mean" : "deviation", "is for the shape normal"};
        if (d.mean && (*d.mean < d.low || *d.mean > d.high)) return Problem{"mean", "must lie between low and high"};
        return std::nullopt;
      });
}

void Distribution::check(const std::string& name, std::size_t neurons) const {
  if (!values.empty() && values.size() != neurons)
    throw Error(name + ": " + std::to_string(neurons) + " values are needed, one for each neuron, not " +
                std::to_string(values.size()));
}

double Distribution::least() const { return values.empty() ? low : *std::min_element(values.begin(), values.end()); }

double Distribution::greatest() const {
  return values.empty() ? high : *std::max_element(values.begin(), values.end());
}

double Distribution::draw(Random& random, std::size_t i) const {
  const double part = random.uniform();
  if (!values.empty()) return values[i];
  if (shape == Shape::uniform || low == high) return low + (high - low) * part;
  const boost::math::normal curve(mean.value_or((low + high) / 2), deviation.value_or((high - low) / 4));
  const double below = boost::math::cdf(curve, low);
  const double within = boost::math::cdf(curve, high) - below;
  // The quantiles of 0 and 1, to which a sum may be rounded, are infinite.
  constexpr double least = std::numeric_limits<double>::min(), most = 1 - std::numeric_limits<double>::epsilon();
  return std::clamp(boost::math::quantile(curve, std::clamp(below + within * part, least, most)), low, high);
}

}  // namespace tyto

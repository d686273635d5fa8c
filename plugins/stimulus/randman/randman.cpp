#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <optional>
#include <string>
#include <vector>

#include <tyto/math.hpp>
#include <tyto/plugin.hpp>
#include <tyto/stimulus.hpp>

namespace {

/// Terms of a sum; those that would change a value by less than a thousandth of the first one are left out.
std::size_t terms_of(double smoothness) {
  constexpr double precision = 1e-3, most = 1000;
  return static_cast<std::size_t>(std::min(std::ceil(std::pow(precision, -1 / smoothness)), most));
}

/// Smooth random functions of a point on a manifold, one for each class and unit.
class Manifolds {
 public:
  Manifolds(std::size_t classes, std::size_t units, std::size_t dimensions, double smoothness, std::uint64_t seed)
      : units_(units), dimensions_(dimensions), terms_(terms_of(smoothness)) {
    tyto::Random random(tyto::stream_key(seed, "randman/manifolds"));
    parameters_.resize(classes * units * dimensions * terms_);
    for (auto& term : parameters_) term = {random.uniform(), random.uniform(), random.uniform()};
    for (std::size_t n = 0; n < terms_; ++n) spectrum_.push_back(std::pow(static_cast<double>(n + 2), -smoothness));
    scale(classes, seed);
  }

  /// 0 to 1 for points like those that the functions were scaled with.
  [[nodiscard]] double at(std::size_t label, std::size_t unit, const std::vector<double>& point) const {
    const auto& range = ranges_[label * units_ + unit];
    const double span = range.highest - range.lowest;
    return span > 0 ? std::clamp((value(label, unit, point) - range.lowest) / span, 0.0, 1.0) : 0.0;
  }

 private:
  struct Term {
    double size, frequency, phase;
  };
  struct Range {
    double lowest, highest;
  };

  [[nodiscard]] double value(std::size_t label, std::size_t unit, const std::vector<double>& point) const {
    const Term* term = parameters_.data() + (label * units_ + unit) * dimensions_ * terms_;
    double product = 1;
    for (const double x : point) {
      double sum = 0;
      for (std::size_t n = 0; n < terms_; ++n, ++term)
        sum += term->size * spectrum_[n] *
               tyto::sin(2 * std::numbers::pi * (static_cast<double>(n + 1) * x * term->frequency + term->phase));
      product *= sum;
    }
    return product;
  }

  void scale(std::size_t classes, std::uint64_t seed) {
    constexpr std::size_t samples = 256;
    tyto::Random random(tyto::stream_key(seed, "randman/scale"));
    std::vector<std::vector<double>> points(samples, std::vector<double>(dimensions_));
    for (auto& point : points)
      for (double& x : point) x = random.uniform();
    for (std::size_t label = 0; label < classes; ++label)
      for (std::size_t unit = 0; unit < units_; ++unit) {
        Range range{value(label, unit, points[0]), value(label, unit, points[0])};
        for (const auto& point : points) {
          const double found = value(label, unit, point);
          range.lowest = std::min(range.lowest, found);
          range.highest = std::max(range.highest, found);
        }
        ranges_.push_back(range);
      }
  }

  std::size_t units_, dimensions_, terms_;
  std::vector<Term> parameters_;  ///< [class][unit][dimension][term]
  std::vector<double> spectrum_;
  std::vector<Range> ranges_;  ///< [class][unit]
};

class Randman final : public tyto::Stimulus {
 public:
  int classes = 10;
  int units = 100;
  int dimensions = 2;
  double smoothness = 2;
  double duration_s = 0.1;
  double dt_s = 1e-3;
  int manifold_seed = 1;

  static auto parameters() {
    constexpr int most_classes = 1000, most_units = 10'000, most_dimensions = 20;
    return tyto::parameters<Randman>("Spike times on smooth random manifolds, one for each class")
        .details(R"(Each class k has a manifold of `dimensions` dimensions, made of a random function for each unit i:

    f_ki(x) = product over d of sum over n = 1, 2, ... of a_kidn (n+1)^(-smoothness) sin(2 pi (n x_d b_kidn + c_kidn))

with a, b, c drawn evenly from 0 to 1. Sums end where (n+1)^(-smoothness) falls below a thousandth. A trial has a class and
a point x, both drawn evenly, x from [0,1]^dimensions; unit i fires once, in the step floor(F_ki(x) (steps - 1) + 1/2), where
F is f scaled so that 0 and 1 are the least and the greatest of its values at 256 points, and what lies beyond is cut off. So only the times of spikes, and
no rates, tell classes apart.

The manifolds depend on `manifold_seed` alone, the trials on seed, split and number. After Zenke & Vogels (2021), "The remarkable
robustness of surrogate gradient learning".)")
        .integer("classes", &Randman::classes, "10", "manifolds that are to be told apart")
        .range(2, most_classes)
        .integer("units", &Randman::units, "100", "input channels, each of which fires once in a trial")
        .range(1, most_units)
        .integer("dimensions", &Randman::dimensions, "2", "of the manifolds; more are harder")
        .range(1, most_dimensions)
        .number("smoothness", &Randman::smoothness, "2", "exponent by which fast changes are weak; less is harder")
        .range(1, 10)
        .time("duration", &Randman::duration_s, "100 ms", "length of a trial")
        .compared(tyto::StepRole::rounded)
        .positive()
        .time("dt", &Randman::dt_s, "1 ms", "duration of a step")
        .positive()
        .integer("manifold_seed", &Randman::manifold_seed, "1", "of the manifolds")
        .at_least(0)
        .check([](const Randman& own) -> std::optional<tyto::Problem> {
          constexpr double most_steps = 1e6, most_terms = 4e6;
          if (std::round(own.duration_s / own.dt_s) > most_steps)
            return tyto::Problem{"duration", "a trial may have at most 1000000 steps"};
          const auto terms = static_cast<double>(terms_of(own.smoothness));
          if (terms * own.classes * own.units * own.dimensions > most_terms)
            return tyto::Problem{"units", "classes, units, dimensions and the terms of a smoothness of " +
                                              tyto::format_quantity(own.smoothness, tyto::Dimension::none) +
                                              " make manifolds that take minutes to scale; have fewer of them"};
          return std::nullopt;
        });
  }

  [[nodiscard]] tyto::TrialShape shape() const override {
    return {std::max<std::size_t>(static_cast<std::size_t>(std::llround(duration_s / dt_s)), 1),
            static_cast<std::size_t>(units), dt_s};
  }
  [[nodiscard]] std::vector<tyto::TargetInfo> targets() const override {
    std::vector<std::string> names(static_cast<std::size_t>(classes));
    for (std::size_t k = 0; k < names.size(); ++k) names[k] = std::to_string(k);
    return {tyto::TargetInfo::category("manifold", "the manifold that the spike times lie on", std::move(names))};
  }
  [[nodiscard]] std::shared_ptr<const tyto::Stimulus> prepared(std::uint64_t) const override {
    auto own = std::make_shared<Randman>(*this);
    own->manifolds_ = std::make_shared<const Manifolds>(
        static_cast<std::size_t>(classes), static_cast<std::size_t>(units), static_cast<std::size_t>(dimensions),
        smoothness, static_cast<std::uint64_t>(manifold_seed));
    return own;
  }

  void make(const tyto::TrialKey& key, const tyto::MutableSpikes& spikes, std::span<double> targets) const override {
    tyto::Random random = key.random("point");
    const std::size_t label = random.below(static_cast<std::uint32_t>(classes));
    std::vector<double> point(static_cast<std::size_t>(dimensions));
    for (double& x : point) x = random.uniform();
    const auto last = static_cast<double>(spikes.steps - 1);
    for (std::size_t unit = 0; unit < spikes.channels; ++unit)
      spikes.set(static_cast<std::size_t>(std::lround(manifolds_->at(label, unit, point) * last)), unit);
    targets[0] = static_cast<double>(label);
  }

 private:
  std::shared_ptr<const Manifolds> manifolds_;
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<Randman>("randman", {tyto::capability::trials}); }

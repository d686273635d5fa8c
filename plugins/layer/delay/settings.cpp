#include "settings.hpp"

#include <algorithm>
#include <utility>

namespace delay {

namespace {

/// Keeps delays within 0 and the largest one. What is not a number counts as 0, since delays become places in memory.
class Bounds final : public tyto::Constraint {
 public:
  explicit Bounds(double max_ms) : max_ms_(max_ms) {}

  void effective(const tyto::ConstrainedArray<float>& array, std::span<float> effective) const override {
    bound(array.stored, effective);
  }
  void effective(const tyto::ConstrainedArray<double>& array, std::span<double> effective) const override {
    bound(array.stored, effective);
  }
  void chain(const tyto::ConstrainedArray<float>&, std::span<float>) const override {}
  void chain(const tyto::ConstrainedArray<double>&, std::span<double>) const override {}
  void project(std::span<float> stored, const tyto::ConstrainedArray<float>&) const override {
    bound<float>(stored, stored);
  }
  void project(std::span<double> stored, const tyto::ConstrainedArray<double>&) const override {
    bound<double>(stored, stored);
  }
  void admit(std::span<float> stored, const tyto::ConstrainedArray<float>&) const override {
    bound<float>(stored, stored);
  }
  void admit(std::span<double> stored, const tyto::ConstrainedArray<double>&) const override {
    bound<double>(stored, stored);
  }

 private:
  template <class S>
  void bound(std::span<const S> from, std::span<S> to) const {
    const S highest = static_cast<S>(max_ms_);
    std::transform(from.begin(), from.end(), to.begin(),
                   [highest](S value) { return value > S(0) ? std::min(value, highest) : S(0); });
  }

  double max_ms_;
};

}  // namespace

tyto::ArrayInfo array_of(const Settings& settings, std::vector<std::size_t> shape, std::vector<std::string> axes) {
  const double max_ms = settings.max_s * ms_per_second;
  tyto::ArrayInfo d;
  d.name = "d";
  d.doc = "delays";
  d.shape = std::move(shape);
  d.axes = std::move(axes);
  d.units = "ms";
  d.trainable = settings.trainable;
  d.optimizer = settings.optimizer;
  d.constraint = std::make_shared<Bounds>(max_ms);
  d.initialise = [max_ms, initial = settings.initial, fixed_ms = settings.initial_s * ms_per_second](
                     tyto::Random& random, std::span<double> values) {
    for (double& value : values) {
      if (initial == Initial::uniform)
        value = random.uniform(0, max_ms);
      else
        value = initial == Initial::fixed ? fixed_ms : 0;
    }
  };
  return d;
}

}  // namespace delay

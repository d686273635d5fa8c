#include <algorithm>

#include <tyto/projection.hpp>

namespace {

/// current[i] += w[i] x[i]
struct OneToOne {
  double weight = 0;

  static auto parameters() {
    return tyto::parameters<OneToOne>("One weight from each neuron to the neuron of the same number")
        .number("weight", &OneToOne::weight, "1", "initial value of every weight");
  }
  std::vector<tyto::ArrayInfo> arrays(std::size_t from, std::size_t to) const {
    if (from != to) throw tyto::Error("one_to_one needs layers of one size");
    tyto::ArrayInfo w{.name = "w", .doc = "weights", .shape = {to}, .axes = {"to"}};
    w.initialise = [initial = weight](tyto::Random&, std::span<double> values) {
      std::fill(values.begin(), values.end(), initial);
    };
    return {w};
  }

  template <class S>
  void step(std::span<const S> x, tyto::ArrayViews<S> arrays, std::span<S> current) const {
    for (std::size_t i = 0; i < x.size(); ++i) current[i] += arrays[0][i] * x[i];
  }
  template <class S>
  void back(const tyto::StepBack<S>& step) const {
    for (std::size_t i = 0; i < step.x.size(); ++i) {
      step.grad_arrays[0][i] += step.grad_current[i] * step.x[i];
      step.grad_x[i] += step.grad_current[i] * step.arrays[0][i];
    }
  }
};

}  // namespace

TYTO_PROJECTION("one_to_one", OneToOne)

#include <algorithm>

#include <tyto/layer.hpp>

namespace {

/// current[step][i] += w[i] signal[step][i]
template <class S>
struct OneToOneKernel final : tyto::ProjectionKernel<S> {
  void forward(const tyto::Signal<S>& input, std::span<const std::span<const S>> arrays, std::size_t to,
               const tyto::Pass&, S* current) const override {
    const auto w = arrays[0];
    for (std::size_t t = 0; t < input.steps; ++t)
      for (std::size_t i = 0; i < to; ++i) current[t * to + i] += w[i] * value(input, t, i);
  }

  void backward(const tyto::Signal<S>& input, std::span<const std::span<const S>> arrays, std::size_t to,
                const tyto::Pass&, const S* grad_current, std::span<const std::span<S>> grad_arrays,
                S* grad_input) const override {
    const auto w = arrays[0];
    const auto grad_w = grad_arrays[0];
    for (std::size_t t = 0; t < input.steps; ++t)
      for (std::size_t i = 0; i < to; ++i) {
        const S gradient = grad_current[t * to + i];
        grad_w[i] += gradient * value(input, t, i);
        if (grad_input != nullptr) grad_input[t * to + i] += gradient * w[i];
      }
  }

 private:
  static S value(const tyto::Signal<S>& input, std::size_t step, std::size_t channel) {
    if (input.bits != nullptr) return input.spikes().at(step, channel) ? S(1) : S(0);
    return input.values[step * input.channels + channel];
  }
};

struct OneToOne final : tyto::Layer {
  double weight = 0;

  static auto parameters() {
    return tyto::parameters<OneToOne>("One weight from each neuron to the neuron of the same number")
        .number("weight", &OneToOne::weight, "1", "initial value of every weight");
  }

  std::vector<tyto::ArrayInfo> arrays(std::size_t from, std::size_t to) const override {
    if (from != to)
      throw tyto::Error("one_to_one needs layers of one size, and these have " + std::to_string(from) + " and " +
                        std::to_string(to) + " neurons");
    tyto::ArrayInfo w;
    w.name = "w";
    w.doc = "weights";
    w.shape = {to};
    w.axes = {"to"};
    w.initialise = [initial = weight](tyto::Random&, std::span<double> values) {
      std::fill(values.begin(), values.end(), initial);
    };
    return {w};
  }
  std::unique_ptr<tyto::ProjectionKernel<float>> projection_f32(double) const override {
    return std::make_unique<OneToOneKernel<float>>();
  }
  std::unique_ptr<tyto::ProjectionKernel<double>> projection_f64(double) const override {
    return std::make_unique<OneToOneKernel<double>>();
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<OneToOne>("one_to_one", {tyto::capability::projection}); }

#include <cmath>

#include <tyto/layer.hpp>

namespace {

/// current[t] += sum over channels of signal[t] * w[channel]. Spikes are followed one by one, so that
/// the cost is that of the active channels only.
template <class S>
class DenseKernel final : public tyto::ProjectionKernel<S> {
 public:
  void forward(const tyto::Signal<S>& input, std::span<const std::span<const S>> arrays, std::size_t to,
               S* current) const override {
    const S* const w = arrays[0].data();
    for (std::size_t t = 0; t < input.steps; ++t) {
      S* const sum = current + t * to;
      if (input.bits != nullptr) {
        input.spikes().for_each(t, [&](std::size_t from) {
          const S* const row = w + from * to;
          for (std::size_t j = 0; j < to; ++j) sum[j] += row[j];
        });
      } else {
        for (std::size_t from = 0; from < input.channels; ++from) {
          const S value = input.values[t * input.channels + from];
          const S* const row = w + from * to;
          for (std::size_t j = 0; j < to; ++j) sum[j] += value * row[j];
        }
      }
    }
  }

  void backward(const tyto::Signal<S>& input, std::span<const std::span<const S>> arrays, std::size_t to,
                const S* grad_current, std::span<const std::span<S>> grad_arrays, S* grad_input) const override {
    const S* const w = arrays[0].data();
    S* const grad_w = grad_arrays[0].data();
    for (std::size_t t = 0; t < input.steps; ++t) {
      const S* const gradient = grad_current + t * to;
      if (input.bits != nullptr) {
        input.spikes().for_each(t, [&](std::size_t from) {
          S* const row = grad_w + from * to;
          for (std::size_t j = 0; j < to; ++j) row[j] += gradient[j];
        });
      } else {
        for (std::size_t from = 0; from < input.channels; ++from) {
          const S value = input.values[t * input.channels + from];
          S* const row = grad_w + from * to;
          for (std::size_t j = 0; j < to; ++j) row[j] += value * gradient[j];
        }
      }
      if (grad_input != nullptr) back_to_input(w, to, gradient, input.channels, grad_input + t * input.channels);
    }
  }

 private:
  static void back_to_input(const S* w, std::size_t to, const S* gradient, std::size_t channels, S* grad_input) {
    for (std::size_t from = 0; from < channels; ++from) {
      S sum(0);
      for (std::size_t j = 0; j < to; ++j) sum += w[from * to + j] * gradient[j];
      grad_input[from] += sum;
    }
  }
};

class Dense final : public tyto::Layer {
 public:
  static auto parameters() {
    return tyto::parameters<Dense>("All-to-all weights w (from, to), drawn uniformly from +-scale/sqrt(to)")
        .number("scale", &Dense::scale_, "1", "factor on the range of the initial weights")
        .non_negative();
  }

  [[nodiscard]] std::vector<tyto::ArrayInfo> arrays(std::size_t from, std::size_t to) const override {
    tyto::ArrayInfo w;
    w.name = "w";
    w.doc = "weights";
    w.shape = {from, to};
    w.axes = {"from", "to"};
    // PyTorch takes the second dimension of a (from, to) tensor as its fan-in; the published models were
    // trained from weights drawn that way.
    const double bound = scale_ / std::sqrt(static_cast<double>(to));
    w.initialise = [bound](tyto::Random& random, std::span<double> values) {
      for (double& value : values) value = random.uniform(-bound, bound);
    };
    return {w};
  }
  [[nodiscard]] std::unique_ptr<tyto::ProjectionKernel<float>> projection_f32(double) const override {
    return std::make_unique<DenseKernel<float>>();
  }
  [[nodiscard]] std::unique_ptr<tyto::ProjectionKernel<double>> projection_f64(double) const override {
    return std::make_unique<DenseKernel<double>>();
  }

 private:
  double scale_ = 1;
};

}  // namespace

TYTO_PLUGIN(registrar) {
  registrar.add<tyto::Layer, Dense>(tyto::Kind::layer, "dense", {tyto::capability::projection});
}

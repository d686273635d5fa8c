#include <algorithm>
#include <cmath>

#include <tyto/layer.hpp>
#include <tyto/plugin.hpp>

namespace {

/// y_i[n] = x_i[n] + x_i[n-1] + ... + x_i[n - window + 1]
template <class S>
class RunningCountKernel final : public tyto::TransformKernel<S> {
 public:
  explicit RunningCountKernel(std::size_t window) : window_(window) {}

  /// So many steps of the past are shown again, where a signal comes in pieces.
  [[nodiscard]] std::size_t reach() const override { return window_ - 1; }
  /// Numbers, even of spikes.
  [[nodiscard]] bool spikes(const tyto::Pass&) const override { return false; }

  void forward(const tyto::Signal<S>& input, std::span<const std::span<const S>>, const tyto::Pass&, S* values,
               std::uint64_t*) const override {
    for (std::size_t t = 0; t < input.steps; ++t)
      for (std::size_t i = 0; i < input.channels; ++i) {
        S sum = 0;
        for (std::size_t k = first_of(t); k <= t; ++k) sum += input.at(k, i);
        values[t * input.channels + i] = sum;
      }
  }
  void backward(const tyto::Signal<S>& input, const tyto::Signal<S>&, std::span<const std::span<const S>>,
                const tyto::Pass&, const S* grad_output, std::span<const std::span<S>>, S* grad_input) const override {
    if (grad_input == nullptr) return;
    for (std::size_t t = 0; t < input.steps; ++t)
      for (std::size_t k = first_of(t); k <= t; ++k)
        for (std::size_t i = 0; i < input.channels; ++i)
          grad_input[k * input.channels + i] += grad_output[t * input.channels + i];
  }

 private:
  [[nodiscard]] std::size_t first_of(std::size_t t) const { return t - std::min(t, window_ - 1); }
  std::size_t window_;
};

struct RunningCount final : tyto::Layer {
  double window_s = 0;

  static auto parameters() {
    return tyto::parameters<RunningCount>("How many spikes there were lately, or the sum of values")
        .time("window", &RunningCount::window_s, "5 ms", "what is lately")
        .compared(tyto::StepRole::rounded)
        .positive();
  }
  std::unique_ptr<tyto::TransformKernel<float>> transform_f32(double dt_s) const override {
    return std::make_unique<RunningCountKernel<float>>(steps(dt_s));
  }
  std::unique_ptr<tyto::TransformKernel<double>> transform_f64(double dt_s) const override {
    return std::make_unique<RunningCountKernel<double>>(steps(dt_s));
  }

 private:
  [[nodiscard]] std::size_t steps(double dt_s) const { return std::max(1L, std::lround(window_s / dt_s)); }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<RunningCount>("running_count", {tyto::capability::transform}); }

#include <algorithm>

#include "layer/delay/taps.hpp"
#include "layer/dense/weights.hpp"

namespace {

/// current[t][j] += sum over i of w[i][j] x_i(t - d[i][j]). Neurons j are worked on in blocks of rows over time; within
/// a row the inputs are added in ascending order.
template <class S>
class DelayedDenseKernel final : public tyto::ProjectionKernel<S> {
 public:
  explicit DelayedDenseKernel(const delay::Plan& plan) : plan_(plan) {}

  [[nodiscard]] std::size_t reach() const override { return plan_.reach(); }

  void forward(const tyto::Signal<S>& input, std::span<const std::span<const S>> arrays, std::size_t to,
               const tyto::Pass& pass, S* current) const override {
    const delay::TapMaker<S> maker(plan_, pass, false);
    auto taps = maker.taps();
    const auto events = delay::events_of(input);
    delay::Rows<S> rows(input.steps, plan_);
    for (std::size_t first = 0; first < to; first += rows.block) {
      const std::size_t count = std::min(rows.block, to - first);
      rows.clear();
      for (std::size_t i = 0; i < input.channels; ++i) {
        const auto train = delay::train_of(events, i);
        if (train.step.empty()) continue;
        for (std::size_t k = 0; k < count; ++k) {
          const std::size_t synapse = i * to + first + k;
          maker.make(arrays[1][synapse], taps);
          delay::scatter(train, taps, arrays[0][synapse], rows.row(k));
        }
      }
      rows.add_to(current, to, first, count, 0);
    }
  }

  void backward(const tyto::Signal<S>& input, std::span<const std::span<const S>> arrays, std::size_t to,
                const tyto::Pass& pass, const S* grad_current, std::span<const std::span<S>> grad_arrays,
                S* grad_input) const override {
    const delay::TapMaker<S> maker(plan_, pass, true);
    auto taps = maker.taps();
    std::vector<S> room(taps.weight.size());
    std::vector<S> back(grad_input != nullptr ? input.steps : 0);
    const auto events = delay::events_of(input);
    delay::Rows<S> gradients(input.steps, plan_);
    gradients.clear();
    for (std::size_t first = 0; first < to; first += gradients.block) {
      const std::size_t count = std::min(gradients.block, to - first);
      gradients.load(grad_current, to, first, count, 0);
      for (std::size_t i = 0; i < input.channels; ++i) {
        const auto train = delay::train_of(events, i);
        if (train.step.empty() && grad_input == nullptr) continue;
        std::fill(back.begin(), back.end(), S(0));
        for (std::size_t k = 0; k < count; ++k) {
          const std::size_t synapse = i * to + first + k;
          const S weight = arrays[0][synapse];
          maker.make(arrays[1][synapse], taps);
          const auto sums = delay::gather<S>(train, taps, input.steps, gradients.row(k), room);
          grad_arrays[0][synapse] += static_cast<S>(sums.weight);
          grad_arrays[1][synapse] += weight * static_cast<S>(sums.slope);
          if (grad_input != nullptr) delay::spread_back(taps, weight, gradients.row(k), input.steps, back.data());
        }
        for (std::size_t t = 0; t < back.size(); ++t) grad_input[t * input.channels + i] += back[t];
      }
    }
  }

 private:
  delay::Plan plan_;
};

class DelayedDense final : public tyto::Layer, public dense::Weights, public delay::Settings {
 public:
  static auto parameters() {
    return dense::declare(delay::declare(
        tyto::parameters<DelayedDense>(
            "All-to-all weights w (from, to), each with a delay d (from, to) in milliseconds")
            .details(
                R"(With delayed(x_i, d)[n] the output of neuron i, late by d:

    I_j[n] = sum over i of w[i][j] delayed(x_i, d[i][j])[n]

What a delay does, y = delayed(x, d), depends on `method`.
)" + std::string(delay::method_details) +
                R"(Outside training delays are rounded as for `whole_step`, unless `evaluation: as_trained`. Before step 0 the input is 0,
and all steps are kept. The derivative by d[i][j] is multiplied by w[i][j]. The array `d` and its gradient are in ms.
Delays stay within 0 and `max`. Weights begin as those of `dense`.)")));
  }

  [[nodiscard]] std::vector<tyto::ArrayInfo> arrays(std::size_t from, std::size_t to) const override {
    auto arrays = dense::arrays_of(*this, from, to);
    // The kernel takes weights and delays; what weights need beside them follows.
    arrays.insert(arrays.begin() + 1, delay::array_of(*this, {from, to}, {"from", "to"}));
    return arrays;
  }
  [[nodiscard]] std::unique_ptr<tyto::ProjectionKernel<float>> projection_f32(double dt_s) const override {
    return std::make_unique<DelayedDenseKernel<float>>(delay::plan_of(*this, dt_s));
  }
  [[nodiscard]] std::unique_ptr<tyto::ProjectionKernel<double>> projection_f64(double dt_s) const override {
    return std::make_unique<DelayedDenseKernel<double>>(delay::plan_of(*this, dt_s));
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<DelayedDense>("delayed_dense", {tyto::capability::projection}); }

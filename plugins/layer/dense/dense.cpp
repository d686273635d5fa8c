#include <cmath>
#include <optional>

#include <tyto/dale.hpp>
#include <tyto/layer.hpp>

#include "products.hpp"

namespace {

template <class S>
class DenseKernel final : public tyto::ProjectionKernel<S> {
 public:
  void forward(const tyto::Signal<S>& input, std::span<const std::span<const S>> arrays, std::size_t to,
               const tyto::Pass&, S* current) const override {
    const S* const w = arrays[0].data();
    if (input.bits != nullptr)
      dense::add_spikes(input.spikes(), w, to, current);
    else
      dense::add_values(input.values, input.steps, input.channels, w, to, current);
  }

  void backward(const tyto::Signal<S>& input, std::span<const std::span<const S>> arrays, std::size_t to,
                const tyto::Pass&, const S* grad_current, std::span<const std::span<S>> grad_arrays,
                S* grad_input) const override {
    S* const grad_w = grad_arrays[0].data();
    if (input.bits != nullptr)
      dense::add_spike_gradients(input.spikes(), grad_current, to, grad_w);
    else
      dense::add_value_gradients(input.values, input.steps, input.channels, grad_current, to, grad_w);
    if (grad_input != nullptr)
      dense::add_input_gradients(grad_current, input.steps, arrays[0].data(), input.channels, to, grad_input);
  }
};

class Dense final : public tyto::Layer {
 public:
  static auto parameters() {
    return tyto::parameters<Dense>("All-to-all weights w (from, to), drawn uniformly from +-scale/sqrt(to)")
        .number("scale", &Dense::scale_, "1", "factor on the range of the initial weights")
        .non_negative()
        .group("dale", &Dense::dale_, tyto::Dale::parameters(), "one sign for all weights that leave a neuron");
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
    if (!dale_) return {w};
    auto sign = tyto::obey_dale(*dale_, w);
    return {w, sign};
  }
  [[nodiscard]] std::unique_ptr<tyto::ProjectionKernel<float>> projection_f32(double) const override {
    return std::make_unique<DenseKernel<float>>();
  }
  [[nodiscard]] std::unique_ptr<tyto::ProjectionKernel<double>> projection_f64(double) const override {
    return std::make_unique<DenseKernel<double>>();
  }

 private:
  double scale_ = 1;
  std::optional<tyto::Dale> dale_;
};

}  // namespace

TYTO_PLUGIN(registrar) {
  registrar.add<tyto::Layer, Dense>(tyto::Kind::layer, "dense", {tyto::capability::projection});
}

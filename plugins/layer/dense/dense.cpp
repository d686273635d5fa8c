#include <memory>
#include <mutex>
#include <vector>

#include "products.hpp"
#include "weights.hpp"

namespace {

template <class S>
class DenseKernel final : public tyto::ProjectionKernel<S> {
 public:
  /// `bias`: its last array is added at every step.
  explicit DenseKernel(bool bias) : bias_(bias) {}

  void start(std::span<const std::span<const S>>, std::size_t, std::size_t) override {
    turned_ = std::make_unique<TurnedOnce>();
  }

  void forward(const tyto::Signal<S>& input, std::span<const std::span<const S>> arrays, std::size_t to,
               const tyto::Pass& pass, S* current) const override {
    const tyto::Rows<S> rows{current, to};
    forward_group({{&input, 1}, {&pass, 1}}, arrays, to, {&rows, 1});
  }

  void backward(const tyto::Signal<S>& input, std::span<const std::span<const S>> arrays, std::size_t to,
                const tyto::Pass& pass, const S* grad_current, std::span<const std::span<S>> grad_arrays,
                S* grad_input) const override {
    const tyto::Rows<const S> rows{grad_current, to};
    const tyto::Rows<S> back{grad_input, input.channels};
    backward_group({{&input, 1}, {&pass, 1}}, arrays, to, {&rows, 1}, grad_arrays,
                   {&back, grad_input != nullptr ? std::size_t{1} : std::size_t{0}});
  }

  void forward_group(const tyto::Group<S>& group, std::span<const std::span<const S>> arrays, std::size_t to,
                     std::span<const tyto::Rows<S>> currents) const override {
    const S* const w = arrays[0].data();
    if (bias_)
      for (std::size_t trial = 0; trial < group.size(); ++trial)
        for (std::size_t t = 0; t < group.inputs[trial].steps; ++t)
          for (std::size_t j = 0; j < to; ++j) currents[trial][t][j] += arrays.back()[j];
    if (group.inputs[0].bits != nullptr) {
      dense::add_spikes<S>(spikes_of(group), w, to, currents);
      return;
    }
    for (std::size_t trial = 0; trial < group.size(); ++trial) {
      const auto& input = group.inputs[trial];
      dense::add_values(input.values, input.steps, input.channels, w, to, currents[trial]);
    }
  }

  void backward_group(const tyto::Group<S>& group, std::span<const std::span<const S>> arrays, std::size_t to,
                      std::span<const tyto::Rows<const S>> grad_currents, std::span<const std::span<S>> grad_arrays,
                      std::span<const tyto::Rows<S>> grad_inputs) const override {
    if (!grad_arrays.empty()) {
      add_weight_gradients(group, to, grad_currents, grad_arrays[0].data());
      if (bias_) add_bias_gradients(group, to, grad_currents, grad_arrays.back());
    }
    if (grad_inputs.empty()) return;
    const std::size_t from = group.inputs[0].channels;
    dense::add_input_gradients(grad_currents, group.inputs[0].steps, turned(arrays[0].data(), from, to), from, to,
                               grad_inputs);
  }

 private:
  static void add_bias_gradients(const tyto::Group<S>& group, std::size_t to,
                                 std::span<const tyto::Rows<const S>> grad_currents, std::span<S> grad_b) {
    for (std::size_t trial = 0; trial < group.size(); ++trial)
      for (std::size_t t = 0; t < group.inputs[trial].steps; ++t)
        for (std::size_t j = 0; j < to; ++j) grad_b[j] += grad_currents[trial][t][j];
  }
  static void add_weight_gradients(const tyto::Group<S>& group, std::size_t to,
                                   std::span<const tyto::Rows<const S>> grad_currents, S* grad_w) {
    if (group.inputs[0].bits != nullptr) {
      dense::add_spike_gradients<S>(spikes_of(group), grad_currents, to, grad_w);
      return;
    }
    for (std::size_t trial = 0; trial < group.size(); ++trial) {
      const auto& input = group.inputs[trial];
      dense::add_value_gradients(input.values, input.steps, input.channels, grad_currents[trial], to, grad_w);
    }
  }
  /// The way back wants weights turned. That is done once after they have been set, by the first who needs it.
  struct TurnedOnce {
    std::once_flag once;
    dense::Turned<S> weights;
  };
  /// Valid until the thread's next call, or the next start().
  const dense::Turned<S>& turned(const S* w, std::size_t from, std::size_t to) const {
    thread_local dense::Turned<S> own;
    if (!turned_) {
      dense::turn_weights(w, from, to, own);
      return own;
    }
    std::call_once(turned_->once, [&] { dense::turn_weights(w, from, to, turned_->weights); });
    return turned_->weights;
  }
  /// Valid until the thread's next call.
  static std::span<const tyto::Spikes> spikes_of(const tyto::Group<S>& group) {
    thread_local std::vector<tyto::Spikes> spikes;
    spikes.clear();
    for (const auto& input : group.inputs) spikes.push_back(input.spikes());
    return spikes;
  }

  bool bias_;
  std::unique_ptr<TurnedOnce> turned_;
};

class Dense final : public tyto::Layer, public dense::Weights {
 public:
  bool bias = false;

  static auto parameters() {
    return dense::declare(
               tyto::parameters<Dense>("All-to-all weights w (from, to)")
                   .details(
                       R"(With x_i[n] the output of neuron i of the source in step n, 1 or 0 for a spike, else a value:

    I_j[n] = sum over i of w[i][j] x_i[n] + b_j

b_j is 0 unless `bias` is true; it begins at 0 and is trained, with the gradient that is the sum of dL/dI_j[n]. Nothing
is kept from step to step. In trials, and from an earlier layer of a simulation, I[n] acts in step n; from the layer
itself or a later one in step n+1. Weights are dimensionless and do not depend on dt.

At the start w is drawn as `initial_weights` says, with `to` the number of receiving neurons and `from` that of the
source's. The gradient of w[i][j] is the sum of x_i[n] dL/dI_j[n] over the steps n and the trials. With `dale` the rows
w[i] have one sign each:

| method | what the optimizer changes | how the law is kept |
|---|---|---|
| `mask` | w of any sign | the network uses abs(w) sign; the gradient is 0 at w = 0 |
| `projected` | w of the row's sign | w that an update carried over zero is set to zero |
| `exponentiated` | w of the row's sign | w is multiplied by exp(-learning_rate sign(w) g), g its gradient |)"))
        .boolean("bias", &Dense::bias, "false", "whether each target gets a number of its own at every step, as well");
  }

  [[nodiscard]] std::vector<tyto::ArrayInfo> arrays(std::size_t from, std::size_t to) const override {
    auto arrays = dense::arrays_of(*this, from, to);
    if (bias) {
      tyto::ArrayInfo b;
      b.name = "b";
      b.doc = "what each target gets at every step";
      b.shape = {to};
      b.axes = {"to"};
      arrays.push_back(std::move(b));
    }
    return arrays;
  }
  [[nodiscard]] tyto::Connectivity connectivity() const override { return tyto::Connectivity::matrix; }
  [[nodiscard]] std::unique_ptr<tyto::ProjectionKernel<float>> projection_f32(double) const override {
    return std::make_unique<DenseKernel<float>>(bias);
  }
  [[nodiscard]] std::unique_ptr<tyto::ProjectionKernel<double>> projection_f64(double) const override {
    return std::make_unique<DenseKernel<double>>(bias);
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<Dense>("dense", {tyto::capability::projection}); }

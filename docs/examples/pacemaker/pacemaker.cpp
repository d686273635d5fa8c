#include <algorithm>
#include <cmath>

#include <tyto/layer.hpp>
#include <tyto/plugin.hpp>

namespace {

/// Neuron i fires in the steps i + k period. What it does is known from the number of the step alone, so that there is
/// no state, and any thread can run any of the neurons.
template <class S>
class PacemakerKernel final : public tyto::PopulationKernel<S> {
 public:
  explicit PacemakerKernel(std::uint64_t period) : period_(period) {}

  [[nodiscard]] std::size_t state_size() const override { return 0; }
  [[nodiscard]] std::vector<std::string> state_names() const override { return {}; }
  [[nodiscard]] bool divisible() const override { return true; }

  void forward(const tyto::ForwardScan<S>& scan) const override {
    for (std::size_t t = 0; t < scan.steps; ++t)
      for (std::size_t i = 0; i < scan.neurons; ++i) {
        const std::uint64_t step = scan.first_step + t, neuron = scan.first_neuron + i;
        const bool fires = step >= neuron && (step - neuron) % period_ == 0;
        scan.output[t * scan.row_length() + i] = fires ? S(1) : S(0);
      }
  }
  void backward(const tyto::BackwardScan<S>&) const override { throw tyto::Error("a pacemaker has no way back"); }

 private:
  std::uint64_t period_;
};

struct Pacemaker final : tyto::Layer {
  double period_s = 0;

  static auto parameters() {
    return tyto::parameters<Pacemaker>("Neurons that fire regularly, one step after the other")
        .time("period", &Pacemaker::period_s, "10 ms", "between two spikes of a neuron")
        .compared(tyto::StepRole::rounded)
        .positive();
  }
  [[nodiscard]] bool spikes() const override { return true; }
  std::unique_ptr<tyto::PopulationKernel<float>> population_f32(double dt_s) const override {
    return std::make_unique<PacemakerKernel<float>>(period(dt_s));
  }
  std::unique_ptr<tyto::PopulationKernel<double>> population_f64(double dt_s) const override {
    return std::make_unique<PacemakerKernel<double>>(period(dt_s));
  }

 private:
  [[nodiscard]] std::uint64_t period(double dt_s) const { return std::max(1LL, std::llround(period_s / dt_s)); }
};

}  // namespace

TYTO_PLUGIN(registrar) {
  registrar.add<Pacemaker>("pacemaker", {tyto::capability::population, tyto::capability::source});
}

#include "network.hpp"
#include "simulation.hpp"

namespace {

class CpuBackend final : public tyto::Backend {
 public:
  static auto parameters() { return tyto::parameters<CpuBackend>("Runs on the processor's cores, over trials"); }

  [[nodiscard]] std::unique_ptr<tyto::Network> compile(const tyto::Model& model, tyto::Precision precision,
                                                       tyto::Executor& executor) const override {
    if (precision == tyto::Precision::float32) return std::make_unique<cpu::CpuNetwork<float>>(model, executor);
    return std::make_unique<cpu::CpuNetwork<double>>(model, executor);
  }
  [[nodiscard]] std::unique_ptr<tyto::Simulation> simulate(const tyto::Model& model,
                                                           tyto::Precision precision) const override {
    if (precision == tyto::Precision::float32) return std::make_unique<cpu::CpuSimulation<float>>(model);
    return std::make_unique<cpu::CpuSimulation<double>>(model);
  }
};

}  // namespace

TYTO_PLUGIN(registrar) {
  registrar.add<CpuBackend>("cpu", {tyto::capability::backpropagation, tyto::capability::simulation});
}

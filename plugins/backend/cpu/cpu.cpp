#include "network.hpp"

namespace {

class CpuBackend final : public tyto::Backend {
 public:
  static auto parameters() { return tyto::parameters<CpuBackend>("Runs on the processor's cores, over trials"); }

  [[nodiscard]] std::unique_ptr<tyto::Network> compile(const tyto::Model& model, tyto::Precision precision,
                                                       tyto::Executor& executor) const override {
    if (precision == tyto::Precision::float32) return std::make_unique<cpu::CpuNetwork<float>>(model, executor);
    return std::make_unique<cpu::CpuNetwork<double>>(model, executor);
  }
};

}  // namespace

TYTO_PLUGIN(registrar) {
  registrar.add<tyto::Backend, CpuBackend>(tyto::Kind::backend, "cpu", {tyto::capability::backpropagation});
}

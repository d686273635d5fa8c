#include "program.hpp"

namespace {

class CpuBackend final : public tyto::Backend {
 public:
  static auto parameters() { return tyto::parameters<CpuBackend>("Runs on the processor's cores, over trials"); }

  [[nodiscard]] std::unique_ptr<tyto::Program> compile(const tyto::Model& model, tyto::Precision precision,
                                                       tyto::Executor& executor) const override {
    if (precision == tyto::Precision::float32) return std::make_unique<cpu::CpuProgram<float>>(model, executor);
    return std::make_unique<cpu::CpuProgram<double>>(model, executor);
  }
};

}  // namespace

TYTO_PLUGIN(registrar) {
  registrar.add<CpuBackend>(
      "cpu", {tyto::capability::backpropagation, tyto::capability::simulation, tyto::capability::local_rules});
}

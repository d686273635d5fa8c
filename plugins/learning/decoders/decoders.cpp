#include <memory>

#include <tyto/solver.hpp>

#include "../common/decoding.hpp"

namespace {

/// Solves for the weights of the output layer, batch by batch: the last batch decides, so that a batch should hold all
/// training trials.
class Decoders final : public tyto::LearningRule {
 public:
  std::shared_ptr<const tyto::Solver> solver;

  static auto parameters() {
    return tyto::parameters<Decoders>(
               "Finds the weights of the output layer from the rates of the layer before it by one solve for each "
               "batch "
               "(batch_size: as many as there are training trials); other weights stay as they are")
        .component("solver", &Decoders::solver, tyto::Kind::solver, "l2", "how they are found");
  }
  [[nodiscard]] std::vector<tyto::Need> needs() const override { return {}; }
  void begin(const tyto::Model& model, const tyto::Objective& objective) override { output_.bind(model, objective); }

  tyto::BatchResult learn(tyto::Network& network, const tyto::Batch& batch, const tyto::Objective& objective) override {
    const auto samples = output_.sample(batch, objective, network.evaluate(batch, objective, true));
    const auto signs = output_.signs(network);
    tyto::DecodingProblem problem;
    problem.points = samples.trials;
    problem.neurons = output_.neurons();
    problem.outputs = output_.outputs();
    problem.rates_hz = samples.rates_hz;
    problem.wanted = samples.wanted;
    problem.signs = signs;
    return decoding::OutputLayer::result_of(
        output_.set(network, batch, objective, samples, solver->solve(problem).weights));
  }

 private:
  decoding::OutputLayer output_;
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<tyto::LearningRule, Decoders>(tyto::Kind::learning_rule, "decoders"); }

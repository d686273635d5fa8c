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
        .details(R"(For each batch, in this order:

1. A[p][i] is the mean rate of neuron i of the layer before the output layer in trial p, in Hz, and Y[p] what the
   readout should give in trial p, where the squared error is 0.
2. The solver finds D so that A D is close to Y, see its page. D is in units of the target per Hz.
3. The network runs with the weights D and gives the readouts R[p]. The weights of the output layer are then

        w = D (sum of (A D)^2) / (sum of R (A D))        sums over the trials and outputs of the batch

   so that the readout is what D decodes, whatever the output layer makes of a spike. Where A D or the product is 0,
   they stay D.

The last batch decides. The objective has to be `loss: mse`, and the output layer needs one input, from spikes.)")
        .component("solver", &Decoders::solver, "l2", "how they are found");
  }
  [[nodiscard]] std::vector<tyto::Need> needs() const override { return {}; }
  void check(const tyto::Model& model, const tyto::Objective& objective) const override {
    decoding::OutputLayer().bind(model, objective);
  }
  void begin(const tyto::Model& model, const tyto::Objective& objective) override { output_.bind(model, objective); }

  tyto::BatchResult learn(tyto::Program& network, const tyto::Batch& batch, const tyto::Objective& objective) override {
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
        output_.set(network, batch, objective, samples, tyto::solution_of(problem, *solver).weights));
  }

 private:
  decoding::OutputLayer output_;
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<Decoders>("decoders"); }

#include <algorithm>
#include <memory>
#include <vector>

#include "../common/decoding.hpp"

namespace {

/// Prescribed error sensitivity (MacNeil and Eliasmith 2011) for trials whose target does not change: over a trial of
/// T seconds, D <- D - (rate T / n) error a' with the mean rates a of the n neurons. Decoders start at zero.
class TrialPes final : public tyto::LearningRule {
 public:
  double learning_rate = 1e-4;

  static auto parameters() {
    return tyto::parameters<TrialPes>(
               "Prescribed error sensitivity: after each trial, the weights of the output layer change so that its "
               "error falls; other weights stay as they are")
        .details(R"(For trial p of a batch, one after the other, with D = 0 before the first one:

    E_k[p]    = sum over i of a_i[p] D_ik[p] - Y_k[p]       what is decoded minus what is wanted
    D_ik[p+1] = D_ik[p] - (learning_rate T / N) E_k[p] a_i[p]

a_i[p] is the mean rate in trial p of neuron i of the layer before the output layer, in Hz, N their number, T the
duration of a trial in s and Y what the readout should give, where the squared error is 0. Under Dale's law a D_ik of
the wrong sign is set to 0.

After the batch the weights of the output layer become D times one factor, with which the readout is what D decodes:
(sum of (A D)^2) / (sum of R (A D)), with A D what D decodes for the batch's trials and R the readouts with the weights
D. D itself goes on from batch to batch. It is in units of the target per Hz; learning_rate is a plain number that goes
with these units. The objective has to be `loss: mse`, and the output layer needs one input, from spikes. The rule is
that of MacNeil & Eliasmith (2011), for targets that do not change within a trial.)")
        .number("learning_rate", &TrialPes::learning_rate, "0.0001", "step size")
        .positive();
  }
  [[nodiscard]] std::vector<tyto::Need> needs() const override { return {}; }

  void check(const tyto::Model& model, const tyto::Objective& objective) const override {
    decoding::OutputLayer().bind(model, objective);
  }
  void begin(const tyto::Model& model, const tyto::Objective& objective) override {
    output_.bind(model, objective);
    decoders_.assign(output_.neurons() * output_.outputs(), 0.0);
    trial_s_ = static_cast<double>(model.input.steps) * model.input.dt_s;
  }

  tyto::BatchResult learn(tyto::Program& network, const tyto::Batch& batch, const tyto::Objective& objective) override {
    const auto samples = output_.sample(batch, objective, network.evaluate(batch, objective, true));
    const auto signs = output_.signs(network);
    const std::size_t n = output_.neurons(), m = output_.outputs();
    const double factor = learning_rate * trial_s_ / static_cast<double>(n);
    std::vector<double> error(m);
    for (std::size_t i = 0; i < samples.trials; ++i) {
      const double* const rates = samples.rates_hz.data() + i * n;
      for (std::size_t k = 0; k < m; ++k) {
        error[k] = -samples.wanted[i * m + k];
        for (std::size_t j = 0; j < n; ++j) error[k] += rates[j] * decoders_[j * m + k];
      }
      for (std::size_t j = 0; j < n; ++j)
        for (std::size_t k = 0; k < m; ++k) {
          double& decoder = decoders_[j * m + k];
          decoder -= factor * error[k] * rates[j];
          // Dale's law: what would change its sign stays at zero.
          if (!signs.empty() && decoder * signs[j] < 0) decoder = 0;
        }
    }
    return decoding::OutputLayer::result_of(output_.set(network, batch, objective, samples, decoders_));
  }

 private:
  decoding::OutputLayer output_;
  std::vector<double> decoders_;
  double trial_s_ = 0;
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<TrialPes>("pes"); }

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include <tyto/learning_rule.hpp>

namespace {

enum class ResetGradient { attached, detached };

struct Penalty {
  double minimum_hz = 0, maximum_hz = 0, weight = 0;

  static auto parameters() {
    return tyto::parameters<Penalty>("Penalty on mean rates above a floor, for every spiking layer")
        .frequency("minimum", &Penalty::minimum_hz, "100 Hz", "rate up to which nothing is paid")
        .non_negative()
        .frequency("maximum", &Penalty::maximum_hz, "200 Hz",
                   "rate at which a neuron of a layer of N pays weight / N^2")
        .positive()
        .number("weight", &Penalty::weight, "1", "factor of ((rate - minimum) / (maximum - minimum))^2")
        .non_negative()
        .check([](const Penalty& penalty) -> std::optional<tyto::Problem> {
          if (penalty.maximum_hz <= penalty.minimum_hz) return tyto::Problem{"maximum", "must be above the minimum"};
          return std::nullopt;
        });
  }
};

/// Backpropagation through time with a surrogate for the spike's derivative (Neftci, Mostafa & Zenke
/// 2019).
class SurrogateGradient final : public tyto::LearningRule {
 public:
  static auto parameters() {
    using Rule = SurrogateGradient;
    return tyto::parameters<Rule>("Backpropagation through time with surrogate derivatives of the spikes")
        .details(R"(For each batch, in this order:

1. All trials run forwards over all steps, with hard spikes.
2. The derivatives of the loss run backwards over the steps, through the exact derivatives of each neuron's step, but
   with the surrogate's dS/du for the derivative of a spike S by its distance u to the threshold. With
   `reset_gradient: detached` the spike that resets a membrane counts as a constant.
3. Gradients are clipped, if that is asked for: each number, then all of them together by one factor.
4. The optimizer makes one update of each trainable array.

With `window` the second step is taken for each window by itself: states, filters and signals that come from the window
before count as constants, while weights get their gradients from all windows. `reset_gradient` and windows change what is
learned, never what the network does.

The loss is the mean over the batch's trials. The rate penalty adds, for each spiking layer of N neurons at which something arrives,

    weight / N^2 x sum over i of (max(0, r_i - minimum) / (maximum - minimum))^2

with r_i the mean rate of neuron i over the batch, in Hz. The division by N^2, not N, is that of the published models.
See Neftci, Mostafa & Zenke (2019).)")
        .component("surrogate", &Rule::surrogate_, "sigmoid", "derivative of the spike")
        .component("optimizer", &Rule::optimizer_, "adam", "how parameters follow gradients")
        .choice("reset_gradient", &Rule::reset_gradient_,
                {{"attached", ResetGradient::attached}, {"detached", ResetGradient::detached}}, "attached",
                "whether gradients also flow through the reset of the membrane")
        .time("window", &Rule::window_s_, "",
              "truncated backpropagation: trials are cut into windows of this duration, and gradients do not flow from "
              "one into the one before; through the whole trial if not given")
        .compared(tyto::StepRole::rounded)
        .positive()
        .optional()
        .group("clip", &Rule::clip_, tyto::Clipping::parameters(), "bounds of the gradients; none if not given")
        .group("rate_penalty", &Rule::penalty_, Penalty::parameters(), "penalty on high firing rates");
  }

  [[nodiscard]] std::vector<tyto::Need> needs() const override {
    return {{tyto::Need::Of::every_layer, tyto::capability::jacobian},
            {tyto::Need::Of::every_spiking_layer, tyto::capability::surrogate},
            {tyto::Need::Of::backend, tyto::capability::backpropagation}};
  }

  void check(const tyto::Model& model, const tyto::Objective&) const override {
    const tyto::ArrayTable arrays(model);
    if (std::none_of(arrays.begin(), arrays.end(), [](const auto& array) { return array.learns(); }))
      throw tyto::Error("nothing in the model can be trained; 'rule: none' evaluates it");
    if (!window_s_) return;
    const double steps = *window_s_ / model.input.dt_s;
    if (std::abs(steps - std::round(steps)) > 1e-6 || steps < 0.5)
      throw tyto::Error("window: must be a whole number of the trials' time steps");
    for (const auto& layer : model.layers)
      if (layer.transform && layer.steps != steps_of(model, layer.from))
        throw tyto::Error(
            "window: layer '" + layer.name +
            "' shortens trials, so that steps of layers before and behind it belong to different windows");
  }

  void begin(const tyto::Model& model, const tyto::Objective&) override {
    request_ = {};
    if (window_s_) request_.window_steps = static_cast<std::size_t>(std::llround(*window_s_ / model.input.dt_s));
    request_.surrogate = surrogate_.get();
    request_.detach_reset = reset_gradient_ == ResetGradient::detached;
    if (!penalty_) return;
    for (std::size_t layer = 0; layer < model.layers.size(); ++layer)
      if (model.layers[layer].spiking && !model.layers[layer].inputs.empty())
        request_.rate_penalties.push_back({layer, penalty_->minimum_hz, penalty_->maximum_hz, penalty_->weight});
  }

  tyto::BatchResult learn(tyto::Program& network, const tyto::Batch& batch, const tyto::Objective& objective) override {
    request_.objective = &objective;
    tyto::BatchResult result = network.backpropagate(batch, request_);
    network.apply(*optimizer_, clip_.value_or(tyto::Clipping{}));
    return result;
  }

 private:
  [[nodiscard]] static std::size_t steps_of(const tyto::Model& model, std::size_t layer) {
    return layer == tyto::ModelInput::stimulus ? model.input.steps : model.layers[layer].steps;
  }

  std::optional<double> window_s_;
  std::shared_ptr<const tyto::Surrogate> surrogate_;
  std::shared_ptr<const tyto::Optimizer> optimizer_;
  ResetGradient reset_gradient_ = ResetGradient::attached;
  std::optional<Penalty> penalty_;
  std::optional<tyto::Clipping> clip_;
  tyto::Backpropagation request_;
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<SurrogateGradient>("surrogate_gradient"); }

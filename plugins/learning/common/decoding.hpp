/// What rules share that find the weights of the output layer from the rates of the layer before it, and leave all
/// other weights as they are.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <tyto/error.hpp>
#include <tyto/learning_rule.hpp>
#include <tyto/schedule.hpp>

namespace decoding {

/// Mean rates in some trials, and what the outputs should be.
struct Samples {
  std::size_t trials = 0;
  std::vector<double> rates_hz;  ///< [trial][neuron]
  std::vector<double> wanted;    ///< [trial][output]
};

class OutputLayer {
 public:
  /// Whether the output layer reaches a layer that it depends on.
  static bool comes_back(const tyto::Model& model) {
    const std::size_t last = model.layers.size() - 1;
    for (const auto& part : tyto::schedule(model))
      if (part.loops && std::binary_search(part.layers.begin(), part.layers.end(), last)) return true;
    return false;
  }
  /// Throws Error if the objective has no targets that are values, or the output layer no weights of its own.
  void bind(const tyto::Model& model, const tyto::Objective& objective) {
    if (objective.loss != tyto::Loss::mean_squared_error)
      throw tyto::Error("decoders are found for values: the objective needs 'loss: mse'");
    const auto& output = model.layers.back();
    if (output.inputs.size() != 1 || output.inputs[0].from == tyto::ModelInput::stimulus ||
        !model.layers[output.inputs[0].from].spiking)
      throw tyto::Error("the output layer must have one input, from a layer that spikes");
    if (!output.inputs[0].at_once() || comes_back(model))
      throw tyto::Error(
          "decoders are found from rates of whole trials, which what the output layer does must not change; its input "
          "can have neither synapse nor delay, and nothing may come back from it");
    source_ = output.inputs[0].from;
    neurons_ = model.layers[source_].size;
    outputs_ = output.size;
    dt_s_ = model.input.dt_s;
    const tyto::ArrayTable arrays(model);
    weights_ = arrays.find(tyto::array_path(output, output.inputs[0], "w"));
    sign_ = arrays.find(tyto::array_path(output, output.inputs[0], "sign"));
    if (!weights_) throw tyto::Error("the output layer's input has no weights w");
    if (output.inputs[0].frozen)
      throw tyto::Error("the rule finds the weights of the output layer's input, which is 'frozen'");
    if (arrays.find(tyto::array_path(output, output.inputs[0], "b")))
      throw tyto::Error("the rule finds weights alone, and the output layer's input has a 'bias' as well");
  }

  [[nodiscard]] std::size_t neurons() const { return neurons_; }
  [[nodiscard]] std::size_t outputs() const { return outputs_; }
  [[nodiscard]] double dt_s() const { return dt_s_; }

  /// Signs that Dale's law gives to the neurons; empty without it.
  [[nodiscard]] std::vector<double> signs(const tyto::Program& network) const {
    return sign_ ? network.get(*sign_) : std::vector<double>{};
  }

  [[nodiscard]] Samples sample(const tyto::Batch& batch, const tyto::Objective& objective,
                               const tyto::Evaluation& evaluation) const {
    Samples samples;
    samples.trials = batch.index.size();
    samples.rates_hz = evaluation.activity[source_];
    for (double& value : samples.rates_hz) value /= dt_s_;
    // A squared error's gradient is 0 where the output is what it should be, and linear.
    std::vector<double> at(outputs_), below(outputs_), above(outputs_);
    for (std::size_t i = 0; i < samples.trials; ++i) {
      const double target = batch.trials->targets(batch.index[i])[objective.target_index()];
      at.assign(outputs_, 0.0);
      static_cast<void>(objective.loss_of<double>(at, target, below));
      at.assign(outputs_, 1.0);
      static_cast<void>(objective.loss_of<double>(at, target, above));
      for (std::size_t k = 0; k < outputs_; ++k) samples.wanted.push_back(-below[k] / (above[k] - below[k]));
    }
    return samples;
  }

  /// rates x decoders, [trial][output]
  [[nodiscard]] std::vector<double> decode(const Samples& samples, const std::vector<double>& decoders) const {
    std::vector<double> values(samples.trials * outputs_, 0.0);
    for (std::size_t i = 0; i < samples.trials; ++i)
      for (std::size_t j = 0; j < neurons_; ++j)
        for (std::size_t k = 0; k < outputs_; ++k)
          values[i * outputs_ + k] += samples.rates_hz[i * neurons_ + j] * decoders[j * outputs_ + k];
    return values;
  }

  /// Gives the network weights that make its readout what the decoders say. How much a spike adds to the readout is
  /// measured, not derived, so that any linear output layer and readout will do. Returns what the network then answers.
  [[nodiscard]] tyto::Evaluation set(tyto::Program& network, const tyto::Batch& batch, const tyto::Objective& objective,
                                     const Samples& samples, std::vector<double> decoders) const {
    network.set(*weights_, decoders);
    auto raw = network.evaluate(batch, objective, false);
    const auto decoded = decode(samples, decoders);
    double products = 0, squares = 0;
    for (std::size_t i = 0; i < decoded.size(); ++i) {
      products += raw.scores[i] * decoded[i];
      squares += decoded[i] * decoded[i];
    }
    if (squares == 0 || products == 0) return raw;
    for (double& value : decoders) value *= squares / products;
    network.set(*weights_, decoders);
    return network.evaluate(batch, objective, false);
  }

  [[nodiscard]] static tyto::BatchResult result_of(const tyto::Evaluation& evaluation) {
    tyto::BatchResult result;
    result.trials = evaluation.trials;
    for (const double loss : evaluation.losses) result.loss += loss / static_cast<double>(evaluation.trials);
    return result;
  }

 private:
  std::size_t source_ = 0;
  std::size_t neurons_ = 0;
  std::size_t outputs_ = 0;
  double dt_s_ = 0;
  std::optional<std::size_t> weights_, sign_;
};

}  // namespace decoding

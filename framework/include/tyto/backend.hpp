/// A backend compiles a model into a program: the place where the arithmetic runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tyto/arrays.hpp>
#include <tyto/clipping.hpp>
#include <tyto/model.hpp>
#include <tyto/objective.hpp>
#include <tyto/optimizer.hpp>
#include <tyto/parallel.hpp>
#include <tyto/surrogate.hpp>
#include <tyto/trials.hpp>

namespace tyto {

enum class Precision { float32, float64 };

/// Some trials of a data set, in a given order, and what they are for. Pass::trial is filled in trial by trial.
struct Batch {
  const TrialSet* trials = nullptr;
  std::span<const std::uint32_t> index;
  Pass pass = {};
};

/// mean over units of weight (relu(rate - minimum) / (maximum - minimum))^2, divided by the number of
/// units once more, for the rates of a layer over a batch.
struct RatePenalty {
  std::size_t layer = 0;
  double minimum_hz = 100;
  double maximum_hz = 200;
  double weight = 1;
};

struct Backpropagation {
  const Objective* objective = nullptr;
  const Surrogate* surrogate = nullptr;
  bool detach_reset = false;
  std::vector<RatePenalty> rate_penalties;
  bool smooth = false;          ///< replace spikes by the surrogate's primitive (gradient checks)
  bool input_gradient = false;  ///< also return dL/d input
  /// If not 0: trials are cut into windows of so many steps, and gradients do not flow from one into the one before. No
  /// transform may shorten signals then, and one that looks back has to say so (reach).
  std::size_t window_steps = 0;
};

/// For connections that learn by rules of their own.
struct LocalLearning {
  const Objective* objective = nullptr;
  double expected_reward = 0;  ///< taken off the reward of each trial
};

struct BatchResult {
  double loss = 0;     ///< mean over trials, penalties included
  double penalty = 0;  ///< the penalties' part
  std::size_t correct = 0;
  std::size_t trials = 0;
  double reward = 0;                   ///< of LocalLearning: mean over trials
  std::vector<double> input_gradient;  ///< [trial][step][channel] if asked for
};

/// What a network answered to some trials.
struct Evaluation {
  std::size_t trials = 0;
  std::vector<double> scores;  ///< [trial][output], the objective's readout
  std::vector<double> losses;  ///< [trial]
  /// For each layer: mean output over time, [trial][neuron]; spikes per step for a spiking layer.
  std::vector<std::vector<double>> activity;
};

/// Full time courses of one layer in one trial.
struct Recording {
  std::size_t steps = 0;
  std::size_t neurons = 0;
  std::vector<double> output;  ///< [step][neuron]
  std::vector<std::string> state_names;
  std::vector<std::vector<double>> states;  ///< for each name: value before each step, [step][neuron]
};

/// Receives a sample of a probe: its index in Model::probes, the step of the trial or stream, and the numbers.
using ProbeSink = std::function<void(std::size_t probe, std::uint64_t step, std::span<const double> sample)>;

/// What a simulation has seen of itself since it started.
struct SimulationActivity {
  struct Population {
    std::vector<std::uint64_t> spikes;      ///< of each neuron; empty if they do not spike
    std::uint64_t steps_beyond_radius = 0;  ///< in which an ensemble took in more than it represents well
  };
  struct Learning {
    std::size_t layer = 0;          ///< that the connection reaches
    std::size_t from = 0;           ///< where it comes from
    double first_rms = 0;           ///< of the error, in its unit, over its values and the first 100 steps of learning
    std::vector<double> error_rms;  ///< the same over the steps of each call of advance in which it learned
  };
  std::uint64_t steps = 0;
  std::vector<Population> populations;  ///< in the order of Model::layers; empty if the backend does not count
  std::vector<Learning> learning;
};

/// A compiled model: arithmetic that runs. A model with TrialShape::steps runs through trials, one without through a
/// stream. Results do not depend on the executor's number of threads.
class TYTO_API Program : public ArrayStore {
 public:
  // Trials. Each begins at rest, or as the model's first states say.

  [[nodiscard]] virtual Evaluation evaluate(const Batch& batch, const Objective& objective, bool activity) = 0;
  [[nodiscard]] virtual Recording record(const TrialSet& trials, std::size_t trial, std::size_t layer) = 0;
  /// Runs one trial, as evaluate() does, and hands the samples of all probes to a sink, probe after probe, each in the
  /// order of steps. Where a transform has left out the first steps of a signal, what comes behind it begins with the
  /// first that is left. Throws Error where the backend cannot.
  virtual void probe(const TrialSet& trials, std::size_t trial, const ProbeSink& sink);
  /// Gradients of the objective over a batch, kept until the next call; needs
  /// capability::backpropagation.
  virtual BatchResult backpropagate(const Batch& batch, const Backpropagation& request) = 0;
  /// With respect to the stored numbers.
  [[nodiscard]] virtual std::vector<double> gradient(std::size_t array) const = 0;
  /// Lets connections with rules of their own learn from a batch: minus the mean over its trials of what their weights
  /// change by is kept as their gradient. The reward of a trial is 1 if it is classified right and 0 if not, or minus
  /// its loss if there are no classes. Needs capability::local_rules.
  virtual BatchResult learn(const Batch& batch, const LocalLearning& request);
  /// One optimizer step along the kept gradients on every array that learns, or after learn() on the weights that have
  /// rules of their own. The gradients of these are clipped first, and stay so.
  virtual void apply(const Optimizer& optimizer, const Clipping& clipping) = 0;
  void apply(const Optimizer& optimizer) { apply(optimizer, {}); }

  // A stream. Without capability::simulation nobody calls these.

  /// Back to the beginning and to the first step; arrays stay as they are. What neurons draw depends on the seed.
  virtual void start(std::uint64_t seed);
  /// Goes on by the steps of the stimulus. In how many stretches a stream goes on changes no bit. Throws Error if
  /// arrays have been set since the start, which acts from the next start on.
  virtual void advance(const Signal<double>& stimulus, const ProbeSink& sink);
  /// A state or an output that is infinite or none, as in "v of neuron 3 of layer 'a' is nan"; empty if there is none.
  [[nodiscard]] virtual std::string not_finite() const { return {}; }
  [[nodiscard]] virtual SimulationActivity activity() const { return {}; }
};

/// Interface of the plugin kind "backend".
class TYTO_API Backend {
 public:
  virtual ~Backend() = default;
  /// Throws Error if a layer has no kernels for this backend and precision.
  [[nodiscard]] virtual std::unique_ptr<Program> compile(const Model& model, Precision precision,
                                                         Executor& executor) const = 0;
};

}  // namespace tyto

#include "blocks.hpp"

#include <cmath>

namespace tyto::spec {

namespace {
constexpr double largest_seed = 9007199254740991;  // every whole number up to here is exact in JSON and HDF5 readers
constexpr double most_trials = 1e8;
constexpr double most_neurons = 1e6;
constexpr double most_epochs = 1e6;
constexpr double most_steps = 1e12;

Parameters<WeightSource> weight_parameters() {
  return tyto::parameters<WeightSource>("Initial weights from a results file or an earlier stage")
      .text("from", &WeightSource::file, "",
            "results file, relative to the experiment file, or the name of an earlier stage")
      .required()
      .text("stage", &WeightSource::stage_in_file, "", "of a results file with stages: whose weights; else empty")
      .number("scale", &WeightSource::scale, "1", "factor on all weights")
      .boolean(
          "ensembles", &WeightSource::ensembles, "false",
          "in a simulation: whether encoders, gains and biases of ensembles and first states of neurons are taken, too")
      .texts("only", &WeightSource::only, "[]",
             "in a simulation: the arrays of connections that are taken, as in 'post/pre/decoders', or 'post/pre' for "
             "a whole connection; all if there are none");
}

Parameters<TrialCounts> test_trial_parameters() {
  return tyto::parameters<TrialCounts>("How many trials there are")
      .integer("test", &TrialCounts::test, "4096", "trials of the final test")
      .range(1, most_trials);
}

/// Declares what stands first in every experiment; the last one is the stimulus.
template <class Keys>
Parameters<Keys> with_head(Parameters<Keys> parameters) {
  int Keys::*const language = &CommonKeys::language;
  std::string Keys::*const title = &CommonKeys::title;
  std::uint64_t Keys::*const seed = &CommonKeys::seed;
  Precision Keys::*const precision = &CommonKeys::precision;
  std::shared_ptr<const Stimulus> Keys::*const stimulus = &CommonKeys::stimulus;
  return parameters.integer("tyto", language, "", "version of the experiment language, 1")
      .required()
      .range(1, 1)
      .text("title", title, "", "one line that says what the experiment is")
      .integer("seed", seed, "1",
               "seed of all random numbers, or a map {trials: 1, weights: 2, order: 3} with one for each purpose")
      .range(0, largest_seed)
      .choice("precision", precision, {{"float32", Precision::float32}, {"float64", Precision::float64}}, "float32",
              "arithmetic of the network")
      .component("stimulus", stimulus, "", "what the network is shown");
}

/// Declares what stands last in every experiment.
template <class Keys>
Parameters<Keys> with_end(Parameters<Keys> parameters) {
  std::shared_ptr<const Backend> Keys::*const backend = &CommonKeys::backend;
  std::optional<WeightSource> Keys::*const weights = &CommonKeys::weights;
  std::vector<std::string> Keys::*const silenced = &CommonKeys::silenced;
  return parameters.component("backend", backend, "cpu", "where the arithmetic runs")
      .group("weights", weights, weight_parameters(), "initial weights from a results file, or from an earlier stage")
      .texts("silence", silenced, "[]", "names of warnings that are not to be given");
}
}  // namespace

Parameters<SeedKeys> SeedKeys::parameters() {
  std::uint64_t SeedKeys::*const trials = &Seeds::trials;
  std::uint64_t SeedKeys::*const weights = &Seeds::weights;
  std::uint64_t SeedKeys::*const order = &Seeds::order;
  return tyto::parameters<SeedKeys>("Seeds of the random numbers for different purposes")
      .integer("trials", trials, "1", "of stimuli")
      .range(0, largest_seed)
      .integer("weights", weights, "1", "of arrays of layers, and of the points at which decoders are found")
      .range(0, largest_seed)
      .integer("order", order, "1",
               "of the order of trials in training, and of what layers draw in it, such as dropout")
      .range(0, largest_seed);
}

Parameters<ExperimentKeys> ExperimentKeys::parameters() {
  return with_end(
      with_head(tyto::parameters<ExperimentKeys>("An experiment file"))
          .required()
          .group("objective", &ExperimentKeys::objective, Objective::parameters(), "readout, loss and target")
          .required());
}

Parameters<SimulationExperimentKeys> SimulationExperimentKeys::parameters() {
  return with_end(
      with_head(tyto::parameters<SimulationExperimentKeys>("An experiment file that runs a model step by step"))
          .optional()
          .group("simulation", &SimulationExperimentKeys::simulation, SimulationKeys::parameters(), "how long it runs")
          .required());
}

Parameters<TrialCounts> TrialCounts::parameters() {
  return tyto::parameters<TrialCounts>("How many trials there are")
      .integer("train", &TrialCounts::train, "16384", "training trials of an epoch")
      .range(1, most_trials)
      .integer("validation", &TrialCounts::validation, "0", "trials that every epoch is judged by, without learning")
      .range(0, most_trials)
      .integer("test", &TrialCounts::test, "4096", "trials of the final test")
      .range(1, most_trials)
      .boolean("fresh", &TrialCounts::fresh, "false", "new training trials in every epoch instead of the same ones");
}

Parameters<LearningKeys> LearningKeys::parameters() {
  return tyto::parameters<LearningKeys>("How the network learns; the rule's own parameters stand beside these")
      .integer("epochs", &LearningKeys::epochs, "10", "passes over the training trials")
      .range(1, most_epochs)
      .integer("batch_size", &LearningKeys::batch_size, "128", "trials per step of the rule")
      .range(1, most_trials)
      .group("trials", &LearningKeys::trials, TrialCounts::parameters(), "how many trials there are")
      .group("early_stopping", &LearningKeys::early_stopping, EarlyStopping::parameters(),
             "ends the training when it makes no progress any more")
      .group("schedule", &LearningKeys::schedule, RateSchedule::parameters(),
             "a factor on all learning rates over the course of the training")
      .check([](const LearningKeys& keys) -> std::optional<Problem> {
        if (keys.schedule.warmup_epochs == 0 || keys.schedule.warmup_epochs < keys.epochs) return std::nullopt;
        return Problem{"schedule",
                       "the training is over before 'warmup_epochs' are, so that its rate is never reached"};
      });
}

Parameters<EvaluationKeys> EvaluationKeys::parameters() {
  return tyto::parameters<EvaluationKeys>("A rule that only evaluates")
      .integer("batch_size", &EvaluationKeys::batch_size, "128", "trials that are evaluated together")
      .range(1, most_trials)
      .group("trials", &EvaluationKeys::trials, test_trial_parameters(), "how many trials there are");
}

Parameters<LayerKeys> LayerKeys::parameters() {
  return tyto::parameters<LayerKeys>("A layer; its type's own parameters stand beside these")
      .integer("size", &LayerKeys::size, "", "neurons; the output layer's may be left out: the objective gives it")
      .optional()
      .range(1, most_neurons);
}

std::uint64_t SimulationKeys::steps() const { return static_cast<std::uint64_t>(std::llround(duration_s / dt_s)); }

Parameters<SimulationKeys> SimulationKeys::parameters() {
  return tyto::parameters<SimulationKeys>("A run of the model step by step through a stream")
      .time("duration", &SimulationKeys::duration_s, "", "how long it runs")
      .required()
      .positive()
      .time("dt", &SimulationKeys::dt_s, "1 ms", "duration of a step")
      .positive()
      .time("pause", &SimulationKeys::pause_s, "",
            "of a stimulus that makes trials, which come one after the other: silence after each; default: none")
      .non_negative()
      .compared(StepRole::rounded)
      .optional()
      .choice("split", &SimulationKeys::split,
              {{"train", Split::train}, {"validation", Split::validation}, {"test", Split::test}}, "",
              "of which trials; default: train")
      .optional()
      .boolean(
          "write_drawn", &SimulationKeys::write_drawn, "true",
          "whether arrays of connections that were drawn, and that nothing has changed since, are written to the "
          "results; false: only from which stream of random numbers they were drawn, so that no other run can take "
          "them from there")
      .check([](const SimulationKeys& keys) -> std::optional<Problem> {
        const double steps = keys.duration_s / keys.dt_s;
        if (steps > most_steps) return Problem{"duration", "more than 1e12 steps"};
        if (steps < 0.5) return Problem{"duration", "must be at least a step"};
        if (std::abs(steps - std::round(steps)) > 1e-6 * std::max(1.0, steps * 1e-3))
          return Problem{"duration", "must be a whole number of steps"};
        return std::nullopt;
      });
}

Parameters<ConnectionKeys> ConnectionKeys::parameters() {
  return tyto::parameters<ConnectionKeys>("A connection into a layer; its type's own parameters stand beside these")
      .text("from", &ConnectionKeys::from, "",
            "a layer, which may be the layer itself or a later one, or 'stimulus'; default: the layer before")
      .optional()
      .text("name", &ConnectionKeys::name, "",
            "tells several connections from one source into the layer apart; default: the name of the source")
      .optional()
      .time("delay", &ConnectionKeys::delay_s, "",
            "time after which what the source does acts, in whole steps, its synapse's own step included; without one, "
            "or with 0, it acts in the same step, or from the layer itself, from a later one or through a synapse in "
            "the next; a rule sees the source so much earlier as the delay makes it late")
      .compared(StepRole::rounded)
      .non_negative()
      .optional()
      .text("receptor", &ConnectionKeys::receptor, "",
            "where it arrives at neurons that have receptors, as 'excitatory'; default: their current, where they have "
            "one")
      .optional()
      .component("synapse", &ConnectionKeys::synapse, "",
                 "what a spike does over time; a bare time, as in '5 ms', stands for an exponential one")
      .optional()
      .boolean("frozen", &ConnectionKeys::frozen, "",
               "true: a training leaves its weights, and whatever else it has, as they are")
      .optional();
}

Parameters<Distribution> initial_state_parameters() {
  return Distribution::parameters(Dimension::none, "0", "1", "A state variable of all neurons at the start");
}

Parameters<LearnKeys> LearnKeys::parameters() {
  return tyto::parameters<LearnKeys>(
             "How a connection learns by a rule of its own; the rule's own parameters stand beside these. In trials "
             "the learning rule has to be 'local'")
      .text("error", &LearnKeys::error, "",
            "the layer that gives the error, for rules that learn from one: what an ensemble is given, what others put "
            "out")
      .optional()
      .text("reward", &LearnKeys::reward, "",
            "in a simulation: the layer whose value is the reward, for rules that learn from one; in trials the "
            "objective gives it")
      .optional()
      .time("from", &LearnKeys::from_s, "0 s", "when learning begins, in the simulation or in each trial")
      .compared(StepRole::before_end)
      .non_negative()
      .time("until", &LearnKeys::until_s, "",
            "when learning ends; at the end of the run, or of the trial, if not given or later")
      .non_negative()
      .optional()
      .check([](const LearnKeys& keys) -> std::optional<Problem> {
        if (keys.until_s && *keys.until_s <= keys.from_s) return Problem{"until", "must be later than 'from'"};
        return std::nullopt;
      });
}

Parameters<ProbeKeys> ProbeKeys::parameters() {
  return tyto::parameters<ProbeKeys>(
             "What is recorded: {of: layer, what: ...}, or a projection, {from: layer, type: "
             "...}, with its own parameters and a synapse")
      .time("every", &ProbeKeys::every_s, "", "time between samples; each step if not given")
      .compared(StepRole::within_run)
      .positive()
      .optional()
      .integer("trials", &ProbeKeys::trials, "1", "of a run with trials: the first so many test trials are recorded")
      .range(1, 1e6);
}

Parameters<LayerProbeKeys> LayerProbeKeys::parameters() {
  return tyto::parameters<LayerProbeKeys>("A probe of a layer")
      .text("of", &LayerProbeKeys::layer, "", "the layer")
      .required()
      .text(
          "what", &LayerProbeKeys::what, "output",
          "its output, its input, its spikes one by one (their times, with the index of the neuron as value), the name "
          "of a receptor (what arrives there), of a state (v), or of an array (decoders, encoders)");
}

Parameters<ModelKeys> ModelKeys::parameters() {
  return tyto::parameters<ModelKeys>("A model from a file")
      .text("use", &ModelKeys::use, "", "model file, relative to the file that names it")
      .required();
}

Parameters<StageKeys> StageKeys::parameters() {
  return tyto::parameters<StageKeys>(
             "One of several runs in order; what stands at the top level holds for all stages, "
             "unless a stage has the same key")
      .text("name", &StageKeys::name, "", "its group in the results, below /stages")
      .required();
}

Parameters<AnalysisKeys> AnalysisKeys::parameters() {
  return tyto::parameters<AnalysisKeys>("An analysis; its own parameters stand beside these")
      .text("as", &AnalysisKeys::group, "", "its group in the results; default: the name of the analysis")
      .optional();
}

}  // namespace tyto::spec

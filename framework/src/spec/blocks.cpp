#include "blocks.hpp"

namespace tyto::spec {

namespace {
constexpr double largest_seed = 9007199254740991;  // every whole number up to here is exact in JSON and HDF5 readers
constexpr double most_trials = 1e8;
constexpr double most_neurons = 1e6;
constexpr double most_epochs = 1e6;

Parameters<WeightSource> weight_parameters() {
  return tyto::parameters<WeightSource>("Initial weights from a results file or an earlier stage")
      .text("from", &WeightSource::file, "",
            "results file, relative to the experiment file, or the name of an earlier stage")
      .required()
      .number("scale", &WeightSource::scale, "1", "factor on all weights")
      .boolean(
          "ensembles", &WeightSource::ensembles, "false",
          "in a simulation: whether encoders, gains and biases of ensembles and first states of neurons are taken, too")
      .texts("only", &WeightSource::only, "[]",
             "in a simulation: the arrays of connections that are taken, as in 'post/decoders'; all if there are none");
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
             "a factor on all learning rates over the course of the training");
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

Parameters<InputKeys> InputKeys::parameters() {
  return tyto::parameters<InputKeys>("A projection into a layer; its type's own parameters stand beside these")
      .text("from", &InputKeys::from, "",
            "an earlier layer or 'stimulus', in a simulation any layer; default: the layer before")
      .optional();
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

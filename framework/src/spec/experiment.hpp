/// An experiment: the checked and completed contents of one YAML file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tyto/analysis.hpp>
#include <tyto/backend.hpp>
#include <tyto/learning_rule.hpp>
#include <tyto/model.hpp>
#include <tyto/objective.hpp>
#include <tyto/stimulus.hpp>

#include "../plugin/registry.hpp"
#include "document.hpp"
#include "node.hpp"
#include "reader.hpp"
#include "settings.hpp"
#include "training.hpp"

namespace tyto::spec {

struct NamedAnalysis {
  std::string name;  ///< the group below /analysis
  std::shared_ptr<const Analysis> analysis;
};

/// Weights taken from a results file, or from an earlier stage.
struct WeightSource {
  std::string file;           ///< relative to the working folder, or absolute; empty for a stage
  std::string stage;          ///< name of the stage
  std::string stage_in_file;  ///< of a file with stages: the one whose weights are taken
  double scale = 1;
  bool ensembles = false;         ///< in a simulation: take encoders, gains and biases too
  std::vector<std::string> only;  ///< in a simulation: the arrays of connections to take; all if empty
};

/// An experiment of the sort that runs its model step by step, instead of through trials.
struct SimulationPlan {
  std::uint64_t steps = 0;
  double dt_s = 0;
  /// Of a stimulus that makes trials: they come one after the other.
  struct Sequence {
    Split split = Split::train;
    std::size_t pause_steps = 0;
  };
  std::optional<Sequence> sequence;
  bool write_drawn = true;  ///< in full, what was drawn for connections and has not changed since
};

/// Of the random numbers for different purposes; all the same unless an experiment tells them apart.
struct Seeds {
  std::uint64_t trials = 1;   ///< stimuli
  std::uint64_t weights = 1;  ///< arrays of layers, and the points at which decoders are found
  std::uint64_t order = 1;    ///< of trials in training, and what layers draw in each pass, such as dropout
};

struct Experiment {
  /// If there are any: they run in this order, and of what follows only title, seed and what stands last are set.
  std::vector<Experiment> stages;
  std::string stage;  ///< name of this stage; empty for an experiment without stages

  std::optional<SimulationPlan> simulation;  ///< if set: what concerns objective, rule and trials is not
  std::string title;
  Seeds seeds;
  Precision precision = Precision::float32;
  std::shared_ptr<const Stimulus> stimulus;
  Objective objective;
  Model model;
  std::shared_ptr<LearningRule> rule;
  std::shared_ptr<const Backend> backend;
  std::string backend_name;
  int epochs = 10;  ///< 0 if the rule only evaluates
  int batch_size = 128;
  int train_trials = 0;  ///< 0 if the rule only evaluates
  int validation_trials = 0;
  int test_trials = 0;
  bool fresh_trials = false;  ///< new training trials in every epoch
  std::optional<EarlyStopping> early_stopping;
  RateSchedule schedule;
  std::optional<WeightSource> weights;
  Place weights_place;
  std::vector<NamedAnalysis> analyses;
  std::vector<Warning> warnings;  ///< without those that are silenced

  std::string source;                            ///< the YAML text as given
  std::string resolved;                          ///< the whole configuration as YAML, defaults included
  Node settings;                                 ///< the same as a tree, with the places where values come from
  std::vector<const ComponentInfo*> components;  ///< all that are used
  std::vector<std::string> files;                ///< that components read
};

/// Every file that a run reads, those of its stages included, the experiment file itself left out.
[[nodiscard]] std::vector<std::string> files_read_by(const Experiment& experiment);

/// Of the experiment and its stages, each once.
[[nodiscard]] std::vector<Warning> all_warnings(const Experiment& experiment);

/// What the command line, or a sweep, changes.
struct Overrides {
  std::vector<std::string> set;   ///< "a.b=c"
  std::vector<Setting> settings;  ///< of one run of a sweep, applied last
  std::optional<std::uint64_t> seed;
  std::optional<std::string> backend;
};

/// Reads, checks and completes an experiment. Throws InvalidInput with every fault found.
[[nodiscard]] Experiment load_experiment(const Document& document, const Overrides& overrides,
                                         plugin::Components& components);

}  // namespace tyto::spec

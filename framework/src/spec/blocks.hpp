/// The framework's own parts of an experiment file, declared like the parameters of any component.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tyto/backend.hpp>
#include <tyto/distribution.hpp>
#include <tyto/objective.hpp>
#include <tyto/parameters.hpp>
#include <tyto/stimulus.hpp>
#include <tyto/synapse.hpp>

#include "experiment.hpp"

namespace tyto::spec {

/// `seed` by purpose.
struct SeedKeys : Seeds {
  [[nodiscard]] static Parameters<SeedKeys> parameters();
};

/// What experiments of every sort have at the top level.
struct CommonKeys {
  int language = 1;
  std::string title;
  std::uint64_t seed = 1;
  Precision precision = Precision::float32;
  std::shared_ptr<const Stimulus> stimulus;
  std::shared_ptr<const Backend> backend;
  std::optional<WeightSource> weights;
  std::vector<std::string> silenced;
};

/// The top level of an experiment with trials, without the keys that need more than a declaration: model, learning,
/// analyses.
struct ExperimentKeys : CommonKeys {
  Objective objective;

  [[nodiscard]] static Parameters<ExperimentKeys> parameters();
};

/// How long a simulation runs.
struct SimulationKeys {
  double duration_s = 0;
  double dt_s = 0;
  std::optional<double> pause_s;
  std::optional<Split> split;
  bool write_drawn = true;

  [[nodiscard]] std::uint64_t steps() const;
  [[nodiscard]] static Parameters<SimulationKeys> parameters();
};

/// The same of a simulation, which may do without a stimulus.
struct SimulationExperimentKeys : CommonKeys {
  SimulationKeys simulation;

  [[nodiscard]] static Parameters<SimulationExperimentKeys> parameters();
};

struct TrialCounts {
  int train = 0;
  int validation = 0;
  int test = 0;
  bool fresh = false;

  [[nodiscard]] static Parameters<TrialCounts> parameters();
};

/// What stands under `learning` beside the rule's own parameters.
struct LearningKeys {
  int epochs = 0;
  int batch_size = 0;
  TrialCounts trials;
  std::optional<EarlyStopping> early_stopping;
  RateSchedule schedule;

  [[nodiscard]] static Parameters<LearningKeys> parameters();
};

/// The same for a rule that only evaluates.
struct EvaluationKeys {
  int batch_size = 0;
  TrialCounts trials;

  [[nodiscard]] static Parameters<EvaluationKeys> parameters();
};

/// What stands in a layer beside the population's own parameters and `input`.
struct LayerKeys {
  std::optional<int> size;

  [[nodiscard]] static Parameters<LayerKeys> parameters();
};

/// What stands in a connection beside the projection's own parameters and `learn`.
struct ConnectionKeys {
  std::string from;
  std::string name;
  std::optional<double> delay_s;
  std::string receptor;
  std::shared_ptr<const Synapse> synapse;
  bool frozen = false;

  [[nodiscard]] static Parameters<ConnectionKeys> parameters();
};

/// What stands under `learn` beside the rule's own parameters.
struct LearnKeys {
  std::string error;
  std::string reward;
  double from_s = 0;
  std::optional<double> until_s;

  [[nodiscard]] static Parameters<LearnKeys> parameters();
};

/// What stands in a probe; one that reads a projection has the projection's keys beside `every`.
struct ProbeKeys {
  std::optional<double> every_s;
  int trials = 0;

  [[nodiscard]] static Parameters<ProbeKeys> parameters();
};
struct LayerProbeKeys {
  std::string layer;
  std::string what;

  [[nodiscard]] static Parameters<LayerProbeKeys> parameters();
};

/// What stands under a layer's `initial` for a state variable.
[[nodiscard]] Parameters<Distribution> initial_state_parameters();

/// A model's keys, where it comes from a file.
struct ModelKeys {
  std::string use;

  [[nodiscard]] static Parameters<ModelKeys> parameters();
};

/// What stands in a stage beside the keys of an experiment.
struct StageKeys {
  std::string name;

  [[nodiscard]] static Parameters<StageKeys> parameters();
};

/// What stands in an analysis beside its own parameters.
struct AnalysisKeys {
  std::string group;

  [[nodiscard]] static Parameters<AnalysisKeys> parameters();
};

}  // namespace tyto::spec

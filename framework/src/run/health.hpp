/// A short report on whether a network did anything at all, for /health and for whoever ran it.
#pragma once

#include <string>
#include <vector>

#include <tyto/backend.hpp>
#include <tyto/metrics.hpp>
#include <tyto/table.hpp>

#include "../spec/experiment.hpp"
#include "runner.hpp"
#include "trainer.hpp"

namespace tyto::run {

class Health {
 public:
  /// Neurons of a layer that never fire, and that fire in nearly every step; `part[i]`: of the steps in which neuron i
  /// fired. `noteworthy`: the part of them from which on this is worth a word.
  void add_layer(const std::string& name, const std::vector<double>& part, double noteworthy);
  /// A sentence under the name of one of Health::kinds().
  void add(const std::string& kind, const std::string& sentence);

  [[nodiscard]] const std::vector<Finding>& findings() const { return said_; }
  /// Sentences by kind, so that those of many runs lie side by side, and counts for each layer that spikes.
  [[nodiscard]] Table table() const;

  /// Everything that may be found, warnings that were given before the run included.
  [[nodiscard]] static const std::vector<std::string>& kinds();

 private:
  struct Layer {
    std::string name;
    std::size_t neurons, silent, saturated;
  };
  std::vector<Layer> layers_;
  std::vector<std::string> sentences_ = std::vector<std::string>(kinds().size());
  std::vector<Finding> said_;  ///< what was found in this run, warnings left out
};

/// Trainable arrays as they are before a training, to see which of them it changed.
class ArraysBefore {
 public:
  ArraysBefore(const ArrayStore& store, const Model& model);
  /// Paths of those that are the same to the last bit.
  [[nodiscard]] std::vector<std::string> unchanged(const ArrayStore& store) const;

 private:
  std::vector<std::pair<std::size_t, std::vector<double>>> values_;
};

/// What a run through trials is judged by.
struct TestedTrials {
  const Evaluation& evaluation;
  const TrialSet& trials;
  const Metrics& metrics;
  const Training& training;
  std::vector<std::string> unchanged;  ///< trainable arrays that a training left as they were
};

/// Of a run that ended early: the warnings that were given before it.
[[nodiscard]] Health health_of(const spec::Experiment& experiment);
[[nodiscard]] Health health_of(const spec::Experiment& experiment, const TestedTrials& tested);
[[nodiscard]] Health health_of(const spec::Experiment& experiment, const SimulationActivity& activity);

}  // namespace tyto::run

#include "health.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include <fmt/format.h>

namespace tyto::run {

namespace {

/// A neuron that fires in more than this part of all steps says nothing any more.
constexpr double saturated_part = 0.9;
/// Part of a layer's neurons from which on silence or saturation is worth a word.
constexpr double noteworthy_neurons = 0.5;
/// Part of the trials that may be tied without a word.
constexpr double noteworthy_ties = 0.01;
/// Part of a simulation's steps for which an ensemble may be given more than its radius without a word.
constexpr double noteworthy_steps = 0.1;
/// Factor by which the training loss may rise without a word.
constexpr double noteworthy_loss = 1.02;
/// Factor by which an error that a rule works on may grow without a word.
constexpr double noteworthy_growth = 1.5;
/// Standard deviations of a proportion within which an accuracy is no better than chance.
constexpr double deviations = 2;

std::string percent(double part) { return fmt::format("{:.3g} %", 100 * part); }

void judge_accuracy(const Metrics& metrics, std::size_t trials, Health& health) {
  if (!metrics.accuracy || !metrics.chance || trials == 0) return;
  const double chance = *metrics.chance;
  const double noise = std::sqrt(chance * (1 - chance) / static_cast<double>(trials));
  if (*metrics.accuracy <= chance + deviations * noise)
    health.add(
        "chance",
        fmt::format("the accuracy of {} cannot be told from that of always answering the most frequent class, {}",
                    percent(*metrics.accuracy), percent(chance)));
}

void judge_answers(const Evaluation& evaluation, std::size_t outputs, Health& health) {
  std::vector<std::size_t> answers(outputs);
  std::size_t tied = 0;
  for (std::size_t trial = 0; trial < evaluation.trials; ++trial) {
    const auto scores = std::span(evaluation.scores).subspan(trial * outputs, outputs);
    const auto best = std::max_element(scores.begin(), scores.end());
    ++answers[static_cast<std::size_t>(best - scores.begin())];
    tied += std::count(best, scores.end(), *best) > 1 ? 1 : 0;
  }
  if (evaluation.trials > 1 && outputs > 1 &&
      std::find(answers.begin(), answers.end(), evaluation.trials) != answers.end())
    health.add("one_answer", "every trial gets the same answer");
  if (static_cast<double>(tied) > noteworthy_ties * static_cast<double>(evaluation.trials))
    health.add("ties", fmt::format("in {} of {} trials two or more classes have the same best score; the first of them "
                                   "counts as the answer",
                                   tied, evaluation.trials));
}

void judge_training(const Training& training, Health& health) {
  if (training.epochs.size() < 2) return;
  const double first = training.epochs.front().loss;
  const std::size_t kept =
      training.restored ? static_cast<std::size_t>(*training.best_epoch - 1) : training.epochs.size() - 1;
  const double last = training.epochs[kept].loss;
  if (last > noteworthy_loss * first)
    health.add(
        "loss_rose",
        fmt::format("the training loss rose from {:.4g} to {:.4g}; the learning rate may be too large", first, last));
}

/// The rule's error at first and in the last tenth of its time. One that has grown may still be small, where the task
/// was easy at first: it is worth a word if it is not on its way down, and is large for an ensemble.
void judge_learning(const spec::Experiment& experiment, const SimulationActivity::Learning& learning, Health& health) {
  const auto& rms = learning.error_rms;
  const auto& layers = experiment.model.layers;
  const ModelLayer& target = layers[learning.layer];
  if (rms.empty()) return;
  const std::size_t part = std::max<std::size_t>(1, rms.size() / 10);
  const double last =
      std::accumulate(rms.end() - static_cast<std::ptrdiff_t>(part), rms.end(), 0.0) / static_cast<double>(part);
  std::vector<double> sorted = rms;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  if (last <= noteworthy_growth * learning.first_rms || last < *middle / noteworthy_growth) return;
  if (target.ensemble && last < 0.5 * target.population->radius()) return;
  const std::string from = learning.from == ModelInput::stimulus ? "stimulus" : layers[learning.from].name;
  health.add(
      "error_grew",
      fmt::format("the error from which the connection from '{}' to '{}' learns grew from {:.3g} to {:.3g} (root "
                  "mean square); it may have the wrong sign, or the learning rate may be too large",
                  from, target.name, learning.first_rms, last));
}

}  // namespace

const std::vector<std::string>& Health::kinds() {
  static const std::vector<std::string> kinds = [] {
    std::vector<std::string> names{"silent_neurons", "saturated_neurons", "chance",        "one_answer", "ties",
                                   "loss_rose",      "unchanged_arrays",  "beyond_radius", "error_grew"};
    names.insert(names.end(), spec::warning_names().begin(), spec::warning_names().end());
    return names;
  }();
  return kinds;
}

void Health::add(const std::string& kind, const std::string& sentence) {
  const auto place = std::find(kinds().begin(), kinds().end(), kind) - kinds().begin();
  auto& all = sentences_.at(static_cast<std::size_t>(place));
  all += (all.empty() ? "" : "; ") + sentence;
  const auto& warnings = spec::warning_names();
  if (std::find(warnings.begin(), warnings.end(), kind) == warnings.end()) said_.push_back({kind, sentence});
}

void Health::add_layer(const std::string& name, const std::vector<double>& part, double noteworthy) {
  const auto count = [&](auto&& of) { return static_cast<std::size_t>(std::count_if(part.begin(), part.end(), of)); };
  Layer layer{name, part.size(), count([](double p) { return p == 0; }),
              count([](double p) { return p > saturated_part; })};
  const double enough = noteworthy * static_cast<double>(layer.neurons);
  if (static_cast<double>(layer.silent) >= enough)
    add("silent_neurons", fmt::format("{} of {} neurons of layer '{}' never fire", layer.silent, layer.neurons, name));
  if (static_cast<double>(layer.saturated) >= enough)
    add("saturated_neurons", fmt::format("{} of {} neurons of layer '{}' fire in more than {} of all steps",
                                         layer.saturated, layer.neurons, name, percent(saturated_part)));
  layers_.push_back(std::move(layer));
}

Table Health::table() const {
  Table table;
  table.attribute("findings", static_cast<std::int64_t>(std::count_if(sentences_.begin(), sentences_.end(),
                                                                      [](const auto& text) { return !text.empty(); })));
  table.axis("finding", kinds(), "1", "what may be amiss");
  table.variable("message", {"finding"}, sentences_, "1", "what was found; empty if nothing was");
  if (layers_.empty()) return table;
  std::vector<std::string> names;
  std::vector<std::int64_t> neurons, silent, saturated;
  for (const auto& layer : layers_) {
    names.push_back(layer.name);
    neurons.push_back(static_cast<std::int64_t>(layer.neurons));
    silent.push_back(static_cast<std::int64_t>(layer.silent));
    saturated.push_back(static_cast<std::int64_t>(layer.saturated));
  }
  table.axis("layer", std::move(names), "1", "layers that spike");
  table.variable("neurons", {"layer"}, std::move(neurons), "1", "neurons of the layer");
  table.variable("silent", {"layer"}, std::move(silent), "1", "neurons that never fired");
  table.variable("saturated", {"layer"}, std::move(saturated), "1", "neurons that fired in more than 0.9 of all steps");
  return table;
}

ArraysBefore::ArraysBefore(const ArrayStore& store, const Model& model) {
  // Where connections have rules of their own, others are meant to stay as they are.
  const auto learns = [&](const NetworkArray& array) {
    return array.owner == NetworkArray::Owner::connection &&
           model.layers[array.index].inputs[array.input].learning.has_value();
  };
  const bool some_learn = std::any_of(store.arrays().begin(), store.arrays().end(), learns);
  for (std::size_t array = 0; array < store.arrays().size(); ++array)
    if (store.arrays()[array].learns() && (!some_learn || learns(store.arrays()[array])))
      values_.emplace_back(array, store.get(array));
}

std::vector<std::string> ArraysBefore::unchanged(const ArrayStore& store) const {
  std::vector<std::string> paths;
  for (const auto& [array, values] : values_)
    if (!values.empty() && store.get(array) == values) paths.push_back(store.arrays()[array].path());
  return paths;
}

Health health_of(const spec::Experiment& experiment) {
  Health health;
  for (const auto& warning : experiment.warnings) health.add(warning.name, warning.message);
  return health;
}

Health health_of(const spec::Experiment& experiment, const TestedTrials& tested) {
  Health health = health_of(experiment);
  const auto& layers = experiment.model.layers;
  for (std::size_t layer = 0; layer < layers.size() && layer < tested.evaluation.activity.size(); ++layer) {
    if (!layers[layer].spiking || !layers[layer].population) continue;
    const auto& activity = tested.evaluation.activity[layer];
    std::vector<double> part(layers[layer].size);
    for (std::size_t cell = 0; cell < activity.size(); ++cell)
      part[cell % part.size()] += activity[cell] / static_cast<double>(tested.evaluation.trials);
    health.add_layer(layers[layer].name, part, noteworthy_neurons);
  }
  judge_accuracy(tested.metrics, tested.trials.size(), health);
  if (experiment.objective.classifies()) judge_answers(tested.evaluation, experiment.objective.outputs(), health);
  judge_training(tested.training, health);
  for (const auto& path : tested.unchanged)
    health.add("unchanged_arrays", "the training left " + path +
                                       " as it was: no gradient reached it, its steps are too small, or the "
                                       "rule leaves it alone");
  return health;
}

Health health_of(const spec::Experiment& experiment, const SimulationActivity& activity) {
  Health health = health_of(experiment);
  if (activity.steps == 0) return health;
  const auto steps = static_cast<double>(activity.steps);
  const auto& layers = experiment.model.layers;
  for (std::size_t layer = 0; layer < activity.populations.size(); ++layer) {
    const auto& population = activity.populations[layer];
    if (!population.spikes.empty()) {
      std::vector<double> part;
      for (const auto spikes : population.spikes) part.push_back(static_cast<double>(spikes) / steps);
      // Many neurons of an ensemble are silent as long as it represents one value.
      health.add_layer(layers[layer].name, part, layers[layer].ensemble ? 1 : noteworthy_neurons);
    }
    const double beyond = static_cast<double>(population.steps_beyond_radius) / steps;
    if (beyond > noteworthy_steps)
      health.add("beyond_radius",
                 fmt::format("ensemble '{}' was given more than its radius of {:.4g} in {} of all steps",
                             layers[layer].name, layers[layer].population->radius(), percent(beyond)));
  }
  for (const auto& learning : activity.learning) judge_learning(experiment, learning, health);
  return health;
}

}  // namespace tyto::run

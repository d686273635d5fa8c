#include "learning.hpp"

#include <algorithm>
#include <cstdlib>

#include "blocks.hpp"
#include "parts.hpp"
#include "words.hpp"

namespace tyto::spec {

namespace {

/// Takes a key out of the keys of a rule that does not train.
void refuse_training_key(Node& keys, const std::string& key, const Configured& rule, Reader& reader) {
  const auto found =
      std::find_if(keys.entries.begin(), keys.entries.end(), [&](const auto& entry) { return entry.key == key; });
  if (found == keys.entries.end()) return;
  reader.fault(found->place, "the rule " + quote(rule.info->name) + " does not train: leave out " + quote(key));
  keys.entries.erase(found);
}

void check_monitor(const Node& learning, Reader& reader, const Experiment& experiment) {
  if (!experiment.early_stopping || experiment.early_stopping->monitor != EarlyStopping::Monitor::accuracy ||
      experiment.objective.classifies())
    return;
  reader.fault(
      place_of(learning, {"early_stopping", "monitor"}),
      "accuracy is a part of trials in the right class, and the objective has no classes; use 'monitor: loss'");
}

void read_trials(Node keys, const Configured& rule, LearningPart& part, Reader& reader, Experiment& experiment) {
  Node resolved;
  if (rule.interface == nullptr || rule.as<LearningRule>()->trains()) {
    LearningKeys learning;
    resolved = reader.read(keys, LearningKeys::parameters(), learning);
    experiment.epochs = learning.epochs;
    experiment.batch_size = learning.batch_size;
    experiment.train_trials = learning.trials.train;
    experiment.validation_trials = learning.trials.validation;
    experiment.test_trials = learning.trials.test;
    experiment.fresh_trials = learning.trials.fresh;
    experiment.early_stopping = learning.early_stopping;
    experiment.schedule = learning.schedule;
    check_monitor(keys, reader, experiment);
    if (learning.batch_size > learning.trials.train)
      reader.warn("large_batch", place_of(keys, {"batch_size"}),
                  "batch_size: " + std::to_string(learning.batch_size) + " is more than the " +
                      std::to_string(learning.trials.train) +
                      " training trials, so that an epoch is one batch of these");
  } else {
    EvaluationKeys evaluation;
    for (const auto* key : {"epochs", "early_stopping", "schedule"}) refuse_training_key(keys, key, rule, reader);
    if (Node* trials = keys.find("trials"))
      for (const auto* key : {"train", "validation", "fresh"}) refuse_training_key(*trials, key, rule, reader);
    resolved = reader.read(keys, EvaluationKeys::parameters(), evaluation);
    experiment.epochs = 0;
    experiment.batch_size = evaluation.batch_size;
    experiment.train_trials = 0;
    experiment.test_trials = evaluation.trials.test;
  }
  for (auto& entry : resolved.entries) part.resolved.entries.push_back(std::move(entry));
}

/// Trials that a split has, where the stimulus has but so many, and not more than these.
void settle_trials(Node& trials, Split split, std::size_t available, Reader& reader) {
  const std::string key(to_string(split));
  Node* const written = trials.find(key);
  if (available == 0 && split != Split::validation && written == nullptr) {
    reader.fault(trials.place, "the stimulus has no " + key + " trials; say in it which trials are for what");
    return;
  }
  if (written == nullptr) return put(trials, key, make_scalar(std::to_string(available), trials.place));
  const auto count = written->is_scalar() ? std::strtod(written->text.c_str(), nullptr) : 0;
  if (count > static_cast<double>(available))
    reader.fault(written->place, key + ": the stimulus has " + std::to_string(available) + " " + key + " trials");
}

/// How many trials there are, if the stimulus says so.
void settle_trials(Node& keys, bool trains, Reader& reader, const Experiment& experiment) {
  if (!experiment.stimulus) return;
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    const auto available = experiment.stimulus->available(split);
    if (!available || (!trains && split != Split::test)) continue;
    if (keys.find("trials") == nullptr) put(keys, "trials", make_map(keys.place));
    if (Node& trials = *keys.find("trials"); trials.is_map()) settle_trials(trials, split, *available, reader);
  }
}

}  // namespace

LearningPart read_learning(const Node& root, Reader& reader, Experiment& experiment) {
  LearningPart part;
  const Node* node = root.find("learning");
  if (node == nullptr || node->type == Node::Type::null) {
    reader.fault(node == nullptr ? root.place : node->place,
                 "'learning' is missing (a learning rule, as in 'learning: {rule: none}')");
    return part;
  }
  static const std::vector<std::string> own{"epochs", "batch_size", "trials", "early_stopping", "schedule"};
  part.rule = reader.component(*node, {Kind::learning_rule, "rule", {}}, own);
  part.resolved = part.rule.resolved;
  experiment.rule = part.rule.as<LearningRule>();
  Node keys = make_map(node->place);
  for (const auto& entry : node->entries)
    if (std::find(own.begin(), own.end(), entry.key) != own.end()) keys.entries.push_back(entry);
  settle_trials(keys, part.rule.interface == nullptr || part.rule.as<LearningRule>()->trains(), reader, experiment);
  read_trials(std::move(keys), part.rule, part, reader, experiment);
  return part;
}

}  // namespace tyto::spec

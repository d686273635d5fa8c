#include "stimulus_stream.hpp"

#include <algorithm>

#include <tyto/analysis_tools.hpp>

#include "checks.hpp"

namespace tyto::run {

StimulusStream::StimulusStream(const spec::Experiment& experiment) : experiment_(experiment) {
  const auto& plan = *experiment.simulation;
  if (!experiment.stimulus) return;
  if (!plan.sequence) {
    values_of_ = experiment.stimulus->stream(experiment.seeds.trials, plan.dt_s);
    return;
  }
  shape_ = experiment.stimulus->shape();
  steps_of_trial_ = shape_.steps + plan.sequence->pause_steps;
  if (shape_.values)
    trial_values_.resize(shape_.steps * shape_.channels);
  else
    trial_.resize(shape_.steps * words_for(shape_.channels));
}

Signal<double> StimulusStream::next(std::uint64_t first, std::size_t steps) {
  const std::size_t channels = experiment_.model.input.channels;
  if (steps_of_trial_ > 0) {
    show_trials(first, steps);
    if (shape_.values) return {steps, channels, nullptr, values_.data()};
    return {steps, channels, shown_.data(), nullptr};
  }
  values_.resize(steps * channels);
  if (values_of_) values_of_->values(first, values_);
  return {steps, channels, nullptr, values_.data()};
}

void StimulusStream::make(std::uint64_t number) {
  if (number < made_) return;
  const std::size_t count = experiment_.stimulus->targets().size();
  std::fill(trial_.begin(), trial_.end(), 0);
  targets_.resize((number + 1) * count);
  const TrialKey key{experiment_.seeds.trials, experiment_.simulation->sequence->split, number};
  const auto targets = std::span(targets_).subspan(number * count, count);
  if (shape_.values)
    experiment_.stimulus->make_values(key, trial_values_, targets);
  else
    experiment_.stimulus->make(key, {trial_.data(), shape_.steps, shape_.channels}, targets);
  made_ = number + 1;
}

void StimulusStream::show_trials(std::uint64_t first, std::size_t steps) {
  const std::size_t words = words_for(shape_.channels), channels = shape_.channels;
  shown_.assign(shape_.values ? 0 : steps * words, 0);
  values_.assign(shape_.values ? steps * channels : 0, 0.0);
  for (std::size_t t = 0; t < steps; ++t) {
    const std::uint64_t step = (first + t) % steps_of_trial_;
    if (step >= shape_.steps) continue;
    make((first + t) / steps_of_trial_);
    if (shape_.values)
      std::copy_n(trial_values_.begin() + static_cast<std::ptrdiff_t>(step * channels), channels,
                  values_.begin() + static_cast<std::ptrdiff_t>(t * channels));
    else
      std::copy_n(trial_.begin() + static_cast<std::ptrdiff_t>(step * words), words,
                  shown_.begin() + static_cast<std::ptrdiff_t>(t * words));
  }
}

Table StimulusStream::trials(std::uint64_t before) const {
  const auto infos = experiment_.stimulus->targets();
  const std::uint64_t count = std::min(made_, (before + steps_of_trial_ - 1) / steps_of_trial_);
  Table table;
  std::vector<std::int64_t> numbers;
  std::vector<double> begins_s;
  for (std::uint64_t number = 0; number < count; ++number) {
    numbers.push_back(static_cast<std::int64_t>(number));
    begins_s.push_back(static_cast<double>(number * steps_of_trial_) * experiment_.simulation->dt_s);
  }
  table.axis("trial", std::move(numbers), "1", "number of the trial in its split");
  table.variable("begin", {"trial"}, std::move(begins_s), "s", "when its first step begins");
  table.variable("duration", {}, std::vector{static_cast<double>(shape_.steps) * shape_.dt_s}, "s",
                 "of a trial, without the pause");
  for (std::size_t k = 0; k < infos.size(); ++k) {
    std::vector<double> values;
    for (std::uint64_t number = 0; number < count; ++number) values.push_back(targets_[number * infos.size() + k]);
    table.variable(infos[k].name, {"trial"}, reported_values(infos[k], std::move(values)),
                   reported_unit(infos[k].dimension).name, infos[k].doc);
  }
  return table;
}

}  // namespace tyto::run

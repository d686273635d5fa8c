/// A program of few lines to compare with, and ways to run a model that record all that its layers do.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <tyto/schedule.hpp>
#include <tyto/trials.hpp>

#include "support/workshop.hpp"

namespace workshop {

/// Numbers of a layer over time, [step][neuron].
struct Trace {
  std::vector<double> output, state;
  bool operator==(const Trace&) const = default;
};
using Traces = std::map<std::string, Trace>;

/// What a network is shown: spikes, or the numbers of a trial of a set.
class Shown {
 public:
  Shown(const tyto::Spikes& spikes) : spikes_(spikes) {}
  Shown(const tyto::TrialSet& trials, std::size_t trial) {
    const auto& shape = trials.shape();
    spikes_ = {nullptr, shape.steps, shape.channels};
    if (shape.values)
      values_.assign(trials.values(trial).begin(), trials.values(trial).end());
    else
      spikes_ = trials.spikes(trial);
  }
  [[nodiscard]] std::size_t steps() const { return spikes_.steps; }
  [[nodiscard]] bool spikes() const { return values_.empty(); }
  [[nodiscard]] double at(std::size_t step, std::size_t channel) const {
    return spikes() ? (spikes_.at(step, channel) ? 1 : 0) : values_[step * spikes_.channels + channel];
  }
  [[nodiscard]] tyto::Signal<double> signal(std::size_t first, std::size_t steps) const {
    const std::size_t channels = spikes_.channels;
    if (spikes()) return {steps, channels, spikes_.data + first * spikes_.words(), nullptr};
    return {steps, channels, nullptr, values_.data() + first * channels};
  }

 private:
  tyto::Spikes spikes_;
  std::vector<double> values_;
};

/// A program of few lines: layer after layer, input after input, step after step.
template <class S>
class Plain {
 public:
  Plain(const tyto::Model& model, const tyto::Program& program) : model_(model) {
    for (std::size_t k = 0; k < program.arrays().size(); ++k) {
      const auto values = program.get(k);
      arrays_.emplace_back(values.begin(), values.end());
    }
  }

  /// Connections that learn do so at once, as in a stream, or their changes are collected.
  Traces run(const Shown& shown, bool at_once = true) {
    const std::size_t steps = shown.steps();
    represented_.resize(model_.layers.size());
    for_inputs([&](std::size_t layer, const tyto::ModelInput& input, std::size_t first_array) {
      if (input.learning) start_rule(layer, input, first_array);
    });
    std::vector<std::vector<S>> carried(model_.layers.size());
    std::vector<std::unique_ptr<tyto::PopulationKernel<S>>> kernels;
    for (std::size_t k = 0; k < model_.layers.size(); ++k) {
      kernels.push_back(population(*model_.layers[k].population));
      carried[k].resize(kernels[k]->state_size() * model_.layers[k].size);
      kernels[k]->rest(own_arrays(k), carried[k]);
      history_.emplace_back(steps * model_.layers[k].size, S(0));
    }
    stimulus_ = &shown;
    Traces traces;
    for (std::size_t t = 0; t < steps; ++t) {
      if (arrays_at) arrays_at(t, arrays_);
      for (std::size_t k = 0; k < model_.layers.size(); ++k) {
        const auto& layer = model_.layers[k];
        const std::size_t receptors = std::max<std::size_t>(layer.population->receptors().size(), 1);
        std::vector<std::vector<S>> currents(receptors, std::vector<S>(layer.size, S(0)));
        std::vector<S> current, represented(layer.ensemble ? layer.population->input_size(layer.size) : 0);
        add_arriving(k, t, currents, represented);
        for (const auto& of_receptor : currents) current.insert(current.end(), of_receptor.begin(), of_receptor.end());
        represented_[k] = represented;
        if (layer.ensemble) kernels[k]->drive({1, 1, layer.size, represented.data(), current.data()}, own_arrays(k));
        tyto::ForwardScan<S> scan;
        scan.steps = 1;
        scan.neurons = layer.size;
        scan.current = current.data();
        scan.output = history_[k].data() + t * layer.size;
        scan.carried = carried[k].data();
        scan.smooth = smooth;
        tyto::Pass pass;
        pass.layer = layer.name;
        scan.pass = &pass;
        scan.first_step = t;
        kernels[k]->forward(scan);
        auto& trace = traces[layer.name];
        trace.output.insert(trace.output.end(), scan.output, scan.output + layer.size);
        if (!carried[k].empty())
          trace.state.insert(trace.state.end(), carried[k].begin(),
                             carried[k].begin() + static_cast<std::ptrdiff_t>(layer.size));
      }
      if (arrays_at) arrays_at(t + 1, arrays_);
      move_synapses(t);
      for_inputs([&](std::size_t layer, const tyto::ModelInput& input, std::size_t first_array) {
        if (input.learning) learn(layer, input, first_array, t, at_once);
      });
    }
    return traces;
  }
  [[nodiscard]] const std::vector<std::vector<S>>& arrays() const { return arrays_; }
  const tyto::Surrogate* smooth = nullptr;  ///< if set, its primitive takes the place of spikes
  /// If set: called before arrays are used for a step, to change them.
  std::function<void(std::size_t step, std::vector<std::vector<S>>& arrays)> arrays_at;
  /// What a reward adds to the collected changes.
  void reward(const tyto::ModelInput& input, double surprise) {
    Rule& rule = rules_.at(&input);
    tyto::LocalStep<S> step = kept(rule);
    step.changes = tyto::Changes<S>(rule.changes);
    rule.kernel->reward(step, static_cast<S>(surprise));
  }
  /// Collected ones, of an input's first array.
  [[nodiscard]] const std::vector<S>& changes(const tyto::ModelInput& input) const { return rules_.at(&input).changes; }

 private:
  /// A connection's rule and what it keeps.
  struct Rule {
    std::unique_ptr<tyto::PlasticityKernel<S>> kernel;
    tyto::Synapses synapses;
    std::vector<S> source, target, synapse, other, handed, changes;
  };

  [[nodiscard]] tyto::LocalStep<S> kept(Rule& rule) const {
    tyto::LocalStep<S> step;
    step.synapses = &rule.synapses;
    step.source_state = rule.source;
    step.target_state = rule.target;
    step.synapse_state = rule.synapse;
    step.other_state = rule.other;
    return step;
  }
  void start_rule(std::size_t layer, const tyto::ModelInput& input, std::size_t first_array) {
    Rule& rule = rules_[&input];
    const std::size_t from = channels_of(input.from);
    std::vector<std::span<const S>> views;
    for (std::size_t k = 0; k < input.arrays.size(); ++k) views.emplace_back(arrays_[first_array + k]);
    const auto projection_kernel = projection(*input.projection);
    projection_kernel->start(views, from, input.channels);
    rule.synapses = projection_kernel->synapses(from, input.channels);
    if constexpr (std::is_same_v<S, float>)
      rule.kernel = input.learning->rule->kernel_f32(model_.input.dt_s);
    else
      rule.kernel = input.learning->rule->kernel_f64(model_.input.dt_s);
    const tyto::StateSizes sizes = rule.kernel->state(rule.synapses);
    rule.source.assign(sizes.source * from, S(0));
    rule.target.assign(sizes.target * model_.layers[layer].size, S(0));
    rule.synapse.assign(sizes.synapse * rule.synapses.count(), S(0));
    rule.other.assign(sizes.other, S(0));
    rule.changes.assign(arrays_[first_array].size(), S(0));
    rule.kernel->start(kept(rule));
  }
  void learn(std::size_t layer, const tyto::ModelInput& input, std::size_t first_array, std::size_t t, bool at_once) {
    Rule& rule = rules_[&input];
    tyto::LocalStep<S> step = kept(rule);
    tyto::ModelInput undelayed = input;
    undelayed.delay_steps = 0;
    const std::size_t late = tyto::steps_late(layer, input);
    // Rules of spikes go by when these act, others by when they were sent plus the delay.
    const std::size_t later = input.learning->rule->needs().spikes ? late : late - tyto::steps_late(layer, undelayed);
    const Rows source = rows_of(input.from, static_cast<std::ptrdiff_t>(t) - static_cast<std::ptrdiff_t>(later), 1);
    const Rows target = rows_of(layer, static_cast<std::ptrdiff_t>(t), 1);
    step.source = source.signal();
    step.target = target.signal();
    step.handed = rule.handed;
    std::vector<S> error;
    if (input.learning->error != tyto::ModelLearning::none) error = values_at(input.learning->error, t);
    if (input.learning->reward != tyto::ModelLearning::none) step.reward = values_at(input.learning->reward, t)[0];
    step.error = error;
    step.weights = arrays_[first_array];
    const auto bounds = rule.kernel->bounds();
    step.changes =
        at_once ? tyto::Changes<S>(arrays_[first_array], static_cast<S>(bounds.lowest), static_cast<S>(bounds.highest))
                : tyto::Changes<S>(rule.changes);
    const auto& reached = model_.layers[layer];
    if (reached.ensemble) {
      step.onto_neurons = input.onto_neurons;
      step.radius = reached.population->radius();
      for (std::size_t k = 0; k < reached.arrays.size(); ++k) {
        auto& own = arrays_[first_of(layer) + k];
        if (reached.arrays[k].name == "encoders") step.encoders = own;
        if (reached.arrays[k].name == "gain") step.gain = own;
      }
    }
    rule.kernel->step(step, true);
  }
  [[nodiscard]] std::vector<S> values_at(std::size_t layer, std::size_t t) const {
    if (model_.layers[layer].ensemble) return represented_[layer];
    const std::size_t n = model_.layers[layer].size;
    const auto begin = history_[layer].begin() + static_cast<std::ptrdiff_t>(t * n);
    return {begin, begin + static_cast<std::ptrdiff_t>(n)};
  }

  static std::size_t words(std::size_t channels) { return tyto::words_for(channels); }

  [[nodiscard]] std::unique_ptr<tyto::PopulationKernel<S>> population(const tyto::Layer& layer) const {
    if constexpr (std::is_same_v<S, float>)
      return layer.population_f32(model_.input.dt_s);
    else
      return layer.population_f64(model_.input.dt_s);
  }
  [[nodiscard]] std::unique_ptr<tyto::ProjectionKernel<S>> projection(const tyto::Layer& layer) const {
    if constexpr (std::is_same_v<S, float>)
      return layer.projection_f32(model_.input.dt_s);
    else
      return layer.projection_f64(model_.input.dt_s);
  }

  [[nodiscard]] std::size_t channels_of(std::size_t source) const {
    return source == tyto::ModelInput::stimulus ? model_.input.channels : model_.layers[source].size;
  }
  /// What a source puts out in some steps up to step t; nothing happened before the first step.
  struct Rows {
    std::size_t rows, channels;
    bool spiking;
    std::vector<std::uint64_t> bits;
    std::vector<S> values;
    [[nodiscard]] tyto::Signal<S> signal() const {
      return {rows, channels, spiking ? bits.data() : nullptr, spiking ? nullptr : values.data()};
    }
  };
  [[nodiscard]] Rows rows_of(std::size_t source, std::ptrdiff_t t, std::size_t rows) const {
    const bool stimulus = source == tyto::ModelInput::stimulus;
    const std::size_t channels = channels_of(source);
    Rows made{rows, channels, stimulus ? stimulus_->spikes() : model_.layers[source].spiking && smooth == nullptr,
              std::vector<std::uint64_t>(rows * words(channels), 0), std::vector<S>(rows * channels, S(0))};
    for (std::size_t k = 0; k < rows; ++k) {
      const std::ptrdiff_t step = t + 1 - static_cast<std::ptrdiff_t>(rows - k);
      for (std::size_t c = 0; step >= 0 && c < channels; ++c) {
        const auto row = static_cast<std::size_t>(step);
        made.values[k * channels + c] =
            stimulus ? static_cast<S>(stimulus_->at(row, c)) : history_[source][row * channels + c];
        if (made.values[k * channels + c] != 0) made.bits[k * words(channels) + c / 64] |= std::uint64_t{1} << (c % 64);
      }
    }
    return made;
  }

  /// Adds what a connection makes of its source in step t, and of the steps before that its kernel reads. Nothing
  /// happened before the first step.
  void project(const tyto::ModelInput& input, std::size_t first_array, std::ptrdiff_t t, std::vector<S>& target) {
    const std::size_t channels = channels_of(input.from);
    std::vector<std::span<const S>> views;
    for (std::size_t k = 0; k < input.arrays.size(); ++k) views.emplace_back(arrays_[first_array + k]);
    auto& kernel = kernels_[&input];
    if (!kernel) {
      kernel = projection(*input.projection);
      kernel->start(views, channels, target.size());
    }
    const std::size_t rows = kernel->reach() + 1;
    const Rows shown = rows_of(input.from, t, rows);
    const auto signal = shown.signal();
    if (rows == 1) {
      kernel->forward(signal, views, target.size(), {}, target.data());
      return;
    }
    std::vector<S> handed(rows * target.size(), S(0));
    kernel->forward(signal, views, target.size(), {}, handed.data());
    for (std::size_t c = 0; c < target.size(); ++c) target[c] += handed[(rows - 1) * target.size() + c];
  }

  [[nodiscard]] std::size_t first_of(std::size_t layer) const { return tyto::ArrayTable(model_).of_layer(layer).first; }
  [[nodiscard]] std::vector<std::span<const S>> own_arrays(std::size_t layer) const {
    const std::size_t first = first_of(layer);
    std::vector<std::span<const S>> views;
    for (std::size_t k = 0; k < model_.layers[layer].arrays.size(); ++k) views.emplace_back(arrays_[first + k]);
    return views;
  }

  void add_arriving(std::size_t layer, std::size_t t, std::vector<std::vector<S>>& currents,
                    std::vector<S>& represented) {
    for_inputs([&](std::size_t k, const tyto::ModelInput& input, std::size_t first_array) {
      if (k != layer) return;
      auto& current = model_.layers[k].ensemble && !input.onto_neurons ? represented : currents[input.receptor];
      const auto late = static_cast<std::ptrdiff_t>(tyto::steps_late(k, input));
      // What a rule sees is summed up by itself.
      std::vector<S> handed(input.learning ? current.size() : 0, S(0));
      auto& sum = input.learning ? handed : current;
      if (!input.synapse) {
        project(input, first_array, static_cast<std::ptrdiff_t>(t) - late, sum);
        keep(input, handed, current);
        return;
      }
      const auto filter = filter_of(*input.synapse, model_.input.dt_s, input.synaptic_input);
      auto& state = states_[&input];
      state.resize(filter.order * current.size());
      for (std::size_t row = 0; row < filter.order; ++row)
        for (std::size_t c = 0; c < current.size(); ++c)
          sum[c] += static_cast<S>(filter.order == 1 ? filter.c[0] * filter.b[0] : filter.c[row]) *
                    state[row * current.size() + c];
      keep(input, handed, current);
    });
  }
  void keep(const tyto::ModelInput& input, const std::vector<S>& handed, std::vector<S>& current) {
    if (!input.learning) return;
    for (std::size_t c = 0; c < current.size(); ++c) current[c] += handed[c];
    rules_[&input].handed = handed;
  }

  /// x = A x + B u; a single state is kept in units of B.
  void move_synapses(std::size_t t) {
    for_inputs([&](std::size_t layer, const tyto::ModelInput& input, std::size_t first_array) {
      if (!input.synapse) return;
      const std::size_t n = input.channels;
      const auto filter = filter_of(*input.synapse, model_.input.dt_s, input.synaptic_input);
      const auto source =
          static_cast<std::ptrdiff_t>(t + 1) - static_cast<std::ptrdiff_t>(tyto::steps_late(layer, input));
      auto& state = states_[&input];
      if (filter.order == 1) {
        for (S& x : state) x *= static_cast<S>(filter.a[0]);
        project(input, first_array, source, state);
        return;
      }
      std::vector<S> driven(n, S(0)), next(state.size(), S(0));
      project(input, first_array, source, driven);
      for (std::size_t row = 0; row < filter.order; ++row)
        for (std::size_t c = 0; c < n; ++c) {
          next[row * n + c] += static_cast<S>(filter.b[row]) * driven[c];
          for (std::size_t column = 0; column < filter.order; ++column)
            next[row * n + c] += static_cast<S>(filter.a[row * filter.order + column]) * state[column * n + c];
        }
      state = next;
    });
  }

  template <class Visit>
  void for_inputs(const Visit& visit) {
    std::size_t first = 0;
    for (std::size_t k = 0; k < model_.layers.size(); ++k) {
      first += model_.layers[k].arrays.size();
      for (const auto& input : model_.layers[k].inputs) {
        visit(k, input, first);
        first += input.arrays.size();
      }
    }
  }

  const tyto::Model& model_;
  std::vector<std::vector<S>> arrays_;
  std::vector<std::vector<S>> history_;  ///< outputs of each layer
  const Shown* stimulus_ = nullptr;
  std::map<const tyto::ModelInput*, std::vector<S>> states_;
  std::map<const tyto::ModelInput*, std::unique_ptr<tyto::ProjectionKernel<S>>> kernels_;
  std::vector<std::vector<S>> represented_;  ///< by each ensemble in the present step
  std::map<const tyto::ModelInput*, Rule> rules_;
};

inline Traces as_trial(const tyto::Model& model, tyto::Program& program, const tyto::TrialSet& trials,
                       std::size_t trial) {
  Traces traces;
  for (std::size_t k = 0; k < model.layers.size(); ++k) {
    const auto recording = program.record(trials, trial, k);
    auto& trace = traces[model.layers[k].name];
    trace.output = recording.output;
    // A trial records what is before each step; what is after the last one is not there.
    trace.state.assign(recording.states[0].begin() + static_cast<std::ptrdiff_t>(recording.neurons),
                       recording.states[0].end());
  }
  return traces;
}

/// The same model with a stream, and probes of all outputs and first states.
inline tyto::Model streaming(tyto::Model model) {
  model.input.steps = 0;
  for (std::size_t k = 0; k < model.layers.size(); ++k)
    for (const auto what : {tyto::ModelProbe::What::output, tyto::ModelProbe::What::state}) {
      tyto::ModelProbe probe;
      probe.name = model.layers[k].name;
      probe.what = what;
      probe.layer = k;
      const auto states = model.layers[k].population->population_f64(model.input.dt_s)->state_names();
      if (what == tyto::ModelProbe::What::state && states.empty()) continue;
      if (!states.empty()) probe.item = states[0];
      probe.channels = model.layers[k].size;
      model.probes.push_back(probe);
    }
  return model;
}

inline Traces as_stream(const tyto::Model& model, tyto::Program& program, const Shown& shown, std::size_t window) {
  Traces traces;
  program.start(0);
  for (std::size_t first = 0; first < shown.steps(); first += window)
    program.advance(shown.signal(first, std::min(window, shown.steps() - first)), [&](std::size_t probe, std::uint64_t,
                                                                                      std::span<const double> sample) {
      auto& trace = traces[model.probes[probe].name];
      auto& all = model.probes[probe].what == tyto::ModelProbe::What::output ? trace.output : trace.state;
      all.insert(all.end(), sample.begin(), sample.end());
    });
  return traces;
}

inline void copy_arrays(const tyto::Program& from, tyto::Program& to) {
  for (std::size_t k = 0; k < from.arrays().size(); ++k) to.set(k, from.get(k));
}

/// Trials record states before each step, and so none after the last one.
inline void drop_last_state(Traces& traces, const tyto::Model& model) {
  for (const auto& layer : model.layers) traces[layer.name].state.resize(traces[layer.name].state.size() - layer.size);
}

}  // namespace workshop

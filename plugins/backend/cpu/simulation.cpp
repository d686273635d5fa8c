#include "simulation.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <tyto/error.hpp>

#include "flush_to_zero.hpp"
#include "kernels.hpp"
#include "pack.hpp"

namespace cpu {

namespace {

/// Steps of learning by which an error is judged at its beginning.
constexpr std::size_t first_steps = 100;

constexpr std::size_t stimulus = tyto::ModelInput::stimulus;

/// The first step that begins at or after a time.
std::uint64_t step_at(double time_s, double dt_s) {
  const double steps = std::ceil(time_s / dt_s - 1e-6);
  constexpr double beyond = 1e18;
  return steps >= beyond ? std::numeric_limits<std::uint64_t>::max() : static_cast<std::uint64_t>(std::max(0.0, steps));
}

std::size_t index_of(const std::vector<std::string>& names, const std::string& name) {
  return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

/// Index of a layer's own array by name; its first one has the index `first`.
std::size_t place_of(const tyto::ModelLayer& layer, const std::string& name, std::size_t first) {
  for (std::size_t k = 0; k < layer.arrays.size(); ++k)
    if (layer.arrays[k].name == name) return first + k;
  throw tyto::Error("layer '" + layer.name + "': an ensemble needs an array '" + name + "', which '" + layer.type +
                    "' has not");
}

}  // namespace

template <class S>
CpuSimulation<S>::CpuSimulation(const tyto::Model& model)
    : dt_s_(model.input.dt_s), arrays_(tyto::arrays_of(model)), stimulus_(model.input.channels, S(0)) {
  std::size_t next_array = 0;
  for (const auto& layer : model.layers) add_population(layer, next_array);
  for (const auto& probe : model.probes) add_probe(probe, next_array);
  start();
}

template <class S>
void CpuSimulation<S>::add_population(const tyto::ModelLayer& layer, std::size_t& next_array) {
  if (!layer.population) throw tyto::Error("layer '" + layer.name + "' is no population");
  const std::size_t index = populations_.size();
  auto& population = populations_.emplace_back();
  population.kernel = cpu::population<S>(*layer.population, dt_s_);
  need(population.kernel, layer.name, layer.type, sizeof(S));
  population.name = layer.name;
  population.spiking = layer.spiking;
  population.size = layer.size;
  population.first_array = next_array;
  population.array_count = layer.arrays.size();
  next_array += layer.arrays.size();
  population.ensemble = layer.ensemble;
  population.radius = layer.population->radius();
  if (population.ensemble) {
    population.input.resize(layer.population->input_size(layer.size));
    population.encoders = place_of(layer, "encoders", population.first_array);
    population.gain = place_of(layer, "gain", population.first_array);
  }
  const auto states = population.kernel->state_names();
  for (const auto& initial : layer.initial)
    population.initial.push_back({index_of(states, initial.state), population.first_array + initial.array});
  population.current.resize(layer.size);
  population.state.resize(population.kernel->state_size() * layer.size);
  population.output.resize(layer.size);
  population.bits.resize(tyto::words_for(layer.size));
  for (const auto& input : layer.inputs) {
    population.connections.push_back(connections_.size());
    connections_.push_back(make_connection(input, index, layer.name, next_array));
  }
}

template <class S>
typename CpuSimulation<S>::Connection CpuSimulation<S>::make_connection(const tyto::ModelInput& input,
                                                                        std::size_t layer, const std::string& name,
                                                                        std::size_t& next_array) const {
  Connection connection;
  connection.from = input.from;
  connection.layer = layer;
  connection.to = input.channels;
  connection.onto_neurons = input.onto_neurons;
  connection.kernel = projection<S>(*input.projection, dt_s_);
  need(connection.kernel, name, input.type, sizeof(S));
  connection.first_array = next_array;
  connection.array_count = input.arrays.size();
  next_array += input.arrays.size();
  connection.handed.resize(input.channels);
  if (input.synapse)
    connection.filter =
        std::make_unique<Filter<S>>(tyto::filter_of(*input.synapse, dt_s_, input.synaptic_input), input.channels);
  if (!input.learning) return connection;
  connection.learning = std::make_unique<Learning>();
  auto& learning = *connection.learning;
  learning.kernel = plasticity<S>(*input.learning->rule, dt_s_);
  need(learning.kernel, name, input.learning->type, sizeof(S));
  learning.error = input.learning->error;
  learning.from_step = step_at(input.learning->from_s, dt_s_);
  learning.until_step = step_at(input.learning->until_s, dt_s_);
  learning.uses_ensemble = input.learning->rule->needs_ensemble();
  return connection;
}

template <class S>
void CpuSimulation<S>::add_probe(const tyto::ModelProbe& probe, std::size_t& next_array) {
  using What = tyto::ModelProbe::What;
  Probe made{probe.what, 0, probe.layer, 0, probe.channels, probe.every_steps};
  if (probe.what == What::projection) {
    made.connection = connections_.size();
    connections_.push_back(make_connection(probe.input, 0, probe.name, next_array));
  } else if (probe.what == What::state) {
    made.item = index_of(populations_[probe.layer].kernel->state_names(), probe.item);
  } else if (probe.what == What::array) {
    const auto found = std::find_if(arrays_.infos().begin(), arrays_.infos().end(),
                                    [&](const auto& info) { return info.path() == probe.item; });
    if (found == arrays_.infos().end()) throw tyto::Error("the model has no array '" + probe.item + "'");
    made.item = static_cast<std::size_t>(found - arrays_.infos().begin());
  }
  probes_.push_back(made);
}

template <class S>
void CpuSimulation<S>::start() {
  step_ = 0;
  refresh_views();
  for (auto& population : populations_) {
    std::fill(population.state.begin(), population.state.end(), S(0));
    std::fill(population.output.begin(), population.output.end(), S(0));
    std::fill(population.bits.begin(), population.bits.end(), std::uint64_t{0});
    population.spikes.assign(population.spiking ? population.size : 0, 0);
    population.beyond_radius = 0;
    population.kernel->rest(arrays_from(population.first_array, population.array_count), population.state);
    for (const auto& initial : population.initial)
      std::copy(views_[initial.array].begin(), views_[initial.array].end(),
                population.state.begin() + static_cast<std::ptrdiff_t>(initial.state * population.size));
  }
  for (auto& connection : connections_) {
    connection.kernel->start(arrays_from(connection.first_array, connection.array_count),
                             signal_of(connection.from).channels, connection.to);
    if (connection.filter) connection.filter->start();
    if (!connection.learning) continue;
    auto& learning = *connection.learning;
    const std::size_t from = signal_of(connection.from).channels;
    const std::size_t neurons = populations_[connection.layer].size;
    learning.state.assign(learning.kernel->state_size(from, connection.to, neurons), S(0));
    learning.kernel->start(from, learning.state);
    learning.squares = 0;
    learning.errors = 0;
    learning.steps = 0;
    learning.first_squares = 0;
    learning.first_errors = 0;
    learning.error_rms.clear();
  }
}

template <class S>
void CpuSimulation<S>::refresh_views() {
  views_ = arrays_.in_use();
}

template <class S>
tyto::Signal<S> CpuSimulation<S>::signal_of(std::size_t layer) const {
  if (layer == stimulus) return {1, stimulus_.size(), nullptr, stimulus_.data()};
  const auto& population = populations_[layer];
  return population.spiking ? tyto::Signal<S>{1, population.size, population.bits.data(), nullptr}
                            : tyto::Signal<S>{1, population.size, nullptr, population.output.data()};
}

template <class S>
void CpuSimulation<S>::project(const Connection& connection, std::span<S> values) const {
  static const tyto::Pass pass;
  connection.kernel->forward(signal_of(connection.from), arrays_from(connection.first_array, connection.array_count),
                             connection.to, pass, values.data());
}

template <class S>
void CpuSimulation<S>::add_to(const Connection& connection, std::span<S> values) const {
  if (connection.filter)
    connection.filter->add_to(values);
  else
    project(connection, values);
}

template <class S>
void CpuSimulation<S>::hand_on(Connection& connection) const {
  std::fill(connection.handed.begin(), connection.handed.end(), S(0));
  add_to(connection, connection.handed);
}

template <class S>
void CpuSimulation<S>::step_population(Population& population) {
  std::fill(population.input.begin(), population.input.end(), S(0));
  std::fill(population.current.begin(), population.current.end(), S(0));
  for (const std::size_t index : population.connections) {
    Connection& connection = connections_[index];
    auto& target = population.ensemble && !connection.onto_neurons ? population.input : population.current;
    if (!connection.learning) {
      add_to(connection, target);
      continue;
    }
    hand_on(connection);
    for (std::size_t k = 0; k < target.size(); ++k) target[k] += connection.handed[k];
  }
  population.kernel->step({population.ensemble ? population.input : population.current, population.current,
                           arrays_from(population.first_array, population.array_count), population.state,
                           population.output});
  if (population.spiking) pack(population.output.data(), 1, 1, population.size, population.bits.data());
  count(population);
}

/// For the report on the run's health.
template <class S>
void CpuSimulation<S>::count(Population& population) const {
  if (population.spiking)
    tyto::Spikes{population.bits.data(), 1, population.size}.for_each(
        0, [&](std::size_t neuron) { ++population.spikes[neuron]; });
  if (!population.ensemble) return;
  S square = 0;
  for (const S value : population.input) square += value * value;
  population.beyond_radius += square > S(population.radius * population.radius) ? 1 : 0;
}

template <class S>
void CpuSimulation<S>::sample(const Probe& probe, std::size_t index, const tyto::ProbeSink& sink) {
  using What = tyto::ModelProbe::What;
  std::span<const S> values;
  switch (probe.what) {
    case What::projection:
      hand_on(connections_[probe.connection]);
      values = connections_[probe.connection].handed;
      break;
    case What::input:
      values = populations_[probe.layer].ensemble ? populations_[probe.layer].input : populations_[probe.layer].current;
      break;
    case What::output:
      values = populations_[probe.layer].output;
      break;
    case What::spikes:
      signal_of(probe.layer).spikes().for_each(0, [&](std::size_t neuron) {
        const auto number = static_cast<double>(neuron);
        sink(index, step_, {&number, 1});
      });
      return;
    case What::state:
      values = std::span<const S>(populations_[probe.layer].state)
                   .subspan(probe.item * populations_[probe.layer].size, populations_[probe.layer].size);
      break;
    case What::array:
      values = views_[probe.item];
      break;
  }
  sample_.assign(values.begin(), values.end());
  sink(index, step_, sample_);
}

template <class S>
void CpuSimulation<S>::learn(Connection& connection) {
  auto& learning = *connection.learning;
  Population& target = populations_[connection.layer];
  const bool now = step_ >= learning.from_step && step_ < learning.until_step;
  tyto::PlasticStep<S> step;
  step.source = signal_of(connection.from);
  step.from = step.source.channels;
  step.to = connection.to;
  step.handed = connection.handed;
  if (learning.error != tyto::ModelLearning::no_error) {
    const Population& error = populations_[learning.error];
    step.error = error.ensemble ? error.input : error.output;
    if (now) {
      double squares = 0;
      for (const S value : step.error) squares += static_cast<double>(value) * static_cast<double>(value);
      learning.squares += squares;
      learning.errors += step.error.size();
      if (learning.steps++ < first_steps) {
        learning.first_squares += squares;
        learning.first_errors += step.error.size();
      }
    }
  }
  step.target = signal_of(connection.layer);
  step.weights = arrays_.stored(connection.first_array);
  if (target.ensemble) {
    step.onto_neurons = connection.onto_neurons;
    step.encoders = arrays_.stored(target.encoders);
    step.gain = views_[target.gain];
    step.radius = target.radius;
  }
  step.state = learning.state;
  learning.kernel->step(step, now);
  if (now) arrays_.changed(learning.uses_ensemble ? target.encoders : connection.first_array);
}

template <class S>
void CpuSimulation<S>::advance(std::size_t steps, std::span<const double> stimulus, const tyto::ProbeSink& sink) {
  const FlushToZero flush;
  refresh_views();
  for (std::size_t n = 0; n < steps; ++n, ++step_) {
    for (std::size_t k = 0; k < stimulus_.size(); ++k)
      stimulus_[k] = static_cast<S>(stimulus[n * stimulus_.size() + k]);
    for (auto& population : populations_) step_population(population);
    for (std::size_t probe = 0; probe < probes_.size(); ++probe)
      if ((step_ + 1) % probes_[probe].every_steps == 0) sample(probes_[probe], probe, sink);
    for (auto& connection : connections_) {
      if (!connection.filter) continue;
      connection.filter->move_on([&](std::span<S> driven) { project(connection, driven); });
    }
    for (auto& connection : connections_)
      if (connection.learning) learn(connection);
  }
  for (auto& connection : connections_) {
    if (!connection.learning || connection.learning->errors == 0) continue;
    auto& learning = *connection.learning;
    learning.error_rms.push_back(Learning::rms(learning.squares, learning.errors));
    learning.squares = 0;
    learning.errors = 0;
  }
}

template <class S>
tyto::SimulationActivity CpuSimulation<S>::activity() const {
  tyto::SimulationActivity activity;
  activity.steps = step_;
  for (const auto& population : populations_)
    activity.populations.push_back({population.spikes, population.beyond_radius});
  for (const auto& connection : connections_) {
    if (!connection.learning || connection.learning->error == tyto::ModelLearning::no_error) continue;
    const Learning& learning = *connection.learning;
    activity.learning.push_back({connection.layer, connection.from,
                                 Learning::rms(learning.first_squares, learning.first_errors), learning.error_rms});
  }
  return activity;
}

template <class S>
std::string CpuSimulation<S>::not_finite() const {
  for (const auto& population : populations_) {
    const auto text = [&](const std::string& what, std::size_t neuron, S value) {
      return what + " of neuron " + std::to_string(neuron) + " of layer '" + population.name + "' is " +
             (std::isnan(value) ? "nan" : std::to_string(value));
    };
    if (const auto found = tyto::first_not_finite(std::span<const S>(population.state))) {
      const std::size_t variable = *found / population.size;
      const auto names = population.kernel->state_names();
      return text(variable < names.size() ? names[variable] : "state " + std::to_string(variable),
                  *found % population.size, population.state[*found]);
    }
    if (const auto found = tyto::first_not_finite(std::span<const S>(population.output)))
      return text("the output", *found, population.output[*found]);
  }
  return {};
}

template class CpuSimulation<float>;
template class CpuSimulation<double>;

}  // namespace cpu

#include "stream.hpp"

#include <algorithm>
#include <cmath>

#include "flush_to_zero.hpp"

namespace cpu {

namespace {

/// Steps of a window, at most, and numbers that layers leave in it, about: few enough for the nearer caches.
constexpr std::size_t most_steps = 1000;
constexpr std::size_t most_numbers = std::size_t{1} << 14U;

/// Steps of learning over which an error is called its first.
constexpr std::size_t first_steps = 100;

double rms(double squares, std::size_t count) {
  return count == 0 ? 0 : std::sqrt(squares / static_cast<double>(count));
}

}  // namespace

template <class S>
Stream<S>::Stream(const Compiled<S>& compiled, Arrays<S>& arrays, tyto::Executor& executor)
    : compiled_(compiled), arrays_(arrays), executor_(executor), sampler_(compiled, arrays) {
  std::size_t numbers = compiled.input.channels;
  for (const auto& node : compiled.nodes) numbers += node.size;
  // What somebody reads of the past is copied once a window.
  std::size_t past = compiled.stimulus_past;
  for (const auto& node : compiled.nodes) past = std::max(past, node.past);
  window_steps_ =
      std::clamp<std::size_t>(std::max(most_numbers / std::max<std::size_t>(numbers, 1), past), 1, most_steps);
}

template <class S>
void Stream<S>::start(std::span<const std::vector<S>> rests, std::uint64_t seed) {
  step_ = 0;
  const auto views = arrays_.in_use();
  const Passes<S> passes(compiled_, views);
  passes.start(tape_, 1, window_steps_, rests, true);
  tape_.passes.assign(1, {});
  tape_.passes[0].seed = seed;
  tape_.stimulus.values.assign(compiled_.stimulus_past * compiled_.input.channels, S(0));
  tape_.stimulus.bits.assign(compiled_.stimulus_past * tyto::words_for(compiled_.input.channels), 0);
  spikes_.clear();
  for (const auto& node : compiled_.nodes) spikes_.emplace_back(node.spiking ? node.size : 0, 0);
  beyond_radius_.assign(compiled_.nodes.size(), 0);
  learning_.assign(compiled_.edges.size(), {});
}

template <class S>
void Stream<S>::advance(const tyto::Signal<double>& stimulus, const tyto::ProbeSink& sink) {
  const FlushToZero flush;
  for (std::size_t done = 0; done < stimulus.steps; done += tape_.steps, step_ += tape_.steps) {
    tape_.steps = std::min(window_steps_, stimulus.steps - done);
    tape_.first_step = step_;
    load(stimulus, done);
    run_window(sink);
  }
  for (auto& learning : learning_) {
    if (learning.errors == 0) continue;
    learning.error_rms.push_back(rms(learning.squares, learning.errors));
    learning.squares = 0;
    learning.errors = 0;
  }
}

template <class S>
void Stream<S>::load(const tyto::Signal<double>& stimulus, std::size_t first) {
  auto& own = tape_.stimulus;
  own.spikes = stimulus.bits != nullptr;
  const std::size_t rows = compiled_.stimulus_past + tape_.steps;
  if (own.spikes) {
    const std::size_t words = tyto::words_for(stimulus.channels);
    own.bits.resize(rows * words);
    std::copy_n(stimulus.bits + first * words, tape_.steps * words,
                own.bits.begin() + static_cast<std::ptrdiff_t>(compiled_.stimulus_past * words));
    return;
  }
  own.values.resize(rows * stimulus.channels);
  const double* const values = stimulus.values + first * stimulus.channels;
  std::transform(values, values + tape_.steps * stimulus.channels,
                 own.values.begin() + static_cast<std::ptrdiff_t>(compiled_.stimulus_past * stimulus.channels),
                 [](double value) { return static_cast<S>(value); });
}

template <class S>
void Stream<S>::run_window(const tyto::ProbeSink& sink) {
  const auto views = arrays_.in_use();
  const Passes<S> passes(compiled_, views, &executor_);
  passes.forward(tape_, work_, {}, nullptr, [&](const tyto::Part& part, Stretch stretch) {
    // A step uses the weights that it found, and so do its samples.
    sampler_.take_learning(part, stretch, tape_, views, sink);
    for (const std::size_t layer : part.layers)
      for (const std::size_t edge : compiled_.nodes[layer].edges)
        if (compiled_.edges[edge].learning) learn(edge, passes, stretch.first);
  });
  for (std::size_t layer = 0; layer < compiled_.nodes.size(); ++layer) count(layer);
  sampler_.take({passes, tape_, work_}, sink);
  passes.keep_past(tape_);
}

template <class S>
void Stream<S>::count(std::size_t layer) {
  const auto& node = compiled_.nodes[layer];
  const auto& own = tape_.nodes[layer];
  if (node.spiking) {
    const tyto::Spikes spikes{own.bits.data() + node.past * tyto::words_for(node.size), tape_.steps, node.size};
    for (std::size_t t = 0; t < tape_.steps; ++t)
      spikes.for_each(t, [&](std::size_t neuron) { ++spikes_[layer][neuron]; });
  }
  if (!node.ensemble) return;
  for (std::size_t t = 0; t < tape_.steps; ++t) {
    S square = 0;
    for (std::size_t k = 0; k < node.inputs; ++k)
      square += own.input[t * node.inputs + k] * own.input[t * node.inputs + k];
    beyond_radius_[layer] += square > S(node.radius * node.radius) ? 1 : 0;
  }
}

template <class S>
void Stream<S>::note_error(std::size_t edge, std::span<const S> error) {
  auto& learning = learning_[edge];
  double squares = 0;
  for (const S value : error) squares += static_cast<double>(value) * static_cast<double>(value);
  learning.squares += squares;
  learning.errors += error.size();
  if (learning.steps++ >= first_steps) return;
  learning.first_squares += squares;
  learning.first_errors += error.size();
}

template <class S>
void Stream<S>::learn(std::size_t index, const Passes<S>& passes, std::size_t step) {
  const auto& edge = compiled_.edges[index];
  const auto& learning = *edge.learning;
  const auto& target = compiled_.nodes[edge.layer];
  const std::uint64_t now = step_ + step;
  const bool learns = now >= learning.from_step && now < learning.until_step;
  tyto::LocalStep<S> local = passes.local_step(index, tape_, 0, step);
  if (learns && learning.error != tyto::ModelLearning::none) note_error(index, local.error);
  const tyto::WeightBounds bounds = learning.kernel->bounds();
  const double lowest = edge.at_least_zero ? std::max(0.0, bounds.lowest) : bounds.lowest;
  local.changes =
      tyto::Changes<S>(arrays_.stored(edge.arrays.first), static_cast<S>(lowest), static_cast<S>(bounds.highest));
  if (target.ensemble) local.encoders = arrays_.stored(target.encoders);
  learning.kernel->step(local, learns);
  if (learns) arrays_.changed(learning.changes_encoders ? target.encoders : edge.arrays.first);
}

template <class S>
tyto::SimulationActivity Stream<S>::activity() const {
  tyto::SimulationActivity activity;
  activity.steps = step_;
  for (std::size_t layer = 0; layer < spikes_.size(); ++layer)
    activity.populations.push_back({spikes_[layer], beyond_radius_[layer]});
  for (std::size_t index = 0; index < learning_.size(); ++index) {
    const auto& edge = compiled_.edges[index];
    if (!edge.learning || edge.learning->error == tyto::ModelLearning::none) continue;
    const Learning& own = learning_[index];
    activity.learning.push_back({edge.layer, edge.from, rms(own.first_squares, own.first_errors), own.error_rms});
  }
  return activity;
}

template <class S>
std::string Stream<S>::not_finite() const {
  for (std::size_t layer = 0; layer < compiled_.nodes.size(); ++layer) {
    const auto& node = compiled_.nodes[layer];
    const auto& own = tape_.nodes[layer];
    const auto text = [&](const std::string& what, std::size_t neuron, S value) {
      return what + " of neuron " + std::to_string(neuron) + " of layer '" + node.name + "' is " +
             (std::isnan(value) ? "nan" : std::to_string(value));
    };
    if (!node.kernel) continue;
    if (const auto found = tyto::first_not_finite(std::span<const S>(own.carried))) {
      const std::size_t variable = *found / node.size;
      const auto names = node.kernel->state_names();
      return text(variable < names.size() ? names[variable] : "state " + std::to_string(variable), *found % node.size,
                  own.carried[*found]);
    }
    if (own.spikes) continue;
    const auto last = std::span(own.values).last(node.size);
    if (const auto found = tyto::first_not_finite(std::span<const S>(last)))
      return text("the output", *found, last[*found]);
  }
  return {};
}

template class Stream<float>;
template class Stream<double>;

}  // namespace cpu

#include "passes.hpp"

#include <algorithm>

#include <tyto/steps.hpp>

#include "pack.hpp"

namespace cpu {

namespace {

using Offset = std::ptrdiff_t;

/// A lane's part of numbers[step][lane][channel].
template <class S>
tyto::Rows<S> of_lane(const tyto::Rows<S>& numbers, std::size_t channels, std::size_t lane) {
  return {numbers.data + lane * channels, numbers.stride};
}

}  // namespace

template <class S>
std::vector<std::vector<S>> Passes<S>::rests() const {
  std::vector<std::vector<S>> rests;
  for (const auto& node : compiled_.nodes) {
    auto& state = rests.emplace_back(node.variables * node.size, S(0));
    if (!node.kernel) continue;
    node.kernel->rest(arrays(node.arrays), state);
    for (const auto& initial : node.initial)
      std::copy(arrays_[initial.array].begin(), arrays_[initial.array].end(),
                state.begin() + static_cast<Offset>(initial.state * node.size));
  }
  return rests;
}

template <class S>
void Passes<S>::start(Tape<S>& tape, std::size_t lanes, std::size_t steps, std::span<const std::vector<S>> rests,
                      bool learning) const {
  tape.lanes = lanes;
  tape.steps = steps;
  tape.nodes.resize(compiled_.nodes.size());
  for (std::size_t layer = 0; layer < compiled_.nodes.size(); ++layer) {
    const auto& node = compiled_.nodes[layer];
    auto& own = tape.nodes[layer];
    own.spikes = node.spiking;
    own.carried.resize(rests[layer].size() * lanes);
    auto next = own.carried.begin();
    for (auto rest = rests[layer].begin(); rest != rests[layer].end(); rest += static_cast<Offset>(node.size))
      for (std::size_t lane = 0; lane < lanes; ++lane) next = std::copy_n(rest, node.size, next);
    if (node.past == 0) continue;
    const std::size_t rows = rows_of(layer, tape), words = tyto::words_for(node.size);
    own.bits.resize(lanes * rows * words);
    own.values.resize(lanes * rows * node.size);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      std::fill_n(own.bits.begin() + static_cast<Offset>(lane * rows * words), node.past * words, std::uint64_t{0});
      std::fill_n(own.values.begin() + static_cast<Offset>(lane * rows * node.size), node.past * node.size, S(0));
    }
  }
  tape.filters.resize(compiled_.edges.size());
  tape.handed.resize(compiled_.edges.size());
  tape.rules.resize(compiled_.edges.size());
  for (std::size_t index = 0; index < compiled_.edges.size(); ++index) {
    const auto& edge = compiled_.edges[index];
    if (edge.filter) edge.filter->start(tape.filters[index], lanes * edge.channels);
    if (!edge.learning) continue;
    tape.handed[index].assign(lanes * edge.channels, S(0));
    if (learning) start_rule(index, tape);
  }
}

template <class S>
void Passes<S>::start_rule(std::size_t index, Tape<S>& tape) const {
  const auto& edge = compiled_.edges[index];
  const auto& sizes = edge.learning->state;
  auto& rules = tape.rules[index];
  rules.resize(tape.lanes);
  for (std::size_t lane = 0; lane < tape.lanes; ++lane) {
    auto& own = rules[lane];
    own.source.assign(sizes.source * edge.learning->synapses.from(), S(0));
    own.target.assign(sizes.target * compiled_.nodes[edge.layer].size, S(0));
    own.synapse.assign(sizes.synapse * edge.learning->synapses.count(), S(0));
    own.other.assign(sizes.other, S(0));
    std::fill(own.changes.begin(), own.changes.end(), S(0));
    edge.learning->kernel->start(local_state(index, tape, lane));
  }
}

template <class S>
tyto::LocalStep<S> Passes<S>::local_state(std::size_t index, Tape<S>& tape, std::size_t lane) const {
  auto& own = tape.rules[index][lane];
  tyto::LocalStep<S> step;
  step.synapses = &compiled_.edges[index].learning->synapses;
  step.source_state = own.source;
  step.target_state = own.target;
  step.synapse_state = own.synapse;
  step.other_state = own.other;
  return step;
}

template <class S>
std::span<const S> Passes<S>::values_at(std::size_t layer, const Tape<S>& tape, std::size_t lane,
                                        std::size_t step) const {
  const auto& node = compiled_.nodes[layer];
  if (node.ensemble)
    return std::span(tape.nodes[layer].input).subspan((step * tape.lanes + lane) * node.inputs, node.inputs);
  return {signal(layer, tape, lane, static_cast<Offset>(step), 1).values, node.size};
}

template <class S>
tyto::LocalStep<S> Passes<S>::local_step(std::size_t index, Tape<S>& tape, std::size_t lane, std::size_t step) const {
  const auto& edge = compiled_.edges[index];
  const auto& learning = *edge.learning;
  const auto& target = compiled_.nodes[edge.layer];
  const auto at = static_cast<Offset>(step);
  tyto::LocalStep<S> local = local_state(index, tape, lane);
  local.source = signal(edge.from, tape, lane, at - static_cast<Offset>(edge.later), 1);
  local.target = signal(edge.layer, tape, lane, at, 1);
  local.handed = std::span(tape.handed[index]).subspan(lane * edge.channels, edge.channels);
  if (learning.error != tyto::ModelLearning::none) local.error = values_at(learning.error, tape, lane, step);
  if (learning.reward != tyto::ModelLearning::none) local.reward = values_at(learning.reward, tape, lane, step)[0];
  local.weights = arrays_[edge.arrays.first];
  if (target.ensemble) {
    local.onto_neurons = edge.onto_neurons;
    local.gain = arrays_[target.gain];
    local.radius = target.radius;
  }
  return local;
}

template <class S>
tyto::Signal<S> Passes<S>::signal(std::size_t layer, const Tape<S>& tape, std::size_t lane, Offset first,
                                  std::size_t steps) const {
  if (layer == from_stimulus) {
    const std::size_t channels = compiled_.input.channels, past = compiled_.stimulus_past;
    if (past == 0 && !compiled_.streams() && !compiled_.input.values) {
      const auto& input = tape.inputs[lane];
      return {steps, channels, input.data + static_cast<std::size_t>(first) * input.words(), nullptr};
    }
    const std::size_t rows = past + (compiled_.streams() ? tape.steps : compiled_.input.steps);
    const std::size_t row = lane * rows + past + static_cast<std::size_t>(first);
    if (tape.stimulus.spikes)
      return {steps, channels, tape.stimulus.bits.data() + row * tyto::words_for(channels), nullptr};
    return {steps, channels, nullptr, tape.stimulus.values.data() + row * channels};
  }
  const auto& source = tape.nodes[layer];
  const std::size_t size = compiled_.nodes[layer].size;
  const std::size_t row = lane * rows_of(layer, tape) + compiled_.nodes[layer].past + static_cast<std::size_t>(first);
  if (source.spikes) return {steps, size, source.bits.data() + row * tyto::words_for(size), nullptr};
  return {steps, size, nullptr, source.values.data() + row * size};
}

template <class S>
void Passes<S>::find_signals(const Edge<S>& edge, const Tape<S>& tape, Workspace<S>& work, Stretch stretch,
                             std::size_t reach) const {
  const Offset first = static_cast<Offset>(stretch.first) - static_cast<Offset>(edge.late + reach);
  work.signals.clear();
  for (std::size_t lane = 0; lane < tape.lanes; ++lane)
    work.signals.push_back(signal(edge.from, tape, lane, first, stretch.steps() + reach));
}

template <class S>
void Passes<S>::project(const Edge<S>& edge, const Tape<S>& tape, Workspace<S>& work, Stretch stretch,
                        tyto::Rows<S> target) const {
  find_signals(edge, tape, work, stretch, edge.reach);
  work.rows.clear();
  for (std::size_t lane = 0; lane < tape.lanes; ++lane) work.rows.push_back(of_lane(target, edge.channels, lane));
  edge.kernel->forward_group({work.signals, tape.passes, edge.reach}, arrays(edge.arrays), edge.channels, work.rows);
}

template <class S>
void Passes<S>::move_on(std::size_t index, Tape<S>& tape, Workspace<S>& work, std::size_t step) const {
  const auto& edge = compiled_.edges[index];
  edge.filter->move_on(tape.filters[index], [&](std::span<S> driven) {
    project(edge, tape, work, {step, step + 1}, {driven.data(), driven.size()});
  });
}

template <class S>
void Passes<S>::hand_on(std::size_t index, Tape<S>& tape, Workspace<S>& work, Stretch stretch,
                        tyto::Rows<S> target) const {
  const auto& edge = compiled_.edges[index];
  if (!edge.filter) {
    project(edge, tape, work, stretch, target);
    return;
  }
  const std::size_t width = tape.lanes * edge.channels;
  for (std::size_t t = stretch.first; t < stretch.end; ++t) {
    if (t > stretch.first) move_on(index, tape, work, t);
    edge.filter->add_to({target[t - stretch.first], width}, tape.filters[index]);
  }
  // In a loop the source has not come so far yet.
  if (!edge.inside) move_on(index, tape, work, stretch.end);
}

/// Makes room for a window; `silent`: with nothing arriving.
template <class S>
void Passes<S>::prepare(std::size_t layer, Tape<S>& tape, Workspace<S>& work, Way way, bool silent) const {
  const auto& node = compiled_.nodes[layer];
  auto& own = tape.nodes[layer];
  const std::size_t steps = steps_of(layer, tape), cells = steps * tape.lanes * node.size;
  auto& current = keeps_current(node, way.keep) ? own.current : work.current;
  // Others have used the room before, and may have needed more.
  current.resize(std::max(current.size(), cells * node.receptors));
  if (silent) std::fill_n(current.begin(), cells * node.receptors, S(0));
  (node.own_run ? own.output : work.output).resize(cells);
  if (node.ensemble) own.input.assign(steps * tape.lanes * node.inputs, S(0));
  const bool needed = way.keep.way_back && !node.kernel->linear();
  own.states.resize(needed || way.keep.states || node.keeps_states ? cells * node.variables : 0);
  own.distances.resize(way.keep.way_back && node.spiking ? cells : 0);
  own.spikes = node.spiking && way.smooth == nullptr;
  const std::size_t rows = tape.lanes * rows_of(layer, tape);
  if (own.spikes)
    own.bits.resize(rows * tyto::words_for(node.size));
  else if (node.read || way.keep.values)
    own.values.resize(rows * node.size);
}

template <class S>
void Passes<S>::gather(std::span<const std::size_t> edges, Tape<S>& tape, Workspace<S>& work, Way way,
                       Stretch stretch) const {
  for (const std::size_t index : edges) {
    const auto& edge = compiled_.edges[index];
    const auto& node = compiled_.nodes[edge.layer];
    auto& own = tape.nodes[edge.layer];
    const std::size_t width = tape.lanes * edge.channels, stride = width * node.receptors;
    Numbers<S>& numbers = node.ensemble && !edge.onto_neurons ? own.input
                          : keeps_current(node, way.keep)     ? own.current
                                                              : work.current;
    const tyto::Rows<S> target{numbers.data() + stretch.first * stride + edge.receptor * width, stride};
    if (!edge.learning) {
      hand_on(index, tape, work, stretch, target);
      continue;
    }
    auto& handed = tape.handed[index];
    std::fill(handed.begin(), handed.end(), S(0));
    // A connection that learns is asked for one step at a time.
    hand_on(index, tape, work, stretch, {handed.data(), width});
    for (std::size_t k = 0; k < width; ++k) target[0][k] += handed[k];
  }
}

/// Each trial has a source's spikes of its own.
template <class S>
void Passes<S>::run_source(std::size_t layer, Tape<S>& tape, const tyto::ForwardScan<S>& all) const {
  const auto& node = compiled_.nodes[layer];
  for (std::size_t lane = 0; lane < tape.lanes; ++lane) {
    tape.passes[lane].layer = node.name;
    tyto::ForwardScan<S> scan = all;
    scan.neurons = node.size;
    scan.row = all.neurons;
    scan.output += lane * node.size;
    scan.carried = node.variables > 0 ? scan.carried + lane * node.size : nullptr;
    scan.pass = &tape.passes[lane];
    node.kernel->forward(scan);
  }
}

/// Lets a population take some steps.
template <class S>
void Passes<S>::run(std::size_t layer, Tape<S>& tape, Workspace<S>& work, Way way, Stretch stretch) const {
  const auto& node = compiled_.nodes[layer];
  auto& own = tape.nodes[layer];
  const std::size_t width = tape.lanes * node.size;
  S* const current =
      (keeps_current(node, way.keep) ? own.current : work.current).data() + stretch.first * width * node.receptors;
  if (node.ensemble)
    node.kernel->drive(
        {stretch.steps(), tape.lanes, node.size, own.input.data() + stretch.first * tape.lanes * node.inputs, current},
        arrays(node.arrays));
  tyto::ForwardScan<S> scan;
  scan.steps = stretch.steps();
  scan.neurons = width;
  scan.current = current;
  scan.output = (node.own_run ? own.output : work.output).data() + stretch.first * width;
  scan.smooth = way.smooth;
  scan.carried = own.carried.data();
  if (compiled_.streams()) {
    tape.passes[0].layer = node.name;  // for sources
    scan.first_step = tape.first_step + stretch.first;
    scan.pass = tape.passes.data();
  } else if (node.source) {
    run_source(layer, tape, scan);
    leave_output(layer, tape, work, way, stretch);
    return;
  }
  if (!own.states.empty()) scan.states = own.states.data() + stretch.first * node.variables * width;
  if (!own.distances.empty()) scan.distances = own.distances.data() + stretch.first * width;
  node.kernel->forward(scan);
  leave_output(layer, tape, work, way, stretch);
}

/// Leaves the output where others look for it.
template <class S>
void Passes<S>::leave_output(std::size_t layer, Tape<S>& tape, const Workspace<S>& work, Way way,
                             Stretch stretch) const {
  const auto& node = compiled_.nodes[layer];
  auto& own = tape.nodes[layer];
  const S* const output = output_of(layer, tape, work).data() + stretch.first * tape.lanes * node.size;
  const std::size_t rows = rows_of(layer, tape), row = node.past + stretch.first;
  if (own.spikes) {
    pack(output, stretch.steps(), tape.lanes, node.size, own.bits.data() + row * tyto::words_for(node.size), rows);
  } else if (node.read || way.keep.values) {
    for (std::size_t lane = 0; lane < tape.lanes; ++lane)
      for (std::size_t t = 0; t < stretch.steps(); ++t)
        std::copy_n(output + (t * tape.lanes + lane) * node.size, node.size,
                    own.values.data() + (lane * rows + row + t) * node.size);
  }
}

template <class S>
void Passes<S>::add_totals(std::size_t layer, Tape<S>& tape, const Workspace<S>& work) const {
  const auto& node = compiled_.nodes[layer];
  if (!node.spiking) return;
  const std::size_t width = tape.lanes * node.size;
  Numbers<S> sums(width, S(0));
  tyto::add_steps<S>({output_of(layer, tape, work).data(), width}, steps_of(layer, tape), sums);
  auto& totals = tape.nodes[layer].totals;
  totals.assign(node.size, 0);
  for (std::size_t i = 0; i < width; ++i) totals[i % node.size] += static_cast<double>(sums[i]);
}

template <class S>
void Passes<S>::forward_transform(std::size_t layer, Tape<S>& tape, Workspace<S>& work, Stretch stretch) const {
  const auto& node = compiled_.nodes[layer];
  auto& own = tape.nodes[layer];
  const std::size_t words = tyto::words_for(node.size), rows = rows_of(layer, tape);
  // All of a trial at once is begun with nothing before it; of a stream a transform gets what it reads of the past.
  const std::size_t reach = compiled_.streams() ? node.transform->reach() : 0;
  const std::size_t read = compiled_.streams() ? reach + stretch.steps() : steps_of(node.from, tape);
  const Offset first = static_cast<Offset>(stretch.first) - static_cast<Offset>(reach);
  const std::size_t made = node.transform->output_steps(read), surplus = made - stretch.steps();
  for (std::size_t lane = 0; lane < tape.lanes; ++lane) {
    const auto source = signal(node.from, tape, lane, first, read);
    auto& pass = tape.passes[lane];
    pass.layer = node.name;
    const std::size_t row = lane * rows + node.past + stretch.first;
    // The same for all lanes of a group, which are worked on for one purpose.
    own.spikes = source.bits != nullptr && node.transform->spikes(pass);
    if (own.spikes) {
      own.bits.resize(tape.lanes * rows * words);
      work.bits.assign(surplus > 0 ? made * words : 0, 0);
      std::uint64_t* const target = own.bits.data() + row * words;
      std::fill_n(target, stretch.steps() * words, std::uint64_t{0});
      node.transform->forward(source, arrays(node.arrays), pass, nullptr, surplus > 0 ? work.bits.data() : target);
      if (surplus > 0)
        std::copy_n(work.bits.begin() + static_cast<Offset>(surplus * words), stretch.steps() * words, target);
    } else {
      own.values.resize(tape.lanes * rows * node.size);
      work.scratch.resize(surplus > 0 ? made * node.size : 0);
      S* const target = own.values.data() + row * node.size;
      node.transform->forward(source, arrays(node.arrays), pass, surplus > 0 ? work.scratch.data() : target, nullptr);
      if (surplus > 0)
        std::copy_n(work.scratch.begin() + static_cast<Offset>(surplus * node.size), stretch.steps() * node.size,
                    target);
    }
  }
}

template <class S>
void Passes<S>::forward_loop(const tyto::Part& part, Tape<S>& tape, Workspace<S>& work, Way way,
                             const AfterStretch& after) const {
  const std::size_t steps = steps_of(part.layers.front(), tape);
  for (const std::size_t layer : part.layers) {
    const auto& node = compiled_.nodes[layer];
    if (node.transform) continue;
    prepare(layer, tape, work, way, true);
    gather(std::span(node.edges).first(node.ahead), tape, work, way, {0, steps});
  }
  for (std::size_t first = 0; first < steps; first += part.stride) {
    const Stretch stretch{first, std::min(first + part.stride, steps)};
    for (const std::size_t layer : part.layers) {
      const auto& node = compiled_.nodes[layer];
      if (node.transform) {
        forward_transform(layer, tape, work, stretch);
        continue;
      }
      gather(std::span(node.edges).subspan(node.ahead), tape, work, way, stretch);
      run(layer, tape, work, way, stretch);
    }
    for (const std::size_t layer : part.layers)
      for (const std::size_t index : compiled_.nodes[layer].edges)
        if (compiled_.edges[index].inside && compiled_.edges[index].filter) move_on(index, tape, work, stretch.end);
    if (after) after(part, stretch);
  }
}

template <class S>
void Passes<S>::forward(Tape<S>& tape, Workspace<S>& work, Keep keep, const tyto::Surrogate* smooth,
                        const AfterStretch& after) const {
  const Way way{keep, smooth};
  for (std::size_t index = 0; index < compiled_.parts.size(); ++index) {
    const auto& part = compiled_.parts[index];
    if (executor_ != nullptr && !compiled_.tasks[index].empty()) {
      forward_divided(index, tape, work);
      continue;
    }
    const std::size_t layer = part.layers.front();
    const auto& node = compiled_.nodes[layer];
    const Stretch all{0, steps_of(layer, tape)};
    if (part.loops) {
      forward_loop(part, tape, work, way, after);
    } else if (node.transform) {
      forward_transform(layer, tape, work, all);
    } else {
      prepare(layer, tape, work, way, true);
      gather(node.edges, tape, work, way, all);
      run(layer, tape, work, way, all);
    }
    if (!keep.totals) continue;
    for (const std::size_t own : part.layers) add_totals(own, tape, work);
  }
}

template <class S>
void Passes<S>::keep_past(Tape<S>& tape) const {
  const auto keep = [&](auto& numbers, std::size_t past, std::size_t width) {
    if (numbers.empty() || past == 0) return;
    const auto begin = numbers.begin() + static_cast<Offset>(tape.steps * width);
    std::copy(begin, begin + static_cast<Offset>(past * width), numbers.begin());
  };
  for (std::size_t layer = 0; layer < compiled_.nodes.size(); ++layer) {
    const auto& node = compiled_.nodes[layer];
    auto& own = tape.nodes[layer];
    if (own.spikes)
      keep(own.bits, node.past, tyto::words_for(node.size));
    else
      keep(own.values, node.past, node.size);
  }
  if (tape.stimulus.spikes)
    keep(tape.stimulus.bits, compiled_.stimulus_past, tyto::words_for(compiled_.input.channels));
  else
    keep(tape.stimulus.values, compiled_.stimulus_past, compiled_.input.channels);
}

template <class S>
void Passes<S>::read(const tyto::Objective& objective, Tape<S>& tape, const Workspace<S>& work) const {
  const std::size_t outputs = objective.outputs(), last = compiled_.nodes.size() - 1;
  tape.scores.resize(tape.lanes * outputs);
  tape.grad_scores.resize(tape.lanes * outputs);
  tape.when.resize(tape.lanes * outputs);
  // Readouts go column by column, and the trials' columns lie side by side.
  objective.read<S>({output_of(last, tape, work).data(), tape.lanes * outputs}, steps_of(last, tape),
                    std::span(tape.scores), std::span(tape.when));
}

template <class S>
std::vector<S> Passes<S>::output(const Tape<S>& tape, std::size_t layer, std::size_t lane) const {
  const std::size_t steps = steps_of(layer, tape), size = compiled_.nodes[layer].size;
  const auto found = signal(layer, tape, lane, 0, steps);
  if (found.values != nullptr) return {found.values, found.values + steps * size};
  std::vector<S> values(steps * size, S(0));
  for (std::size_t t = 0; t < steps; ++t)
    found.spikes().for_each(t, [&](std::size_t i) { values[t * size + i] = S(1); });
  return values;
}

template class Passes<float>;
template class Passes<double>;

}  // namespace cpu

/// How the neurons of a stream are shared among threads, and their way through a window. Which neurons a thread works
/// on changes no bit: what arrives at a neuron is summed up in one order.
#include <algorithm>

#include "flush_to_zero.hpp"
#include "pack.hpp"
#include "passes.hpp"

namespace cpu {

namespace {

/// Threads that meet after every step have to have something to do in it.
constexpr std::size_t fewest_neurons = 1000;

/// Slices of whole words of spikes, about as long as each other, and short enough for 16 bits.
std::vector<std::size_t> bounds_of(std::size_t neurons, std::size_t threads) {
  constexpr std::size_t most_words = 1024;
  const std::size_t words = tyto::words_for(neurons);
  const std::size_t slices = std::max(threads, (words + most_words - 1) / most_words);
  std::vector<std::size_t> bounds{0};
  for (std::size_t p = 1; p <= slices; ++p) {
    const std::size_t bound = std::min(neurons, words * p / slices * 64);
    if (bound > bounds.back()) bounds.push_back(bound);
  }
  return bounds;
}

/// Whether several threads can work on a layer.
template <class S>
bool divide_layer(Compiled<S>& compiled, std::span<const std::span<const S>> arrays, Node<S>& node,
                  std::size_t threads) {
  node.bounds = bounds_of(node.size, threads);
  node.undivided = 0;
  for (std::size_t k = 0; k < node.edges.size(); ++k) {
    const auto& edge = compiled.edges[node.edges[k]];
    // What arrives is summed up in the order of the edges.
    if (edge.reach > 0 || !edge.kernel->divide(arrays.subspan(edge.arrays.first, edge.arrays.count), node.bounds))
      node.undivided = k + 1;
  }
  return node.undivided <= (node.own_run ? node.ahead : node.edges.size());
}

template <class S>
bool may_be_divided(const Compiled<S>& compiled, const tyto::Part& part) {
  std::size_t neurons = 0;
  for (const std::size_t layer : part.layers) {
    const auto& node = compiled.nodes[layer];
    neurons += node.size;
    if (!node.kernel || !node.kernel->divisible()) return false;
    if (std::any_of(node.edges.begin(), node.edges.end(),
                    [&](std::size_t index) { return compiled.edges[index].learning.has_value(); }))
      return false;
  }
  return neurons >= fewest_neurons;
}

/// Whether a layer of a part reads in a stretch what another one does in the same stretch, which then comes first.
template <class S>
bool take_turns(const Compiled<S>& compiled, const tyto::Part& part) {
  return std::any_of(part.layers.begin(), part.layers.end(), [&](std::size_t layer) {
    const auto& edges = compiled.nodes[layer].edges;
    return std::any_of(edges.begin(), edges.end(), [&](std::size_t index) {
      return compiled.edges[index].inside && compiled.edges[index].late < part.stride;
    });
  });
}

}  // namespace

template <class S>
void divide(Compiled<S>& compiled, std::span<const std::span<const S>> arrays, std::size_t threads) {
  compiled.tasks.assign(compiled.parts.size(), {});
  if (!compiled.streams()) return;
  for (std::size_t k = 0; k < compiled.parts.size(); ++k) {
    const auto& part = compiled.parts[k];
    if (!may_be_divided(compiled, part)) continue;
    if (!std::all_of(part.layers.begin(), part.layers.end(),
                     [&](std::size_t layer) { return divide_layer(compiled, arrays, compiled.nodes[layer], threads); }))
      continue;
    const bool turns = part.loops && take_turns(compiled, part);
    for (const std::size_t layer : part.layers) {
      if (turns || compiled.tasks[k].empty()) compiled.tasks[k].emplace_back();
      for (std::size_t slice = 0; slice + 1 < compiled.nodes[layer].bounds.size(); ++slice)
        compiled.tasks[k].back().push_back({layer, slice});
    }
  }
}

template <class S>
void Passes<S>::move_slice_on(std::size_t index, Tape<S>& tape, Task task, std::size_t step) const {
  const auto& edge = compiled_.edges[index];
  const auto& bounds = compiled_.nodes[task.layer].bounds;
  const std::size_t first = bounds[task.slice], count = bounds[task.slice + 1] - first;
  const auto source =
      signal(edge.from, tape, 0, static_cast<std::ptrdiff_t>(step) - static_cast<std::ptrdiff_t>(edge.late), 1);
  edge.filter->move_slice_on(tape.filters[index], first, count, [&](std::span<S> driven) {
    edge.kernel->forward_slice(source, arrays(edge.arrays), task.slice, {driven.data() - first, edge.channels});
  });
}

template <class S>
void Passes<S>::hand_slice_on(std::size_t index, Tape<S>& tape, Task task, Stretch stretch,
                              tyto::Rows<S> target) const {
  const auto& edge = compiled_.edges[index];
  if (!edge.filter) {
    const auto first = static_cast<std::ptrdiff_t>(stretch.first) - static_cast<std::ptrdiff_t>(edge.late);
    edge.kernel->forward_slice(signal(edge.from, tape, 0, first, stretch.steps()), arrays(edge.arrays), task.slice,
                               target);
    return;
  }
  const auto& bounds = compiled_.nodes[task.layer].bounds;
  const std::size_t first = bounds[task.slice], count = bounds[task.slice + 1] - first;
  // In a loop the source had not come so far when the stretch before ended, or the window.
  if (edge.inside && tape.first_step + stretch.first > 0) move_slice_on(index, tape, task, stretch.first);
  for (std::size_t t = stretch.first; t < stretch.end; ++t) {
    if (t > stretch.first) move_slice_on(index, tape, task, t);
    edge.filter->add_to({target[t - stretch.first] + first, count}, tape.filters[index], first);
  }
  if (!edge.inside) move_slice_on(index, tape, task, stretch.end);
}

/// As gather(), run() and leave_output(), for some neurons.
template <class S>
void Passes<S>::run_slice(Task task, Tape<S>& tape, Workspace<S>& work, Stretch stretch) const {
  const auto& node = compiled_.nodes[task.layer];
  auto& own = tape.nodes[task.layer];
  const std::size_t first = node.bounds[task.slice], count = node.bounds[task.slice + 1] - first, n = node.size;
  S* const current = (node.own_run ? own.current : work.current).data() + stretch.first * n * node.receptors;
  for (std::size_t row = 0; node.undivided == 0 && row < stretch.steps() * node.receptors; ++row)
    std::fill_n(current + row * n + first, count, S(0));
  for (std::size_t k = node.undivided; k < node.edges.size(); ++k)
    hand_slice_on(node.edges[k], tape, task, stretch,
                  {current + compiled_.edges[node.edges[k]].receptor * n, n * node.receptors});
  tyto::Pass pass = tape.passes[0];
  pass.layer = node.name;
  S* const output = (node.own_run ? own.output : work.output).data() + stretch.first * n + first;
  tyto::ForwardScan<S> scan;
  scan.steps = stretch.steps();
  scan.neurons = count;
  scan.row = n;
  scan.current = current + first;
  scan.output = output;
  // A source may have no state.
  scan.carried = own.carried.empty() ? nullptr : own.carried.data() + first;
  if (!own.states.empty()) scan.states = own.states.data() + stretch.first * node.variables * n + first;
  scan.first_step = tape.first_step + stretch.first;
  scan.first_neuron = first;
  scan.pass = &pass;
  node.kernel->forward(scan);
  const std::size_t words = tyto::words_for(n), row = node.past + stretch.first;
  for (std::size_t t = 0; t < stretch.steps(); ++t)
    if (own.spikes)
      pack(output + t * n, 1, 1, count, own.bits.data() + (row + t) * words + first / 64, 1);
    else if (node.read)
      std::copy_n(output + t * n, count, own.values.data() + (row + t) * n + first);
}

template <class S>
void Passes<S>::forward_divided(std::size_t part_index, Tape<S>& tape, Workspace<S>& work) const {
  const auto& part = compiled_.parts[part_index];
  const Stretch all{0, steps_of(part.layers.front(), tape)};
  for (const std::size_t layer : part.layers) {
    const auto& node = compiled_.nodes[layer];
    // Else each slice begins with silence.
    prepare(layer, tape, work, {}, node.undivided > 0);
    gather(std::span(node.edges).first(node.undivided), tape, work, {}, all);
  }
  const std::size_t stride = part.loops ? part.stride : all.end;
  for (std::size_t first = 0; first < all.end; first += stride)
    for (const auto& shared : compiled_.tasks[part_index])
      executor_->for_each(shared.size(), [&](std::size_t k) {
        const FlushToZero flush;
        run_slice(shared[k], tape, work, {first, std::min(first + stride, all.end)});
      });
}

template void divide(Compiled<float>&, std::span<const std::span<const float>>, std::size_t);
template void divide(Compiled<double>&, std::span<const std::span<const double>>, std::size_t);
template class Passes<float>;
template class Passes<double>;

}  // namespace cpu

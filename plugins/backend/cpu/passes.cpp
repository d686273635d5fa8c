#include "passes.hpp"

#include <algorithm>

#include <tyto/steps.hpp>

#include "pack.hpp"

namespace cpu {

namespace {

template <class S>
tyto::Rows<S> interleaved(Numbers<S>& numbers, std::size_t trials, std::size_t neurons, std::size_t trial) {
  return {numbers.data() + trial * neurons, trials * neurons};
}

}  // namespace

template <class S>
Passes<S>::Passes(const std::vector<CompiledLayer<S>>& layers, std::span<const std::span<const S>> arrays)
    : layers_(layers) {
  const auto view = [&](const std::vector<std::size_t>& own) {
    Views views;
    for (const std::size_t array : own) views.push_back(arrays[array]);
    return views;
  };
  for (const auto& layer : layers) {
    auto& inputs = views_.emplace_back();
    if (layer.transform) inputs.push_back(view(layer.arrays));
    for (const auto& input : layer.inputs) inputs.push_back(view(input.arrays));
  }
}

template <class S>
tyto::Signal<S> Passes<S>::signal_from(std::size_t layer, const Tape<S>& tape, std::size_t trial) const {
  if (layer == tyto::ModelInput::stimulus) {
    const auto& input = tape.inputs[trial];
    return {input.steps, input.channels, input.data, nullptr};
  }
  const auto& source = tape.layers[layer];
  const std::size_t steps = layers_[layer].steps, size = layers_[layer].size;
  if (source.spikes) return {steps, size, source.bits.data() + trial * steps * tyto::words_for(size), nullptr};
  return {steps, size, nullptr, source.values.data() + trial * steps * size};
}

/// Leaves the output where other layers look for it.
template <class S>
void Passes<S>::hand_on(std::size_t index, Tape<S>& tape, const Workspace<S>& work, Keep keep, bool as_spikes) const {
  const auto& layer = layers_[index];
  auto& own = tape.layers[index];
  own.spikes = as_spikes;
  if (as_spikes) {
    own.bits.resize(tape.trials() * layer.steps * tyto::words_for(layer.size));
    pack(work.output.data(), layer.steps, tape.trials(), layer.size, own.bits.data());
  } else if (layer.read || keep.values) {
    own.values.resize(work.output.size());
    for (std::size_t trial = 0; trial < tape.trials(); ++trial)
      for (std::size_t t = 0; t < layer.steps; ++t)
        std::copy_n(work.output.data() + (t * tape.trials() + trial) * layer.size, layer.size,
                    own.values.data() + (trial * layer.steps + t) * layer.size);
  }
  if (!keep.totals || !layer.spiking) return;
  const std::size_t width = tape.trials() * layer.size;
  Numbers<S> sums(width, S(0));
  tyto::add_steps<S>({work.output.data(), width}, layer.steps, sums);
  own.totals.assign(layer.size, 0);
  for (std::size_t i = 0; i < width; ++i) own.totals[i % layer.size] += static_cast<double>(sums[i]);
}

template <class S>
void Passes<S>::forward_population(std::size_t index, Tape<S>& tape, Workspace<S>& work, Keep keep,
                                   const tyto::Surrogate* smooth) const {
  const auto& layer = layers_[index];
  auto& own = tape.layers[index];
  const std::size_t cells = layer.steps * tape.trials() * layer.size;
  const bool needed = keep.way_back && !layer.kernel->linear();
  auto& current = needed ? own.current : work.current;
  current.assign(cells, S(0));
  work.output.resize(cells);
  work.rows.clear();
  for (std::size_t trial = 0; trial < tape.trials(); ++trial)
    work.rows.push_back(interleaved(current, tape.trials(), layer.size, trial));
  for (std::size_t k = 0; k < layer.inputs.size(); ++k) {
    work.signals.clear();
    for (std::size_t trial = 0; trial < tape.trials(); ++trial)
      work.signals.push_back(signal_from(layer.inputs[k].from, tape, trial));
    layer.inputs[k].kernel->forward_group({work.signals, tape.passes}, views_[index][k], layer.size, work.rows);
  }
  tyto::ForwardScan<S> scan;
  scan.steps = layer.steps;
  scan.neurons = tape.trials() * layer.size;
  scan.current = current.data();
  scan.output = work.output.data();
  scan.smooth = smooth;
  if (needed || keep.states) {
    own.states.resize(cells * layer.kernel->state_size());
    scan.states = own.states.data();
  }
  if (keep.way_back && layer.spiking) {
    own.distances.resize(cells);
    scan.distances = own.distances.data();
  }
  layer.kernel->forward(scan);
  hand_on(index, tape, work, keep, layer.spiking && smooth == nullptr);
}

template <class S>
void Passes<S>::forward_transform(std::size_t index, Tape<S>& tape) const {
  const auto& layer = layers_[index];
  auto& own = tape.layers[index];
  for (std::size_t trial = 0; trial < tape.trials(); ++trial) {
    const auto signal = signal_from(layer.from, tape, trial);
    auto& pass = tape.passes[trial];
    pass.layer = layer.name;
    // The same for all trials of a group, which are worked on for one purpose.
    own.spikes = signal.bits != nullptr && layer.transform->spikes(pass);
    if (own.spikes) {
      const std::size_t words = layer.steps * tyto::words_for(layer.size);
      if (trial == 0) own.bits.assign(tape.trials() * words, 0);
      layer.transform->forward(signal, views_[index][0], pass, nullptr, own.bits.data() + trial * words);
    } else {
      const std::size_t cells = layer.steps * layer.size;
      own.values.resize(tape.trials() * cells);
      layer.transform->forward(signal, views_[index][0], pass, own.values.data() + trial * cells, nullptr);
    }
  }
}

template <class S>
void Passes<S>::forward(Tape<S>& tape, Workspace<S>& work, Keep keep, const tyto::Surrogate* smooth) const {
  tape.layers.resize(layers_.size());
  for (std::size_t index = 0; index < layers_.size(); ++index) {
    if (layers_[index].transform)
      forward_transform(index, tape);
    else
      forward_population(index, tape, work, keep, smooth);
  }
}

template <class S>
void Passes<S>::read(const tyto::Objective& objective, Tape<S>& tape, const Workspace<S>& work) const {
  const std::size_t outputs = objective.outputs();
  tape.scores.resize(tape.trials() * outputs);
  tape.grad_scores.resize(tape.trials() * outputs);
  tape.when.resize(tape.trials() * outputs);
  // Readouts go column by column, and the trials' columns lie side by side.
  objective.read<S>({work.output.data(), tape.trials() * outputs}, layers_.back().steps, std::span(tape.scores),
                    std::span(tape.when));
}

template <class S>
std::vector<S> Passes<S>::output(const Tape<S>& tape, std::size_t layer, std::size_t trial) const {
  const std::size_t steps = layers_[layer].steps, size = layers_[layer].size;
  const auto signal = signal_from(layer, tape, trial);
  if (signal.values != nullptr) return {signal.values, signal.values + steps * size};
  std::vector<S> values(steps * size, S(0));
  for (std::size_t t = 0; t < steps; ++t)
    signal.spikes().for_each(t, [&](std::size_t i) { values[t * size + i] = S(1); });
  return values;
}

template <class S>
tyto::Rows<S> Passes<S>::gradient_rows(std::size_t layer, const Tape<S>& tape, Workspace<S>& work,
                                       std::size_t trial) const {
  if (layer == tyto::ModelInput::stimulus) {
    const auto& input = tape.inputs[trial];
    return {work.grad_input.data() + trial * input.steps * input.channels, input.channels};
  }
  const std::size_t size = layers_[layer].size;
  auto& gradient = work.grad_output[layer];
  if (layers_[layer].transform) return {gradient.data() + trial * layers_[layer].steps * size, size};
  return interleaved(gradient, tape.trials(), size, trial);
}

template <class S>
void Passes<S>::backward_population(std::size_t index, const Tape<S>& tape, Workspace<S>& work,
                                    const tyto::Backpropagation& request,
                                    std::span<const std::span<S>> grad_arrays) const {
  const auto& layer = layers_[index];
  const auto& own = tape.layers[index];
  const bool linear = layer.kernel->linear();
  work.grad_current.resize(layer.steps * tape.trials() * layer.size);
  tyto::BackwardScan<S> scan;
  scan.steps = layer.steps;
  scan.neurons = tape.trials() * layer.size;
  scan.current = linear ? nullptr : own.current.data();
  scan.states = linear ? nullptr : own.states.data();
  if (layer.spiking) {
    work.psi.resize(own.distances.size());
    request.surrogate->derivative(own.distances, work.psi);
    scan.psi = work.psi.data();
  }
  scan.grad_output = work.grad_output[index].data();
  scan.grad_current = work.grad_current.data();
  scan.detach_reset = request.detach_reset;
  scan.smooth = request.smooth ? request.surrogate : nullptr;
  layer.kernel->backward(scan);
  work.grad_rows.clear();
  for (std::size_t trial = 0; trial < tape.trials(); ++trial)
    work.grad_rows.push_back(interleaved(work.grad_current, tape.trials(), layer.size, trial));
  for (std::size_t k = 0; k < layer.inputs.size(); ++k) {
    const auto& input = layer.inputs[k];
    work.signals.clear();
    work.back_rows.clear();
    for (std::size_t trial = 0; trial < tape.trials(); ++trial) {
      work.signals.push_back(signal_from(input.from, tape, trial));
      if (wanted(input.from, request)) work.back_rows.push_back(gradient_rows(input.from, tape, work, trial));
    }
    std::vector<std::span<S>> gradients;
    for (const std::size_t array : input.arrays) gradients.push_back(grad_arrays[array]);
    input.kernel->backward_group({work.signals, tape.passes}, views_[index][k], layer.size, work.grad_rows, gradients,
                                 work.back_rows);
  }
}

template <class S>
void Passes<S>::backward_transform(std::size_t index, const Tape<S>& tape, Workspace<S>& work,
                                   const tyto::Backpropagation& request,
                                   std::span<const std::span<S>> grad_arrays) const {
  const auto& layer = layers_[index];
  std::vector<std::span<S>> gradients;
  for (const std::size_t array : layer.arrays) gradients.push_back(grad_arrays[array]);
  for (std::size_t trial = 0; trial < tape.trials(); ++trial) {
    tyto::Pass pass = tape.passes[trial];
    pass.layer = layer.name;
    const auto signal = signal_from(layer.from, tape, trial);
    const bool back = wanted(layer.from, request);
    // Transforms know nothing of other trials; a population's gradients get theirs in a second step.
    if (back) work.scratch.assign(signal.steps * signal.channels, S(0));
    layer.transform->backward(signal, signal_from(index, tape, trial), views_[index][0], pass,
                              gradient_rows(index, tape, work, trial).data, gradients,
                              back ? work.scratch.data() : nullptr);
    if (back) tyto::detail::add_rows<S>(work.scratch, signal.channels, gradient_rows(layer.from, tape, work, trial));
  }
}

/// dL/d output of all layers before anything came back to them: zero, the rates' part, and what the objective says.
template <class S>
void Passes<S>::start_gradients(const Tape<S>& tape, Workspace<S>& work, const tyto::Backpropagation& request,
                                const std::vector<std::vector<S>>& rate_gradients) const {
  work.grad_output.resize(layers_.size());
  for (std::size_t index = 0; index < layers_.size(); ++index) {
    auto& gradient = work.grad_output[index];
    const auto& rates = rate_gradients[index];
    const std::size_t cells = tape.trials() * layers_[index].steps * layers_[index].size;
    if (rates.empty()) {
      gradient.assign(cells, S(0));
      continue;
    }
    gradient.resize(cells);
    // Written once as they are, then copied, twice as many each time.
    std::copy(rates.begin(), rates.end(), gradient.begin());
    for (std::size_t done = rates.size(); done < cells; done *= 2)
      std::copy_n(gradient.begin(), std::min(done, cells - done), gradient.begin() + static_cast<std::ptrdiff_t>(done));
  }
  request.objective->spread<S>(std::span<const S>(tape.grad_scores), layers_.back().steps,
                               std::span<const std::size_t>(tape.when),
                               gradient_rows(layers_.size() - 1, tape, work, 0));
  if (request.input_gradient)
    work.grad_input.assign(tape.trials() * tape.inputs.front().steps * tape.inputs.front().channels, S(0));
}

template <class S>
void Passes<S>::backward(const Tape<S>& tape, Workspace<S>& work, const tyto::Backpropagation& request,
                         const std::vector<std::vector<S>>& rate_gradients,
                         std::span<const std::span<S>> grad_arrays) const {
  start_gradients(tape, work, request, rate_gradients);
  for (std::size_t index = layers_.size(); index-- > 0;) {
    if (layers_[index].transform)
      backward_transform(index, tape, work, request, grad_arrays);
    else
      backward_population(index, tape, work, request, grad_arrays);
  }
}

template class Passes<float>;
template class Passes<double>;

}  // namespace cpu

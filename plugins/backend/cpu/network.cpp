#include "network.hpp"

#include <algorithm>

#include "compile.hpp"
#include "flush_to_zero.hpp"

namespace cpu {

namespace {

std::size_t chunks_of(std::size_t trials) { return (trials + chunk_trials - 1) / chunk_trials; }

/// Calls visit(i) for the trials of a chunk, in order.
template <class Visit>
void in_chunk(std::size_t chunk, std::size_t trials, Visit&& visit) {
  const std::size_t end = std::min(trials, (chunk + 1) * chunk_trials);
  for (std::size_t i = chunk * chunk_trials; i < end; ++i) visit(i);
}

template <class S>
void pack(const std::vector<S>& output, std::size_t steps, std::size_t neurons, std::vector<std::uint64_t>& bits) {
  bits.assign(steps * tyto::words_for(neurons), 0);
  const tyto::MutableSpikes spikes{bits.data(), steps, neurons};
  for (std::size_t t = 0; t < steps; ++t)
    for (std::size_t i = 0; i < neurons; ++i)
      spikes.row(t)[i / 64] |= static_cast<std::uint64_t>(output[t * neurons + i] != S(0)) << (i % 64);
}

std::vector<double> widen(const auto& values) { return {values.begin(), values.end()}; }

/// A layer's output as numbers; a transform that hands on spikes leaves only bits.
template <class S>
std::vector<S> unpacked(const LayerTape<S>& tape, const CompiledLayer<S>& layer) {
  if (!tape.output.empty() || !tape.spikes) return tape.output;
  std::vector<S> values(layer.steps * layer.size, S(0));
  const tyto::Spikes spikes{tape.bits.data(), layer.steps, layer.size};
  for (std::size_t t = 0; t < layer.steps; ++t)
    spikes.for_each(t, [&](std::size_t i) { values[t * layer.size + i] = S(1); });
  return values;
}

template <class S>
bool correct(const tyto::Objective& objective, const std::vector<S>& scores, double target) {
  const auto best = std::max_element(scores.begin(), scores.end()) - scores.begin();
  return static_cast<std::size_t>(best) == objective.class_of(target);
}

}  // namespace

template <class S>
CpuNetwork<S>::CpuNetwork(const tyto::Model& model, tyto::Executor& executor)
    : shape_(model.input), executor_(executor), layers_(compile_layers<S>(model)), infos_(arrays_of(model)) {
  for (const auto& info : infos_) {
    offsets_.push_back(gradient_size_);
    gradient_size_ += info.size;
    arrays_.emplace_back(info.size, S(0));
  }
  memory_.resize(arrays_.size());
  effective_.resize(arrays_.size());
  for (std::size_t array = 0; array < infos_.size(); ++array) {
    companions_.push_back(array);
    for (std::size_t other = 0; other < infos_.size(); ++other)
      if (infos_[other].layer == infos_[array].layer && infos_[other].info.name == infos_[array].info.companion &&
          infos_[other].source == infos_[array].source)
        companions_.back() = other;
  }
}

template <class S>
tyto::ConstrainedArray<S> CpuNetwork<S>::constrained(std::size_t array) const {
  return {arrays_[array], arrays_[companions_[array]], infos_[array].info.shape};
}

template <class S>
void CpuNetwork<S>::settle(std::size_t array) {
  if (!infos_[array].info.constraint) return;
  effective_[array].resize(arrays_[array].size());
  infos_[array].info.constraint->effective(constrained(array), effective_[array]);
}

template <class S>
void CpuNetwork<S>::admit(std::size_t array) {
  if (!infos_[array].info.constraint) return;
  infos_[array].info.constraint->admit(arrays_[array], constrained(array));
  settle(array);
}

template <class S>
std::vector<double> CpuNetwork<S>::get(std::size_t array) const {
  return widen(effective_.at(array).empty() ? arrays_[array] : effective_[array]);
}

template <class S>
void CpuNetwork<S>::set(std::size_t array, std::span<const double> values) {
  auto& target = arrays_.at(array);
  if (values.size() != target.size())
    throw tyto::Error("array " + infos_[array].path() + " has " + std::to_string(target.size()) + " values, not " +
                      std::to_string(values.size()));
  std::transform(values.begin(), values.end(), target.begin(), [](double value) { return static_cast<S>(value); });
  for (std::size_t other = 0; other < arrays_.size(); ++other)
    if (other == array || companions_[other] == array) admit(other);
}

template <class S>
typename CpuNetwork<S>::Views CpuNetwork<S>::views(const std::vector<std::size_t>& arrays) const {
  Views views;
  for (const std::size_t array : arrays)
    views.emplace_back(effective_[array].empty() ? arrays_[array] : effective_[array]);
  return views;
}

template <class S>
tyto::Signal<S> CpuNetwork<S>::signal_from(std::size_t layer, const tyto::Spikes& input, const Tape<S>& tape) const {
  if (layer == tyto::ModelInput::stimulus) return {input.steps, input.channels, input.data, nullptr};
  const auto& source = tape.layers[layer];
  if (source.spikes) return {layers_[layer].steps, layers_[layer].size, source.bits.data(), nullptr};
  return {layers_[layer].steps, layers_[layer].size, nullptr, source.output.data()};
}

template <class S>
void CpuNetwork<S>::forward_population(std::size_t index, const tyto::Spikes& input, Tape<S>& tape, Keep keep,
                                       const tyto::Surrogate* smooth) const {
  const auto& layer = layers_[index];
  auto& own = tape.layers[index];
  const std::size_t cells = layer.steps * layer.size;
  own.current.assign(cells, S(0));
  own.output.resize(cells);
  for (const auto& source : layer.inputs)
    source.kernel->forward(signal_from(source.from, input, tape), views(source.arrays), layer.size, tape.pass,
                           own.current.data());
  tyto::ForwardScan<S> scan;
  scan.steps = layer.steps;
  scan.neurons = layer.size;
  scan.current = own.current.data();
  scan.output = own.output.data();
  scan.smooth = smooth;
  if (keep.states) {
    own.states.resize(cells * layer.kernel->state_size());
    scan.states = own.states.data();
  }
  if (keep.distances && layer.spiking) {
    own.distances.resize(cells);
    scan.distances = own.distances.data();
  }
  layer.kernel->forward(scan);
  own.spikes = layer.spiking && smooth == nullptr;
  if (own.spikes) pack(own.output, layer.steps, layer.size, own.bits);
}

template <class S>
void CpuNetwork<S>::forward_transform(std::size_t index, const tyto::Spikes& input, Tape<S>& tape) const {
  const auto& layer = layers_[index];
  auto& own = tape.layers[index];
  const auto signal = signal_from(layer.from, input, tape);
  tape.pass.layer = layer.name;
  own.spikes = signal.bits != nullptr && layer.transform->spikes(tape.pass);
  if (own.spikes) {
    own.bits.assign(layer.steps * tyto::words_for(layer.size), 0);
    own.output.clear();
    layer.transform->forward(signal, views(layer.arrays), tape.pass, nullptr, own.bits.data());
  } else {
    own.output.resize(layer.steps * layer.size);
    layer.transform->forward(signal, views(layer.arrays), tape.pass, own.output.data(), nullptr);
  }
}

template <class S>
void CpuNetwork<S>::forward(const tyto::Spikes& input, Tape<S>& tape, Keep keep, const tyto::Surrogate* smooth) const {
  tape.layers.resize(layers_.size());
  for (std::size_t index = 0; index < layers_.size(); ++index) {
    if (layers_[index].transform)
      forward_transform(index, input, tape);
    else
      forward_population(index, input, tape, keep, smooth);
  }
}

template <class S>
S CpuNetwork<S>::score(const tyto::Objective& objective, double target, std::size_t trials, Tape<S>& tape) const {
  const std::size_t outputs = objective.outputs();
  tape.scores.resize(outputs);
  tape.grad_scores.resize(outputs);
  tape.when.resize(outputs);
  objective.read<S>(tape.layers.back().output, layers_.back().steps, tape.scores, tape.when);
  const S loss = objective.loss_of<S>(tape.scores, target, tape.grad_scores);
  for (S& gradient : tape.grad_scores) gradient /= static_cast<S>(trials);
  return loss;
}

template <class S>
S* CpuNetwork<S>::gradient_of(std::size_t from, Tape<S>& tape, const tyto::Backpropagation& request) const {
  if (from != tyto::ModelInput::stimulus) return tape.layers[from].grad_output.data();
  return request.input_gradient ? tape.grad_input.data() : nullptr;
}

template <class S>
void CpuNetwork<S>::backward_population(std::size_t index, const tyto::Spikes& input, Tape<S>& tape,
                                        const tyto::Backpropagation& request,
                                        std::span<const std::span<S>> grad_arrays) const {
  const auto& layer = layers_[index];
  auto& own = tape.layers[index];
  if (layer.spiking) request.surrogate->derivative(own.distances, own.distances);
  own.grad_current.resize(own.current.size());
  tyto::BackwardScan<S> scan;
  scan.steps = layer.steps;
  scan.neurons = layer.size;
  scan.current = own.current.data();
  scan.states = own.states.data();
  scan.psi = layer.spiking ? own.distances.data() : nullptr;
  scan.grad_output = own.grad_output.data();
  scan.grad_current = own.grad_current.data();
  scan.detach_reset = request.detach_reset;
  scan.smooth = request.smooth ? request.surrogate : nullptr;
  layer.kernel->backward(scan);
  for (const auto& source : layer.inputs) {
    std::vector<std::span<S>> gradients;
    for (const std::size_t array : source.arrays) gradients.push_back(grad_arrays[array]);
    source.kernel->backward(signal_from(source.from, input, tape), views(source.arrays), layer.size, tape.pass,
                            own.grad_current.data(), gradients, gradient_of(source.from, tape, request));
  }
}

template <class S>
void CpuNetwork<S>::backward_transform(std::size_t index, const tyto::Spikes& input, Tape<S>& tape,
                                       const tyto::Backpropagation& request,
                                       std::span<const std::span<S>> grad_arrays) const {
  const auto& layer = layers_[index];
  std::vector<std::span<S>> gradients;
  tape.pass.layer = layer.name;
  for (const std::size_t array : layer.arrays) gradients.push_back(grad_arrays[array]);
  layer.transform->backward(signal_from(layer.from, input, tape), views(layer.arrays), tape.pass,
                            tape.layers[index].grad_output.data(), gradients, gradient_of(layer.from, tape, request));
}

template <class S>
void CpuNetwork<S>::backward(const tyto::Spikes& input, Tape<S>& tape, const tyto::Backpropagation& request,
                             const std::vector<std::vector<S>>& rate_gradients,
                             std::span<const std::span<S>> grad_arrays) const {
  for (std::size_t index = 0; index < layers_.size(); ++index) {
    auto& gradient = tape.layers[index].grad_output;
    const auto& rates = rate_gradients[index];
    gradient.assign(layers_[index].steps * layers_[index].size, S(0));
    if (!rates.empty())
      for (std::size_t t = 0; t < layers_[index].steps; ++t)
        std::copy(rates.begin(), rates.end(), gradient.begin() + static_cast<std::ptrdiff_t>(t * rates.size()));
  }
  std::vector<S> spread(tape.layers.back().grad_output.size());
  request.objective->spread<S>(tape.grad_scores, layers_.back().steps, tape.when, spread);
  auto& last = tape.layers.back().grad_output;
  std::transform(spread.begin(), spread.end(), last.begin(), last.begin(), std::plus<S>());
  if (request.input_gradient) tape.grad_input.assign(input.steps * input.channels, S(0));
  for (std::size_t index = layers_.size(); index-- > 0;) {
    if (layers_[index].transform)
      backward_transform(index, input, tape, request, grad_arrays);
    else
      backward_population(index, input, tape, request, grad_arrays);
  }
}

template <class S>
double CpuNetwork<S>::add_penalties(const tyto::Batch& batch, const tyto::Backpropagation& request,
                                    std::vector<std::vector<S>>& rate_gradients) const {
  double total = 0;
  for (const auto& penalty : request.rate_penalties) {
    const double seconds = static_cast<double>(batch.index.size() * layers_[penalty.layer].steps) * shape_.dt_s;
    const std::size_t units = layers_[penalty.layer].size;
    std::vector<double> spikes(units, 0);
    for (std::size_t trial = 0; trial < batch.index.size(); ++trial) {
      const auto& output = tapes_[trial].layers[penalty.layer].output;
      for (std::size_t cell = 0; cell < output.size(); cell += units)
        for (std::size_t i = 0; i < units; ++i) spikes[i] += static_cast<double>(output[cell + i]);
    }
    auto& gradient = rate_gradients[penalty.layer];
    gradient.resize(units, S(0));
    const double width = penalty.maximum_hz - penalty.minimum_hz;
    // The mean over units is divided by their number once more: the published models' definition.
    const double factor = penalty.weight / static_cast<double>(units * units);
    for (std::size_t i = 0; i < units; ++i) {
      const double excess = std::max(0.0, spikes[i] / seconds - penalty.minimum_hz) / width;
      total += factor * excess * excess;
      gradient[i] += static_cast<S>(factor * 2 * excess / width / seconds);
    }
  }
  return total;
}

template <class S>
void CpuNetwork<S>::reduce(std::size_t chunks) {
  constexpr std::size_t block = 4096;
  const std::size_t blocks = (gradient_size_ + block - 1) / block;
  executor_.for_each(blocks, [&](std::size_t b) {
    const FlushToZero flush;
    const std::size_t begin = b * block;
    const std::size_t end = std::min(gradient_size_, begin + block);
    for (std::size_t stride = 1; stride < chunks; stride *= 2)
      for (std::size_t left = 0; left + stride < chunks; left += 2 * stride)
        for (std::size_t i = begin; i < end; ++i) gradients_[left][i] += gradients_[left + stride][i];
  });
}

template <class S>
tyto::BatchResult CpuNetwork<S>::backpropagate(const tyto::Batch& batch, const tyto::Backpropagation& request) {
  const std::size_t trials = batch.index.size();
  const std::size_t chunks = chunks_of(trials);
  rate_factor_ = batch.pass.rate_factor;
  // A penalty on rates over the batch can only be differentiated when all of the batch has run, and
  // then every trial needs a tape of its own; otherwise a chunk's trials share one.
  const bool two_passes = !request.rate_penalties.empty();
  tapes_.resize(std::max(tapes_.size(), two_passes ? trials : chunks));
  gradients_.resize(std::max(gradients_.size(), chunks));

  tyto::BatchResult result;
  result.trials = trials;
  if (request.input_gradient) result.input_gradient.resize(trials * shape_.steps * shape_.channels);
  std::vector<S> losses(trials);
  std::vector<char> hits(trials, 0);
  std::vector<std::vector<S>> rate_gradients(layers_.size());

  const auto run_forward = [&](std::size_t i, Tape<S>& tape) {
    const double target = batch.trials->targets(batch.index[i])[request.objective->target_index()];
    tape.pass = batch.pass;
    tape.pass.trial = batch.index[i];
    forward(batch.trials->spikes(batch.index[i]), tape, {.states = true, .distances = true},
            request.smooth ? request.surrogate : nullptr);
    losses[i] = score(*request.objective, target, trials, tape);
    if (request.objective->classifies()) hits[i] = correct(*request.objective, tape.scores, target) ? 1 : 0;
  };
  const auto run_backward = [&](std::size_t chunk, std::size_t i, Tape<S>& tape) {
    std::vector<std::span<S>> views;
    for (std::size_t array = 0; array < infos_.size(); ++array)
      views.push_back(std::span(gradients_[chunk]).subspan(offsets_[array], infos_[array].size));
    backward(batch.trials->spikes(batch.index[i]), tape, request, rate_gradients, views);
    if (request.input_gradient)
      std::copy(tape.grad_input.begin(), tape.grad_input.end(),
                result.input_gradient.begin() + static_cast<std::ptrdiff_t>(i * tape.grad_input.size()));
  };

  if (two_passes) {
    executor_.for_each(chunks, [&](std::size_t chunk) {
      const FlushToZero flush;
      in_chunk(chunk, trials, [&](std::size_t i) { run_forward(i, tapes_[i]); });
    });
    result.penalty = add_penalties(batch, request, rate_gradients);
  }
  executor_.for_each(chunks, [&](std::size_t chunk) {
    const FlushToZero flush;
    gradients_[chunk].assign(gradient_size_, S(0));
    in_chunk(chunk, trials, [&](std::size_t i) {
      Tape<S>& tape = two_passes ? tapes_[i] : tapes_[chunk];
      if (!two_passes) run_forward(i, tape);
      run_backward(chunk, i, tape);
    });
  });
  reduce(chunks);
  for (std::size_t array = 0; array < infos_.size(); ++array)
    if (infos_[array].info.constraint)
      infos_[array].info.constraint->chain(constrained(array),
                                           std::span(gradients_[0]).subspan(offsets_[array], infos_[array].size));

  for (std::size_t i = 0; i < trials; ++i) {
    result.loss += static_cast<double>(losses[i]) / static_cast<double>(trials);
    result.correct += static_cast<std::size_t>(hits[i]);
  }
  result.loss += result.penalty;
  return result;
}

template <class S>
std::vector<double> CpuNetwork<S>::gradient(std::size_t array) const {
  if (gradients_.empty()) throw tyto::Error("no gradients have been computed yet");
  return widen(std::span(gradients_[0]).subspan(offsets_.at(array), infos_[array].size));
}

template <class S>
void CpuNetwork<S>::apply(const tyto::Optimizer& optimizer) {
  const FlushToZero flush;
  ++updates_;
  for (std::size_t array = 0; array < arrays_.size(); ++array) {
    const tyto::ArrayInfo& info = infos_[array].info;
    if (!info.trainable) continue;
    const tyto::Optimizer& own = info.optimizer ? *info.optimizer : optimizer;
    memory_[array].resize(own.slots() * arrays_[array].size(), S(0));
    own.update(arrays_[array], std::span<const S>(gradients_[0]).subspan(offsets_[array], infos_[array].size),
               memory_[array], {updates_, rate_factor_});
    if (!info.constraint) continue;
    info.constraint->project(arrays_[array], constrained(array));
    settle(array);
  }
}

template <class S>
tyto::Evaluation CpuNetwork<S>::evaluate(const tyto::Batch& batch, const tyto::Objective& objective, bool activity) {
  const std::size_t trials = batch.index.size();
  const std::size_t outputs = objective.outputs();
  tyto::Evaluation result;
  result.trials = trials;
  result.scores.resize(trials * outputs);
  result.losses.resize(trials);
  if (activity)
    for (const auto& layer : layers_) result.activity.emplace_back(trials * layer.size, 0.0);
  executor_.for_each(chunks_of(trials), [&](std::size_t chunk) {
    const FlushToZero flush;
    Tape<S> tape;
    in_chunk(chunk, trials, [&](std::size_t i) {
      tape.pass = batch.pass;
      tape.pass.trial = batch.index[i];
      forward(batch.trials->spikes(batch.index[i]), tape, {}, nullptr);
      const double target = batch.trials->targets(batch.index[i])[objective.target_index()];
      result.losses[i] = static_cast<double>(score(objective, target, 1, tape));
      std::copy(tape.scores.begin(), tape.scores.end(),
                result.scores.begin() + static_cast<std::ptrdiff_t>(i * outputs));
      for (std::size_t index = 0; index < result.activity.size(); ++index) {
        const std::size_t size = layers_[index].size;
        const auto output = unpacked(tape.layers[index], layers_[index]);
        double* const mean = result.activity[index].data() + i * size;
        for (std::size_t cell = 0; cell < output.size(); cell += size)
          for (std::size_t k = 0; k < size; ++k)
            mean[k] += static_cast<double>(output[cell + k]) / static_cast<double>(layers_[index].steps);
      }
    });
  });
  return result;
}

template <class S>
tyto::Recording CpuNetwork<S>::record(const tyto::TrialSet& trials, std::size_t trial, std::size_t layer) {
  const FlushToZero flush;
  Tape<S> tape;
  forward(trials.spikes(trial), tape, {.states = true, .distances = false}, nullptr);
  const auto& own = tape.layers.at(layer);
  const auto& compiled = layers_[layer];
  tyto::Recording recording;
  recording.steps = compiled.steps;
  recording.neurons = compiled.size;
  recording.output = widen(unpacked(own, compiled));
  if (!compiled.kernel) return recording;
  recording.state_names = compiled.kernel->state_names();
  const std::size_t variables = compiled.kernel->state_size();
  for (std::size_t k = 0; k < recording.state_names.size() && k < variables; ++k) {
    auto& series = recording.states.emplace_back();
    for (std::size_t t = 0; t < recording.steps; ++t)
      for (std::size_t i = 0; i < recording.neurons; ++i)
        series.push_back(static_cast<double>(own.states[(t * variables + k) * recording.neurons + i]));
  }
  return recording;
}

template class CpuNetwork<float>;
template class CpuNetwork<double>;

}  // namespace cpu

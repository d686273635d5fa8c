#include "program.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "flush_to_zero.hpp"

namespace cpu {

namespace {

std::size_t chunks_of(std::size_t trials) { return (trials + chunk_trials - 1) / chunk_trials; }

/// Neurons that populations work on side by side, about: enough to fill vectors and to hide the latency of one step
/// behind another neuron's, and few enough for the nearer caches.
constexpr std::size_t wanted_lanes = 64;
/// What a thread may keep of a group of trials that go through a loop.
constexpr double longest_tape_bytes = 64e6;

std::vector<double> widen(const auto& values) { return {values.begin(), values.end()}; }

template <class S>
bool correct(const tyto::Objective& objective, std::span<const S> scores, double target) {
  const auto best = std::max_element(scores.begin(), scores.end()) - scores.begin();
  return static_cast<std::size_t>(best) == objective.class_of(target);
}

/// mean[k] += the mean over steps of output[step][k].
template <class S>
void add_means(const std::vector<S>& output, std::size_t steps, std::span<double> mean) {
  for (std::size_t cell = 0; cell < output.size(); cell += mean.size())
    for (std::size_t k = 0; k < mean.size(); ++k)
      mean[k] += static_cast<double>(output[cell + k]) / static_cast<double>(steps);
}

}  // namespace

template <class S>
CpuProgram<S>::CpuProgram(const tyto::Model& model, tyto::Executor& executor)
    : compiled_(compile<S>(model)),
      executor_(executor),
      arrays_(compiled_.arrays),
      stream_(compiled_, arrays_, executor) {
  for (const auto& info : arrays_.infos()) {
    offsets_.push_back(gradient_size_);
    gradient_size_ += info.size;
  }
  std::size_t widest = 1;
  for (const auto& node : compiled_.nodes)
    if (node.kernel) widest = std::max(widest, node.size);
  while (group_trials_ < chunk_trials && group_trials_ * widest < wanted_lanes) group_trials_ *= 2;
  // A loop does little in a step, so that more trials share what a step costs of itself, if their tape is not too long.
  double bytes_of_trial = 0;
  for (const auto& node : compiled_.nodes)
    bytes_of_trial += static_cast<double>(node.steps * node.size * (node.variables + node.receptors + 3) * sizeof(S));
  // A rule keeps a few numbers for each synapse and trial.
  for (const auto& edge : compiled_.edges)
    if (edge.learning) bytes_of_trial += static_cast<double>(4 * arrays_.infos()[edge.arrays.first].size * sizeof(S));
  if (std::any_of(compiled_.parts.begin(), compiled_.parts.end(), [](const auto& part) { return part.loops; }))
    while (group_trials_ < chunk_trials && 2 * static_cast<double>(group_trials_) * bytes_of_trial < longest_tape_bytes)
      group_trials_ *= 2;
  memory_.resize(arrays_.size());
}

template <class S>
void CpuProgram<S>::settle_arrays() {
  if (!arrays_are_new_) return;
  const auto views = arrays_.in_use();
  const Passes<S> passes(compiled_, views);
  for (auto& edge : compiled_.edges) {
    const std::size_t from = edge.from == from_stimulus ? compiled_.input.channels : compiled_.nodes[edge.from].size;
    try {
      edge.kernel->start(passes.arrays(edge.arrays), from, edge.channels);
    } catch (const tyto::Error& error) {
      throw tyto::Error((edge.arrays.count > 0 ? arrays_.infos()[edge.arrays.first].group + ": " : "") + error.what());
    }
    // Rules change weights, but not which synapses there are.
    if (!edge.learning || !arrays_are_set_) continue;
    edge.learning->synapses = edge.kernel->synapses(from, edge.channels);
    edge.learning->state = edge.learning->kernel->state(edge.learning->synapses);
  }
  divide<S>(compiled_, views, executor_.threads());
  rests_ = passes.rests();
  arrays_are_new_ = false;
  arrays_are_set_ = false;
}

template <class S>
void CpuProgram<S>::start(std::uint64_t seed) {
  settle_arrays();
  stream_.start(rests_, seed);
}

template <class S>
template <class Visit>
void CpuProgram<S>::for_each_group(std::size_t chunk, std::size_t trials, Visit&& visit) const {
  const FlushToZero flush;
  const std::size_t end = std::min(trials, (chunk + 1) * chunk_trials);
  for (std::size_t first = chunk * chunk_trials; first < end; first += group_trials_)
    visit(first / group_trials_, first, std::min(group_trials_, end - first));
}

template <class S>
void CpuProgram<S>::load(const Passes<S>& passes, const tyto::Batch& batch, std::size_t first, std::size_t count,
                         Tape<S>& tape, bool learning) const {
  const tyto::TrialShape& shape = compiled_.input;
  passes.start(tape, count, shape.steps, rests_, learning);
  tape.inputs.resize(count);
  tape.passes.assign(count, batch.pass);
  for (std::size_t k = 0; k < count; ++k) {
    if (!shape.values) tape.inputs[k] = batch.trials->spikes(batch.index[first + k]);
    tape.passes[k].trial = batch.index[first + k];
    tape.passes[k].shown = batch.trials->key(batch.index[first + k]);
  }
  tape.stimulus.spikes = !shape.values;
  if (shape.values) {
    const std::size_t past = compiled_.stimulus_past * shape.channels, all = past + shape.steps * shape.channels;
    tape.stimulus.values.assign(count * all, S(0));
    for (std::size_t k = 0; k < count; ++k) {
      const auto values = batch.trials->values(batch.index[first + k]);
      std::copy(values.begin(), values.end(),
                tape.stimulus.values.begin() + static_cast<std::ptrdiff_t>(k * all + past));
    }
    return;
  }
  if (compiled_.stimulus_past == 0) return;
  // Silence before the first step has to lie before it in memory.
  const std::size_t words = tyto::words_for(shape.channels), past = compiled_.stimulus_past * words;
  const std::size_t all = past + shape.steps * words;
  tape.stimulus.bits.assign(count * all, 0);
  for (std::size_t k = 0; k < count; ++k)
    std::copy_n(tape.inputs[k].data, all - past,
                tape.stimulus.bits.begin() + static_cast<std::ptrdiff_t>(k * all + past));
}

template <class S>
double CpuProgram<S>::add_penalties(std::size_t trials, std::size_t groups, const tyto::Backpropagation& request,
                                    std::vector<std::vector<S>>& rate_gradients) const {
  double total = 0;
  for (const auto& penalty : request.rate_penalties) {
    const double seconds = static_cast<double>(trials * compiled_.nodes[penalty.layer].steps) * compiled_.input.dt_s;
    const std::size_t units = compiled_.nodes[penalty.layer].size;
    std::vector<double> spikes(units, 0);
    for (std::size_t group = 0; group < groups; ++group)
      for (std::size_t i = 0; i < units; ++i) spikes[i] += tapes_[group].nodes[penalty.layer].totals[i];
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
void CpuProgram<S>::reduce(std::size_t chunks) {
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
struct CpuProgram<S>::Outcome {
  std::vector<S> losses;   ///< [trial]
  std::vector<char> hits;  ///< [trial]
};

template <class S>
void CpuProgram<S>::run_forward(const Passes<S>& passes, const tyto::Batch& batch, const tyto::Backpropagation& request,
                                std::size_t first, std::size_t count, Tape<S>& tape, Outcome& outcome) const {
  thread_local Workspace<S> work;
  const tyto::Objective& objective = *request.objective;
  load(passes, batch, first, count, tape, false);
  passes.forward(tape, work, {.way_back = true, .totals = !request.rate_penalties.empty()},
                 request.smooth ? request.surrogate : nullptr);
  passes.read(objective, tape, work);
  const std::size_t outputs = objective.outputs();
  for (std::size_t k = 0; k < count; ++k) {
    const double target = batch.trials->targets(batch.index[first + k])[objective.target_index()];
    const auto scores = std::span<const S>(tape.scores).subspan(k * outputs, outputs);
    const auto gradient = std::span(tape.grad_scores).subspan(k * outputs, outputs);
    outcome.losses[first + k] = objective.loss_of<S>(scores, target, gradient);
    for (S& value : gradient) value /= static_cast<S>(batch.index.size());
    if (objective.classifies()) outcome.hits[first + k] = correct(objective, scores, target) ? 1 : 0;
  }
}

template <class S>
tyto::BatchResult CpuProgram<S>::backpropagate(const tyto::Batch& batch, const tyto::Backpropagation& request) {
  const std::size_t trials = batch.index.size();
  const std::size_t chunks = chunks_of(trials);
  const std::size_t groups = (trials + group_trials_ - 1) / group_trials_;
  rate_factor_ = batch.pass.rate_factor;
  // A penalty on rates over the batch can only be differentiated when all of the batch has run, and
  // then every group needs a tape of its own; otherwise a chunk's groups share one.
  const bool two_passes = !request.rate_penalties.empty();
  tapes_.resize(std::max(tapes_.size(), two_passes ? groups : chunks));
  gradients_.resize(std::max(gradients_.size(), chunks));

  learned_locally_ = false;
  double penalty = 0;
  std::vector<double> input_gradient;
  const std::size_t past = compiled_.stimulus_past * compiled_.input.channels;
  const std::size_t cells = compiled_.input.steps * compiled_.input.channels;
  if (request.input_gradient) input_gradient.resize(trials * cells);
  Outcome outcome{std::vector<S>(trials), std::vector<char>(trials, 0)};
  std::vector<std::vector<S>> rate_gradients(compiled_.nodes.size());
  settle_arrays();
  const auto arrays = arrays_.in_use();
  const Passes<S> passes(compiled_, arrays);

  if (two_passes) {
    executor_.for_each(chunks, [&](std::size_t chunk) {
      for_each_group(chunk, trials, [&](std::size_t group, std::size_t first, std::size_t count) {
        run_forward(passes, batch, request, first, count, tapes_[group], outcome);
      });
    });
    penalty = add_penalties(trials, groups, request, rate_gradients);
  }
  executor_.for_each(chunks, [&](std::size_t chunk) {
    thread_local Workspace<S> work;
    gradients_[chunk].assign(gradient_size_, S(0));
    std::vector<std::span<S>> views;
    for (std::size_t array = 0; array < arrays_.size(); ++array) views.push_back(gradient_in(chunk, array));
    for_each_group(chunk, trials, [&](std::size_t group, std::size_t first, std::size_t count) {
      Tape<S>& tape = two_passes ? tapes_[group] : tapes_[chunk];
      if (!two_passes) run_forward(passes, batch, request, first, count, tape, outcome);
      passes.backward(tape, work, request, rate_gradients, views);
      if (request.input_gradient)
        for (std::size_t k = 0; k < count; ++k)
          std::copy_n(work.grad_input.begin() + static_cast<std::ptrdiff_t>(k * (past + cells) + past), cells,
                      input_gradient.begin() + static_cast<std::ptrdiff_t>((first + k) * cells));
    });
  });
  reduce(chunks);
  for (std::size_t array = 0; array < arrays_.size(); ++array) arrays_.chain(array, gradient_in(0, array));

  tyto::BatchResult result = result_of(outcome);
  result.input_gradient = std::move(input_gradient);
  result.penalty = penalty;
  result.loss += penalty;
  return result;
}

template <class S>
tyto::BatchResult CpuProgram<S>::result_of(const Outcome& outcome) {
  tyto::BatchResult result;
  result.trials = outcome.losses.size();
  for (std::size_t i = 0; i < result.trials; ++i) {
    result.loss += static_cast<double>(outcome.losses[i]) / static_cast<double>(result.trials);
    result.correct += static_cast<std::size_t>(outcome.hits[i]);
  }
  return result;
}

template <class S>
void CpuProgram<S>::learn_group(const Passes<S>& passes, const tyto::Batch& batch, const tyto::LocalLearning& request,
                                std::size_t first, std::size_t count, std::size_t chunk, Outcome& outcome) {
  thread_local Workspace<S> work;
  thread_local Tape<S> tape;
  const tyto::Objective& objective = *request.objective;
  const auto for_each_lane = [&](const Edge<S>& edge, std::size_t index, std::size_t step, auto&& visit) {
    for (std::size_t lane = 0; lane < count; ++lane) {
      tyto::LocalStep<S> local = passes.local_step(index, tape, lane, step);
      auto& changes = tape.rules[index][lane].changes;
      changes.resize(arrays_.infos()[edge.arrays.first].size);
      local.changes = tyto::Changes<S>(changes);
      const bool learns = step >= edge.learning->from_step && step < edge.learning->until_step;
      visit(*edge.learning->kernel, local, lane, learns);
    }
  };
  load(passes, batch, first, count, tape, true);
  passes.forward(tape, work, {}, nullptr, [&](const tyto::Part& part, Stretch stretch) {
    for (const std::size_t layer : part.layers)
      for (const std::size_t index : compiled_.nodes[layer].edges) {
        if (!compiled_.edges[index].learning) continue;
        for_each_lane(compiled_.edges[index], index, stretch.first,
                      [](const auto& rule, const auto& local, auto, bool learns) { rule.step(local, learns); });
      }
  });
  passes.read(objective, tape, work);
  const std::size_t outputs = objective.outputs();
  std::vector<S> rewards;
  for (std::size_t k = 0; k < count; ++k) {
    const double target = batch.trials->targets(batch.index[first + k])[objective.target_index()];
    const auto scores = std::span<const S>(tape.scores).subspan(k * outputs, outputs);
    const S loss = objective.loss_of<S>(scores, target, std::span(tape.grad_scores).subspan(k * outputs, outputs));
    const bool hit = objective.classifies() && correct(objective, scores, target);
    outcome.losses[first + k] = loss;
    outcome.hits[first + k] = hit ? 1 : 0;
    rewards.push_back(objective.classifies() ? S(hit ? 1 : 0) : -loss);
  }
  for (std::size_t index = 0; index < compiled_.edges.size(); ++index) {
    const auto& edge = compiled_.edges[index];
    if (!edge.learning) continue;
    const auto sum = gradient_in(chunk, edge.arrays.first);
    for_each_lane(edge, index, compiled_.nodes[edge.layer].steps - 1,
                  [&](const auto& rule, const auto& local, std::size_t lane, bool learns) {
                    if (edge.learning->rewarded && learns)
                      rule.reward(local, rewards[lane] - static_cast<S>(request.expected_reward));
                    // Trial by trial, so that it does not matter how many go side by side.
                    const auto& changes = tape.rules[index][lane].changes;
                    for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += changes[k];
                  });
  }
}

template <class S>
tyto::BatchResult CpuProgram<S>::learn(const tyto::Batch& batch, const tyto::LocalLearning& request) {
  const std::size_t trials = batch.index.size(), chunks = chunks_of(trials);
  gradients_.resize(std::max(gradients_.size(), chunks));
  rate_factor_ = batch.pass.rate_factor;
  Outcome outcome{std::vector<S>(trials), std::vector<char>(trials, 0)};
  settle_arrays();
  const auto arrays = arrays_.in_use();
  const Passes<S> passes(compiled_, arrays);
  executor_.for_each(chunks, [&](std::size_t chunk) {
    gradients_[chunk].assign(gradient_size_, S(0));
    for_each_group(chunk, trials, [&](std::size_t, std::size_t first, std::size_t count) {
      learn_group(passes, batch, request, first, count, chunk, outcome);
    });
  });
  reduce(chunks);
  for (S& change : gradients_[0]) change /= -static_cast<S>(trials);
  learned_locally_ = true;
  tyto::BatchResult result = result_of(outcome);
  const double of_trial = 1 / static_cast<double>(trials);
  result.reward = request.objective->classifies() ? static_cast<double>(result.correct) * of_trial : -result.loss;
  return result;
}

template <class S>
std::vector<double> CpuProgram<S>::gradient(std::size_t array) const {
  if (gradients_.empty()) throw tyto::Error("no gradients have been computed yet");
  return widen(std::span(gradients_[0]).subspan(offsets_.at(array), arrays_.infos()[array].size));
}

template <class S>
std::optional<tyto::WeightBounds> CpuProgram<S>::bounds_of(std::size_t array) const {
  for (const auto& edge : compiled_.edges)
    if (edge.learning && edge.arrays.first == array) return edge.learning->kernel->bounds();
  return std::nullopt;
}

template <class S>
bool CpuProgram<S>::stays_at_least_zero(std::size_t array) const {
  return std::any_of(compiled_.edges.begin(), compiled_.edges.end(), [&](const auto& edge) {
    return edge.at_least_zero && array >= edge.arrays.first && array < edge.arrays.first + edge.arrays.count;
  });
}

template <class S>
bool CpuProgram<S>::is_updated(std::size_t array) const {
  return arrays_.infos()[array].learns() && (!learned_locally_ || bounds_of(array));
}

template <class S>
void CpuProgram<S>::clip_gradients(const tyto::Clipping& clipping) {
  if (!clipping.value && !clipping.norm) return;
  // Relative to the largest number, so that no square is beyond what numbers can hold.
  double largest = 0, squares = 0;
  const auto for_each_array = [&](auto&& visit) {
    for (std::size_t array = 0; array < arrays_.size(); ++array)
      if (is_updated(array)) visit(gradient_in(0, array));
  };
  if (clipping.value)
    for_each_array([&, bound = static_cast<S>(*clipping.value)](std::span<S> gradient) {
      for (S& value : gradient) value = std::clamp(value, -bound, bound);
    });
  if (!clipping.norm) return;
  for_each_array([&](std::span<const S> gradient) {
    for (const S value : gradient) largest = std::max(largest, std::abs(static_cast<double>(value)));
  });
  if (largest == 0) return;
  for_each_array([&](std::span<const S> gradient) {
    for (const S value : gradient)
      squares += (static_cast<double>(value) / largest) * (static_cast<double>(value) / largest);
  });
  const double norm = largest * std::sqrt(squares);
  if (norm <= *clipping.norm) return;
  for_each_array([factor = *clipping.norm / norm](std::span<S> gradient) {
    for (S& value : gradient) value = static_cast<S>(static_cast<double>(value) * factor);
  });
}

template <class S>
void CpuProgram<S>::apply(const tyto::Optimizer& optimizer, const tyto::Clipping& clipping) {
  const FlushToZero flush;
  ++updates_;
  clip_gradients(clipping);
  for (std::size_t array = 0; array < arrays_.size(); ++array) {
    if (!is_updated(array)) continue;
    const tyto::ArrayInfo& info = arrays_.infos()[array].info;
    const auto bounds = bounds_of(array);
    const tyto::Optimizer& own = info.optimizer ? *info.optimizer : optimizer;
    auto& stored = arrays_.stored(array);
    memory_[array].resize(own.slots() * stored.size(), S(0));
    own.update(stored, std::span<const S>(gradient_in(0, array)), memory_[array], {updates_, rate_factor_});
    if (learned_locally_)
      for (S& value : stored)
        value = std::clamp(value, static_cast<S>(bounds->lowest), static_cast<S>(bounds->highest));
    // What a law changes it also keeps to, unless that is not what is used.
    if ((!info.constraint || info.constraint->uses_stored()) && stays_at_least_zero(array))
      for (S& value : stored) value = std::max(value, S(0));
    arrays_.changed(array);
  }
  arrays_are_new_ = true;
}

template <class S>
tyto::Evaluation CpuProgram<S>::evaluate(const tyto::Batch& batch, const tyto::Objective& objective, bool activity) {
  const std::size_t trials = batch.index.size();
  const std::size_t outputs = objective.outputs();
  tyto::Evaluation result;
  result.trials = trials;
  result.scores.resize(trials * outputs);
  result.losses.resize(trials);
  if (activity)
    for (const auto& node : compiled_.nodes) result.activity.emplace_back(trials * node.size, 0.0);
  settle_arrays();
  const auto arrays = arrays_.in_use();
  const Passes<S> passes(compiled_, arrays);
  executor_.for_each(chunks_of(trials), [&](std::size_t chunk) {
    thread_local Workspace<S> work;
    thread_local Tape<S> tape;
    for_each_group(chunk, trials, [&](std::size_t, std::size_t first, std::size_t count) {
      load(passes, batch, first, count, tape, false);
      passes.forward(tape, work, {.values = activity}, nullptr);
      passes.read(objective, tape, work);
      for (std::size_t k = 0; k < count; ++k) {
        const std::size_t i = first + k;
        const double target = batch.trials->targets(batch.index[i])[objective.target_index()];
        result.losses[i] = static_cast<double>(
            objective.loss_of<S>(std::span<const S>(tape.scores).subspan(k * outputs, outputs), target,
                                 std::span(tape.grad_scores).subspan(k * outputs, outputs)));
        std::copy_n(tape.scores.begin() + static_cast<std::ptrdiff_t>(k * outputs), outputs,
                    result.scores.begin() + static_cast<std::ptrdiff_t>(i * outputs));
        for (std::size_t index = 0; index < result.activity.size(); ++index)
          add_means(
              passes.output(tape, index, k), compiled_.nodes[index].steps,
              std::span(result.activity[index]).subspan(i * compiled_.nodes[index].size, compiled_.nodes[index].size));
      }
    });
  });
  return result;
}

template <class S>
template <class Visit>
void CpuProgram<S>::run_alone(const tyto::TrialSet& trials, std::size_t trial, Keep keep, Visit&& visit) {
  const FlushToZero flush;
  Tape<S> tape;
  Workspace<S> work;
  const auto index = static_cast<std::uint32_t>(trial);
  settle_arrays();
  const auto arrays = arrays_.in_use();
  const Passes<S> passes(compiled_, arrays);
  load(passes, {&trials, {&index, 1}, {}}, 0, 1, tape, false);
  passes.forward(tape, work, keep, nullptr);
  visit(Passed<S>{passes, tape, work});
}

template <class S>
tyto::Recording CpuProgram<S>::record(const tyto::TrialSet& trials, std::size_t trial, std::size_t layer) {
  tyto::Recording recording;
  run_alone(trials, trial, {.states = true, .values = true},
            [&](const Passed<S>& passed) { recording = recording_of(passed, layer); });
  return recording;
}

template <class S>
tyto::Recording CpuProgram<S>::recording_of(const Passed<S>& passed, std::size_t layer) const {
  const auto& own = passed.tape.nodes.at(layer);
  const auto& compiled = compiled_.nodes[layer];
  tyto::Recording recording;
  recording.steps = compiled.steps;
  recording.neurons = compiled.size;
  recording.output = widen(passed.passes.output(passed.tape, layer, 0));
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

template <class S>
void CpuProgram<S>::probe(const tyto::TrialSet& trials, std::size_t trial, const tyto::ProbeSink& sink) {
  run_alone(trials, trial, {.states = true},
            [&](const Passed<S>& passed) { Sampler<S>(compiled_, arrays_).take(passed, sink); });
}

template class CpuProgram<float>;
template class CpuProgram<double>;

}  // namespace cpu

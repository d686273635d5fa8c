#include "sampler.hpp"

#include <algorithm>

namespace cpu {

template <class S>
template <class Visit>
void Sampler<S>::for_samples(const CompiledProbe<S>& probe, std::uint64_t begin, Stretch stretch, Visit&& visit) {
  for (std::size_t t = stretch.first; t < stretch.end; ++t)
    if ((begin + t + 1) % probe.every_steps == 0) visit(t);
}

template <class S>
void Sampler<S>::give(std::size_t probe, std::uint64_t step, std::span<const S> values, const tyto::ProbeSink& sink) {
  sample_.assign(values.begin(), values.end());
  sink(probe, step, sample_);
}

template <class S>
void Sampler<S>::take(const Passed<S>& passed, const tyto::ProbeSink& sink) {
  for (std::size_t probe = 0; probe < compiled_.probes.size(); ++probe) {
    const auto& own = compiled_.probes[probe];
    if (own.while_learning) continue;
    if (own.what == tyto::ModelProbe::What::projection)
      take_edge(probe, passed, sink);
    else
      take_layer(probe, passed.tape, {0, passed.passes.steps_of(own.layer, passed.tape)}, sink);
  }
}

template <class S>
void Sampler<S>::take_learning(const tyto::Part& part, Stretch stretch, const Tape<S>& tape,
                               std::span<const std::span<const S>> arrays, const tyto::ProbeSink& sink) {
  for (std::size_t probe = 0; probe < compiled_.probes.size(); ++probe) {
    const auto& own = compiled_.probes[probe];
    if (own.while_learning && std::binary_search(part.layers.begin(), part.layers.end(), own.layer))
      for_samples(own, tape.first_step, stretch,
                  [&](std::size_t step) { give(probe, tape.first_step + step, arrays[own.item], sink); });
  }
}

template <class S>
void Sampler<S>::take_edge(std::size_t index, const Passed<S>& passed, const tyto::ProbeSink& sink) {
  const Passes<S>& passes = passed.passes;
  Tape<S>& tape = passed.tape;
  Workspace<S>& work = passed.work;
  const auto& probe = compiled_.probes[index];
  const auto& edge = compiled_.edges[probe.edge];
  const Stretch all{0, passes.steps_of(edge.from, tape)};
  const std::uint64_t begin = begin_of(tape, all.end);
  const auto give_row = [&](std::size_t step, const S* row) { give(index, begin + step, {row, edge.channels}, sink); };
  if (!edge.filter && compiled_.streams()) {
    for_samples(probe, begin, all, [&](std::size_t step) {
      handed_.assign(edge.channels, S(0));
      passes.hand_on(probe.edge, tape, work, {step, step + 1}, {handed_.data(), edge.channels});
      give_row(step, handed_.data());
    });
    return;
  }
  handed_.assign(all.end * edge.channels, S(0));
  passes.hand_on(probe.edge, tape, work, all, {handed_.data(), edge.channels});
  for_samples(probe, begin, all, [&](std::size_t step) { give_row(step, handed_.data() + step * edge.channels); });
}

template <class S>
void Sampler<S>::take_layer(std::size_t index, const Tape<S>& tape, Stretch all, const tyto::ProbeSink& sink) {
  using What = tyto::ModelProbe::What;
  const auto& probe = compiled_.probes[index];
  const auto& node = compiled_.nodes[probe.layer];
  const auto& own = tape.nodes[probe.layer];
  const std::uint64_t begin = begin_of(tape, all.end);
  for_samples(probe, begin, all, [&](std::size_t step) {
    const auto row = [&](const Numbers<S>& numbers, std::size_t first, std::size_t width) {
      give(index, begin + step, std::span(numbers).subspan(first, width), sink);
    };
    switch (probe.what) {
      case What::projection:
        break;
      case What::input:
        if (node.ensemble)
          row(own.input, step * node.inputs, node.inputs);
        else
          row(own.current, (step * node.receptors + probe.item) * node.size, node.size);
        break;
      case What::output:
        row(own.output, step * node.size, node.size);
        break;
      case What::spikes:
        tyto::Spikes{own.bits.data() + node.past * tyto::words_for(node.size), all.end, node.size}.for_each(
            step, [&](std::size_t neuron) {
              const auto number = static_cast<double>(neuron);
              sink(index, begin + step, {&number, 1});
            });
        break;
      case What::state: {
        // After the step is before the next one.
        const bool last = step + 1 == all.end;
        row(last ? own.carried : own.states, (last ? probe.item : (step + 1) * node.variables + probe.item) * node.size,
            node.size);
        break;
      }
      case What::array:
        give(index, begin + step, arrays_.used(probe.item), sink);
        break;
    }
  });
}

template class Sampler<float>;
template class Sampler<double>;

}  // namespace cpu

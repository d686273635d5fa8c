/// Takes the samples of a model's probes from what a lane has left on its tape.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <tyto/backend.hpp>

#include "arrays.hpp"
#include "compile.hpp"
#include "passes.hpp"

namespace cpu {

/// A tape after Passes::forward(), of which the first lane is sampled, and what the way took.
template <class S>
struct Passed {
  const Passes<S>& passes;
  Tape<S>& tape;
  Workspace<S>& work;
};

template <class S>
class Sampler {
 public:
  /// Both must outlive this.
  Sampler(const Compiled<S>& compiled, const Arrays<S>& arrays) : compiled_(compiled), arrays_(arrays) {}

  /// All samples of a window of a stream or of a trial, but for those of arrays that learn.
  void take(const Passed<S>& passed, const tyto::ProbeSink& sink);
  /// Those of the arrays that learn in a part of the model, in some steps.
  void take_learning(const tyto::Part& part, Stretch stretch, const Tape<S>& tape,
                     std::span<const std::span<const S>> arrays, const tyto::ProbeSink& sink);

 private:
  /// Calls visit(step) for the steps of a stretch in which a probe takes samples. The signal's own step 0 is the step
  /// `begin` of the trial or stream.
  template <class Visit>
  static void for_samples(const CompiledProbe<S>& probe, std::uint64_t begin, Stretch stretch, Visit&& visit);
  /// Of a signal of so many steps.
  [[nodiscard]] std::uint64_t begin_of(const Tape<S>& tape, std::size_t steps) const {
    return compiled_.streams() ? tape.first_step : compiled_.input.steps - steps;
  }
  void take_edge(std::size_t probe, const Passed<S>& passed, const tyto::ProbeSink& sink);
  void take_layer(std::size_t probe, const Tape<S>& tape, Stretch all, const tyto::ProbeSink& sink);
  void give(std::size_t probe, std::uint64_t step, std::span<const S> values, const tyto::ProbeSink& sink);

  const Compiled<S>& compiled_;
  const Arrays<S>& arrays_;
  Numbers<S> handed_;
  std::vector<double> sample_;  ///< that goes to a sink
};

extern template class Sampler<float>;
extern template class Sampler<double>;

}  // namespace cpu

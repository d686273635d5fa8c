/// A stream on its way through a model: a single lane, window after window. Samples are taken and connections learn on
/// the way.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <tyto/backend.hpp>

#include "arrays.hpp"
#include "compile.hpp"
#include "passes.hpp"
#include "sampler.hpp"

namespace cpu {

template <class S>
class Stream {
 public:
  /// Both must outlive this.
  Stream(const Compiled<S>& compiled, Arrays<S>& arrays, tyto::Executor& executor);

  /// To the first step, with populations in the states `rests`.
  void start(std::span<const std::vector<S>> rests, std::uint64_t seed);
  void advance(const tyto::Signal<double>& stimulus, const tyto::ProbeSink& sink);
  [[nodiscard]] std::string not_finite() const;
  [[nodiscard]] tyto::SimulationActivity activity() const;

 private:
  /// How large the error of a connection's rule has been.
  struct Learning {
    double squares = 0;        ///< sum over values and steps of the error since the call of advance began
    std::size_t errors = 0;    ///< their number
    std::size_t steps = 0;     ///< of learning, since the start
    double first_squares = 0;  ///< of the first steps
    std::size_t first_errors = 0;
    std::vector<double> error_rms;  ///< of the calls before
  };

  /// Puts some steps of the stimulus behind what is left of the past.
  void load(const tyto::Signal<double>& stimulus, std::size_t first);
  void run_window(const tyto::ProbeSink& sink);
  /// For the report on the run's health.
  void count(std::size_t layer);
  void learn(std::size_t edge, const Passes<S>& passes, std::size_t step);
  void note_error(std::size_t edge, std::span<const S> error);

  const Compiled<S>& compiled_;
  Arrays<S>& arrays_;
  tyto::Executor& executor_;
  std::size_t window_steps_ = 1;  ///< at most
  std::uint64_t step_ = 0;        ///< with which the window begins
  Tape<S> tape_;
  Workspace<S> work_;
  std::vector<Learning> learning_;                  ///< of each edge
  std::vector<std::vector<std::uint64_t>> spikes_;  ///< of each neuron of each layer since the start
  std::vector<std::uint64_t> beyond_radius_;        ///< steps, of each layer
  Sampler<S> sampler_;
};

extern template class Stream<float>;
extern template class Stream<double>;

}  // namespace cpu

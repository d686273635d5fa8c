/// A model compiled for the CPU. Trials are spread over threads in chunks whose size never depends on the number of
/// threads, and gradients are added up in a fixed tree. A stream is a single lane that goes through window after
/// window.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include <tyto/backend.hpp>

#include "arrays.hpp"
#include "compile.hpp"
#include "passes.hpp"
#include "stream.hpp"

namespace cpu {

template <class S>
class CpuProgram final : public tyto::Program {
 public:
  CpuProgram(const tyto::Model& model, tyto::Executor& executor);

  [[nodiscard]] const tyto::ArrayTable& arrays() const override { return arrays_.infos(); }
  [[nodiscard]] std::vector<double> get(std::size_t array) const override { return arrays_.get(array); }
  [[nodiscard]] std::optional<std::size_t> first_not_finite(std::size_t array) const override {
    return tyto::first_not_finite(std::span<const S>(arrays_.used(array)));
  }
  void set(std::size_t array, std::span<const double> values) override {
    arrays_.set(array, values);
    arrays_are_new_ = true;
    arrays_are_set_ = true;
  }
  [[nodiscard]] tyto::Evaluation evaluate(const tyto::Batch& batch, const tyto::Objective& objective,
                                          bool activity) override;
  [[nodiscard]] tyto::Recording record(const tyto::TrialSet& trials, std::size_t trial, std::size_t layer) override;
  void probe(const tyto::TrialSet& trials, std::size_t trial, const tyto::ProbeSink& sink) override;
  tyto::BatchResult backpropagate(const tyto::Batch& batch, const tyto::Backpropagation& request) override;
  [[nodiscard]] std::vector<double> gradient(std::size_t array) const override;
  tyto::BatchResult learn(const tyto::Batch& batch, const tyto::LocalLearning& request) override;
  using tyto::Program::apply;
  void apply(const tyto::Optimizer& optimizer, const tyto::Clipping& clipping) override;

  void start(std::uint64_t seed) override;
  void advance(const tyto::Signal<double>& stimulus, const tyto::ProbeSink& sink) override {
    if (arrays_are_new_) throw tyto::Error("arrays have been set since the stream was started");
    stream_.advance(stimulus, sink);
  }
  [[nodiscard]] std::string not_finite() const override { return stream_.not_finite(); }
  [[nodiscard]] tyto::SimulationActivity activity() const override { return stream_.activity(); }

 private:
  /// Lets kernels see arrays that have been set. To be called before anything runs.
  void settle_arrays();
  /// The gradients of an array in a chunk's buffer.
  [[nodiscard]] std::span<S> gradient_in(std::size_t chunk, std::size_t array) {
    return std::span(gradients_[chunk]).subspan(offsets_[array], arrays_.infos()[array].size);
  }
  /// Calls visit(group, first trial, trials) for the groups of a chunk, in order.
  template <class Visit>
  void for_each_group(std::size_t chunk, std::size_t trials, Visit&& visit) const;
  /// Prepares the tape for trials first .. first+count-1 of a batch.
  void load(const Passes<S>& passes, const tyto::Batch& batch, std::size_t first, std::size_t count, Tape<S>& tape,
            bool learning) const;
  /// Runs one trial by itself and calls visit(Passed<S>).
  template <class Visit>
  void run_alone(const tyto::TrialSet& trials, std::size_t trial, Keep keep, Visit&& visit);
  [[nodiscard]] tyto::Recording recording_of(const Passed<S>& passed, std::size_t layer) const;
  struct Outcome;
  /// Runs a group forward and scores it; leaves dL/d scores in the tape.
  void run_forward(const Passes<S>& passes, const tyto::Batch& batch, const tyto::Backpropagation& request,
                   std::size_t first, std::size_t count, Tape<S>& tape, Outcome& outcome) const;
  [[nodiscard]] double add_penalties(std::size_t trials, std::size_t groups, const tyto::Backpropagation& request,
                                     std::vector<std::vector<S>>& rate_gradients) const;
  void reduce(std::size_t chunks);
  /// Runs a group and lets connections learn on the way; their changes are added to the chunk's gradients.
  void learn_group(const Passes<S>& passes, const tyto::Batch& batch, const tyto::LocalLearning& request,
                   std::size_t first, std::size_t count, std::size_t chunk, Outcome& outcome);
  [[nodiscard]] static tyto::BatchResult result_of(const Outcome& outcome);
  /// Whether an update changes an array.
  [[nodiscard]] bool is_updated(std::size_t array) const;
  void clip_gradients(const tyto::Clipping& clipping);
  /// Those of the rule that changes an array; nothing if none does.
  [[nodiscard]] std::optional<tyto::WeightBounds> bounds_of(std::size_t array) const;

  /// Whether an array's numbers are kept so after an update.
  [[nodiscard]] bool stays_at_least_zero(std::size_t array) const;

  Compiled<S> compiled_;
  tyto::Executor& executor_;
  Arrays<S> arrays_;
  bool arrays_are_new_ = true;
  bool arrays_are_set_ = true;          ///< since then, and not only changed by learning
  std::vector<std::vector<S>> rests_;   ///< in which populations begin
  std::vector<std::vector<S>> memory_;  ///< the optimizer's, for each array
  std::int64_t updates_ = 0;
  bool learned_locally_ = false;  ///< the kept gradients are those of learn()
  double rate_factor_ = 1;        ///< of the pass that the kept gradients come from

  std::vector<std::size_t> offsets_;  ///< of each array in a chunk's gradients
  std::size_t gradient_size_ = 0;
  std::vector<std::vector<S>> gradients_;  ///< one for each chunk; [0] is the sum after reduce()
  std::size_t group_trials_ = 1;           ///< worked on side by side; does not change any bit of a result
  std::vector<Tape<S>> tapes_;
  Stream<S> stream_;
};

/// Trials per task. Fixed, so that sums have the same bits for any number of threads.
inline constexpr std::size_t chunk_trials = 8;

extern template class CpuProgram<float>;
extern template class CpuProgram<double>;

}  // namespace cpu

/// The way of a group of lanes through the layers, forward and back.
///
/// Parts of the model that do not loop go through all steps of a window at once, layer by layer. A part that loops goes
/// through as many as its shortest way round takes (`Part::stride`), again and again.
#pragma once

#include <functional>
#include <limits>
#include <span>
#include <vector>

#include <tyto/backend.hpp>

#include "compile.hpp"
#include "tape.hpp"

namespace cpu {

/// Steps first .. end-1 of a window.
struct Stretch {
  std::size_t first = 0;
  std::size_t end = 0;

  [[nodiscard]] std::size_t steps() const { return end - first; }
};

/// Called after each stretch of a part that loops.
using AfterStretch = std::function<void(const tyto::Part& part, Stretch stretch)>;

template <class S>
class Passes {
 public:
  /// `arrays`: the numbers of every array of the model. All must outlive this. The executor is for streams.
  Passes(const Compiled<S>& compiled, std::span<const std::span<const S>> arrays, tyto::Executor* executor = nullptr)
      : compiled_(compiled), arrays_(arrays), executor_(executor) {}

  /// The states in which populations begin, [layer][variable][neuron].
  [[nodiscard]] std::vector<std::vector<S>> rests() const;
  /// Puts lanes at rest, with silence before, for windows of up to `steps` steps. Inputs and passes are not touched.
  /// `learning`: connections with rules of their own will learn.
  void start(Tape<S>& tape, std::size_t lanes, std::size_t steps, std::span<const std::vector<S>> rests,
             bool learning) const;

  /// `smooth`: spikes are replaced by its primitive, and handed on as numbers.
  void forward(Tape<S>& tape, Workspace<S>& work, Keep keep, const tyto::Surrogate* smooth,
               const AfterStretch& after = {}) const;
  /// Adds what an edge hands on in some steps to target[step][lane][channel], the first of these steps being 0.
  void hand_on(std::size_t edge, Tape<S>& tape, Workspace<S>& work, Stretch stretch, tyto::Rows<S> target) const;
  /// What the rule of an edge sees of one lane in the step that the lane's part has just taken; what changes is the
  /// caller's to say.
  [[nodiscard]] tyto::LocalStep<S> local_step(std::size_t edge, Tape<S>& tape, std::size_t lane,
                                              std::size_t step) const;
  /// The part of that which it keeps.
  [[nodiscard]] tyto::LocalStep<S> local_state(std::size_t edge, Tape<S>& tape, std::size_t lane) const;
  /// Numbers that a layer puts out in a step, or what an ensemble takes in.
  [[nodiscard]] std::span<const S> values_at(std::size_t layer, const Tape<S>& tape, std::size_t lane,
                                             std::size_t step) const;
  /// Keeps what the next window reads of this one.
  void keep_past(Tape<S>& tape) const;

  /// Scores, right after forward(), of every trial of the group.
  void read(const tyto::Objective& objective, Tape<S>& tape, const Workspace<S>& work) const;
  /// `rate_gradients[layer]` is added to dL/d output of every step; from dL/d scores to `grad_arrays[array] += ...`.
  void backward(const Tape<S>& tape, Workspace<S>& work, const tyto::Backpropagation& request,
                const std::vector<std::vector<S>>& rate_gradients, std::span<const std::span<S>> grad_arrays) const;

  /// A layer's output in one lane, [step][neuron], after forward() with Keep::values.
  [[nodiscard]] std::vector<S> output(const Tape<S>& tape, std::size_t layer, std::size_t lane) const;
  /// What a layer, or the stimulus, hands on in some steps, of which the first may lie before the window.
  [[nodiscard]] tyto::Signal<S> signal(std::size_t layer, const Tape<S>& tape, std::size_t lane, std::ptrdiff_t first,
                                       std::size_t steps) const;
  [[nodiscard]] std::span<const std::span<const S>> arrays(tyto::ArrayRange range) const {
    return arrays_.subspan(range.first, range.count);
  }
  /// Of what a layer, or the stimulus, hands on.
  [[nodiscard]] std::size_t steps_of(std::size_t layer, const Tape<S>& tape) const {
    if (compiled_.streams()) return tape.steps;
    return layer == from_stimulus ? compiled_.input.steps : compiled_.nodes[layer].steps;
  }

 private:
  struct Way {
    Keep keep;
    const tyto::Surrogate* smooth = nullptr;
  };
  struct WayBack {
    const tyto::Backpropagation& request;
    std::span<const std::span<S>> grad_arrays;
  };
  /// What of an edge's way back is wanted.
  struct Wanted {
    bool arrays, source;
  };

  /// From a lane's first row to that of the next one.
  [[nodiscard]] std::size_t rows_of(std::size_t layer, const Tape<S>& tape) const {
    return compiled_.nodes[layer].past + steps_of(layer, tape);
  }
  [[nodiscard]] bool keeps_current(const Node<S>& node, Keep keep) const {
    return node.own_run || (keep.way_back && !node.kernel->linear());
  }
  [[nodiscard]] const Numbers<S>& output_of(std::size_t layer, const Tape<S>& tape, const Workspace<S>& work) const {
    return compiled_.nodes[layer].own_run ? tape.nodes[layer].output : work.output;
  }
  /// Of all lanes: what an edge reads for some steps of what it reaches, and `reach` steps before.
  void find_signals(const Edge<S>& edge, const Tape<S>& tape, Workspace<S>& work, Stretch stretch,
                    std::size_t reach) const;

  void start_rule(std::size_t edge, Tape<S>& tape) const;
  void prepare(std::size_t layer, Tape<S>& tape, Workspace<S>& work, Way way, bool silent) const;
  /// Sums up what arrives by some of the edges.
  void gather(std::span<const std::size_t> edges, Tape<S>& tape, Workspace<S>& work, Way way, Stretch stretch) const;
  void run(std::size_t layer, Tape<S>& tape, Workspace<S>& work, Way way, Stretch stretch) const;
  void run_source(std::size_t layer, Tape<S>& tape, const tyto::ForwardScan<S>& all) const;
  void leave_output(std::size_t layer, Tape<S>& tape, const Workspace<S>& work, Way way, Stretch stretch) const;
  void add_totals(std::size_t layer, Tape<S>& tape, const Workspace<S>& work) const;
  void forward_transform(std::size_t layer, Tape<S>& tape, Workspace<S>& work, Stretch stretch) const;
  void forward_loop(const tyto::Part& part, Tape<S>& tape, Workspace<S>& work, Way way,
                    const AfterStretch& after) const;
  void forward_divided(std::size_t part, Tape<S>& tape, Workspace<S>& work) const;
  void run_slice(Task task, Tape<S>& tape, Workspace<S>& work, Stretch stretch) const;
  void hand_slice_on(std::size_t edge, Tape<S>& tape, Task task, Stretch stretch, tyto::Rows<S> target) const;
  void move_slice_on(std::size_t edge, Tape<S>& tape, Task task, std::size_t step) const;
  /// Adds what an edge's weights make of its source to target[step][lane][channel].
  void project(const Edge<S>& edge, const Tape<S>& tape, Workspace<S>& work, Stretch stretch,
               tyto::Rows<S> target) const;
  /// Brings an edge's filter from the step before to a step.
  void move_on(std::size_t edge, Tape<S>& tape, Workspace<S>& work, std::size_t step) const;

  void start_gradients(const Tape<S>& tape, Workspace<S>& work, const tyto::Backpropagation& request,
                       const std::vector<std::vector<S>>& rate_gradients) const;
  void run_back(std::size_t layer, const Tape<S>& tape, Workspace<S>& work, const WayBack& way, Stretch stretch,
                S* grad_current, S* adjoint) const;
  // `grad_current` is of the population that an edge reaches, [step][receptor][lane][neuron], from a stretch on.
  void filter_back(std::size_t index, const Tape<S>& tape, Workspace<S>& work, Stretch stretch,
                   const S* grad_current) const;
  void send_back(std::size_t index, const Tape<S>& tape, Workspace<S>& work, const WayBack& way, Stretch stretch,
                 const S* grad_current, Wanted wanted) const;
  // `arrived`: dL/d what an edge hands on, or what drives its filter, [step][lane][channel], from a stretch on.
  void send_within_window(const Edge<S>& edge, const Tape<S>& tape, Workspace<S>& work, const WayBack& way,
                          Stretch stretch, tyto::Rows<const S> arrived) const;
  void hand_back(const Edge<S>& edge, const Tape<S>& tape, Workspace<S>& work, const WayBack& way, Stretch stretch,
                 tyto::Rows<const S> arrived, bool of_arrays) const;
  /// An edge's part of what arrives at a population, or of its gradient.
  [[nodiscard]] tyto::Rows<const S> arrived_by(const Edge<S>& edge, const Tape<S>& tape, const S* current) const {
    const std::size_t width = tape.lanes * edge.channels;
    return {current + edge.receptor * width, width * compiled_.nodes[edge.layer].receptors};
  }
  [[nodiscard]] std::ptrdiff_t first_row(const Edge<S>& edge, Stretch stretch) const;
  void cut_adjoints(const tyto::Part& part, const Tape<S>& tape, Workspace<S>& work) const;
  /// That a step lies in.
  [[nodiscard]] static Stretch window_at(std::size_t step, const WayBack& way) {
    const std::size_t steps = way.request.window_steps;
    if (steps == 0) return {0, std::numeric_limits<std::size_t>::max()};
    return {step / steps * steps, (step / steps + 1) * steps};
  }
  void backward_population(std::size_t layer, const Tape<S>& tape, Workspace<S>& work, const WayBack& way) const;
  void backward_transform(std::size_t layer, const Tape<S>& tape, Workspace<S>& work, const WayBack& way) const;
  void backward_loop(const tyto::Part& part, const Tape<S>& tape, Workspace<S>& work, const WayBack& way) const;
  /// Where the gradient of a layer's output in one lane lies, from a step on that may lie before the window.
  [[nodiscard]] tyto::Rows<S> gradient_rows(std::size_t layer, const Tape<S>& tape, Workspace<S>& work,
                                            std::size_t lane, std::ptrdiff_t first) const;
  [[nodiscard]] static bool wanted(std::size_t layer, const tyto::Backpropagation& request) {
    return layer != from_stimulus || request.input_gradient;
  }

  const Compiled<S>& compiled_;
  std::span<const std::span<const S>> arrays_;
  tyto::Executor* executor_;
};

extern template class Passes<float>;
extern template class Passes<double>;

}  // namespace cpu

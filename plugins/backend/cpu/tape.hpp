/// What some lanes leave behind on their way through the layers. A lane is a trial, or a stream.
///
/// Populations work on the lanes of a group side by side: one row of numbers for each step, with one lane's neurons
/// after the other's. So vectors are full however small a layer is. What layers hand on lies lane by lane, behind the
/// steps of the past that somebody still reads.
#pragma once

#include <cstdint>
#include <vector>

#include <boost/align/aligned_allocator.hpp>

#include <tyto/backend.hpp>

#include "filter.hpp"

namespace cpu {

/// No vector of it lies across two lines of the cache, if the rows are as long as vectors.
template <class S>
using Numbers = std::vector<S, boost::alignment::aligned_allocator<S, 64>>;

/// What a forward pass keeps besides spikes.
struct Keep {
  bool way_back = false;  ///< what gradients need
  bool states = false;    ///< states before each step, also where gradients do not need them
  bool values = false;    ///< outputs as numbers, also where no layer reads them
  bool totals = false;    ///< sums of the outputs of spiking populations
};

template <class S>
struct NodeTape {
  Numbers<S> input;                 ///< [step][lane][dimension], of an ensemble
  Numbers<S> current;               ///< [step][receptor][lane][neuron]
  Numbers<S> states;                ///< [step][variable][lane][neuron], before each step
  Numbers<S> carried;               ///< [variable][lane][neuron], after the last step
  Numbers<S> distances;             ///< [step][lane][neuron], to the threshold
  Numbers<S> output;                ///< [step][lane][neuron], of Node::own_run
  Numbers<S> values;                ///< [lane][step][neuron]: the output, where somebody reads it as numbers
  std::vector<std::uint64_t> bits;  ///< [lane][step][word]: the output, packed
  std::vector<double> totals;       ///< [neuron]: the output, summed over steps and lanes
  bool spikes = false;              ///< the output is in `bits`
};

/// The stimulus of a stream, or of trials of which somebody reads what came before.
template <class S>
struct StimulusTape {
  std::vector<std::uint64_t> bits;  ///< [lane][step][word]
  std::vector<S> values;            ///< [lane][step][channel]
  bool spikes = false;
};

/// What a connection's rule keeps in one lane.
template <class S>
struct RuleTape {
  std::vector<S> source, target, synapse, other;
  std::vector<S> changes;  ///< of a trial, [synapse]
};

/// The tape of a group of lanes. Its memory is used again for the next group, or the next window of a stream.
template <class S>
struct Tape {
  std::size_t lanes = 0;
  std::size_t steps = 0;             ///< of a window of a stream; layers have their own in trials
  std::uint64_t first_step = 0;      ///< of a window of a stream
  std::vector<tyto::Spikes> inputs;  ///< of each trial
  StimulusTape<S> stimulus;          ///< instead, if Compiled::stimulus_past is not 0, or in a stream
  std::vector<tyto::Pass> passes;    ///< of each lane
  std::vector<NodeTape<S>> nodes;
  std::vector<FilterState<S>> filters;          ///< of each edge
  std::vector<Numbers<S>> handed;               ///< of each edge that learns: what it hands on, [lane][channel]
  std::vector<std::vector<RuleTape<S>>> rules;  ///< of each edge that learns, [lane]
  Numbers<S> scores;                            ///< [trial][output]
  Numbers<S> grad_scores;                       ///< [trial][output]
  std::vector<std::size_t> when;                ///< [trial][output], step of the maximum
};

/// What a thread needs while it works on a group and not after.
template <class S>
struct Workspace {
  Numbers<S> current;  ///< [step][receptor][lane][neuron], of a population that keeps none
  Numbers<S> output;   ///< [step][lane][neuron], of the population that ran last, if it has no output of its own
  Numbers<S> psi;      ///< [step][lane][neuron], surrogate derivatives
  struct Back {
    Numbers<S> output;   ///< dL/d output, laid out as the output, behind the steps of the past
    Numbers<S> current;  ///< dL/d current, [step][receptor][lane][neuron], in a loop
    Numbers<S> adjoint;  ///< dL/d state, [variable][lane][neuron], in a loop
  };
  std::vector<Back> back;  ///< of each layer
  struct FilterBack {
    FilterState<S> adjoint;
    Numbers<S> driven;  ///< dL/d what drives it, [step][lane][channel]
  };
  std::vector<FilterBack> filters;  ///< of each edge
  Numbers<S> grad_current;          ///< [step][receptor][lane][neuron], of a population outside loops
  Numbers<S> grad_input;            ///< [trial][step][channel], if asked for, behind the steps of the past
  Numbers<S> scratch;
  Numbers<S> cut;  ///< gradients of which those before a window are dropped
  std::vector<std::uint64_t> bits;
  std::vector<tyto::Signal<S>> signals;  ///< of each lane
  std::vector<tyto::Rows<S>> rows;       ///< of each lane
  std::vector<tyto::Rows<const S>> grad_rows;
  std::vector<tyto::Rows<S>> back_rows;
  std::vector<std::span<S>> gradients;
};

}  // namespace cpu

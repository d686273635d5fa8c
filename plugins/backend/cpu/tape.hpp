/// What some trials leave behind on their way through the layers.
///
/// Populations work on the trials of a group side by side: one row of numbers for each step, with one trial's neurons
/// after the other's. So vectors are full however small a layer is. What transforms hand on lies trial by trial.
#pragma once

#include <cstdint>
#include <vector>

#include <boost/align/aligned_allocator.hpp>

#include <tyto/backend.hpp>

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
struct LayerTape {
  Numbers<S> current;               ///< [step][trial][neuron]
  Numbers<S> states;                ///< [step][variable][trial][neuron]
  Numbers<S> distances;             ///< [step][trial][neuron], to the threshold
  Numbers<S> values;                ///< [trial][step][neuron]: the output, where somebody reads it as numbers
  std::vector<std::uint64_t> bits;  ///< [trial][step][word]: the output, packed
  std::vector<double> totals;       ///< [neuron]: the output, summed over steps and trials
  bool spikes = false;              ///< the output is in `bits`
};

/// The tape of a group of trials. Its memory is used again for the next group.
template <class S>
struct Tape {
  std::vector<tyto::Spikes> inputs;  ///< of each trial
  std::vector<tyto::Pass> passes;    ///< of each trial
  std::vector<LayerTape<S>> layers;
  Numbers<S> scores;              ///< [trial][output]
  Numbers<S> grad_scores;         ///< [trial][output]
  std::vector<std::size_t> when;  ///< [trial][output], step of the maximum

  [[nodiscard]] std::size_t trials() const { return inputs.size(); }
};

/// What a thread needs while it works on a group and not after.
template <class S>
struct Workspace {
  Numbers<S> current;                   ///< [step][trial][neuron], of a population that keeps none
  Numbers<S> output;                    ///< [step][trial][neuron], of the population that ran last
  Numbers<S> psi;                       ///< [step][trial][neuron], surrogate derivatives
  Numbers<S> grad_current;              ///< [step][trial][neuron]
  std::vector<Numbers<S>> grad_output;  ///< of each layer, laid out as its output
  Numbers<S> grad_input;                ///< [trial][step][channel], if asked for
  Numbers<S> scratch;
  std::vector<tyto::Signal<S>> signals;  ///< of each trial
  std::vector<tyto::Rows<S>> rows;       ///< of each trial
  std::vector<tyto::Rows<const S>> grad_rows;
  std::vector<tyto::Rows<S>> back_rows;
};

}  // namespace cpu

/// What one trial leaves behind on its way through the layers.
#pragma once

#include <cstdint>
#include <vector>

#include <tyto/backend.hpp>

namespace cpu {

/// What a forward pass keeps.
struct Keep {
  bool states = false;     ///< states before each step, for the way back and for recordings
  bool distances = false;  ///< distances to threshold, for surrogate derivatives
};

template <class S>
struct LayerTape {
  std::vector<S> current;           ///< [step][neuron]
  std::vector<S> output;            ///< [step][neuron]
  std::vector<S> states;            ///< [step][variable][neuron]
  std::vector<S> distances;         ///< [step][neuron]; becomes the surrogate derivative
  std::vector<S> grad_output;       ///< [step][neuron]
  std::vector<S> grad_current;      ///< [step][neuron]
  std::vector<std::uint64_t> bits;  ///< packed spikes, [step][word]
  bool spikes = false;              ///< the output is in `bits`, not only in `output`
};

/// The tape of one trial. Its memory is reused from trial to trial.
template <class S>
struct Tape {
  tyto::Pass pass;
  std::vector<LayerTape<S>> layers;
  std::vector<S> grad_input;      ///< [step][channel], if asked for
  std::vector<S> scores;          ///< [output]
  std::vector<S> grad_scores;     ///< [output]
  std::vector<std::size_t> when;  ///< [output], step of the maximum
};

}  // namespace cpu

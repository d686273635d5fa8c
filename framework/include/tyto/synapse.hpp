/// Synapses: what a spike does over time on its way to the next neuron, as a linear filter.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <tyto/error.hpp>
#include <tyto/export.hpp>
#include <tyto/plugin.hpp>

namespace tyto {

/// A linear filter in discrete time, the same for every channel: x[n+1] = A x[n] + B u[n], y[n] = C x[n], x[0] = 0.
/// What goes in during a step comes out from the next step on, so that filtered connections may form loops.
struct LinearFilter {
  std::size_t order = 0;
  std::vector<double> a;  ///< [order][order]
  std::vector<double> b;  ///< [order]
  std::vector<double> c;  ///< [order]
};

/// What a synapse smooths, and what becomes of its answer. What a spike does must not depend on how long a step is;
/// experiments in which it does are warned of.
enum class SynapticInput {
  values,  ///< numbers that hold for a step each; constant ones should pass as they are
  spikes,  ///< pulses of one step, the weight high; the answer is a current, which acts for as long as a step lasts
  charges  ///< the same where neurons add the answer up step by step, however long a step is (Layer::takes_charges)
};

/// Interface of the plugin kind "synapse".
class TYTO_API Synapse {
 public:
  virtual ~Synapse() = default;
  [[nodiscard]] virtual LinearFilter filter(double dt_s, SynapticInput input) const = 0;
};

/// The filter of a synapse; throws Error if its matrices are not of its order.
[[nodiscard]] inline LinearFilter filter_of(const Synapse& synapse, double dt_s, SynapticInput input) {
  LinearFilter filter = synapse.filter(dt_s, input);
  const std::size_t n = filter.order;
  if (filter.a.size() != n * n || filter.b.size() != n || filter.c.size() != n)
    throw Error("the synapse gives a filter of order " + std::to_string(n) + " with " +
                std::to_string(filter.a.size()) + ", " + std::to_string(filter.b.size()) + " and " +
                std::to_string(filter.c.size()) + " numbers in a, b and c");
  return filter;
}

}  // namespace tyto

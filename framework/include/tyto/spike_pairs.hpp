/// For rules of single connections (plasticity.hpp) that go by the times of spikes: what they have in common.
#pragma once

#include <cmath>
#include <cstddef>
#include <optional>
#include <type_traits>

#include <tyto/math.hpp>
#include <tyto/plasticity.hpp>

namespace tyto {

/// Which spikes of the other side a spike is paired with.
enum class Pairing { all_to_all, nearest };

/// What pairs of spikes do to a weight, and where it stays.
struct SpikePairs {
  double a_plus = 0, a_minus = 0;
  double tau_plus_s = 0, tau_minus_s = 0;
  Pairing pairing = Pairing::all_to_all;
  double lowest = 0, highest = 1;

  [[nodiscard]] WeightBounds bounds() const { return {lowest, highest}; }
};

/// Declares them for a rule derived from SpikePairs.
template <class T>
[[nodiscard]] Parameters<T> declare_pairs(Parameters<T> parameters) {
  static_assert(std::is_base_of_v<SpikePairs, T>);
  return parameters
      .number("a_plus", member<T>(&SpikePairs::a_plus), "0.01",
              "added for a spike of the source that comes just before one of the target")
      .number("a_minus", member<T>(&SpikePairs::a_minus), "0.0105",
              "taken away for a spike of the source that comes just after one of the target")
      .time("tau_plus", member<T>(&SpikePairs::tau_plus_s), "20 ms", "how long a spike of the source is remembered")
      .compared(StepRole::resolved)
      .positive()
      .time("tau_minus", member<T>(&SpikePairs::tau_minus_s), "20 ms", "how long a spike of the target is remembered")
      .compared(StepRole::resolved)
      .positive()
      .choice("pairing", member<T>(&SpikePairs::pairing),
              {{"all_to_all", Pairing::all_to_all}, {"nearest", Pairing::nearest}}, "all_to_all",
              "whether a spike is paired with all spikes before it on the other side, or with the last one")
      .number("lowest", member<T>(&SpikePairs::lowest), "0", "weights do not fall below it")
      .number("highest", member<T>(&SpikePairs::highest), "1", "weights do not rise above it")
      .check([](const T& rule) -> std::optional<Problem> {
        if (rule.lowest < rule.highest) return std::nullopt;
        return Problem{"highest", "must be above 'lowest'"};
      });
}

/// A trace for each of some neurons: it decays, and spikes add 1 to it, or bring it back to 1.
template <class S>
class SpikeTrace {
 public:
  SpikeTrace(double tau_s, double dt_s, Pairing pairing)
      : decay_(static_cast<S>(exp(-dt_s / tau_s))), kept_(pairing == Pairing::nearest ? S(0) : S(1)) {}

  void decay(std::span<S> trace) const {
    for (S& value : trace) value *= decay_;
  }
  void add(const Signal<S>& spikes, std::span<S> trace) const {
    for_each_spike(spikes, [&](std::size_t i) { trace[i] = trace[i] * kept_ + S(1); });
  }

  template <class Visit>
  static void for_each_spike(const Signal<S>& spikes, Visit&& visit) {
    if (spikes.bits != nullptr) {
      spikes.spikes().for_each(0, visit);
      return;
    }
    for (std::size_t i = 0; i < spikes.channels; ++i)
      if (spikes.values[i] != S(0)) visit(i);
  }

 private:
  S decay_, kept_;
};

}  // namespace tyto

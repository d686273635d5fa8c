#include "step_dependence.hpp"

#include <cmath>
#include <vector>

namespace tyto::spec {

namespace {

/// What half a step may change, as a part of the whole. An exponential of the peak 1 has an area that differs by half a
/// step, relative to its time constant.
constexpr double tolerance = 0.3;

/// Sum of the answer to a pulse of one step, as far as a few hundred thousand steps show it.
double sum_of_answer(const LinearFilter& filter) {
  constexpr std::size_t most_steps = 200'000;
  std::vector<double> x = filter.b, next(filter.order);
  double sum = 0;
  for (std::size_t step = 0; step < most_steps; ++step) {
    double size = 0;
    for (std::size_t i = 0; i < filter.order; ++i) {
      sum += filter.c[i] * x[i];
      next[i] = 0;
      for (std::size_t k = 0; k < filter.order; ++k) next[i] += filter.a[i * filter.order + k] * x[k];
      size += std::abs(next[i]);
    }
    x.swap(next);
    if (size < 1e-9) break;
  }
  return sum;
}

}  // namespace

bool step_dependent(const Synapse& synapse, SynapticInput input, double dt_s) {
  const double finer_s = dt_s / 2;
  double sum = sum_of_answer(synapse.filter(dt_s, input));
  double finer = sum_of_answer(synapse.filter(finer_s, input));
  if (input == SynapticInput::spikes) {
    sum *= dt_s;
    finer *= finer_s;
  }
  return std::abs(sum - finer) > tolerance * std::abs(sum);
}

void warn_of_step_dependence(const Effect& effect, double dt_s, Reader& reader) {
  const auto warn = [&](const std::string& sentence) {
    reader.warn("step_dependent", effect.place, sentence + ", so that it depends on the time step");
  };
  if (effect.handed == SynapticInput::values && effect.takes_charges)
    warn("'" + effect.to + "' adds the values that come from '" + effect.from +
         "' at every step (input_scale: one; one_minus_decay takes them for a current)");
  else if (effect.synapse == nullptr && effect.handed == SynapticInput::spikes)
    warn("a spike of '" + effect.from + "' is a current into '" + effect.to +
         "' for a single step (a synapse makes it last)");
  else if (effect.synapse != nullptr && step_dependent(*effect.synapse, effect.handed, dt_s))
    warn("this synapse's scale does not fit what '" + effect.to + "' takes from '" + effect.from +
         "' (scale: auto does)");
}

}  // namespace tyto::spec

#include "step_dependence.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

namespace tyto::spec {

namespace {

/// What half a step may change, as a part of the whole. An exponential of the peak 1 has an area that differs by half a
/// step, relative to its time constant.
constexpr double tolerance = 0.3;

/// to += a x, for a square matrix and as many columns as x has.
void add_product(const std::vector<double>& a, const std::vector<double>& x, std::size_t order,
                 std::vector<double>& to) {
  const std::size_t columns = x.size() / order;
  for (std::size_t i = 0; i < order; ++i)
    for (std::size_t k = 0; k < order; ++k)
      for (std::size_t j = 0; j < columns; ++j) to[i * columns + j] += a[i * order + k] * x[k * columns + j];
}

/// Sum of the answer to a pulse of one step, c (b + A b + A^2 b + ...): each round doubles the number of terms.
double sum_of_answer(const LinearFilter& filter) {
  constexpr int rounds = 60;
  std::vector<double> power = filter.a, sum = filter.b;
  for (int round = 0; round < rounds && filter.order > 0; ++round) {
    const std::vector<double> before = sum;
    add_product(power, before, filter.order, sum);
    std::vector<double> square(power.size());
    add_product(power, power, filter.order, square);
    power.swap(square);
  }
  return std::inner_product(sum.begin(), sum.end(), filter.c.begin(), 0.0);
}

/// What a projection makes of a step in which all fire, or none, if its arrays are full of ones.
std::vector<double> handed_on(const Layer& projection, double dt_s, bool all_fire, std::size_t from, std::size_t to) {
  const auto kernel = projection.projection_f64(dt_s);
  if (!kernel) return {};
  std::vector<std::vector<double>> arrays;
  for (const auto& info : projection.arrays(from, to)) {
    if (info.whole) return {};  // places of neurons, of which one cannot make some up
    arrays.emplace_back(std::accumulate(info.shape.begin(), info.shape.end(), std::size_t{1}, std::multiplies<>()),
                        1.0);
  }
  const std::vector<std::span<const double>> views(arrays.begin(), arrays.end());
  std::vector<std::uint64_t> bits(words_for(from), 0);
  for (std::size_t k = 0; all_fire && k < from; ++k) bits[k / 64] |= std::uint64_t{1} << (k % 64);
  std::vector<double> handed(to, 0.0);
  kernel->start(views, from, to);
  kernel->forward(Signal<double>{1, from, bits.data(), nullptr}, views, to, Pass{}, handed.data());
  return handed;
}

}  // namespace

bool step_dependent(const Synapse& synapse, SynapticInput input, double dt_s) {
  // Steps that are too coarse for the time constants have a warning of their own.
  constexpr double fine = 1.0 / 64;
  const double step_s = dt_s * fine, finer_s = step_s / 2;
  double sum = sum_of_answer(filter_of(synapse, step_s, input));
  double finer = sum_of_answer(filter_of(synapse, finer_s, input));
  if (input == SynapticInput::spikes) {
    sum *= step_s;
    finer *= finer_s;
  }
  return std::abs(sum - finer) > tolerance * std::abs(sum);
}

bool answers_silence(const Layer& projection, double dt_s, std::size_t from, std::size_t to) {
  // Weights may be millions, and a few neurons tell as much, unless the projection wants these very sizes.
  constexpr std::size_t few = 16;
  if (std::min(from, to) > few && !projection.arrays(from, to).empty()) {
    try {
      return answers_silence(projection, dt_s, few, few);
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): it is asked with its own sizes
    }
  }
  const auto handed = handed_on(projection, dt_s, false, from, to);
  return std::any_of(handed.begin(), handed.end(), [](double value) { return value != 0; });
}

bool hands_on_below_zero(const Layer& projection, double dt_s, std::size_t from, std::size_t to) {
  const auto handed = handed_on(projection, dt_s, true, from, to);
  return std::any_of(handed.begin(), handed.end(), [](double value) { return value < 0; });
}

void warn_of_step_dependence(const Effect& effect, double dt_s, Reader& reader) {
  const auto warn = [&](const std::string& sentence) {
    reader.warn("step_dependent", effect.place, sentence + ", so that it depends on the time step");
  };
  if (effect.synaptic_input == SynapticInput::values && effect.takes_charges)
    warn("'" + effect.to + "' adds the values that come from '" + effect.from +
         "' at every step, and does not take them for a current (lif does with input_scale: one_minus_decay)");
  else if (effect.answers_silence)
    warn("what '" + effect.to + "' gets from the spikes of '" + effect.from +
         "' is not 0 where there are none (a bias, or a function of a step's spikes)");
  else if (effect.synapse == nullptr && effect.decodes_spikes)
    warn("what is decoded from '" + effect.from + "' reaches '" + effect.to +
         "' as pulses of single steps (a synapse makes values of them)");
  else if (effect.synapse == nullptr && effect.synaptic_input == SynapticInput::spikes)
    warn("a spike of '" + effect.from + "' acts on '" + effect.to +
         "' for a single step, however long that is (a synapse makes it last)");
  else if (effect.synapse != nullptr && step_dependent(*effect.synapse, effect.synaptic_input, dt_s))
    warn("this synapse's scale does not fit what '" + effect.to + "' takes from '" + effect.from +
         "' (scale: auto does)");
}

}  // namespace tyto::spec

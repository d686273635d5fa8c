#include "look_back.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <functional>
#include <numeric>

#include <tyto/random.hpp>

namespace tyto::spec {

namespace {

constexpr std::size_t neurons = 4;
constexpr std::size_t steps = 2000;

struct Trial {
  std::vector<std::vector<double>> arrays;
  std::vector<std::uint64_t> bits;
  std::vector<double> values;

  [[nodiscard]] std::vector<std::span<const double>> views() const { return {arrays.begin(), arrays.end()}; }
};

Trial make_trial(const Layer& projection) {
  Random random(stream_key(1, "look back"), 0);
  Trial trial;
  for (const auto& info : projection.arrays(neurons, neurons)) {
    std::vector<double> values(
        std::accumulate(info.shape.begin(), info.shape.end(), std::size_t{1}, std::multiplies<>()));
    if (info.initialise) info.initialise(random, values);
    // Weights that are found later are zero until then, and would hide everything.
    const bool empty = std::all_of(values.begin(), values.end(), [](double value) { return value == 0; });
    if (empty && !info.whole) std::generate(values.begin(), values.end(), [&] { return random.uniform(0.5, 1.5); });
    trial.arrays.push_back(std::move(values));
  }
  for (std::size_t t = 0; t < steps; ++t) {
    std::uint64_t row = 0;
    for (std::size_t i = 0; i < neurons; ++i) {
      const bool fires = random.uniform() < 0.05;
      row |= std::uint64_t{fires} << i;
      trial.values.push_back(fires ? random.uniform(0.5, 1.5) : 0.0);
    }
    trial.bits.push_back(row);
  }
  return trial;
}

/// A signal of some steps, the first of which are before the trial.
struct Shown {
  std::vector<std::uint64_t> bits;
  std::vector<double> values;

  Shown(const Trial& trial, std::size_t before) : bits(before, 0), values(before * neurons, 0.0) {
    bits.insert(bits.end(), trial.bits.begin(), trial.bits.end());
    values.insert(values.end(), trial.values.begin(), trial.values.end());
  }
  [[nodiscard]] Signal<double> signal(std::size_t first, std::size_t count, bool spikes) const {
    return spikes ? Signal<double>{count, neurons, bits.data() + first, nullptr}
                  : Signal<double>{count, neurons, nullptr, values.data() + first * neurons};
  }
};

/// What is handed on, `at_once` steps at a time, each time after as many steps of the past as the kernel wants to see.
std::vector<double> run(const ProjectionKernel<double>& kernel, const Trial& trial, bool spikes, std::size_t at_once) {
  const auto arrays = trial.views();
  const std::size_t reach = kernel.reach();
  const Shown shown(trial, reach);
  std::vector<double> handed;
  for (std::size_t t = 0; t < steps; t += at_once) {
    std::vector<double> current((reach + at_once) * neurons, 0.0);
    kernel.forward(shown.signal(t, reach + at_once, spikes), arrays, neurons, Pass(), current.data());
    handed.insert(handed.end(), current.begin() + static_cast<std::ptrdiff_t>(reach * neurons), current.end());
  }
  return handed;
}

std::vector<double> run(const TransformKernel<double>& kernel, const Trial& trial, bool spikes, std::size_t at_once) {
  const auto arrays = trial.views();
  const std::size_t reach = kernel.reach(), made = kernel.output_steps(reach + at_once);
  const Shown shown(trial, reach);
  const bool hands_on_spikes = spikes && kernel.spikes(Pass());
  std::vector<double> handed;
  for (std::size_t t = 0; made >= at_once && t < steps; t += at_once) {
    std::vector<double> values(made * neurons, 0.0);
    std::vector<std::uint64_t> bits(made, 0);
    kernel.forward(shown.signal(t, reach + at_once, spikes), arrays, Pass(), hands_on_spikes ? nullptr : values.data(),
                   hands_on_spikes ? bits.data() : nullptr);
    for (std::size_t row = made - at_once; row < made; ++row)
      for (std::size_t i = 0; i < neurons; ++i)
        handed.push_back(hands_on_spikes ? static_cast<double>(bits[row] >> i & 1U) : values[row * neurons + i]);
  }
  return handed;
}

template <class Kernel>
bool differs_in_pieces(const Kernel& kernel, const Trial& trial) {
  for (const bool spikes : {true, false}) {
    const auto whole = run(kernel, trial, spikes, steps), single = run(kernel, trial, spikes, 1);
    if (whole.size() != single.size()) return true;
    for (std::size_t k = 0; k < whole.size(); ++k)
      if (std::abs(whole[k] - single[k]) > 1e-6 * (1 + std::abs(whole[k]))) return true;
  }
  return false;
}

}  // namespace

bool looks_back(const Layer& layer, double dt_s) {
  try {
    const Trial trial = make_trial(layer);
    if (const auto projection = layer.projection_f64(dt_s)) {
      projection->start(trial.views(), neurons, neurons);
      return differs_in_pieces(*projection, trial);
    }
    if (const auto transform = layer.transform_f64(dt_s)) return differs_in_pieces(*transform, trial);
  } catch (const std::exception&) {
    // It wants other sizes or signals than these.
  }
  return false;
}

}  // namespace tyto::spec

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

/// What is handed on, `at_once` steps at a time, each time after as many steps of the past as the kernel wants to see.
std::vector<double> run(const Layer& projection, double dt_s, const Trial& trial, bool spikes, std::size_t at_once) {
  const auto kernel = projection.projection_f64(dt_s);
  const auto arrays = trial.views();
  if (!kernel) return {};
  kernel->start(arrays, neurons, neurons);
  const std::size_t reach = kernel->reach();
  std::vector<std::uint64_t> bits(reach, 0);
  bits.insert(bits.end(), trial.bits.begin(), trial.bits.end());
  std::vector<double> values(reach * neurons, 0.0), handed;
  values.insert(values.end(), trial.values.begin(), trial.values.end());
  for (std::size_t t = 0; t < steps; t += at_once) {
    std::vector<double> current((reach + at_once) * neurons, 0.0);
    kernel->forward(spikes ? Signal<double>{reach + at_once, neurons, bits.data() + t, nullptr}
                           : Signal<double>{reach + at_once, neurons, nullptr, values.data() + t * neurons},
                    arrays, neurons, Pass(), current.data());
    handed.insert(handed.end(), current.begin() + static_cast<std::ptrdiff_t>(reach * neurons), current.end());
  }
  return handed;
}

}  // namespace

bool looks_back(const Layer& projection, double dt_s) {
  try {
    const Trial trial = make_trial(projection);
    for (const bool spikes : {true, false}) {
      const auto whole = run(projection, dt_s, trial, spikes, steps), single = run(projection, dt_s, trial, spikes, 1);
      for (std::size_t k = 0; k < whole.size(); ++k)
        if (std::abs(whole[k] - single[k]) > 1e-6 * (1 + std::abs(whole[k]))) return true;
    }
  } catch (const std::exception&) {
    // It wants other sizes or signals than these.
  }
  return false;
}

}  // namespace tyto::spec

/// Forward and backward passes of whole batches, and single kernels, on one thread.
#include <benchmark/benchmark.h>

#include "support/workshop.hpp"

namespace {

struct Size {
  const char* stimulus;
  std::vector<workshop::LayerText> layers;
  std::size_t batch;
  bool penalty;
};

Size size_of(char name) {
  const std::string lif = "{type: lif, timing: next_step, tau: 2 ms}";
  const std::string out = "{type: leaky_integrator, timing: next_step, tau: 2 ms}";
  if (name == 'S')
    return {"{type: itd, rate_integration: exact}", {{"hidden", 8, lif}, {"output", 12, out}}, 128, true};
  if (name == 'M')
    return {"{type: itd, frequency: 20 Hz, duration: 150 ms}", {{"hidden", 30, lif}, {"output", 12, out}}, 64, true};
  // About the size and density of the Heidelberg digits.
  return {"{type: itd, fibres_per_ear: 350, rate_max: 40 Hz}",
          {{"first", 256, lif}, {"second", 256, lif}, {"output", 20, out}},
          256,
          false};
}

/// One training step on one batch.
void train_batch(benchmark::State& state) {
  const Size size = size_of(static_cast<char>(state.range(0)));
  const auto stimulus = workshop::make<tyto::Stimulus>(size.stimulus);
  tyto::Executor executor(1);
  const auto trials = tyto::make_trials(*stimulus, 1, tyto::Split::train, size.batch, executor);
  const auto network =
      workshop::compile(workshop::chain(trials.shape(), size.layers), {"cpu", tyto::Precision::float32}, executor);
  tyto::initialise(*network, 1);
  tyto::Objective objective;
  objective.classes = static_cast<int>(size.layers.back().size);
  objective.bind(trials.target_info());
  const auto surrogate = workshop::surrogate("sigmoid");
  const auto optimizer = workshop::make<tyto::Optimizer>("{type: adam, learning_rate: 1e-9}");
  tyto::Backpropagation request;
  request.objective = &objective;
  request.surrogate = surrogate.get();
  if (size.penalty) request.rate_penalties = {{0, 100, 200, 2.5}};
  std::vector<std::uint32_t> index(size.batch);
  for (std::size_t i = 0; i < index.size(); ++i) index[i] = static_cast<std::uint32_t>(i);
  for (auto _ : state) {
    benchmark::DoNotOptimize(network->backpropagate({&trials, index, {}}, request));
    network->apply(*optimizer);
  }
  state.counters["us_per_trial"] =
      benchmark::Counter(static_cast<double>(size.batch) * 1e-6,
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(train_batch)->Arg('S')->Arg('M')->Arg('L')->Unit(benchmark::kMillisecond)->ArgName("size");

}  // namespace

BENCHMARK_MAIN();

/// Time to make the 20,480 trials of the basic experiment: 100 steps of two ears with 100 fibres each. The
/// stimulus comes from its plugin, as in a run; one benchmark for each instruction set that the machine has.
#include <benchmark/benchmark.h>
#include <hwy/highway.h>

#include <string>
#include <tyto/stimulus.hpp>
#include <tyto/trials.hpp>
#include <tyto/units.hpp>

#include "plugin/registry.hpp"

namespace {

constexpr std::size_t kTrials = 20480;

/// Gives every parameter its default. The stimulus has only quantities, whole numbers and choices.
void set_defaults(const tyto::ParameterList& list, void* object) {
  for (const auto& parameter : list.items) {
    const std::string& text = parameter.default_text.value();
    if (parameter.type == tyto::ParameterType::quantity)
      parameter.set(object, tyto::parse_quantity(text, parameter.dimension));
    else if (parameter.type == tyto::ParameterType::integer)
      parameter.set(object, static_cast<std::int64_t>(std::stoll(text)));
    else
      parameter.set(object, text);
  }
}

void set(const tyto::ParameterList& list, void* object, std::string_view name, const tyto::ParameterValue& value) {
  for (const auto& parameter : list.items)
    if (parameter.name == name) parameter.set(object, value);
}

void make_trials(benchmark::State& state, const tyto::ComponentInfo& info, std::int64_t target, std::int64_t power) {
  hwy::SetSupportedTargetsForTest(target);
  const auto instance = info.make();
  set_defaults(info.parameters, instance.storage);
  set(info.parameters, instance.storage, "rate_integration", std::string("exact"));
  set(info.parameters, instance.storage, "envelope_power", power);
  const auto stimulus = std::static_pointer_cast<const tyto::Stimulus>(instance.interface);
  tyto::Executor executor(static_cast<std::size_t>(state.range(0)));
  for (auto unused : state) {
    (void)unused;
    const auto set_of_trials = tyto::make_trials(*stimulus, 1, tyto::Split::train, kTrials, executor);
    benchmark::DoNotOptimize(set_of_trials.spikes(0).data);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(kTrials));
  hwy::SetSupportedTargetsForTest(0);
}

}  // namespace

int main(int argc, char** argv) {
  tyto::plugin::Registry registry({TYTO_PLUGIN_FOLDER});
  const tyto::ComponentInfo& info = registry.load(tyto::Kind::stimulus, "itd");
  // The instruction sets that the plugin is built for, the plain C++ fallback among them.
  const std::int64_t built = HWY_AVX3 | HWY_AVX2 | HWY_SSE4 | HWY_SCALAR;
  for (std::int64_t targets = hwy::SupportedTargets() & built; targets != 0; targets &= targets - 1) {
    const std::int64_t target = targets & -targets;
    for (const std::int64_t power : {2, 4, 10}) {
      const std::string name =
          std::string("make_trials/power:") + std::to_string(power) + "/" + hwy::TargetName(target);
      benchmark::RegisterBenchmark(name.c_str(), make_trials, info, target, power)
          ->Arg(1)
          ->Arg(2)
          ->ArgName("threads")
          ->Unit(benchmark::kMillisecond)
          ->UseRealTime();
    }
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}

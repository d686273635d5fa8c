/// What one core can do at most: additions of float32 in registers, and reading from each level of memory.
#include <benchmark/benchmark.h>

#include <array>
#include <vector>

// Compiled for each instruction set, like the kernels.
#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "benchmarks/machine_benchmark.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h has to come first.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace machine::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t sums_count = 16;  // enough to hide an addition's latency

/// Additions done.
std::size_t add(std::size_t rounds, float* out) {
  const hn::ScalableTag<float> d;
  std::array<hn::Vec<decltype(d)>, sums_count> sums;
  for (std::size_t k = 0; k < sums_count; ++k) sums[k] = hn::Set(d, static_cast<float>(k));
  const auto term = hn::Set(d, out[0]);
  for (std::size_t r = 0; r < rounds; ++r)
    for (auto& sum : sums) sum = hn::Add(sum, term);
  for (const auto& sum : sums) hn::StoreU(hn::Add(hn::LoadU(d, out), sum), d, out);
  return rounds * sums_count * hn::Lanes(d);
}

/// Reads numbers and adds them up in many sums.
void read(const float* numbers, std::size_t count, float* out) {
  const hn::ScalableTag<float> d;
  std::array<hn::Vec<decltype(d)>, sums_count> sums;
  for (auto& sum : sums) sum = hn::Zero(d);
  for (std::size_t i = 0; i + sums_count * hn::Lanes(d) <= count; i += sums_count * hn::Lanes(d))
    for (std::size_t k = 0; k < sums_count; ++k)
      sums[k] = hn::Add(sums[k], hn::LoadU(d, numbers + i + k * hn::Lanes(d)));
  for (const auto& sum : sums) hn::StoreU(hn::Add(hn::LoadU(d, out), sum), d, out);
}

}  // namespace machine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace machine {

HWY_EXPORT(add);
HWY_EXPORT(read);

namespace {

void additions(benchmark::State& state) {
  std::array<float, 64> out{};
  std::size_t done = 0;
  for (auto _ : state) {
    done += HWY_DYNAMIC_DISPATCH(add)(100'000, out.data());
    benchmark::DoNotOptimize(out);
  }
  state.counters["additions_per_s"] = benchmark::Counter(static_cast<double>(done), benchmark::Counter::kIsRate);
}
BENCHMARK(additions);

void reading(benchmark::State& state) {
  const auto kib = static_cast<std::size_t>(state.range(0));
  const std::vector<float> numbers(kib * 1024 / sizeof(float), 1.0F);
  std::array<float, 64> out{};
  for (auto _ : state) {
    HWY_DYNAMIC_DISPATCH(read)(numbers.data(), numbers.size(), out.data());
    benchmark::DoNotOptimize(out);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kib * 1024));
}
BENCHMARK(reading)->ArgName("kib")->Arg(32)->Arg(1024)->Arg(16 * 1024)->Arg(512 * 1024);

}  // namespace
}  // namespace machine

BENCHMARK_MAIN();
#endif

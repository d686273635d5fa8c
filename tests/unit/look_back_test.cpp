/// Whether a projection keeps something from step to step is found out by trying it.
#include "spec/look_back.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include <tyto/error.hpp>

namespace {

/// Weights of 1; `decay` of what was handed on before comes along, `late` steps later.
template <class S>
struct Kernel final : tyto::ProjectionKernel<S> {
  S decay;
  std::size_t late;
  Kernel(double d, std::size_t l) : decay(static_cast<S>(d)), late(l) {}
  void forward(const tyto::Signal<S>& input, std::span<const std::span<const S>>, std::size_t to, const tyto::Pass&,
               S* current) const override {
    S kept = 0;
    for (std::size_t t = 0; t < input.steps; ++t) {
      S sum = 0;
      for (std::size_t i = 0; i < input.channels; ++i)
        sum += input.bits != nullptr ? S(input.spikes().at(t, i)) : input.values[t * input.channels + i];
      kept = decay * kept + sum;
      if (t + late < input.steps)
        for (std::size_t j = 0; j < to; ++j) current[(t + late) * to + j] += kept;
    }
  }
  void backward(const tyto::Signal<S>&, std::span<const std::span<const S>>, std::size_t, const tyto::Pass&, const S*,
                std::span<const std::span<S>>, S*) const override {}
};

struct Projection final : tyto::Layer {
  double decay = 0;
  std::size_t late = 0;
  bool throws = false;
  [[nodiscard]] std::unique_ptr<tyto::ProjectionKernel<double>> projection_f64(double) const override {
    if (throws) throw tyto::Error("not here");
    return std::make_unique<Kernel<double>>(decay, late);
  }
};

TEST(LooksBack, TellsMemoryAndDelaysFromNeither) {
  Projection projection;
  EXPECT_FALSE(tyto::spec::looks_back(projection, 0.001));
  projection.decay = 0.5;
  EXPECT_TRUE(tyto::spec::looks_back(projection, 0.001));
  projection.decay = 0;
  projection.late = 1;
  EXPECT_TRUE(tyto::spec::looks_back(projection, 0.001));
}

TEST(LooksBack, TakesWhatCannotBeTriedAtItsWord) {
  Projection projection;
  projection.throws = true;
  EXPECT_FALSE(tyto::spec::looks_back(projection, 0.001));
  EXPECT_FALSE(tyto::spec::looks_back(tyto::Layer(), 0.001));
}

}  // namespace

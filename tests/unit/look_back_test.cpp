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

/// Hands on a signal `late` steps later, and says that it reads `said` steps of the past.
struct LateKernel final : tyto::TransformKernel<double> {
  std::size_t late, said;
  LateKernel(std::size_t l, std::size_t r) : late(l), said(r) {}
  [[nodiscard]] std::size_t reach() const override { return said; }
  [[nodiscard]] bool spikes(const tyto::Pass&) const override { return false; }
  void forward(const tyto::Signal<double>& input, std::span<const std::span<const double>>, const tyto::Pass&,
               double* values, std::uint64_t*) const override {
    for (std::size_t t = 0; t < input.steps; ++t)
      for (std::size_t i = 0; i < input.channels; ++i) {
        const std::size_t cell = (t - late) * input.channels + i;
        values[t * input.channels + i] = t < late                ? 0
                                         : input.bits != nullptr ? double(input.spikes().at(t - late, i))
                                                                 : input.values[cell];
      }
  }
  void backward(const tyto::Signal<double>&, const tyto::Signal<double>&, std::span<const std::span<const double>>,
                const tyto::Pass&, const double*, std::span<const std::span<double>>, double*) const override {}
};

struct Late final : tyto::Layer {
  std::size_t late = 0, said = 0;
  [[nodiscard]] std::unique_ptr<tyto::TransformKernel<double>> transform_f64(double) const override {
    return std::make_unique<LateKernel>(late, said);
  }
};

TEST(LooksBack, BelievesWhatIsSaidOfThePast) {
  Late transform;
  EXPECT_FALSE(tyto::spec::looks_back(transform, 0.001));
  transform.late = 3;
  EXPECT_TRUE(tyto::spec::looks_back(transform, 0.001));
  transform.said = 2;
  EXPECT_TRUE(tyto::spec::looks_back(transform, 0.001));
  transform.said = 3;
  EXPECT_FALSE(tyto::spec::looks_back(transform, 0.001));
}

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

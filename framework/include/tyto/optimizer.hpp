/// Optimizers change parameters along their gradients, element by element.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <tyto/plugin.hpp>

namespace tyto {

/// Which update it is: its number, counted from 1, and a factor on the learning rate.
struct Update {
  std::int64_t step = 1;
  double rate_factor = 1;

  // NOLINTNEXTLINE(google-explicit-constructor): the number alone stands for an update at the full rate
  constexpr Update(std::int64_t number, double factor = 1) : step(number), rate_factor(factor) {}
};

/// Interface of the plugin kind "optimizer".
class TYTO_API Optimizer {
 public:
  virtual ~Optimizer() = default;
  /// Numbers of memory per parameter.
  [[nodiscard]] virtual std::size_t slots() const = 0;
  /// `memory` is [slot][element], zero before the first update.
  virtual void update(std::span<float> parameter, std::span<const float> gradient, std::span<float> memory,
                      const Update& update) const = 0;
  virtual void update(std::span<double> parameter, std::span<const double> gradient, std::span<double> memory,
                      const Update& update) const = 0;
};

/// Makes an Optimizer from a struct with `static constexpr std::size_t slots` and
/// `template <class S> auto prepare(std::int64_t step) const`, which returns a function
/// `(S& parameter, S gradient, std::array<S, slots>& memory)`. A member `learning_rate` follows the training's
/// schedule.
template <class Definition>
class OptimizerOf final : public Optimizer {
 public:
  Definition definition;
  [[nodiscard]] std::size_t slots() const override { return Definition::slots; }
  void update(std::span<float> parameter, std::span<const float> gradient, std::span<float> memory,
              const Update& update) const override {
    run<float>(parameter, gradient, memory, update);
  }
  void update(std::span<double> parameter, std::span<const double> gradient, std::span<double> memory,
              const Update& update) const override {
    run<double>(parameter, gradient, memory, update);
  }

 private:
  template <class S>
  void run(std::span<S> parameter, std::span<const S> gradient, std::span<S> memory, const Update& update) const {
    Definition scaled = definition;
    if constexpr (requires { scaled.learning_rate *= 1.0; }) scaled.learning_rate *= update.rate_factor;
    const auto rule = scaled.template prepare<S>(update.step);
    const std::size_t n = parameter.size();
    for (std::size_t i = 0; i < n; ++i) {
      std::array<S, Definition::slots> own{};
      for (std::size_t k = 0; k < Definition::slots; ++k) own[k] = memory[k * n + i];
      rule(parameter[i], gradient[i], own);
      for (std::size_t k = 0; k < Definition::slots; ++k) memory[k * n + i] = own[k];
    }
  }
};

}  // namespace tyto

/// Defines a plugin that provides one optimizer.
#define TYTO_OPTIMIZER(name, Definition)                                                          \
  TYTO_PLUGIN(registrar) {                                                                        \
    registrar.add_definition<::tyto::OptimizerOf<Definition>, Definition>(                        \
        name, &::tyto::OptimizerOf<Definition>::definition, {}, std::source_location::current()); \
  }

/// Projections that keep nothing from step to step are written once, for both precisions and all ways of running:
///
///     struct OneToOne {
///       static auto parameters() { return tyto::parameters<OneToOne>("..."); }
///       std::vector<tyto::ArrayInfo> arrays(std::size_t from, std::size_t to) const { ... }
///       template <class S>
///       void step(std::span<const S> x, tyto::ArrayViews<S> arrays, std::span<S> current) const {
///         for (std::size_t i = 0; i < current.size(); ++i) current[i] += arrays[0][i] * x[i];
///       }
///       template <class S>
///       void back(const tyto::StepBack<S>& step) const { ... }
///     };
///     TYTO_PROJECTION("one_to_one", OneToOne)
///
/// step() adds what arrives at the targets in a step in which the source puts out `x`; a spike is a 1. Without back()
/// the projection has no way back, and rules that need gradients are refused. Projections that work faster on packed
/// spikes, or on several trials at once, or that look back, define a Layer and its kernels themselves (layer.hpp).
#pragma once

#include <algorithm>
#include <memory>
#include <source_location>
#include <span>
#include <vector>

#include <tyto/layer.hpp>
#include <tyto/plugin.hpp>

namespace tyto {

/// The numbers of a projection's arrays, in the order of arrays().
template <class S>
using ArrayViews = std::span<const std::span<const S>>;

/// One step of the way back.
template <class S>
struct StepBack {
  std::span<const S> x;  ///< what the source put out, [from]
  ArrayViews<S> arrays;
  std::span<const S> grad_current;            ///< dL/d what arrived, [to]
  std::span<const std::span<S>> grad_arrays;  ///< to be added to: dL/d arrays
  std::span<S> grad_x;                        ///< to be added to: dL/dx
};

namespace detail {

template <class Definition, class S>
inline constexpr bool has_way_back = requires(const Definition& definition, const StepBack<S>& step) {
  definition.template back<S>(step);
};

template <class Definition>
inline constexpr bool has_member_back = requires {
  &Definition::template back<double>;
};

template <class Definition, class S>
class StepwiseKernel final : public ProjectionKernel<S> {
 public:
  static_assert(has_way_back<Definition, S> || !has_member_back<Definition>,
                "a projection's way back is 'template <class S> void back(const tyto::StepBack<S>& step) const'");
  explicit StepwiseKernel(const Definition& definition) : definition_(definition) {}

  void forward(const Signal<S>& input, ArrayViews<S> arrays, std::size_t to, const Pass&, S* current) const override {
    thread_local std::vector<S> x;
    for (std::size_t t = 0; t < input.steps; ++t)
      definition_.template step<S>(row(input, t, x), arrays, {current + t * to, to});
  }

  void backward([[maybe_unused]] const Signal<S>& input, [[maybe_unused]] ArrayViews<S> arrays,
                [[maybe_unused]] std::size_t to, const Pass&, [[maybe_unused]] const S* grad_current,
                [[maybe_unused]] std::span<const std::span<S>> grad_arrays,
                [[maybe_unused]] S* grad_input) const override {
    if constexpr (has_way_back<Definition, S>) {
      thread_local std::vector<S> x, unwanted;
      unwanted.assign(input.channels, S(0));
      for (std::size_t t = 0; t < input.steps; ++t) {
        const std::span<S> grad_x =
            grad_input != nullptr ? std::span<S>{grad_input + t * input.channels, input.channels} : unwanted;
        definition_.template back<S>({row(input, t, x), arrays, {grad_current + t * to, to}, grad_arrays, grad_x});
      }
    }
  }

 private:
  static std::span<const S> row(const Signal<S>& input, std::size_t t, std::vector<S>& numbers) {
    if (input.bits == nullptr) return {input.values + t * input.channels, input.channels};
    numbers.assign(input.channels, S(0));
    input.spikes().for_each(t, [&](std::size_t i) { numbers[i] = S(1); });
    return numbers;
  }

  Definition definition_;
};

}  // namespace detail

/// The layer made of such a definition. Optional members: `arrays`, without which there are none, and
/// `Connectivity connectivity() const` (see layer.hpp).
template <class Definition>
class ProjectionOf final : public Layer {
 public:
  Definition definition;

  [[nodiscard]] std::vector<ArrayInfo> arrays([[maybe_unused]] std::size_t from,
                                              [[maybe_unused]] std::size_t to) const override {
    if constexpr (requires { definition.arrays(from, to); })
      return definition.arrays(from, to);
    else
      return {};
  }
  [[nodiscard]] Connectivity connectivity() const override {
    if constexpr (requires { definition.connectivity(); })
      return definition.connectivity();
    else
      return Connectivity::none;
  }
  [[nodiscard]] bool runs_backward() const override { return detail::has_way_back<Definition, double>; }
  [[nodiscard]] std::unique_ptr<ProjectionKernel<float>> projection_f32(double) const override {
    return std::make_unique<detail::StepwiseKernel<Definition, float>>(definition);
  }
  [[nodiscard]] std::unique_ptr<ProjectionKernel<double>> projection_f64(double) const override {
    return std::make_unique<detail::StepwiseKernel<Definition, double>>(definition);
  }
};

}  // namespace tyto

/// Defines a plugin that provides one projection.
#define TYTO_PROJECTION(name, Definition)                                                      \
  TYTO_PLUGIN(registrar) {                                                                     \
    registrar.add_definition<::tyto::ProjectionOf<Definition>, Definition>(                    \
        name, &::tyto::ProjectionOf<Definition>::definition, {::tyto::capability::projection}, \
        std::source_location::current());                                                      \
  }

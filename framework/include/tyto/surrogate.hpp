/// Surrogate derivatives (Neftci, Mostafa & Zenke 2019): what stands for the derivative of the hard
/// spike H(u) at distance u from threshold.
#pragma once

#include <memory>
#include <span>

#include <tyto/plugin.hpp>
#include <tyto/targets.hpp>

namespace tyto {

/// Interface of the plugin kind "surrogate", over arrays so that a call costs nothing per neuron.
class TYTO_API Surrogate {
 public:
  virtual ~Surrogate() = default;
  /// out[i] = H'(u[i]); out and u may be the same.
  virtual void derivative(std::span<const float> u, std::span<float> out) const = 0;
  virtual void derivative(std::span<const double> u, std::span<double> out) const = 0;
  /// The smooth function whose derivative the surrogate is. Replacing the spike by it makes the whole
  /// model differentiable, which is how gradients are checked by finite differences.
  [[nodiscard]] virtual double primitive(double u) const = 0;
};

/// Makes a Surrogate from a struct that has `template <class S> S derivative(S u) const` and
/// `double primitive(double u) const`.
template <class Definition>
class SurrogateOf final : public Surrogate {
 public:
  Definition definition;
  void derivative(std::span<const float> u, std::span<float> out) const override { map(u, out); }
  void derivative(std::span<const double> u, std::span<double> out) const override { map(u, out); }
  [[nodiscard]] double primitive(double u) const override { return definition.primitive(u); }

 private:
  template <class S>
  void map(std::span<const S> u, std::span<S> out) const {
    derive(definition, u.data(), out.data(), u.size());
  }
  template <class S>
  TYTO_MANY_TARGETS static void derive(const Definition& definition, const S* u, S* out, std::size_t count) {
    const Definition own = definition;
#pragma GCC ivdep
    for (std::size_t i = 0; i < count; ++i) out[i] = own.derivative(u[i]);
  }
};

}  // namespace tyto

/// Defines a plugin that provides one surrogate.
#define TYTO_SURROGATE(name, Definition)                                                          \
  TYTO_PLUGIN(registrar) {                                                                        \
    registrar.add_definition<::tyto::SurrogateOf<Definition>, Definition>(                        \
        name, &::tyto::SurrogateOf<Definition>::definition, {}, std::source_location::current()); \
  }

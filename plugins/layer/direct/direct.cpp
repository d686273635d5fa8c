#include <memory>
#include <vector>

#include <tyto/layer.hpp>
#include <tyto/plugin.hpp>

#include "../decoded/mapping.hpp"

namespace {

/// Computes from the values themselves, so that there is nothing to be learnt or decoded.
template <class S>
class DirectKernel final : public tyto::ProjectionKernel<S> {
 public:
  explicit DirectKernel(const nef::Mapping& mapping) : mapping_(mapping) {}

  /// Values that are multiplied one by one know nothing of each other.
  [[nodiscard]] bool divide(std::span<const std::span<const S>>, std::span<const std::size_t> bounds) override {
    bounds_.assign(bounds.begin(), bounds.end());
    return mapping_.function.empty() && mapping_.transform.size() == 1;
  }
  void forward_part(const tyto::Signal<S>& input, std::span<const std::span<const S>>, std::size_t part,
                    const tyto::Rows<S>& current) const override {
    multiply(input, bounds_[part], bounds_[part + 1], current);
  }
  void forward(const tyto::Signal<S>& input, std::span<const std::span<const S>>, std::size_t to, const tyto::Pass&,
               S* current) const override {
    add(input, to, {current, to});
  }
  void forward_group(const tyto::Group<S>& group, std::span<const std::span<const S>>, std::size_t to,
                     std::span<const tyto::Rows<S>> currents) const override {
    for (std::size_t lane = 0; lane < group.size(); ++lane) add(group.inputs[lane], to, currents[lane]);
  }
  void backward(const tyto::Signal<S>&, std::span<const std::span<const S>>, std::size_t, const tyto::Pass&, const S*,
                std::span<const std::span<S>>, S*) const override {
    throw tyto::Error("a direct connection cannot be run backwards");
  }

 private:
  void add(const tyto::Signal<S>& input, std::size_t to, tyto::Rows<S> current) const {
    if (mapping_.function.empty() && mapping_.transform.size() == 1) {
      multiply(input, 0, to, current);
      return;
    }
    // One kernel serves one connection, whose sizes never change, on one thread.
    if (!mapped_) mapped_ = std::make_unique<nef::Mapped>(mapping_, input.channels, to);
    x_.resize(input.channels);
    y_.resize(to);
    for (std::size_t t = 0; t < input.steps; ++t) {
      for (std::size_t k = 0; k < input.channels; ++k)
        x_[k] = input.values != nullptr ? static_cast<double>(input.values[t * input.channels + k])
                                        : static_cast<double>(input.spikes().at(t, k));
      (*mapped_)(x_, y_);
      for (std::size_t k = 0; k < to; ++k) current[t][k] += static_cast<S>(y_[k]);
    }
  }

  /// Worked out in double precision, as everything here.
  void multiply(const tyto::Signal<S>& input, std::size_t first, std::size_t end, const tyto::Rows<S>& current) const {
    const double factor = mapping_.transform[0];
    for (std::size_t t = 0; t < input.steps; ++t)
      if (input.values != nullptr) {
        const S* const values = input.values + t * input.channels;
        for (std::size_t k = first; k < end; ++k)
          current[t][k] += static_cast<S>(factor * static_cast<double>(values[k]));
      } else {
        for (std::size_t k = first; k < end; ++k)
          if (input.spikes().at(t, k)) current[t][k] += static_cast<S>(factor);
      }
  }

  nef::Mapping mapping_;
  std::vector<std::size_t> bounds_;
  mutable std::unique_ptr<nef::Mapped> mapped_;
  mutable std::vector<double> x_, y_;
};

class Direct final : public tyto::Layer, public nef::Mapping {
 public:
  static auto parameters() {
    return nef::declare(
        tyto::parameters<Direct>("Hands on values, or a function of them: from the stimulus, a node, or rates")
            .details(
                R"(With x[n] the values of the source in step n (a spike counts as 1), f the `function` and T the
`transform`:

    y[n] = T f(x[n])

f is the identity if there is no function. T is a number, or a matrix (values handed on) x (values of f), row by row.
Function and transform are worked out in double precision. Nothing is kept from step to step: from an earlier layer
y[n] acts in step n, from the layer itself or a later one in step n+1. A synapse is applied to y, after the
function.)"));
  }
  [[nodiscard]] tyto::Port port() const override { return tyto::Port::layer; }
  [[nodiscard]] std::size_t outputs(std::size_t represented) const override { return function_outputs(represented); }
  void check_outputs(std::size_t represented, std::size_t outputs) const override {
    static_cast<void>(nef::Mapped(*this, represented, outputs));
  }
  [[nodiscard]] std::unique_ptr<tyto::ProjectionKernel<float>> projection_f32(double) const override {
    return std::make_unique<DirectKernel<float>>(*this);
  }
  [[nodiscard]] std::unique_ptr<tyto::ProjectionKernel<double>> projection_f64(double) const override {
    return std::make_unique<DirectKernel<double>>(*this);
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<Direct>("direct", {tyto::capability::projection}); }

#include <memory>
#include <mutex>
#include <utility>
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
  void forward_slice(const tyto::Signal<S>& input, std::span<const std::span<const S>>, std::size_t slice,
                     const tyto::Rows<S>& current) const override {
    multiply(input, bounds_[slice], bounds_[slice + 1], current);
  }
  void forward(const tyto::Signal<S>& input, std::span<const std::span<const S>>, std::size_t to, const tyto::Pass&,
               S* current) const override {
    add(input, to, {current, to});
  }
  void forward_group(const tyto::Group<S>& group, std::span<const std::span<const S>>, std::size_t to,
                     std::span<const tyto::Rows<S>> currents) const override {
    for (std::size_t lane = 0; lane < group.size(); ++lane) add(group.inputs[lane], to, currents[lane]);
  }
  /// Of values that are multiplied alone.
  void backward(const tyto::Signal<S>& input, std::span<const std::span<const S>>, std::size_t to, const tyto::Pass&,
                const S* grad_current, std::span<const std::span<S>>, S* grad_input) const override {
    if (!mapping_.function.empty()) throw tyto::Error("a function cannot be run backwards");
    if (grad_input == nullptr) return;
    const std::size_t from = input.channels;
    const bool factor = mapping_.transform.size() == 1;
    for (std::size_t t = 0; t < input.steps; ++t)
      for (std::size_t k = 0; k < to; ++k)
        for (std::size_t i = factor ? k : 0; i < (factor ? k + 1 : from); ++i)
          grad_input[t * from + i] +=
              static_cast<S>(mapping_.transform[factor ? 0 : k * from + i]) * grad_current[t * to + k];
  }

 private:
  /// What a thread needs to work out formulas.
  struct Work {
    nef::Mapped mapped;
    std::vector<double> x, y;
  };
  [[nodiscard]] std::unique_ptr<Work> borrow(std::size_t from, std::size_t to) const {
    const std::lock_guard lock(mutex_);
    if (idle_.empty())
      return std::make_unique<Work>(Work{{mapping_, from, to}, std::vector<double>(from), std::vector<double>(to)});
    auto work = std::move(idle_.back());
    idle_.pop_back();
    return work;
  }
  void give_back(std::unique_ptr<Work> work) const {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(work));
  }

  void add(const tyto::Signal<S>& input, std::size_t to, tyto::Rows<S> current) const {
    if (mapping_.function.empty() && mapping_.transform.size() == 1) {
      multiply(input, 0, to, current);
      return;
    }
    auto work = borrow(input.channels, to);
    for (std::size_t t = 0; t < input.steps; ++t) {
      for (std::size_t k = 0; k < input.channels; ++k)
        work->x[k] = input.values != nullptr ? static_cast<double>(input.values[t * input.channels + k])
                                             : static_cast<double>(input.spikes().at(t, k));
      work->mapped(work->x, work->y);
      for (std::size_t k = 0; k < to; ++k) current[t][k] += static_cast<S>(work->y[k]);
    }
    give_back(std::move(work));
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
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Work>> idle_;  ///< one kernel serves one connection, whose sizes never change
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
  [[nodiscard]] bool runs_backward() const override { return function.empty(); }
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

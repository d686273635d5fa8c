#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tyto/layer.hpp>
#include <tyto/math.hpp>
#include <tyto/plugin.hpp>

namespace {

/// Numbers of events in a step, from 32 random bits each. Probabilities are resolved to 2^-32.
class Counts {
 public:
  explicit Counts(double mean) {
    // below[k] is the probability of k events or fewer.
    double of_k = tyto::exp(-mean), sum = of_k;
    for (std::size_t k = 1; static_cast<double>(k) < mean || sum * 0x1p32 < 0x1p32 - 0.5; ++k) {
      below_.push_back(as_bits(sum));
      of_k *= mean / static_cast<double>(k);
      if (sum + of_k <= sum && static_cast<double>(k) > mean) break;
      sum += of_k;
    }
    std::size_t k = 0;
    for (std::size_t top = 0; top < first_.size(); ++top) {
      while (k < below_.size() && below_[k] <= top << (32U - guide_bits)) ++k;
      first_[top] = static_cast<std::uint32_t>(k);
    }
  }

  /// At most this mean, so that e^-mean is well above the smallest number.
  static constexpr double most = 500;

  [[nodiscard]] std::size_t of(std::uint32_t bits) const {
    std::size_t k = first_[bits >> (32U - guide_bits)];
    while (k < below_.size() && bits >= below_[k]) ++k;
    return k;
  }

 private:
  static constexpr unsigned guide_bits = 8;
  static std::uint64_t as_bits(double probability) {
    return static_cast<std::uint64_t>(std::llround(std::min(probability, 1.0) * 0x1p32));
  }

  std::vector<std::uint64_t> below_;
  std::array<std::uint32_t, std::size_t{1} << guide_bits> first_{};  ///< where the search begins, by the highest bits
};

template <class S>
class PoissonKernel final : public tyto::PopulationKernel<S> {
 public:
  PoissonKernel(double mean, bool counts, std::uint64_t first_step, std::uint64_t end_step)
      : counts_(mean), several_(counts), first_step_(first_step), end_step_(end_step) {}

  // No state: what is drawn in a step depends on the step alone.
  [[nodiscard]] std::size_t state_size() const override { return 0; }
  [[nodiscard]] std::vector<std::string> state_names() const override { return {}; }
  [[nodiscard]] bool divisible() const override { return true; }
  void backward(const tyto::BackwardScan<S>&) const override {
    throw tyto::Error("a Poisson process cannot be run backwards");
  }

  void forward(const tyto::ForwardScan<S>& scan) const override {
    const tyto::Pass& pass = *scan.pass;
    const auto key = pass.stream("poisson/" + std::string(pass.layer));
    for (std::size_t t = 0; t < scan.steps; ++t) {
      S* const row = scan.output + t * scan.row_length();
      const std::uint64_t step = scan.first_step + t;
      std::fill_n(row, scan.neurons, S(0));
      if (step < first_step_ || step >= end_step_) continue;
      for (std::size_t i = 0; i < scan.neurons;) {
        const std::size_t number = scan.first_neuron + i;
        const auto words =
            tyto::philox(key, static_cast<std::uint32_t>(number / 4), static_cast<std::uint32_t>(step), step >> 32U);
        for (std::size_t k = number % 4; k < 4 && i < scan.neurons; ++k, ++i) {
          const std::size_t count = counts_.of(words[k]);
          row[i] = static_cast<S>(several_ ? count : std::min<std::size_t>(count, 1));
        }
      }
    }
  }

 private:
  Counts counts_;
  bool several_;
  std::uint64_t first_step_, end_step_;
};

class Poisson final : public tyto::Layer {
 public:
  double rate_hz = 0;
  bool counts = false;
  double start_s = 0;
  std::optional<double> stop_s;

  static auto parameters() {
    return tyto::parameters<Poisson>(
               "Neurons that fire at random, as Poisson processes of their own; nothing arrives at them")
        .details(R"(In the steps that begin at or after `start` and before `stop`, for each neuron and step on its own:

    k[n] from the Poisson distribution with the mean rate dt

    y[n] = 1 if k[n] > 0, else 0          counts: false, a spike per step at most
    y[n] = k[n]                           counts: true, the events of many sources at once

In other steps y[n] = 0. With `counts: false` the rate of spikes is (1 - exp(-rate dt)) / dt, a little less than `rate`.
With `counts: true` a neuron stands for as many independent sources as together have the rate `rate`: what is handed on is
how often they fired, and a connection counts it as so many spikes.

In trials times are counted from the beginning of each trial, and a trial has the same spikes whenever it is shown. Draws
depend on the seed, the trial (its split and number), the layer's name, the step and the neuron alone; probabilities are
resolved to 2^-32. The generator is Philox (Salmon et al. 2011).)")
        .frequency("rate", &Poisson::rate_hz, "", "of each neuron")
        .required()
        .non_negative()
        .compared(tyto::StepRole::firing)
        .boolean("counts", &Poisson::counts, "false", "whether numbers of events are handed on, or at most one spike")
        .time("start", &Poisson::start_s, "0 s", "when it begins")
        .non_negative()
        .compared(tyto::StepRole::before_end)
        .time("stop", &Poisson::stop_s, "", "when it ends; default: never")
        .non_negative()
        .optional()
        .check([](const Poisson& own) -> std::optional<tyto::Problem> {
          if (own.stop_s && *own.stop_s <= own.start_s) return tyto::Problem{"stop", "must be after 'start'"};
          return std::nullopt;
        });
  }

  [[nodiscard]] bool spikes() const override { return !counts; }
  [[nodiscard]] bool counts_spikes() const override { return true; }
  [[nodiscard]] std::unique_ptr<tyto::PopulationKernel<float>> population_f32(double dt_s) const override {
    return make<float>(dt_s);
  }
  [[nodiscard]] std::unique_ptr<tyto::PopulationKernel<double>> population_f64(double dt_s) const override {
    return make<double>(dt_s);
  }

 private:
  template <class S>
  [[nodiscard]] std::unique_ptr<tyto::PopulationKernel<S>> make(double dt_s) const {
    const double mean = rate_hz * dt_s;
    if (mean > (counts ? Counts::most : 1))
      throw tyto::Error(counts ? "rate: more than 500 events in a step; fewer sources, or a shorter step, are needed"
                               : "rate: more than one spike in a step; 'counts: true' hands on how many there are");
    const auto step_at = [&](double time_s) {
      return static_cast<std::uint64_t>(std::min(std::ceil(time_s / dt_s - 1e-6), 1e18));
    };
    return std::make_unique<PoissonKernel<S>>(mean, counts, step_at(start_s),
                                              stop_s ? step_at(*stop_s) : std::numeric_limits<std::uint64_t>::max());
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<Poisson>("poisson", {tyto::capability::population, tyto::capability::source}); }

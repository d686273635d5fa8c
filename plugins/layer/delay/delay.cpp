#include <fmt/format.h>

#include <tyto/error.hpp>

#include "taps.hpp"
#include "whole_steps.hpp"

namespace {

enum class Output { trimmed, padded };

template <class S>
class DelayKernel final : public tyto::TransformKernel<S> {
 public:
  DelayKernel(const delay::Plan& plan, bool trimmed) : plan_(plan), offset_(trimmed ? plan.max_steps : 0) {}

  [[nodiscard]] std::size_t output_steps(std::size_t input_steps) const override { return input_steps - offset_; }
  [[nodiscard]] std::size_t reach() const override { return plan_.reach(); }
  [[nodiscard]] bool spikes(const tyto::Pass& pass) const override { return plan_.whole(pass); }

  void forward(const tyto::Signal<S>& input, std::span<const std::span<const S>> arrays, const tyto::Pass& pass,
               S* values, std::uint64_t* bits) const override {
    const delay::TapMaker<S> maker(plan_, pass, false);
    if (bits != nullptr)
      delay::shift_spikes(input.spikes(), whole_steps(arrays[0], maker).shift, offset_,
                          {bits, output_steps(input.steps), input.channels});
    else
      forward_values(input, arrays[0], maker, values);
  }

  void backward(const tyto::Signal<S>& input, const tyto::Signal<S>& output, std::span<const std::span<const S>> arrays,
                const tyto::Pass& pass, const S* grad_output, std::span<const std::span<S>> grad_arrays,
                S* grad_input) const override {
    const delay::TapMaker<S> maker(plan_, pass, true);
    if (output.bits != nullptr)
      backward_spikes(input.spikes(), output.spikes(), arrays[0], maker, grad_output, grad_arrays[0], grad_input);
    else
      backward_values(input, arrays[0], maker, grad_output, grad_arrays[0], grad_input);
  }

 private:
  /// What delays by whole steps do to each channel.
  struct WholeSteps {
    std::vector<std::uint32_t> shift;
    std::vector<S> slope_at, slope_after;  ///< factors on the gradient at the delayed spikes, and one step after
  };

  /// Valid until the thread's next call.
  static const WholeSteps& whole_steps(std::span<const S> delays, const delay::TapMaker<S>& maker) {
    thread_local WholeSteps of_thread;
    WholeSteps& all = of_thread;  // found once, not for each channel
    auto taps = maker.taps();
    all.shift.resize(delays.size());
    all.slope_at.resize(delays.size());
    all.slope_after.resize(delays.size());
    for (std::size_t i = 0; i < delays.size(); ++i) {
      maker.make(delays[i], taps);
      all.shift[i] = static_cast<std::uint32_t>(taps.first);
      all.slope_at[i] = taps.slope[0];
      all.slope_after[i] = taps.slope[1];
    }
    return all;
  }

  /// Whole steps: what the derivatives need of the gradient lies where the delayed spikes are, and one step after.
  void backward_spikes(const tyto::Spikes& input, const tyto::Spikes& output, std::span<const S> delays,
                       const delay::TapMaker<S>& maker, const S* grad_output, std::span<S> grad_delays,
                       S* grad_input) const {
    const std::size_t channels = input.channels;
    thread_local std::vector<S> at_of_thread, after_of_thread;  // scratch, found once and not for each channel
    auto& at = at_of_thread;
    auto& after = after_of_thread;
    const WholeSteps& whole = whole_steps(delays, maker);
    const auto& shift = whole.shift;
    at.assign(channels, S(0));
    after.assign(channels, S(0));
    // Spikes that arrive one step before the output begins reach its first step.
    for (std::size_t i = 0; i < channels; ++i)
      if (offset_ > shift[i] && input.at(offset_ - shift[i] - 1, i)) after[i] = grad_output[i];
    delay::sum_at_spikes<S>(output, grad_output, at, after);
    for (std::size_t i = 0; i < channels; ++i) {
      grad_delays[i] += static_cast<S>(static_cast<double>(at[i]) * static_cast<double>(whole.slope_at[i]) +
                                       static_cast<double>(after[i]) * static_cast<double>(whole.slope_after[i]));
    }
    if (grad_input == nullptr) return;
    for (std::size_t t = 0; t < input.steps; ++t)
      for (std::size_t i = 0; i < channels; ++i)
        if (const std::size_t later = t + shift[i]; later >= offset_ && later < input.steps)
          grad_input[t * channels + i] += grad_output[(later - offset_) * channels + i];
  }

  void backward_values(const tyto::Signal<S>& input, std::span<const S> delays, const delay::TapMaker<S>& maker,
                       const S* grad_output, std::span<S> grad_delays, S* grad_input) const {
    auto taps = maker.taps();
    std::vector<S> room(taps.weight.size());
    const auto events = delay::events_of(input);
    delay::Rows<S> gradients(input.steps, plan_);
    delay::Rows<S> back(grad_input != nullptr ? input.steps : 0, plan_);
    gradients.clear();
    for (std::size_t first = 0; first < input.channels; first += gradients.block) {
      const std::size_t count = std::min(gradients.block, input.channels - first);
      gradients.load(grad_output, input.channels, first, count, offset_);
      back.clear();
      for (std::size_t k = 0; k < count; ++k) {
        maker.make(delays[first + k], taps);
        const auto sums =
            delay::gather<S>(delay::train_of(events, first + k), taps, input.steps, gradients.row(k), room);
        grad_delays[first + k] += static_cast<S>(sums.slope);
        if (grad_input != nullptr) delay::spread_back(taps, S(1), gradients.row(k), input.steps, back.row(k));
      }
      if (grad_input != nullptr) back.add_to(grad_input, input.channels, first, count, 0);
    }
  }

  void forward_values(const tyto::Signal<S>& input, std::span<const S> delays, const delay::TapMaker<S>& maker,
                      S* values) const {
    std::fill_n(values, output_steps(input.steps) * input.channels, S(0));
    auto taps = maker.taps();
    const auto events = delay::events_of(input);
    delay::Rows<S> rows(input.steps, plan_);
    for (std::size_t first = 0; first < input.channels; first += rows.block) {
      const std::size_t count = std::min(rows.block, input.channels - first);
      rows.clear();
      for (std::size_t k = 0; k < count; ++k) {
        maker.make(delays[first + k], taps);
        delay::scatter(delay::train_of(events, first + k), taps, S(1), rows.row(k));
      }
      rows.add_to(values, input.channels, first, count, offset_);
    }
  }

  delay::Plan plan_;
  std::size_t offset_;  ///< input steps that are left out at the beginning
};

class Delay final : public tyto::Layer, public delay::Settings {
 public:
  static auto parameters() {
    return delay::declare(
               tyto::parameters<Delay>("A delay d for each channel of a signal, in milliseconds")
                   .details(
                       R"(Each channel has a delay of its own.
)" + std::string(delay::method_details) +
                       R"(Outside training delays are rounded as for `whole_step`, unless `evaluation: as_trained`. Before step 0 the input is 0.
`output: trimmed` leaves out the first K steps. The array `d` and its gradient are in ms, and so is the step of the
optimizer. After an update delays below 0 or above `max` are set to these bounds.)"))
        .choice("output", &Delay::output_, {{"trimmed", Output::trimmed}, {"padded", Output::padded}}, "trimmed",
                "steps from 'max' on, when every channel has arrived, or all steps, with nothing before a channel's "
                "first");
  }

  [[nodiscard]] std::vector<tyto::ArrayInfo> arrays(std::size_t from, std::size_t) const override {
    return {delay::array_of(*this, {from}, {"channel"})};
  }
  [[nodiscard]] std::size_t output_steps(std::size_t input_steps, double dt_s) const override {
    const std::size_t max_steps = delay::plan_of(*this, dt_s).max_steps;
    if (max_steps >= input_steps)
      throw tyto::Error(
          fmt::format("delays of up to {} steps leave nothing of a signal of {} steps; 'max' must be "
                      "shorter",
                      max_steps, input_steps));
    return output_ == Output::trimmed ? input_steps - max_steps : input_steps;
  }
  [[nodiscard]] std::unique_ptr<tyto::TransformKernel<float>> transform_f32(double dt_s) const override {
    return std::make_unique<DelayKernel<float>>(delay::plan_of(*this, dt_s), output_ == Output::trimmed);
  }
  [[nodiscard]] std::unique_ptr<tyto::TransformKernel<double>> transform_f64(double dt_s) const override {
    return std::make_unique<DelayKernel<double>>(delay::plan_of(*this, dt_s), output_ == Output::trimmed);
  }

 private:
  Output output_ = Output::trimmed;
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<Delay>("delay", {tyto::capability::transform}); }

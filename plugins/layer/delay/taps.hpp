/// Delays as short filters over time. A delayed signal is the sum over taps k of weight[k] x[t - k]; every method is
/// a choice of taps and of their derivatives by the delay.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <tyto/layer.hpp>

#include "settings.hpp"

namespace delay {

/// Settings made ready for a length of the time step.
struct Plan {
  Method method = Method::interpolated;
  bool round_outside_training = true;
  double steps_per_ms = 1;
  std::size_t max_steps = 0;
  double first_sigma_steps = 0;
  double final_sigma_steps = 0;
  double anneal_until = 1;

  /// Width of the Gaussian at a part of the training, going down geometrically.
  [[nodiscard]] double sigma_steps(double progress) const;
  /// Steps of the past that a delayed signal depends on.
  [[nodiscard]] std::size_t reach() const { return max_steps + 1; }
  /// Whether delays are whole steps in this pass, so that spikes stay spikes.
  [[nodiscard]] bool whole(const tyto::Pass& pass) const;
};
[[nodiscard]] Plan plan_of(const Settings& settings, double dt_s);

/// The taps of one delay: first, first + 1, ...; the first may be -1, where only its slope is not 0.
template <class S>
struct Taps {
  std::ptrdiff_t first = 0;
  std::size_t count = 0;
  std::vector<S> weight;  ///< the first `count` are in use
  std::vector<S> slope;   ///< derivative of the weight by the delay in milliseconds, if asked for
};

/// Makes the taps of delays for one pass.
template <class S>
class TapMaker {
 public:
  TapMaker(const Plan& plan, const tyto::Pass& pass, bool slopes);
  /// Room for the taps of any delay.
  [[nodiscard]] Taps<S> taps() const;
  void make(S delay_ms, Taps<S>& taps) const;

 private:
  void make_whole(double delay_steps, double delay_ms, Taps<S>& taps) const;
  void make_interpolated(double delay_steps, Taps<S>& taps) const;
  void make_gaussian(double delay_steps, Taps<S>& taps) const;

  Plan plan_;
  bool whole_;
  bool slopes_;
  double sigma_ = 1;  ///< in steps
  double decay_ = 1;  ///< exp(-1 / sigma^2), the ratio of the ratios of neighbouring taps
};

/// A signal channel by channel: steps and values of what is not zero.
template <class S>
struct Events {
  std::vector<std::size_t> begin;  ///< of each channel, and the end of the last one
  std::vector<std::uint32_t> step;
  std::vector<S> value;
};
template <class S>
[[nodiscard]] Events<S> events_of(const tyto::Signal<S>& signal);

/// Events of one channel.
template <class S>
struct Train {
  std::span<const std::uint32_t> step;
  std::span<const S> value;
};
template <class S>
[[nodiscard]] Train<S> train_of(const Events<S>& events, std::size_t channel) {
  const std::size_t begin = events.begin[channel];
  const std::size_t count = events.begin[channel + 1] - begin;
  return {std::span(events.step).subspan(begin, count), std::span(events.value).subspan(begin, count)};
}

/// Rows over time, one for each channel or neuron of a block, with room for taps before the first and after the last
/// step. Working on a few rows at a time keeps them in the nearest cache, and makes the taps of an event neighbours.
template <class S>
class Rows {
 public:
  static constexpr std::size_t block = 16;

  Rows(std::size_t steps, const Plan& plan)
      : steps_(steps), length_(steps + plan.max_steps + 3), values_(block * length_) {}

  /// The place of step 0 of a row.
  [[nodiscard]] S* row(std::size_t index) { return values_.data() + index * length_ + 1; }
  void clear() { values_.assign(values_.size(), S(0)); }
  /// Rows from columns first .. first+count-1 of matrix[step][width], which begins at step `offset`.
  void load(const S* matrix, std::size_t width, std::size_t first, std::size_t count, std::size_t offset);
  /// Adds the rows to those columns; `offset` as above.
  void add_to(S* matrix, std::size_t width, std::size_t first, std::size_t count, std::size_t offset);

 private:
  std::size_t steps_;
  std::size_t length_;
  std::vector<S> values_;
};

/// row[step + tap] += factor value weight[tap], for all events.
template <class S>
void scatter(const Train<S>& train, const Taps<S>& taps, S factor, S* row);

struct Sums {
  double weight = 0;
  double slope = 0;
};
/// Sums over events and taps of value row[step + tap], times the weight and times the slope: the derivatives of
/// sum(row delayed) by a factor on the signal and by the delay. `room` has a place for each tap.
template <class S>
[[nodiscard]] Sums gather(const Train<S>& train, const Taps<S>& taps, std::size_t steps, const S* row,
                          std::span<S> room);

/// input[step] += factor sum over taps of weight[tap] row[step + tap], for all steps.
template <class S>
void spread_back(const Taps<S>& taps, S factor, const S* row, std::size_t steps, S* input);

}  // namespace delay

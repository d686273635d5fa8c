#include "taps.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <tyto/math.hpp>
#include <tyto/neuron.hpp>

namespace delay {

namespace {

/// Taps of a Gaussian are kept up to this many widths from its middle; beyond are less than 4e-4 of its height.
constexpr double reach_in_sigmas = 4;

/// The factor on the gradient in the first published notebook on delays, for each millisecond of the delay.
constexpr double seed_factor_per_ms = 5;

template <class S, std::size_t count>
void scatter_few(const Train<S>& train, const Taps<S>& taps, S factor, S* row) {
  S weight[count];
  for (std::size_t k = 0; k < count; ++k) weight[k] = factor * taps.weight[k];
  for (std::size_t e = 0; e < train.step.size(); ++e)
    for (std::size_t k = 0; k < count; ++k) row[train.step[e] + k] += train.value[e] * weight[k];
}

}  // namespace

double Plan::sigma_steps(double progress) const {
  const double part = std::clamp(progress / anneal_until, 0.0, 1.0);
  return first_sigma_steps * tyto::pow(final_sigma_steps / first_sigma_steps, part);
}

bool Plan::whole(const tyto::Pass& pass) const {
  if (method == Method::whole_step || method == Method::seed) return true;
  return round_outside_training && !pass.training;
}

Plan plan_of(const Settings& settings, double dt_s) {
  Plan plan;
  plan.method = settings.method;
  plan.round_outside_training = settings.evaluation == Evaluation::rounded;
  plan.steps_per_ms = 1 / (dt_s * ms_per_second);
  // A largest delay of a whole number of steps must not become one step more by rounding.
  plan.max_steps = static_cast<std::size_t>(std::ceil(settings.max_s / dt_s - 1e-9));
  plan.final_sigma_steps = settings.final_sigma_steps;
  plan.first_sigma_steps = std::max(settings.sigma_s.value_or(settings.max_s / 2) / dt_s, plan.final_sigma_steps);
  plan.anneal_until = settings.anneal_until;
  return plan;
}

template <class S>
TapMaker<S>::TapMaker(const Plan& plan, const tyto::Pass& pass, bool slopes)
    : plan_(plan), whole_(plan.whole(pass)), slopes_(slopes) {
  if (plan.method != Method::dcls || whole_) return;
  sigma_ = plan.sigma_steps(pass.progress);
  decay_ = tyto::exp(-1 / (sigma_ * sigma_));
}

template <class S>
Taps<S> TapMaker<S>::taps() const {
  std::size_t room = 2;
  if (plan_.method == Method::dcls) room = std::max(room, plan_.max_steps + 1);
  Taps<S> taps;
  taps.weight.resize(room);
  taps.slope.resize(room);
  return taps;
}

template <class S>
void TapMaker<S>::make(S delay_ms, Taps<S>& taps) const {
  const double steps =
      std::min(static_cast<double>(delay_ms) * plan_.steps_per_ms, static_cast<double>(plan_.max_steps));
  if (whole_)
    make_whole(steps, static_cast<double>(delay_ms), taps);
  else if (plan_.method == Method::interpolated)
    make_interpolated(steps, taps);
  else
    make_gaussian(steps, taps);
}

/// The derivative by the delay is taken as x[t-d-1] - x[t-d].
template <class S>
void TapMaker<S>::make_whole(double delay_steps, double delay_ms, Taps<S>& taps) const {
  // NOLINTNEXTLINE(bugprone-incorrect-roundings): no delay is negative
  taps.first = static_cast<std::ptrdiff_t>(delay_steps + 0.5);
  taps.count = slopes_ ? 2 : 1;
  taps.weight[0] = S(1);
  taps.weight[1] = S(0);
  if (!slopes_) return;
  const double factor = plan_.method == Method::seed ? seed_factor_per_ms * delay_ms : 1.0;
  taps.slope[0] = static_cast<S>(-plan_.steps_per_ms * factor);
  taps.slope[1] = static_cast<S>(plan_.steps_per_ms * factor);
}

/// x(t-d) = (1-f) x[n] + f x[n+1] with n = floor(t-d) and f = t-d-n. For a whole d this reaches x[t-d+1], one tap
/// before d, which has no weight there but a slope.
template <class S>
void TapMaker<S>::make_interpolated(double delay_steps, Taps<S>& taps) const {
  // A whole number of steps that the change of units has missed by a rounding error is a whole number of steps.
  const double near = 8 * static_cast<double>(std::numeric_limits<S>::epsilon()) * std::max(1.0, delay_steps);
  const double whole = std::floor(delay_steps + 0.5);
  const double steps = std::abs(delay_steps - whole) <= near ? whole : delay_steps;
  const double upper = std::ceil(steps);
  const double later = upper - steps;  // weight of the later of both input steps
  taps.first = static_cast<std::ptrdiff_t>(upper) - 1;
  taps.count = 2;
  taps.weight[0] = static_cast<S>(later);
  taps.weight[1] = static_cast<S>(1 - later);
  taps.slope[0] = static_cast<S>(-plan_.steps_per_ms);
  taps.slope[1] = static_cast<S>(plan_.steps_per_ms);
}

/// Weights exp(-(k-d)^2 / (2 sigma^2)), normalised. The quotient of neighbouring taps changes by a fixed factor from
/// tap to tap, so one delay takes two exponentials however wide the Gaussian is.
template <class S>
void TapMaker<S>::make_gaussian(double delay_steps, Taps<S>& taps) const {
  const double reach = reach_in_sigmas * sigma_;
  const double low = std::max(0.0, std::ceil(delay_steps - reach));
  const double high = std::min(static_cast<double>(plan_.max_steps), std::floor(delay_steps + reach));
  taps.first = static_cast<std::ptrdiff_t>(low);
  taps.count = static_cast<std::size_t>(high - low) + 1;
  const double precision = 1 / (sigma_ * sigma_);
  const double start = low - delay_steps;
  double height = tyto::exp(-0.5 * precision * start * start);
  double ratio = tyto::exp(-0.5 * precision * (2 * start + 1));
  double total = 0;
  double moment = 0;
  for (std::size_t k = 0; k < taps.count; ++k) {
    taps.weight[k] = static_cast<S>(height);
    total += height;
    moment += height * (start + static_cast<double>(k));
    height *= ratio;
    ratio *= decay_;
  }
  const double mean = moment / total;
  for (std::size_t k = 0; k < taps.count; ++k) {
    const double weight = static_cast<double>(taps.weight[k]) / total;
    taps.weight[k] = static_cast<S>(weight);
    if (slopes_)
      taps.slope[k] = static_cast<S>(weight * precision * (start + static_cast<double>(k) - mean) * plan_.steps_per_ms);
  }
}

template <class S>
Events<S> events_of(const tyto::Signal<S>& signal) {
  Events<S> events;
  events.begin.assign(signal.channels + 1, 0);
  const auto visit_all = [&](auto&& visit) {
    for (std::size_t t = 0; t < signal.steps; ++t) {
      if (signal.bits != nullptr) {
        signal.spikes().for_each(t, [&](std::size_t i) { visit(t, i, S(1)); });
      } else {
        for (std::size_t i = 0; i < signal.channels; ++i)
          if (const S value = signal.values[t * signal.channels + i]; value != S(0)) visit(t, i, value);
      }
    }
  };
  visit_all([&](std::size_t, std::size_t i, S) { ++events.begin[i + 1]; });
  for (std::size_t i = 0; i < signal.channels; ++i) events.begin[i + 1] += events.begin[i];
  events.step.resize(events.begin.back());
  events.value.resize(events.begin.back());
  std::vector<std::size_t> next(events.begin.begin(), events.begin.end() - 1);
  visit_all([&](std::size_t t, std::size_t i, S value) {
    events.step[next[i]] = static_cast<std::uint32_t>(t);
    events.value[next[i]++] = value;
  });
  return events;
}

template <class S>
void Rows<S>::load(const S* matrix, std::size_t width, std::size_t first, std::size_t count, std::size_t offset) {
  for (std::size_t t = offset; t < steps_; ++t)
    for (std::size_t k = 0; k < count; ++k) row(k)[t] = matrix[(t - offset) * width + first + k];
}

template <class S>
void Rows<S>::add_to(S* matrix, std::size_t width, std::size_t first, std::size_t count, std::size_t offset) {
  for (std::size_t t = offset; t < steps_; ++t)
    for (std::size_t k = 0; k < count; ++k) matrix[(t - offset) * width + first + k] += row(k)[t];
}

template <class S>
TYTO_MANY_TARGETS void scatter(const Train<S>& train, const Taps<S>& taps, S factor, S* row) {
  S* const start = row + taps.first;
  if (taps.count == 1) return scatter_few<S, 1>(train, taps, factor, start);
  if (taps.count == 2) return scatter_few<S, 2>(train, taps, factor, start);
  const S* const weight = taps.weight.data();
  const std::size_t count = taps.count;
  for (std::size_t e = 0; e < train.step.size(); ++e) {
    const S height = factor * train.value[e];
    S* const target = start + train.step[e];
    for (std::size_t k = 0; k < count; ++k) target[k] += height * weight[k];
  }
}

template <class S>
TYTO_MANY_TARGETS Sums gather(const Train<S>& train, const Taps<S>& taps, std::size_t steps, const S* row,
                              std::span<S> room) {
  const std::size_t count = taps.count;
  S* const sum = room.data();
  std::fill_n(sum, count, S(0));
  const S* const start = row + taps.first;
  for (std::size_t e = 0; e < train.step.size(); ++e) {
    const S value = train.value[e];
    const S* const source = start + train.step[e];
    for (std::size_t k = 0; k < count; ++k) sum[k] += value * source[k];
  }
  // Where interpolation asks for the step after the last one, it gets the last one.
  if (taps.first < 0 && !train.step.empty() && train.step.back() + 1 == steps)
    sum[0] += train.value.back() * row[steps - 1];
  Sums sums;
  for (std::size_t k = 0; k < count; ++k) {
    sums.weight += static_cast<double>(sum[k]) * static_cast<double>(taps.weight[k]);
    sums.slope += static_cast<double>(sum[k]) * static_cast<double>(taps.slope[k]);
  }
  return sums;
}

template <class S>
TYTO_MANY_TARGETS void spread_back(const Taps<S>& taps, S factor, const S* row, std::size_t steps, S* input) {
  for (std::size_t k = 0; k < taps.count; ++k) {
    const S weight = factor * taps.weight[k];
    if (weight == S(0)) continue;
    const S* const source = row + taps.first + static_cast<std::ptrdiff_t>(k);
    for (std::size_t t = 0; t < steps; ++t) input[t] += weight * source[t];
  }
}

template class TapMaker<float>;
template class TapMaker<double>;
template class Rows<float>;
template class Rows<double>;
template Events<float> events_of(const tyto::Signal<float>&);
template Events<double> events_of(const tyto::Signal<double>&);
template void scatter(const Train<float>&, const Taps<float>&, float, float*);
template void scatter(const Train<double>&, const Taps<double>&, double, double*);
template Sums gather(const Train<float>&, const Taps<float>&, std::size_t, const float*, std::span<float>);
template Sums gather(const Train<double>&, const Taps<double>&, std::size_t, const double*, std::span<double>);
template void spread_back(const Taps<float>&, float, const float*, std::size_t, float*);
template void spread_back(const Taps<double>&, double, const double*, std::size_t, double*);

}  // namespace delay

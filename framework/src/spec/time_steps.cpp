#include "time_steps.hpp"

#include <cmath>

#include <tyto/units.hpp>

namespace tyto::spec {

namespace {

/// Part of itself by which a time may change when it is rounded to steps, without a word.
constexpr double most_rounding = 0.2;
/// Spikes for each step up to which steps are fine enough, without a word.
constexpr double most_spikes = 0.5;
/// Computed limits such as 1 / (2 dt) are not hit exactly.
constexpr double slack = 1 + 1e-9;

std::string time_text(double time_s) { return format_quantity(time_s, Dimension::time); }
std::string frequency_text(double frequency_hz) { return format_quantity(frequency_hz, Dimension::frequency); }

void check_resolved(const TimedValue& time, double dt_s, Reader& reader) {
  if (time.value == 0 || time.value * slack >= dt_s) return;
  reader.warn("short_time", time.place,
              time.name + ": " + time_text(time.value) + " is shorter than the time step of " + time_text(dt_s) +
                  ", which cannot resolve it");
}

void check_rounded(const TimedValue& time, double dt_s, Reader& reader) {
  if (time.value <= 0) return;
  const double steps = time.value / dt_s;
  const double rounded = std::round(steps);
  if (rounded == 0)
    reader.fault(time.place, time.name + ": " + time_text(time.value) + " is rounded to no step of " + time_text(dt_s) +
                                 " at all; write 0, or take a shorter step");
  else if (std::abs(rounded - steps) > most_rounding * steps * slack)
    reader.warn("rounded_time", time.place,
                time.name + ": " + time_text(time.value) + " is rounded to " + time_text(rounded * dt_s) +
                    ", whole steps of " + time_text(dt_s));
}

void check_wave(const TimedValue& wave, double dt_s, Reader& reader) {
  if (wave.value <= slack / (2 * dt_s)) return;
  reader.fault(wave.place, wave.name + ": steps of " + time_text(dt_s) + " hold no frequency above " +
                               frequency_text(1 / (2 * dt_s)) + ", and this is " + frequency_text(wave.value) +
                               "; take a shorter step");
}

void check_firing(const TimedValue& rate, double dt_s, Reader& reader) {
  const double spikes = rate.value * dt_s;
  const std::string limit = "a neuron fires once a step at most, at " + frequency_text(1 / dt_s);
  if (spikes > slack)
    reader.fault(rate.place,
                 rate.name + ": " + limit + ", and this is " + frequency_text(rate.value) + "; take a shorter step");
  else if (spikes > most_spikes * slack)
    reader.warn("high_rate", rate.place,
                rate.name + ": " + limit + ", and " + frequency_text(rate.value) + " is more than half of it");
}

std::string text_of(const Whole& whole) { return "the " + whole.word + " of " + time_text(whole.duration_s); }

void check_before_end(const TimedValue& time, const Whole& whole, Reader& reader) {
  if (time.value * slack < whole.duration_s) return;
  reader.fault(time.place, time.name + ": at " + time_text(time.value) + " " + text_of(whole) + " is over");
}

void check_within(const TimedValue& time, const Whole& whole, Reader& reader) {
  if (time.value <= whole.duration_s * slack) return;
  reader.fault(time.place, time.name + ": " + time_text(time.value) + " is longer than " + text_of(whole));
}

}  // namespace

void check_time_steps(const std::vector<TimedValue>& values, double dt_s, const Whole& whole, Reader& reader) {
  if (!(dt_s > 0)) return;
  for (const auto& value : values) {
    switch (value.role) {
      case StepRole::resolved:
        check_resolved(value, dt_s, reader);
        break;
      case StepRole::rounded:
        check_rounded(value, dt_s, reader);
        break;
      case StepRole::wave:
        check_wave(value, dt_s, reader);
        break;
      case StepRole::firing:
        check_firing(value, dt_s, reader);
        break;
      case StepRole::within_run:
        if (whole.duration_s > 0) check_within(value, whole, reader);
        break;
      case StepRole::before_end:
        if (whole.duration_s > 0) check_before_end(value, whole, reader);
        break;
      case StepRole::none:
        break;
    }
  }
}

}  // namespace tyto::spec

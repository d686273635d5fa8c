#include "itd.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>

namespace tyto::itd {

namespace {

constexpr double kQuarterTurn = std::numbers::pi / 2;
constexpr double kMaximumSteps = 1e6;
constexpr int kMaximumFibres = 100'000;
constexpr int kMaximumPower = 64;
/// Spikes of one trial, 128 MiB of bits: more is a slip of the pen, not an experiment.
constexpr double kMaximumTrialSize = 0x1p30;

std::optional<Problem> check_steps(const ItdParameters& p) {
  const double steps = p.duration_s / p.dt_s;
  const double whole = std::round(steps);
  if (steps > kMaximumSteps * (1 + 1e-9))
    return Problem{"duration",
                   "a trial may have at most 1000000 steps of dt = " + format_quantity(p.dt_s, Dimension::time)};
  if (std::abs(steps - whole) > 1e-9 * whole)
    return Problem{"duration", "must be a whole number of steps of dt = " + format_quantity(p.dt_s, Dimension::time)};
  if (whole < 2)
    return Problem{"duration", "must be at least two steps of dt = " + format_quantity(p.dt_s, Dimension::time)};
  return std::nullopt;
}

std::optional<Problem> check_probability(const ItdParameters& p) {
  // A rate given as 1 / dt may exceed it by rounding.
  if (p.rate_max_hz * p.dt_s <= 1 + 1e-12) return std::nullopt;
  return Problem{"rate_max",
                 "rate_max times dt is the largest firing probability of a step and must not exceed 1: with dt = " +
                     format_quantity(p.dt_s, Dimension::time) + " at most " +
                     format_quantity(1 / p.dt_s, Dimension::frequency)};
}

std::optional<Problem> check_size(const ItdParameters& p) {
  const double size = p.duration_s / p.dt_s * 2 * p.fibres_per_ear;
  if (size <= kMaximumTrialSize) return std::nullopt;
  return Problem{"fibres_per_ear",
                 "a trial of that many steps and fibres is too large: steps times fibres of both ears "
                 "must not exceed 1073741824"};
}

/// Phases of the fibres of both ears before noise.
FibrePhases regular_phases(const ItdParameters& p) {
  const auto fibres = static_cast<std::size_t>(p.fibres_per_ear);
  FibrePhases phases(2 * fibres, 0.0);
  if (p.fibre_phases == FibreLayout::none || fibres == 1) return phases;
  for (std::size_t i = 0; i < fibres; ++i) {
    phases[i] = kQuarterTurn * static_cast<double>(i) / static_cast<double>(fibres - 1);
    phases[p.right_fibre_phases == RightLayout::same ? fibres + i : 2 * fibres - 1 - i] = phases[i];
  }
  return phases;
}

FibrePhases fibre_phases(const ItdParameters& p, const TrialKey& key) {
  FibrePhases phases = regular_phases(p);
  const bool spared = p.phase_noise_in == NoiseIn::training && key.split == Split::test;
  if (p.phase_noise_rad == 0 || spared) return phases;
  Random noise = p.phase_noise_draw == NoiseDraw::per_trial ? key.random("phase_noise") : key.shared("phase_noise");
  for (double& phase : phases) phase += p.phase_noise_rad * noise.normal();
  return phases;
}

double start_turns(const ItdParameters& p, const TrialKey& key) {
  switch (p.start_phase) {
    case StartPhase::fixed:
      return p.start_phase_value_rad / (2 * std::numbers::pi);
    case StartPhase::per_data_set:
      return key.shared("start_phase").uniform();
    case StartPhase::per_trial:
      break;
  }
  return key.random("start_phase").uniform();
}

double ipd_rad(const TrialKey& key) { return key.random("ipd").uniform(-kQuarterTurn, kQuarterTurn); }

bool fresh_fibres_each_trial(const ItdParameters& p) {
  return p.phase_noise_rad > 0 && p.phase_noise_draw == NoiseDraw::per_trial;
}

}  // namespace

Parameters<ItdParameters> ItdParameters::parameters() {
  using P = ItdParameters;
  return tyto::parameters<P>("Two ears of fibres that fire to a tone with an interaural phase difference")
      .details(R"(In step n, which begins at t = n dt, fibre c fires with the probability

    p_c[n]     = rate_max dt ((1 + sin(theta_c[n])) / 2)^envelope_power
    theta_c[n] = 2 pi frequency t + start phase + fibre phase_c (+ ipd in the right ear)

or, with `rate_integration: exact`, with the mean of p over the step. It fires once a step at most, independently of
other steps and fibres. The target `ipd` is uniform within -90 to 90 deg; it is positive if the right ear leads.
Channels 0 .. N-1 are the left ear's fibres, N .. 2N-1 the right ear's, N = `fibres_per_ear`.

With `fibre_phases: linear` fibre i of an ear has the phase 90 deg i / (N - 1), in the right ear in the same or the
reversed order; noise is added to each on its own. Draws depend on the seed, the split, the trial, the step and the
channel alone. Probabilities are worked out in single precision and resolved to 2^-32. Times are in s, rates in Hz,
phases in rad within, deg or rad in the experiment.)")
      .frequency("frequency", &P::frequency_hz, "50 Hz", "frequency of the tone")
      .compared(StepRole::wave)
      .positive()
      .at_most(1e6)
      .time("duration", &P::duration_s, "100 ms", "duration of a trial; a whole number of steps")
      .positive()
      .time("dt", &P::dt_s, "1 ms", "duration of a step")
      .positive()
      .frequency("rate_max", &P::rate_max_hz, "600 Hz", "firing rate of a fibre at its preferred phase")
      .positive()
      .integer("fibres_per_ear", &P::fibres_per_ear, "100", "fibres of each ear; the left ear's are the first channels")
      .range(1, kMaximumFibres)
      .integer("envelope_power", &P::envelope_power, "2", "n in the rate's course rate_max ((1 + sin theta) / 2)^n")
      .range(1, kMaximumPower)
      .choice("rate_integration", &P::rate_integration,
              {{"pointwise", RateIntegration::pointwise}, {"exact", RateIntegration::exact}}, "pointwise",
              "rate of a step: its value at the step's start, or its exact mean over the step")
      .choice("start_phase", &P::start_phase,
              {{"fixed", StartPhase::fixed},
               {"per_data_set", StartPhase::per_data_set},
               {"per_trial", StartPhase::per_trial}},
              "per_trial", "phase of the tone at the start of a trial: start_phase_value, or drawn at random")
      .angle("start_phase_value", &P::start_phase_value_rad, "0 deg",
             "phase of the tone at the start, for start_phase fixed")
      .range(-1e3, 1e3)
      .choice("fibre_phases", &P::fibre_phases, {{"linear", FibreLayout::linear}, {"none", FibreLayout::none}},
              "linear", "phases added to the fibres of an ear: evenly from 0 to 90 deg, or none")
      .choice("right_fibre_phases", &P::right_fibre_phases,
              {{"same", RightLayout::same}, {"reversed", RightLayout::reversed}}, "same",
              "order of the fibre phases in the right ear, compared with the left ear")
      .angle("phase_noise", &P::phase_noise_rad, "0 deg", "standard deviation of Gaussian noise on each fibre's phase")
      .range(0, 1e3)
      .choice("phase_noise_draw", &P::phase_noise_draw,
              {{"per_data_set", NoiseDraw::per_data_set}, {"per_trial", NoiseDraw::per_trial}}, "per_data_set",
              "whether the phase noise is drawn once for a data set, or anew in every trial")
      .choice("phase_noise_in", &P::phase_noise_in, {{"all", NoiseIn::all}, {"training", NoiseIn::training}}, "all",
              "which trials have the phase noise: all, or those of training and validation but not the test trials")
      .check([](const P& p) { return check_steps(p); })
      .check([](const P& p) { return check_probability(p); })
      .check([](const P& p) { return check_size(p); });
}

std::size_t ItdParameters::steps() const { return static_cast<std::size_t>(std::llround(duration_s / dt_s)); }

TrialPhases trial_phases(const ItdParameters& parameters, const TrialKey& key) {
  return {ipd_rad(key), start_turns(parameters, key), fibre_phases(parameters, key)};
}

struct Itd::Tables {
  ItdParameters parameters;
  std::uint64_t seed;
  Split split;
  TileRates rates;
  std::vector<float> fibres;  ///< empty if every trial has fibre phases of its own
};

std::shared_ptr<const Itd::Tables> Itd::tables(const TrialKey& key) const {
  {
    const std::lock_guard lock(mutex_);
    if (last_tables_ && last_tables_->seed == key.seed && last_tables_->split == key.split &&
        last_tables_->parameters == parameters)
      return last_tables_;
  }
  auto made = std::make_shared<Tables>(Tables{parameters, key.seed, key.split, TileRates(parameters.rates()), {}});
  if (!fresh_fibres_each_trial(parameters))
    made->fibres = fibre_table(fibre_phases(parameters, key), made->rates.count());
  const std::lock_guard lock(mutex_);
  last_tables_ = made;
  return made;
}

TrialShape Itd::shape() const { return {parameters.steps(), parameters.channels(), parameters.dt_s}; }

std::vector<TargetInfo> Itd::targets() const {
  return {{"ipd", "interaural phase difference; positive if the right ear leads", Dimension::angle, -kQuarterTurn,
           kQuarterTurn}};
}

void Itd::make(const TrialKey& key, const MutableSpikes& spikes, std::span<double> targets) const {
  const std::shared_ptr<const Tables> shared = tables(key);
  const TileRates& rates = shared->rates;
  std::vector<float> own_fibres;
  if (fresh_fibres_each_trial(parameters)) own_fibres = fibre_table(fibre_phases(parameters, key), rates.count());

  const double ipd = ipd_rad(key);
  const double start = start_turns(parameters, key);
  targets[0] = ipd;

  const TrialDraw draw{key.stream("spikes"),
                       key.stream("spike_refinement"),
                       key.trial,
                       rates.count(),
                       static_cast<std::size_t>(parameters.fibres_per_ear),
                       rates.mean_threshold(),
                       own_fibres.empty() ? std::span(shared->fibres) : std::span(own_fibres)};
  // Vector loads need their alignment; 64 bytes hold the widest vector.
  struct alignas(64) Terms {
    std::array<float, 4 * kTileSteps * kMaximumPower> values{};
  } terms;
  const auto used = std::span(terms.values).first(rates.size());
  for (std::size_t first = 0; first < spikes.steps; first += kTileSteps) {
    rates.fill(first, start, ipd, used);
    draw_tile(draw, {first, std::min(kTileSteps, spikes.steps - first), used}, spikes);
  }
}

}  // namespace tyto::itd

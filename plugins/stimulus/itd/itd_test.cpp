#include "stimulus/itd/itd.hpp"

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <cmath>
#include <numbers>
#include <string>
#include <tyto/error.hpp>
#include <tyto/trials.hpp>

#include "plugin/registry.hpp"

namespace tyto::itd {
namespace {

constexpr double kPi = std::numbers::pi;

/// Lets Highway use one instruction set only, for as long as it lives.
class OnlyTarget {
 public:
  explicit OnlyTarget(std::int64_t target) { hwy::SetSupportedTargetsForTest(target); }
  ~OnlyTarget() { hwy::SetSupportedTargetsForTest(0); }
  OnlyTarget(const OnlyTarget&) = delete;
  OnlyTarget& operator=(const OnlyTarget&) = delete;
};

struct MadeTrial {
  std::vector<std::uint64_t> bits;
  double ipd_rad = 0;
  TrialShape shape;

  [[nodiscard]] Spikes spikes() const { return {bits.data(), shape.steps, shape.channels}; }
};

MadeTrial make(const Itd& stimulus, const TrialKey& key) {
  MadeTrial trial;
  trial.shape = stimulus.shape();
  trial.bits.resize(trial.shape.steps * words_for(trial.shape.channels));
  stimulus.make(key, {trial.bits.data(), trial.shape.steps, trial.shape.channels}, std::span(&trial.ipd_rad, 1));
  return trial;
}

/// The spikes of a trial by the scalar code alone.
std::vector<std::uint64_t> scalar_spikes(const ItdParameters& parameters, const TrialKey& key) {
  const TileRates rates(parameters.rates());
  const TrialPhases phases = trial_phases(parameters, key);
  const auto fibres = fibre_table(phases.fibres_rad, rates.count());
  const TrialDraw draw{key.stream("spikes"),
                       key.stream("spike_refinement"),
                       key.trial,
                       rates.count(),
                       static_cast<std::size_t>(parameters.fibres_per_ear),
                       rates.mean_threshold(),
                       fibres};
  std::vector<std::uint64_t> bits(parameters.steps() * words_for(parameters.channels()));
  std::vector<float> terms(rates.size());
  for (std::size_t first = 0; first < parameters.steps(); first += kTileSteps) {
    rates.fill(first, phases.start_turns, phases.ipd_rad, terms);
    draw_tile_scalar(draw, {first, std::min(kTileSteps, parameters.steps() - first), terms},
                     {bits.data(), parameters.steps(), parameters.channels()});
  }
  return bits;
}

std::vector<double> probabilities_of(const ItdParameters& parameters, const TrialKey& key) {
  const TrialPhases phases = trial_phases(parameters, key);
  return probabilities(parameters.rates(), phases.start_turns, phases.ipd_rad, phases.fibres_rad, parameters.steps());
}

TEST(ItdSpikes, AreTheSameOnEveryInstructionSet) {
  const auto targets = draw_targets();
  EXPECT_FALSE(targets.empty());
  for (const auto& [fibres, steps, power] : std::vector<std::tuple<int, int, int>>{
           {1, 2, 1},   {2, 3, 2},    {3, 15, 3},    {4, 16, 4},    {5, 17, 2},    {7, 31, 5},  {12, 33, 2},
           {16, 48, 1}, {17, 20, 4},  {31, 47, 2},   {32, 16, 64},  {33, 199, 10}, {50, 64, 2}, {63, 65, 3},
           {64, 7, 2},  {65, 100, 2}, {100, 100, 2}, {100, 200, 4}, {129, 19, 7},  {1000, 5, 2}}) {
    SCOPED_TRACE(std::to_string(fibres) + " fibres, " + std::to_string(steps) + " steps, power " +
                 std::to_string(power));
    Itd stimulus;
    stimulus.parameters.fibres_per_ear = fibres;
    stimulus.parameters.duration_s = steps * 1e-3;
    stimulus.parameters.envelope_power = power;
    stimulus.parameters.rate_integration = RateIntegration::exact;
    for (const std::uint64_t trial : {std::uint64_t{0}, std::uint64_t{1}, (std::uint64_t{5} << 32U) + 9}) {
      const TrialKey key{static_cast<std::uint64_t>(fibres), Split::train, trial};
      const auto expected = scalar_spikes(stimulus.parameters, key);
      for (const std::int64_t target : targets) {
        const OnlyTarget only(target);
        ASSERT_EQ(make(stimulus, key).bits, expected) << hwy::TargetName(target);
      }
    }
  }
}

// Draws that equal the whole part of their threshold are one in 65,536: enough trials to meet hundreds.
TEST(ItdSpikes, AreTheSameWhereRefined) {
  Itd stimulus;
  for (const std::int64_t target : draw_targets()) {
    const OnlyTarget only(target);
    for (std::uint64_t trial = 0; trial < 150; ++trial) {
      const TrialKey key{3, Split::test, trial};
      ASSERT_EQ(make(stimulus, key).bits, scalar_spikes(stimulus.parameters, key)) << hwy::TargetName(target);
    }
  }
}

/// Two ears whose harmonics cancel exactly, leaving a threshold of 2^15: a channel fires if the highest of its 16
/// random bits is 0. The products are so large that without their rounding the rest would be thousands.
struct CancellingTile {
  explicit CancellingTile(std::size_t harmonics) {
    Random random(stream_key(1, "cancelling"));
    for (std::size_t i = 0; i < 2 * harmonics; ++i) {
      for (std::size_t step = 0; step < kTileSteps; ++step)
        terms[i * 2 * kTileSteps + step] = static_cast<float>(random.uniform(-1e11, 1e11));
      for (std::size_t step = 0; step < kTileSteps; ++step)
        terms[(i * 2 + 1) * kTileSteps + step] = -terms[i * 2 * kTileSteps + step];
    }
    for (std::size_t i = 0; i < 2 * fibres_per_ear * harmonics; ++i) {
      const auto value = static_cast<float>(random.uniform(0.5, 1));
      fibres.push_back(value);
      fibres.push_back(value);
    }
    fibres.resize((2 * fibres_per_ear + kBlockChannels) * harmonics * 2);
    draw = {{{1, 2}}, {{3, 4}}, (std::uint64_t{7} << 32U) + 8, harmonics, fibres_per_ear, 32768.0F, fibres};
    tile = {first_step, kTileSteps, std::span(terms).first(harmonics * 4 * kTileSteps)};
  }
  CancellingTile(const CancellingTile&) = delete;
  CancellingTile& operator=(const CancellingTile&) = delete;

  static constexpr std::size_t first_step = 16;
  static constexpr std::size_t fibres_per_ear = 37;
  alignas(64) std::array<float, 4 * 64 * kTileSteps> terms{};
  std::vector<float> fibres;
  TrialDraw draw;
  Tile tile;
};

TEST(ItdSpikes, ReadTheirBitsAndRoundEverySum) {
  for (const std::size_t harmonics : {1, 2, 3, 4, 20}) {
    const CancellingTile given(harmonics);
    for (const std::int64_t target : draw_targets()) {
      SCOPED_TRACE(std::string(hwy::TargetName(target)) + ", harmonics: " + std::to_string(harmonics));
      const OnlyTarget only(target);
      std::vector<std::uint64_t> bits(40 * 2);
      const MutableSpikes spikes{bits.data(), 40, 2 * CancellingTile::fibres_per_ear};
      draw_tile(given.draw, given.tile, spikes);
      for (std::size_t step = 0; step < 40; ++step) {
        for (std::size_t channel = 0; channel < spikes.channels; ++channel) {
          const bool drawn = step >= 16 && step < 32;
          const auto block = philox({{1, 2}}, static_cast<std::uint32_t>(channel / 8), static_cast<std::uint32_t>(step),
                                    (std::uint64_t{7} << 32U) + 8);
          const std::uint32_t highest = block[channel % 8 / 2] >> (channel % 2 == 0 ? 15U : 31U) & 1U;
          ASSERT_EQ(spikes.at(step, channel), drawn && highest == 0) << "step " << step << ", channel " << channel;
        }
        ASSERT_EQ(spikes.row(step)[1] >> (spikes.channels - 64), 0U) << "bits beyond the last channel";
      }
    }
  }
}

TEST(ItdSpikes, NeverAndAlwaysMeanWhatTheySay) {
  Itd stimulus;
  auto& p = stimulus.parameters;
  p.frequency_hz = 1000;  // each step is a whole cycle
  p.rate_max_hz = 1000;
  p.fibre_phases = FibreLayout::none;
  p.start_phase = StartPhase::fixed;
  for (const int power : {1, 2, 4}) {
    p.envelope_power = power;
    for (const bool always : {false, true}) {
      p.start_phase_value_rad = always ? kPi / 2 : -kPi / 2;
      for (std::uint64_t trial = 0; trial < 50; ++trial) {
        const auto made = make(stimulus, {1, Split::train, trial});
        for (std::size_t step = 0; step < 100; ++step)
          for (std::size_t channel = 0; channel < 100; ++channel) ASSERT_EQ(made.spikes().at(step, channel), always);
      }
    }
  }
}

/// Sum over steps and channels of the squared, standardised difference between counted and expected spikes.
struct Fit {
  double chi_square = 0;
  double cells = 0;
  double counted = 0;
  double expected = 0;
  double variance = 0;
};

Fit fit(const Itd& stimulus, std::uint64_t trials) {
  const TrialShape shape = stimulus.shape();
  const std::size_t cells = shape.steps * shape.channels;
  std::vector<double> counted(cells);
  std::vector<double> expected(cells);
  std::vector<double> variance(cells);
  for (std::uint64_t trial = 0; trial < trials; ++trial) {
    const TrialKey key{17, Split::train, trial};
    const auto made = make(stimulus, key);
    const auto p = probabilities_of(stimulus.parameters, key);
    for (std::size_t cell = 0; cell < cells; ++cell) {
      if (made.spikes().at(cell / shape.channels, cell % shape.channels)) ++counted[cell];
      expected[cell] += p[cell];
      variance[cell] += p[cell] * (1 - p[cell]);
    }
  }
  Fit result;
  for (std::size_t cell = 0; cell < cells; ++cell) {
    result.counted += counted[cell];
    result.expected += expected[cell];
    result.variance += variance[cell];
    if (expected[cell] < 10) continue;
    result.cells += 1;
    result.chi_square += (counted[cell] - expected[cell]) * (counted[cell] - expected[cell]) / variance[cell];
  }
  return result;
}

TEST(ItdSpikes, ComeWithTheirProbabilities) {
  for (const auto& [power, noise] : std::vector<std::pair<int, double>>{{1, 0.0}, {2, 0.0}, {2, 0.4}, {6, 0.0}}) {
    Itd stimulus;
    auto& p = stimulus.parameters;
    p.fibres_per_ear = 13;
    p.duration_s = 0.03;
    p.envelope_power = power;
    p.phase_noise_rad = noise;
    p.phase_noise_draw = NoiseDraw::per_trial;
    const Fit result = fit(stimulus, 3000);
    EXPECT_EQ(result.cells, 26 * 30);
    // Chi-square has mean `cells` and variance 2 `cells`; the bounds are five standard deviations wide.
    EXPECT_NEAR(result.chi_square, result.cells, 5 * std::sqrt(2 * result.cells));
    EXPECT_NEAR(result.counted, result.expected, 5 * std::sqrt(result.variance));
  }
}

// Probabilities below 2^-16: without the second draw there would be no spikes, or four times too many.
TEST(ItdSpikes, ResolveSmallProbabilities) {
  Itd stimulus;
  auto& p = stimulus.parameters;
  p.rate_max_hz = 0.008;
  p.envelope_power = 1;
  p.fibres_per_ear = 500;
  double counted = 0;
  const std::uint64_t trials = 300;
  for (std::uint64_t trial = 0; trial < trials; ++trial)
    for (const std::uint64_t word : make(stimulus, {1, Split::train, trial}).bits) counted += std::popcount(word);
  const double expected = 0.5 * 0.008 * 1e-3 * 100 * 1000 * static_cast<double>(trials);
  EXPECT_NEAR(counted, expected, 5 * std::sqrt(expected));
}

TEST(ItdTrials, DoNotDependOnThreadsOrCompany) {
  for (const auto draw : {NoiseDraw::per_data_set, NoiseDraw::per_trial}) {
    Itd stimulus;
    stimulus.parameters.phase_noise_rad = 0.2;
    stimulus.parameters.phase_noise_draw = draw;
    for (const std::size_t threads : {1UL, 2UL, 3UL}) {
      Executor executor(threads);
      const TrialSet set = make_trials(stimulus, 5, Split::validation, 200, executor);
      for (std::size_t trial = 0; trial < set.size(); ++trial) {
        // Another data set in between must not leave its tables behind.
        (void)make(stimulus, {6, Split::train, trial});
        const auto alone = make(stimulus, {5, Split::validation, trial});
        ASSERT_EQ(set.targets(trial)[0], alone.ipd_rad);
        for (std::size_t step = 0; step < alone.shape.steps; ++step)
          for (std::size_t word = 0; word < alone.spikes().words(); ++word)
            ASSERT_EQ(set.spikes(trial).row(step)[word], alone.spikes().row(step)[word]);
      }
    }
  }
}

// Threads that ask for different data sets at once share the stimulus's tables.
TEST(ItdTrials, MayBeMadeOfSeveralDataSetsAtOnce) {
  const Itd stimulus;
  std::vector<std::vector<std::uint64_t>> bits(60);
  Executor executor(3);
  const auto key = [](std::size_t i) { return TrialKey{i % 2, static_cast<Split>(i % 3), i}; };
  executor.for_each(bits.size(), [&](std::size_t i) { bits[i] = make(stimulus, key(i)).bits; });
  for (std::size_t i = 0; i < bits.size(); ++i) EXPECT_EQ(bits[i], make(stimulus, key(i)).bits);
}

TEST(ItdTrials, FollowChangedParameters) {
  Itd stimulus;
  const TrialKey key{1, Split::train, 0};
  const auto before = make(stimulus, key).bits;
  stimulus.parameters.rate_max_hz = 300;
  EXPECT_NE(make(stimulus, key).bits, before);
  EXPECT_EQ(make(stimulus, key).bits, scalar_spikes(stimulus.parameters, key));
}

TEST(ItdTrials, DifferBetweenSplitsAndSeeds) {
  const Itd stimulus;
  const auto train = make(stimulus, {1, Split::train, 0});
  for (const TrialKey& key :
       {TrialKey{1, Split::test, 0}, TrialKey{1, Split::validation, 0}, TrialKey{2, Split::train, 0}}) {
    const auto other = make(stimulus, key);
    EXPECT_NE(other.bits, train.bits);
    EXPECT_NE(other.ipd_rad, train.ipd_rad);
  }
}

TEST(ItdTrials, HaveUniformPhaseDifferences) {
  const Itd stimulus;
  const TargetInfo target = stimulus.targets().at(0);
  EXPECT_EQ(target.name, "ipd");
  EXPECT_EQ(target.dimension, Dimension::angle);
  EXPECT_DOUBLE_EQ(target.minimum, -kPi / 2);
  EXPECT_DOUBLE_EQ(target.maximum, kPi / 2);
  std::array<double, 12> counts{};
  const double trials = 12000;
  for (std::uint64_t trial = 0; trial < static_cast<std::uint64_t>(trials); ++trial) {
    const double ipd = trial_phases(stimulus.parameters, {1, Split::train, trial}).ipd_rad;
    ASSERT_GE(ipd, target.minimum);
    ASSERT_LT(ipd, target.maximum);
    counts.at(static_cast<std::size_t>((ipd - target.minimum) / (target.maximum - target.minimum) * 12)) += 1;
  }
  double chi_square = 0;
  for (const double count : counts) chi_square += (count - trials / 12) * (count - trials / 12) / (trials / 12);
  EXPECT_LT(chi_square, 31.3);  // 11 degrees of freedom, p = 0.001
}

TEST(ItdTrials, StartWhereTheyAreTold) {
  ItdParameters p;
  const auto start = [&](Split split, std::uint64_t trial) { return trial_phases(p, {1, split, trial}).start_turns; };
  p.start_phase = StartPhase::fixed;
  p.start_phase_value_rad = kPi / 2;
  EXPECT_DOUBLE_EQ(start(Split::train, 0), 0.25);
  EXPECT_DOUBLE_EQ(start(Split::test, 7), 0.25);
  p.start_phase = StartPhase::per_data_set;
  EXPECT_EQ(start(Split::train, 0), start(Split::train, 7));
  EXPECT_NE(start(Split::train, 0), start(Split::test, 0));
  p.start_phase = StartPhase::per_trial;
  double mean = 0;
  for (std::uint64_t trial = 0; trial < 1000; ++trial) {
    const double turns = start(Split::train, trial);
    ASSERT_GE(turns, 0);
    ASSERT_LT(turns, 1);
    mean += turns / 1000;
  }
  EXPECT_NEAR(mean, 0.5, 5 * std::sqrt(1.0 / 12 / 1000));
}

TEST(ItdTrials, LayOutFibresAsTold) {
  ItdParameters p;
  p.fibres_per_ear = 3;
  const auto fibres = [&] { return trial_phases(p, {}).fibres_rad; };
  EXPECT_EQ(fibres(), (FibrePhases{0, kPi / 4, kPi / 2, 0, kPi / 4, kPi / 2}));
  p.right_fibre_phases = RightLayout::reversed;
  EXPECT_EQ(fibres(), (FibrePhases{0, kPi / 4, kPi / 2, kPi / 2, kPi / 4, 0}));
  p.fibre_phases = FibreLayout::none;
  EXPECT_EQ(fibres(), FibrePhases(6, 0.0));
  p.fibre_phases = FibreLayout::linear;
  p.fibres_per_ear = 1;
  EXPECT_EQ(fibres(), FibrePhases(2, 0.0));
}

TEST(ItdTrials, AddPhaseNoiseAsTold) {
  ItdParameters p;
  p.fibre_phases = FibreLayout::none;
  p.fibres_per_ear = 5000;
  p.phase_noise_rad = 0.3;
  const auto fibres = [&](Split split, std::uint64_t trial) { return trial_phases(p, {1, split, trial}).fibres_rad; };
  double square = 0;
  for (const double phase : fibres(Split::train, 0)) square += phase * phase / 10000;
  EXPECT_NEAR(square, 0.09, 5 * 0.09 * std::sqrt(2.0 / 10000));
  EXPECT_EQ(fibres(Split::train, 0), fibres(Split::train, 1));
  EXPECT_NE(fibres(Split::train, 0), fibres(Split::test, 0));
  p.phase_noise_draw = NoiseDraw::per_trial;
  EXPECT_NE(fibres(Split::train, 0), fibres(Split::train, 1));
}

/// The sentence of the first check that objects, "parameter: message", or "".
std::string objection(const ItdParameters& p) {
  const Parameters<ItdParameters> declared = ItdParameters::parameters();
  for (const auto& check : declared.list().checks)
    if (const auto problem = check(&p)) return problem->parameter + ": " + problem->message;
  return "";
}

TEST(ItdParameters, AreCheckedTogether) {
  ItdParameters p;
  EXPECT_EQ(objection(p), "");
  p.duration_s = 0.1004;
  EXPECT_EQ(objection(p), "duration: must be a whole number of steps of dt = 1 ms");
  p.duration_s = 0.001;
  EXPECT_EQ(objection(p), "duration: must be at least two steps of dt = 1 ms");
  p.duration_s = 1e-9;
  EXPECT_NE(objection(p), "");
  p.duration_s = 1001;
  EXPECT_EQ(objection(p), "duration: a trial may have at most 1000000 steps of dt = 1 ms");
  p.duration_s = 1000;
  EXPECT_EQ(objection(p), "");
  EXPECT_EQ(p.steps(), 1'000'000U);
  p.fibres_per_ear = 1000;
  EXPECT_EQ(
      objection(p),
      "fibres_per_ear: a trial of that many steps and fibres is too large: steps times fibres of both ears must not "
      "exceed 1073741824");
  p = {};
  p.rate_max_hz = 1000;
  EXPECT_EQ(objection(p), "");
  p.rate_max_hz = 1001;
  EXPECT_EQ(
      objection(p),
      "rate_max: rate_max times dt is the largest firing probability of a step and must not exceed 1: with dt = 1 ms "
      "at most 1000 Hz");
}

// Durations that are whole numbers of steps only up to rounding, such as 0.3 / 0.1.
TEST(ItdParameters, CountStepsDespiteRounding) {
  for (int steps = 2; steps <= 2000; ++steps) {
    for (const double dt : {1e-4, 1e-3, 3e-4}) {
      ItdParameters p;
      p.dt_s = dt;
      p.rate_max_hz = 100;
      p.duration_s = steps * dt;
      ASSERT_EQ(objection(p), "");
      ASSERT_EQ(p.steps(), static_cast<std::size_t>(steps));
    }
  }
}

TEST(ItdPlugin, MakesTheSameTrials) {
  plugin::Registry registry({TYTO_PLUGIN_FOLDER});
  const ComponentInfo& info = registry.load(Kind::stimulus, "itd");
  const auto instance = info.make();
  for (const auto& parameter : info.parameters.items) {
    if (parameter.type == ParameterType::quantity)
      parameter.set(instance.storage, parse_quantity(parameter.default_text.value(), parameter.dimension));
    else if (parameter.type == ParameterType::integer)
      parameter.set(instance.storage, std::int64_t{std::stoi(parameter.default_text.value())});
    else
      parameter.set(instance.storage, parameter.default_text.value());
  }
  const auto loaded = std::static_pointer_cast<const Stimulus>(instance.interface);
  EXPECT_EQ(loaded->shape().steps, 100U);
  EXPECT_EQ(loaded->shape().channels, 200U);
  Executor executor(2);
  const TrialSet set = make_trials(*loaded, 9, Split::train, 3, executor);
  const Itd stimulus;  // an object's own defaults are the declared ones
  for (std::size_t trial = 0; trial < 3; ++trial) {
    const auto expected = make(stimulus, {9, Split::train, trial});
    EXPECT_EQ(set.targets(trial)[0], expected.ipd_rad);
    for (std::size_t step = 0; step < 100; ++step)
      for (std::size_t word = 0; word < expected.spikes().words(); ++word)
        ASSERT_EQ(set.spikes(trial).row(step)[word], expected.spikes().row(step)[word]);
  }
}

}  // namespace
}  // namespace tyto::itd

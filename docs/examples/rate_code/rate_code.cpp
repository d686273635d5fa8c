#include <cmath>
#include <memory>
#include <vector>

#include <tyto/plugin.hpp>
#include <tyto/stimulus.hpp>

namespace {

/// Poisson spike trains whose rates stand for a level between 0 and 1.
struct RateCode final : tyto::Stimulus {
  std::size_t channels = 0;
  double duration_s = 0;
  double dt_s = 0;
  double rate_min_hz = 0;
  double rate_max_hz = 0;
  double spread = 0;
  std::vector<double> gains;  ///< of each channel, the same in every trial of a run

  static auto parameters() {
    return tyto::parameters<RateCode>("Poisson spike trains whose rate encodes a level")
        .integer("channels", &RateCode::channels, "20", "number of spike trains")
        .range(1, 100'000)
        .time("duration", &RateCode::duration_s, "100 ms", "length of a trial")
        .positive()
        .at_most(60)
        .time("dt", &RateCode::dt_s, "1 ms", "length of a step")
        .at_least(1e-5)
        .frequency("rate_min", &RateCode::rate_min_hz, "10 Hz", "rate at level 0")
        .non_negative()
        .frequency("rate_max", &RateCode::rate_max_hz, "200 Hz", "rate at level 1")
        .non_negative()
        .number("spread", &RateCode::spread, "0", "channels fire up to this part less than the rate, each its own")
        .range(0, 1)
        .check([](const RateCode& s) -> std::optional<tyto::Problem> {
          if (s.rate_max_hz * s.dt_s <= 1) return std::nullopt;
          return tyto::Problem{"rate_max", "a step holds one spike at most, so rate_max times dt must not exceed 1"};
        })
        .check([](const RateCode& s) -> std::optional<tyto::Problem> {
          if (s.duration_s >= s.dt_s) return std::nullopt;
          return tyto::Problem{"duration", "must be at least one step of dt"};
        });
  }

  tyto::TrialShape shape() const override {
    return {static_cast<std::size_t>(std::lround(duration_s / dt_s)), channels, dt_s};
  }

  std::vector<tyto::TargetInfo> targets() const override {
    return {{"level", "what the rate stands for", tyto::Dimension::none, 0, 1}};
  }

  std::shared_ptr<const tyto::Stimulus> prepared(std::uint64_t seed) const override {
    auto own = std::make_shared<RateCode>(*this);
    tyto::Random random(tyto::stream_key(seed, "rate_code/gains"));
    for (std::size_t channel = 0; channel < channels; ++channel) own->gains.push_back(1 - spread * random.uniform());
    return own;
  }

  void make(const tyto::TrialKey& key, const tyto::MutableSpikes& spikes, std::span<double> targets) const override {
    const double level = key.random("level").uniform();
    const double probability = (rate_min_hz + level * (rate_max_hz - rate_min_hz)) * dt_s;
    tyto::Random random = key.random("spikes");
    for (std::size_t step = 0; step < spikes.steps; ++step)
      for (std::size_t channel = 0; channel < spikes.channels; ++channel)
        if (random.uniform() < gains[channel] * probability) spikes.set(step, channel);
    targets[0] = level;
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<RateCode>("rate_code"); }

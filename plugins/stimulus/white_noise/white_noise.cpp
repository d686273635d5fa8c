#include <cmath>
#include <memory>
#include <numbers>
#include <string>
#include <vector>

#include <tyto/math.hpp>
#include <tyto/plugin.hpp>
#include <tyto/random.hpp>
#include <tyto/stimulus.hpp>

namespace {

struct Wave {
  double frequency_hz, cosine, sine;
};

class NoiseStream final : public tyto::ValueStream {
 public:
  NoiseStream(std::vector<std::vector<Wave>> channels, double dt_s) : channels_(std::move(channels)), dt_s_(dt_s) {}

  void values(std::uint64_t first, std::span<double> values) const override {
    const std::size_t n = channels_.size();
    for (std::size_t cell = 0; cell < values.size(); ++cell) {
      const std::uint64_t step = first + cell / n + 1;
      const double t_s = static_cast<double>(step) * dt_s_;
      double sum = 0;
      for (const Wave& wave : channels_[cell % n]) {
        const auto [sine, cosine] = tyto::sin_cos(2 * std::numbers::pi * wave.frequency_hz * t_s);
        sum += wave.cosine * cosine + wave.sine * sine;
      }
      values[cell] = sum;
    }
  }

 private:
  std::vector<std::vector<Wave>> channels_;
  double dt_s_;
};

/// A sum of all harmonics of the period up to a highest frequency, with normally distributed amplitudes.
class WhiteNoise final : public tyto::Stimulus {
 public:
  int dimensions = 1;
  double period_s = 10;
  double high_hz = 5;
  double rms = 0.5;

  static auto parameters() {
    constexpr double most_dimensions = 1024, most_waves = 1e5;
    return tyto::parameters<WhiteNoise>("Noise with equal power at all frequencies up to a highest one")
        .details(R"(The value of a channel in step n is that at the end of the step, t = (n + 1) dt:

    x[n] = sum over k = 1 .. K of a_k cos(2 pi k t / period) + b_k sin(2 pi k t / period)
    K    = floor(high x period)

a_k and b_k are drawn from the standard normal distribution, for each channel on its own, and then multiplied by one
factor, so that each channel has exactly the root mean square `rms` over a period. The mean over a period is 0. Draws
depend on the seed and the channel, not on dt. period and t are in s, high is in Hz, x has the unit of rms.)")
        .integer("dimensions", &WhiteNoise::dimensions, "1", "channels, independent of each other")
        .range(1, most_dimensions)
        .time("period", &WhiteNoise::period_s, "10 s", "after which it repeats itself")
        .positive()
        .frequency("high", &WhiteNoise::high_hz, "5 Hz", "highest frequency")
        .compared(tyto::StepRole::wave)
        .positive()
        .number("rms", &WhiteNoise::rms, "0.5", "root mean square over a period")
        .non_negative()
        .check([](const WhiteNoise& noise) -> std::optional<tyto::Problem> {
          const double waves = std::floor(noise.high_hz * noise.period_s);
          if (waves < 1) return tyto::Problem{"high", "must be at least one over the period"};
          if (waves > most_waves) return tyto::Problem{"period", "more than 100000 waves"};
          return std::nullopt;
        });
  }
  [[nodiscard]] std::size_t channels() const override { return static_cast<std::size_t>(dimensions); }
  [[nodiscard]] std::unique_ptr<tyto::ValueStream> stream(std::uint64_t seed, double dt_s) const override {
    std::vector<std::vector<Wave>> channels;
    const auto waves = static_cast<int>(std::floor(high_hz * period_s));
    for (int channel = 0; channel < dimensions; ++channel) {
      tyto::Random random(tyto::stream_key(seed, "stimulus/white_noise"), static_cast<std::uint64_t>(channel));
      auto& own = channels.emplace_back();
      double power = 0;
      for (int k = 1; k <= waves; ++k) {
        own.push_back({k / period_s, random.normal(), random.normal()});
        power += (own.back().cosine * own.back().cosine + own.back().sine * own.back().sine) / 2;
      }
      for (Wave& wave : own) {
        wave.cosine *= rms / std::sqrt(power);
        wave.sine *= rms / std::sqrt(power);
      }
    }
    return std::make_unique<NoiseStream>(std::move(channels), dt_s);
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<WhiteNoise>("white_noise", {tyto::capability::stream}); }

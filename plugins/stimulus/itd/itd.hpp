/// Interaural stimulus: two ears of fibres that fire to a tone with a phase difference between the ears.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <tyto/parameters.hpp>
#include <tyto/stimulus.hpp>
#include <vector>

#include "draw.hpp"
#include "rates.hpp"

namespace tyto::itd {

enum class StartPhase { fixed, per_data_set, per_trial };
enum class FibreLayout { linear, none };
enum class RightLayout { same, reversed };
enum class NoiseDraw { per_data_set, per_trial };
enum class NoiseIn { all, training };

/// What a user writes.
struct ItdParameters {
  double frequency_hz = 50;
  double duration_s = 0.1;
  double dt_s = 1e-3;
  double rate_max_hz = 600;
  int fibres_per_ear = 100;
  int envelope_power = 2;
  RateIntegration rate_integration = RateIntegration::pointwise;
  StartPhase start_phase = StartPhase::per_trial;
  double start_phase_value_rad = 0;
  FibreLayout fibre_phases = FibreLayout::linear;
  RightLayout right_fibre_phases = RightLayout::same;
  double phase_noise_rad = 0;
  NoiseDraw phase_noise_draw = NoiseDraw::per_data_set;
  NoiseIn phase_noise_in = NoiseIn::all;

  bool operator==(const ItdParameters&) const = default;

  [[nodiscard]] static Parameters<ItdParameters> parameters();

  [[nodiscard]] std::size_t steps() const;
  [[nodiscard]] std::size_t channels() const { return 2 * static_cast<std::size_t>(fibres_per_ear); }
  [[nodiscard]] Rates rates() const { return {frequency_hz, dt_s, rate_max_hz, envelope_power, rate_integration}; }
};

/// Everything about one trial that chance decides, spikes apart.
struct TrialPhases {
  double ipd_rad = 0;
  double start_turns = 0;
  FibrePhases fibres_rad;  ///< left ear, then right ear, without the ipd
};

/// A pure function of its arguments.
[[nodiscard]] TrialPhases trial_phases(const ItdParameters& parameters, const TrialKey& key);

class Itd final : public Stimulus {
 public:
  ItdParameters parameters;

  [[nodiscard]] TrialShape shape() const override;
  [[nodiscard]] std::vector<TargetInfo> targets() const override;
  void make(const TrialKey& key, const MutableSpikes& spikes, std::span<double> targets) const override;
  void log_likelihood(const TrialKey& key, const Spikes& spikes, std::size_t target, std::span<const double> values,
                      std::span<double> result) const override;

  /// Tables that all trials of a data set share.
  struct Tables;

 private:
  [[nodiscard]] std::shared_ptr<const Tables> tables(const TrialKey& key) const;

  /// The tables used last. They only save time: what make() returns does not depend on them.
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const Tables> last_tables_;
};

}  // namespace tyto::itd

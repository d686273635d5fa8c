#include <array>
#include <cmath>
#include <optional>
#include <vector>

#include <tyto/plugin.hpp>
#include <tyto/stimulus.hpp>

namespace {

/// Groups of fibres, in the order of the channels.
enum Group : std::size_t { zero, one, store, recall, groups };

class StoreRecall final : public tyto::Stimulus {
 public:
  int slots = 4;
  int stored_until = 2;
  int fibres = 10;
  double slot_s = 0.05;
  double dt_s = 1e-3;
  double rate_hz = 100;
  double background_hz = 5;

  static auto parameters() {
    using tyto::Problem;
    constexpr double most_fibres = 1e4;
    return tyto::parameters<StoreRecall>(
               "A bit in every slot of time; the one that comes with the cue 'store' is asked for in the last slot")
        .details(
            R"(There are four groups of `fibres` channels: bit 0, bit 1, the cue `store`, the cue `recall`. A trial has `slots` slots
of the length `slot`. In each of them but the last a bit is shown, 0 or 1 with equal chances, by the fibres of its
group. In one slot, drawn evenly from the first `stored_until`, the fibres of `store` are active as well; in the last
slot those of `recall` alone. The target `bit` is the bit of the slot with `store`; all others are to be ignored.

A fibre of an active group fires in a step with the probability rate dt, one of a group that is not with background dt,
each on its own. What is drawn depends on seed, split and trial. After Bellec et al. (2018), "Long short-term memory and
learning-to-learn in networks of spiking neurons", whose task has several store and recall cues in a trial.)")
        .integer("slots", &StoreRecall::slots, "4", "of a trial, the last of which asks")
        .range(2, 1000)
        .integer("stored_until", &StoreRecall::stored_until, "2", "slots of which one comes with the cue to store")
        .range(1, 999)
        .time("slot", &StoreRecall::slot_s, "50 ms", "length of a slot")
        .compared(tyto::StepRole::rounded)
        .positive()
        .time("dt", &StoreRecall::dt_s, "1 ms", "duration of a step")
        .positive()
        .integer("fibres", &StoreRecall::fibres, "10", "in each of the four groups")
        .range(1, most_fibres)
        .frequency("rate", &StoreRecall::rate_hz, "100 Hz", "at which fibres of an active group fire")
        .non_negative()
        .frequency("background", &StoreRecall::background_hz, "5 Hz", "at which the others do")
        .non_negative()
        .check([](const StoreRecall& own) -> std::optional<Problem> {
          if (own.stored_until >= own.slots)
            return Problem{"stored_until", "must be less than 'slots', the last of which asks"};
          if (own.rate_hz * own.dt_s > 1 + 1e-12 || own.background_hz * own.dt_s > 1 + 1e-12)
            return Problem{own.rate_hz >= own.background_hz ? "rate" : "background",
                           "a fibre fires once a step at most, at " +
                               tyto::format_quantity(1 / own.dt_s, tyto::Dimension::frequency)};
          constexpr double most_steps = 1e6, most_spikes = 0x1p30;
          const double steps = std::round(own.slot_s / own.dt_s) * own.slots;
          if (steps > most_steps) return Problem{"slot", "a trial may have at most 1000000 steps"};
          if (steps * own.fibres * static_cast<double>(groups) > most_spikes)
            return Problem{"fibres", "steps times fibres of all groups must not exceed 1073741824"};
          return std::nullopt;
        });
  }

  [[nodiscard]] tyto::TrialShape shape() const override {
    return {slot_steps() * static_cast<std::size_t>(slots), groups * static_cast<std::size_t>(fibres), dt_s};
  }
  [[nodiscard]] std::vector<tyto::TargetInfo> targets() const override {
    return {{"bit", "the bit that was to be stored", tyto::Dimension::none, 0, 1}};
  }

  void make(const tyto::TrialKey& key, const tyto::MutableSpikes& spikes, std::span<double> targets) const override {
    tyto::Random trial = key.random("bits"), noise = key.random("spikes");
    const auto last = static_cast<std::size_t>(slots) - 1;
    const auto stored = static_cast<std::size_t>(trial.uniform() * stored_until);
    for (std::size_t slot = 0; slot <= last; ++slot) {
      const bool bit = trial.uniform() < 0.5;
      std::array<bool, groups> active{};
      active[recall] = slot == last;
      active[store] = slot == stored;
      active[bit ? one : zero] = slot != last;
      if (slot == stored) targets[0] = bit ? 1 : 0;
      for (std::size_t t = slot * slot_steps(); t < (slot + 1) * slot_steps(); ++t) fire(active, t, noise, spikes);
    }
  }

 private:
  [[nodiscard]] std::size_t slot_steps() const { return static_cast<std::size_t>(std::llround(slot_s / dt_s)); }

  void fire(const std::array<bool, groups>& active, std::size_t step, tyto::Random& noise,
            const tyto::MutableSpikes& spikes) const {
    for (std::size_t group = 0; group < groups; ++group) {
      const double probability = (active[group] ? rate_hz : background_hz) * dt_s;
      for (std::size_t k = 0; k < static_cast<std::size_t>(fibres); ++k)
        if (noise.uniform() < probability) spikes.set(step, group * static_cast<std::size_t>(fibres) + k);
    }
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<StoreRecall>("store_recall", {tyto::capability::trials}); }

/// A stimulus makes trials: input spikes, or values, and the targets that belong to them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tyto/export.hpp>
#include <tyto/random.hpp>
#include <tyto/spikes.hpp>
#include <tyto/units.hpp>

namespace tyto {

struct TrialShape {
  std::size_t steps = 0;
  std::size_t channels = 0;
  double dt_s = 0;      ///< duration of a step
  bool values = false;  ///< channels carry numbers, not spikes
};

/// A number that every trial carries, e.g. the interaural phase difference.
struct TargetInfo {
  std::string name;
  std::string doc;
  Dimension dimension = Dimension::none;
  double minimum = 0;  ///< in base units; classes divide [minimum, maximum] evenly
  double maximum = 1;
  /// Names of what the values 0, 1, ... stand for, if it is no number. Each is a class.
  std::vector<std::string> categories = {};

  /// One that is a category.
  [[nodiscard]] static TargetInfo category(std::string name, std::string doc, std::vector<std::string> categories) {
    // So the middle of each class is its index.
    const double last = static_cast<double>(categories.size()) - 0.5;
    return {std::move(name), std::move(doc), Dimension::none, -0.5, last, std::move(categories)};
  }
};

/// Which data set a trial belongs to. Each has random streams of its own.
enum class Split { train, validation, test };
[[nodiscard]] TYTO_API std::string_view to_string(Split split);

/// Names one trial. Everything random in it comes from random().
struct TrialKey {
  std::uint64_t seed = 0;
  Split split = Split::train;
  std::uint64_t trial = 0;

  /// The key of a named stream of this split, e.g. stream("spikes").
  [[nodiscard]] TYTO_API StreamKey stream(std::string_view name) const;
  /// Numbers of this trial alone.
  [[nodiscard]] Random random(std::string_view name) const { return Random(stream(name), trial); }
  /// Numbers shared by all trials of the data set.
  [[nodiscard]] Random shared(std::string_view name) const { return Random(stream(name), ~std::uint64_t{0}); }
};

/// Values over time without an end, as a simulation asks for them.
class TYTO_API ValueStream {
 public:
  virtual ~ValueStream() = default;
  /// Fills `values` [step][channel] for the steps from `first` on; a pure function of the number of the step. Step n
  /// covers the time from n dt to (n + 1) dt and has the value at its end.
  virtual void values(std::uint64_t first, std::span<double> values) const = 0;
};

/// Interface of the plugin kind "stimulus". One with capability::trials makes trials, one with capability::stream
/// gives values to simulations; what it does not offer throws Error. Implementations are immutable once configured,
/// and make() is called from many threads.
class TYTO_API Stimulus {
 public:
  virtual ~Stimulus() = default;
  [[nodiscard]] virtual TrialShape shape() const;
  [[nodiscard]] virtual std::vector<TargetInfo> targets() const;
  /// How many trials of a split there are; as many as one likes if this says nothing. Trials with higher numbers are
  /// asked for all the same where a training wants fresh ones: the same again, with other noise if there is any.
  [[nodiscard]] virtual std::optional<std::size_t> available([[maybe_unused]] Split split) const { return {}; }
  /// Called once when a run, or a stage of one, begins, before anything is made: the stimulus to use for it, which may
  /// hold what takes long to make or what trials of all data sets share. Its channels, steps and targets are those of
  /// this one. Null if it is this one.
  [[nodiscard]] virtual std::shared_ptr<const Stimulus> prepared([[maybe_unused]] std::uint64_t seed) const {
    return {};
  }
  /// Makes one trial, a pure function of `key`. `spikes` comes zeroed, with shape() steps and channels;
  /// `targets` has one place for each of targets(), in base units.
  virtual void make(const TrialKey& key, const MutableSpikes& spikes, std::span<double> targets) const;
  /// The same where shape() has values, [step][channel].
  virtual void make_values(const TrialKey& key, std::span<float> values, std::span<double> targets) const;

  /// Values of every step.
  [[nodiscard]] virtual std::size_t channels() const;
  [[nodiscard]] virtual std::unique_ptr<ValueStream> stream(std::uint64_t seed, double dt_s) const;

  /// For a stimulus that offers capability::likelihood: result[i] becomes the logarithm of the probability of `spikes`
  /// if target number `target` had values[i] and all else were as chance decided it for trial `key`, up to a number
  /// that is the same for all values. Called from many threads. Throws Error where it is not offered.
  virtual void log_likelihood(const TrialKey& key, const Spikes& spikes, std::size_t target,
                              std::span<const double> values, std::span<double> result) const;
};

}  // namespace tyto

/// What analyses share: choosing layers, bins over a target's range, running statistics, and the unit in
/// which a target is reported.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tyto/export.hpp>
#include <tyto/model.hpp>
#include <tyto/stimulus.hpp>
#include <tyto/table.hpp>
#include <tyto/units.hpp>

namespace tyto {

/// The unit in which results are given: degrees for angles, the base unit for all else, "1" for plain numbers.
struct ReportedUnit {
  double per_base = 1;  ///< value in this unit = value in the base unit * per_base
  std::string name;
};
[[nodiscard]] TYTO_API ReportedUnit reported_unit(Dimension dimension);

/// Index of a layer by name; throws Error that names the layers there are.
[[nodiscard]] TYTO_API std::size_t layer_index(const Model& model, std::string_view name);

/// Index of a probe by name; throws Error that names the probes there are.
[[nodiscard]] TYTO_API std::size_t probe_index(const Model& model, std::string_view name);

enum class LayerChoice { any, spiking };
/// The layers that a parameter `layer` stands for: the named one, or every suitable one if the name is empty.
/// Throws Error if the model has none, or if the named layer does not spike and must.
[[nodiscard]] TYTO_API std::vector<std::size_t> choose_layers(const Model& model, std::string_view name,
                                                              LayerChoice choice);

/// 0, 1, .. count-1, the values of an axis that only numbers its places.
[[nodiscard]] TYTO_API std::vector<std::int64_t> numbered(std::size_t count);

/// Equal bins over [low, high].
class TYTO_API Bins {
 public:
  Bins(double low, double high, std::size_t count) : low_(low), high_(high), count_(count) {}

  [[nodiscard]] std::size_t size() const { return count_; }
  /// The bin of a value; empty outside [low, high].
  [[nodiscard]] std::optional<std::size_t> find(double value) const;
  /// The bin of a value, the first or last one for values outside.
  [[nodiscard]] std::size_t nearest(double value) const;
  /// The middle of every bin, multiplied by `scale`.
  [[nodiscard]] std::vector<double> centres(double scale = 1) const;

 private:
  double low_;
  double high_;
  std::size_t count_;
};

/// Bins over the range of a target, in base units. With as many bins as classes they are the classes.
[[nodiscard]] TYTO_API Bins target_bins(const TargetInfo& target, std::size_t count);
/// The values of an axis with a place for each of these bins: their centres in the reported unit, or the names of
/// categories.
[[nodiscard]] TYTO_API Values along_target(const TargetInfo& target, std::size_t count);
/// Values of a target in the reported unit, or names of its categories.
[[nodiscard]] TYTO_API Values reported_values(const TargetInfo& target, std::vector<double> values);
/// Throws Error, in the name of an analysis, if a target is a category.
TYTO_API void require_number(const TargetInfo& target, std::string_view analysis);
/// The same if the stimulus shows values where spikes are needed.
TYTO_API void require_spikes(const Model& model, std::string_view analysis);

/// Mean, spread and extremes of numbers that come one by one (Welford 1962). What is not defined is NaN: the
/// mean of no numbers, the SD of fewer than two.
class Moments {
 public:
  void add(double value) {
    ++count_;
    const double before = value - mean_;
    mean_ += before / static_cast<double>(count_);
    squares_ += before * (value - mean_);
    minimum_ = std::min(minimum_, value);
    maximum_ = std::max(maximum_, value);
  }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] double mean() const { return count_ > 0 ? mean_ : undefined; }
  /// Sample standard deviation, with n - 1.
  [[nodiscard]] double sd() const {
    return count_ > 1 ? std::sqrt(squares_ / static_cast<double>(count_ - 1)) : undefined;
  }
  /// Standard error of the mean.
  [[nodiscard]] double sem() const { return sd() / std::sqrt(static_cast<double>(count_)); }
  [[nodiscard]] double minimum() const { return count_ > 0 ? minimum_ : undefined; }
  [[nodiscard]] double maximum() const { return count_ > 0 ? maximum_ : undefined; }

 private:
  static constexpr double undefined = std::numeric_limits<double>::quiet_NaN();
  std::size_t count_ = 0;
  double mean_ = 0;
  double squares_ = 0;  ///< sum of squared distances from the mean
  double minimum_ = std::numeric_limits<double>::infinity();
  double maximum_ = -std::numeric_limits<double>::infinity();
};

}  // namespace tyto

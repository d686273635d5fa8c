/// The objective: which target is wanted, how the output layer's activity over time becomes a score
/// for each class (the readout), and the loss. Training and scoring use the same readout.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tyto/export.hpp>
#include <tyto/parameters.hpp>
#include <tyto/stimulus.hpp>

namespace tyto {

enum class Readout { mean, sum, last, max, spike_count };
enum class Loss { cross_entropy, mean_squared_error };

/// Declared once, as a value; bind() ties it to a stimulus.
class TYTO_API Objective {
 public:
  std::string target;          ///< empty: the stimulus's first target
  std::optional<int> classes;  ///< absent: the target's categories, or regression on its value
  Readout readout = Readout::mean;
  double factor = 1;  ///< multiplies the readout
  Loss loss = Loss::cross_entropy;
  bool circular = false;  ///< regression on a circle: the outputs are cosine and sine of the target's place on it
  double period = 1;      ///< length of that circle in units of the target's range

  [[nodiscard]] static Parameters<Objective> parameters();

  /// Finds the target, and takes its categories for classes if it has some. Throws Error if the stimulus has none of
  /// that name, or if the loss does not fit it.
  void bind(const std::vector<TargetInfo>& targets);
  [[nodiscard]] const TargetInfo& target_info() const { return info_; }
  /// Its place among the stimulus's targets.
  [[nodiscard]] std::size_t target_index() const { return index_; }

  [[nodiscard]] bool classifies() const { return classes.has_value(); }
  /// Neurons that the output layer must have.
  [[nodiscard]] std::size_t outputs() const {
    if (classes) return static_cast<std::size_t>(*classes);
    return circular ? 2 : 1;
  }
  /// The class that a target value falls into, 0 .. classes-1.
  [[nodiscard]] std::size_t class_of(double value) const;
  /// The target value in the middle of a class.
  [[nodiscard]] double class_centre(std::size_t index) const;
  /// The target value that scores stand for: the centre of the best class, the value itself, or the place on the
  /// circle.
  [[nodiscard]] double estimate(std::span<const double> scores) const;
  /// Absolute difference of two target values; on a circle the way that is shorter.
  [[nodiscard]] double distance(double a, double b) const;

  /// scores[k] from output[step][k], for any number of columns k: the outputs of one trial or of several side by side.
  /// For Readout::max, `when[k]` receives the step of the maximum.
  template <class S>
  void read(Rows<const S> output, std::size_t steps, std::span<S> scores, std::span<std::size_t> when) const;
  /// Loss of one trial and dL/d scores.
  template <class S>
  S loss_of(std::span<const S> scores, double target_value, std::span<S> grad_scores) const;
  /// grad_output[step][k] += ... from dL/d scores: the transpose of read().
  template <class S>
  void spread(std::span<const S> grad_scores, std::size_t steps, std::span<const std::size_t> when,
              Rows<S> grad_output) const;

 private:
  void bind_category(const TargetInfo& found);
  /// Length of the circle in the target's units.
  [[nodiscard]] double circumference() const { return period * (info_.maximum - info_.minimum); }

  TargetInfo info_;
  std::size_t index_ = 0;
};

}  // namespace tyto

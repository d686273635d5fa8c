/// How trials lie in a file.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace recorded {

enum class Layout { dense, events, lists, heidelberg, sonata, packed };

/// Names of a file's arrays, and what their numbers mean. Empty names are those that the layout has by itself.
struct Arrays {
  Layout layout = Layout::dense;
  std::string data;                  ///< dense, packed
  std::string times, units, trials;  ///< of spikes
  double time_unit_s = 0;            ///< duration of 1 in `times`; 0: the layout's own
  std::string population;            ///< of sonata
  double period_s = 0;               ///< from one sample to the next; 0: as packed trials say
  std::optional<std::size_t> channels;
  std::size_t least_trials = 0;  ///< of events: as many as there are labels
};

/// The trials of one file. Called from many threads.
class Trials {
 public:
  /// Receives what is not zero in a trial: when, in which channel, and how much. The value of a spike is 1.
  using Visit = std::function<void(double time_s, std::size_t channel, double value)>;

  virtual ~Trials() = default;
  std::size_t count = 0;
  std::size_t channels = 0;
  double duration_s = 0;  ///< of the longest one
  double period_s = 0;    ///< of packed trials: how long a step is
  bool samples = false;   ///< values at regular times; else spikes at any
  virtual void visit(std::size_t trial, const Visit& visit) const = 0;
};

/// `group`: of packed trials, the data set to read. Throws tyto::Error.
[[nodiscard]] std::unique_ptr<Trials> open_trials(const std::string& file, const Arrays& arrays,
                                                  const std::string& group);

}  // namespace recorded

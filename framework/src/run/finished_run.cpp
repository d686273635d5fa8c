#include "finished_run.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "decoders.hpp"
#include "weights.hpp"

namespace tyto::run {

namespace {

/// Changes arrays of a network for as long as it lives.
class Changes {
 public:
  explicit Changes(Program& network) : network_(network) {}
  ~Changes() {
    // The last change first, in case an array was changed twice.
    for (auto change = before_.rbegin(); change != before_.rend(); ++change)
      network_.set(change->first, change->second);
  }
  Changes(const Changes&) = delete;
  Changes& operator=(const Changes&) = delete;

  void make(const ChangedArray& change) {
    const std::size_t index = index_of(network_, change.path);
    const std::size_t size = network_.arrays()[index].size;
    if (change.values.size() != size)
      throw Error(fmt::format("{} values for the array {} of {}", change.values.size(), change.path, size));
    before_.emplace_back(index, network_.get(index));
    network_.set(index, change.values);
  }

 private:
  Program& network_;
  std::vector<std::pair<std::size_t, std::vector<double>>> before_;
};

constexpr std::size_t trials_per_task = 16;

}  // namespace

std::unique_ptr<Tuning> TestedRun::tuning(std::size_t layer) const {
  return std::make_unique<KeptTuning>(experiment_.model, layer, network_);
}

Evaluation TestedRun::evaluate(const TrialSet& trials, std::span<const ChangedArray> changed) const {
  Changes changes(network_);
  for (const auto& change : changed) changes.make(change);
  std::vector<std::uint32_t> index(trials.size());
  std::iota(index.begin(), index.end(), 0U);
  return network_.evaluate({&trials, index, {}}, experiment_.objective, true);
}

std::vector<double> TestedRun::log_likelihood(std::span<const double> values) const {
  std::vector<double> result(trials_.size() * values.size());
  executor_.for_each((trials_.size() + trials_per_task - 1) / trials_per_task, [&](std::size_t task) {
    const std::size_t end = std::min(trials_.size(), (task + 1) * trials_per_task);
    for (std::size_t trial = task * trials_per_task; trial < end; ++trial)
      experiment_.stimulus->log_likelihood({experiment_.seeds.trials, Split::test, trial}, trials_.spikes(trial),
                                           experiment_.objective.target_index(), values,
                                           std::span(result).subspan(trial * values.size(), values.size()));
  });
  return result;
}

std::vector<double> TestedRun::array(std::string_view path) const { return network_.get(index_of(network_, path)); }

}  // namespace tyto::run

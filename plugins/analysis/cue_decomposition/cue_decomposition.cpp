/// Which cues a decision rests on: left ear, right ear or both together; levels or times.

#include <algorithm>
#include <cmath>
#include <optional>

#include <tyto/analysis.hpp>
#include <tyto/analysis_tools.hpp>
#include <tyto/error.hpp>
#include <tyto/metrics.hpp>
#include <tyto/plugin.hpp>

#include "decomposition.hpp"
#include "surrogates.hpp"

namespace {

using cues::Ears;

/// Scores less their mean over outputs: a softmax does not see what all scores have in common. A single score, or the
/// values of a regression, are left as they are.
std::vector<double> decision(const tyto::Evaluation& answers, const tyto::Objective& objective) {
  std::vector<double> scores = answers.scores;
  const std::size_t outputs = objective.outputs();
  if (!objective.classifies()) return scores;
  for (std::size_t trial = 0; trial < answers.trials; ++trial) {
    const auto of_trial = std::span(scores).subspan(trial * outputs, outputs);
    double mean = 0;
    for (const double score : of_trial) mean += score / static_cast<double>(outputs);
    for (double& score : of_trial) score -= mean;
  }
  return scores;
}

enum class Change { intact, levels_only, ears_unrelated, equal_levels, left_only, right_only };

struct Surrogate {
  Change change;
  const char* name;
};

constexpr Surrogate all_surrogates[] = {
    {Change::intact, "intact"},
    {Change::levels_only, "levels only"},
    {Change::ears_unrelated, "ears unrelated in time"},
    {Change::equal_levels, "equal levels"},
    {Change::left_only, "left ear only"},
    {Change::right_only, "right ear only"},
};

struct CueDecomposition final : tyto::Analysis {
  std::optional<int> left_channels;
  int trials = 0;
  int pairs = 0;
  int seed = 0;

  static auto parameters() {
    return tyto::parameters<CueDecomposition>(
               "Decomposition of the decision: shares of the left ear, the right ear and both together, what levels "
               "explain, and accuracy with surrogate spike trains that keep levels or times")
        .integer("left_channels", &CueDecomposition::left_channels, "",
                 "channels of the left ear, which come first; left out: half of them")
        .range(1, 1e6)
        .optional()
        .integer("trials", &CueDecomposition::trials, "4096", "test trials that surrogates are made of, at most")
        .range(2, 1e8)
        .integer("ears", &CueDecomposition::pairs, "64",
                 "left ears, each paired with as many right ears of other trials; at most half of the test trials")
        .range(2, 256)
        .integer("seed", &CueDecomposition::seed, "1", "seed of the surrogates' random numbers")
        .range(0, 2e9);
  }

  void check(const tyto::Model& model, const tyto::Objective& objective) const override {
    tyto::require_number(objective.target_info(), "cue_decomposition");
    tyto::require_spikes(model, "cue_decomposition");
    if (model.input.channels < 2) throw tyto::Error("cue_decomposition needs a stimulus with channels for two ears");
    if (left_channels && static_cast<std::size_t>(*left_channels) >= model.input.channels)
      throw tyto::Error(
          "cue_decomposition: left_channels leaves no channels for the right ear, since the stimulus has " +
          std::to_string(model.input.channels));
  }

  void run(const tyto::FinishedRun& run, tyto::Table& table) const override {
    if (run.trials().size() < 4) throw tyto::Error("cue_decomposition needs at least 4 test trials");
    const std::size_t channels = run.trials().shape().channels;
    const Ears ears = cues::ears(channels, left_channels ? static_cast<std::size_t>(*left_channels) : channels / 2);
    write_ears(run, ears, table);
    write_levels(run, ears, table);
    write_surrogates(run, ears, table);
  }

 private:
  /// Every one of some left ears with every one of some right ears, from different trials.
  void write_ears(const tyto::FinishedRun& run, const Ears& ears, tyto::Table& table) const {
    const auto& all = run.trials();
    const std::size_t size = std::min(static_cast<std::size_t>(pairs), all.size() / 2);
    tyto::TrialSet paired(all.shape(), all.target_info(), size * size);
    for (std::size_t i = 0; i < size; ++i)
      for (std::size_t j = 0; j < size; ++j) {
        const std::size_t trial = i * size + j;
        // A pair has no target of its own; the left ear's keeps the loss defined, and nothing here uses it.
        std::copy_n(all.targets(i).begin(), all.target_info().size(), paired.targets(trial).begin());
        cues::copy_ear(all.spikes(i), paired.spikes(trial), ears.left);
        cues::copy_ear(all.spikes(size + j), paired.spikes(trial), ears.right);
      }
    const auto scores = decision(run.evaluate(paired, {}), run.objective());
    const auto shares = cues::two_way(scores, size, run.objective().outputs());
    const auto number = [&](const std::string& name, double value, const std::string& text) {
      table.variable(name, {}, std::vector<double>{value}, "1", text).nan_means("decisions that do not vary");
    };
    table.attribute("ears_paired", static_cast<std::int64_t>(size));
    number("left_share", shares.first, "share of the decision's variance that the left ear explains by itself");
    number("right_share", shares.second, "share of the decision's variance that the right ear explains by itself");
    number("interaural_share", shares.interaction,
           "share of the decision's variance that neither ear explains by itself, but both together");
  }

  static void write_levels(const tyto::FinishedRun& run, const Ears& ears, tyto::Table& table) {
    std::vector<double> left, right;
    for (std::size_t trial = 0; trial < run.trials().size(); ++trial) {
      left.push_back(static_cast<double>(cues::count_spikes(run.trials().spikes(trial), ears.left)));
      right.push_back(static_cast<double>(cues::count_spikes(run.trials().spikes(trial), ears.right)));
    }
    const auto scores = decision(run.evaluation(), run.objective());
    const auto parts = cues::regress(scores, run.objective().outputs(), left, right);
    const auto number = [&](const std::string& name, double value, const std::string& text) {
      table.variable(name, {}, std::vector<double>{value}, "1", text).nan_means("decisions that do not vary");
    };
    number("level_r_squared", parts.both,
           "part of the decision's variance that a linear regression on both ears' spike counts explains");
    number("left_level_share", parts.first, "part of it that only the left ear's count explains");
    number("right_level_share", parts.second, "part of it that only the right ear's count explains");
  }

  [[nodiscard]] tyto::TrialSet make(const tyto::TrialSet& all, const Surrogate& kind, const Ears& ears) const {
    const std::size_t count = std::min(all.size(), static_cast<std::size_t>(trials));
    std::size_t least_left = all.shape().steps * all.shape().channels, least_right = least_left;
    for (std::size_t trial = 0; trial < count; ++trial) {
      least_left = std::min(least_left, cues::count_spikes(all.spikes(trial), ears.left));
      least_right = std::min(least_right, cues::count_spikes(all.spikes(trial), ears.right));
    }
    const auto key = tyto::stream_key(static_cast<std::uint64_t>(seed), std::string("cue_decomposition/") + kind.name);
    return cues::surrogate(all, count, [&](std::size_t trial, const tyto::Spikes& from, const tyto::MutableSpikes& to) {
      tyto::Random random(key, trial);
      switch (kind.change) {
        case Change::levels_only:
          cues::scatter_ear(from, to, ears.left, random);
          cues::scatter_ear(from, to, ears.right, random);
          return;
        case Change::ears_unrelated:
          cues::copy_ear(from, to, ears.left);
          cues::copy_ear(from, to, ears.right, random.below(static_cast<std::uint32_t>(from.steps)));
          return;
        case Change::equal_levels:
          cues::thin_ear(from, to, ears.left, least_left, random);
          cues::thin_ear(from, to, ears.right, least_right, random);
          return;
        case Change::left_only:
          return cues::copy_ear(from, to, ears.left);
        case Change::right_only:
          return cues::copy_ear(from, to, ears.right);
        case Change::intact:
          break;
      }
      cues::copy_ear(from, to, {ears.left.first, ears.right.end});
    });
  }

  void write_surrogates(const tyto::FinishedRun& run, const Ears& ears, tyto::Table& table) const {
    const auto unit = tyto::reported_unit(run.objective().target_info().dimension);
    std::vector<std::string> names;
    std::vector<double> accuracy, error;
    for (const auto& kind : all_surrogates) {
      const auto made = make(run.trials(), kind, ears);
      const auto metrics = tyto::measure(run.evaluate(made, {}), made, run.objective());
      names.emplace_back(kind.name);
      if (metrics.accuracy) accuracy.push_back(*metrics.accuracy);
      error.push_back(metrics.error.value() * unit.per_base);
    }
    table.axis("surrogate", std::move(names), "1", "what was done to the test trials' spikes");
    if (run.objective().classifies()) {
      table.variable("accuracy", {"surrogate"}, std::move(accuracy), "1", "part of the trials in the right class");
      table.variable("chance", {}, std::vector<double>{1 / static_cast<double>(run.objective().outputs())}, "1",
                     "accuracy of a guess");
    }
    table.variable("error", {"surrogate"}, std::move(error), unit.name, "mean absolute error to the true target");
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<CueDecomposition>("cue_decomposition"); }

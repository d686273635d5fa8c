/// Tuning curves: how the mean activity of every neuron depends on the target.

#include <optional>

#include <tyto/analysis.hpp>
#include <tyto/analysis_tools.hpp>
#include <tyto/plugin.hpp>

namespace {

constexpr std::size_t regression_bins = 12;

struct TuningCurves final : tyto::Analysis {
  std::string layer;
  std::optional<int> bins;

  static auto parameters() {
    return tyto::parameters<TuningCurves>(
               "Tuning curves: mean, SD and SEM over test trials of every neuron's activity, by target")
        .text("layer", &TuningCurves::layer, "", "layer to describe; empty: every layer")
        .integer("bins", &TuningCurves::bins, "",
                 "equal bins over the target's range; left out: one for each class, or 12 without classes")
        .range(1, 10'000)
        .optional();
  }

  void check(const tyto::Model& model, const tyto::Objective& objective) const override {
    if (bins) tyto::require_number(objective.target_info(), "tuning_curves with 'bins'");
    (void)tyto::choose_layers(model, layer, tyto::LayerChoice::any);
  }

  void run(const tyto::FinishedRun& run, tyto::Table& table) const override {
    const auto& target = run.objective().target_info();
    const auto unit = tyto::reported_unit(target.dimension);
    const auto over = tyto::target_bins(target, bin_count(run.objective()));
    std::vector<std::size_t> bin_of(run.trials().size());
    std::vector<std::int64_t> trials(over.size());
    for (std::size_t trial = 0; trial < bin_of.size(); ++trial) {
      bin_of[trial] = over.nearest(run.target(trial));
      ++trials[bin_of[trial]];
    }
    table.axis("target", tyto::along_target(target, over.size()), unit.name,
               target.name + (target.categories.empty() ? ", centre of each bin" : ", name of each category"));
    table.variable("trials", {"target"}, std::move(trials), "1", "test trials in each bin");
    for (const std::size_t index : tyto::choose_layers(run.model(), layer, tyto::LayerChoice::any))
      describe(run, index, over.size(), bin_of, table);
  }

 private:
  [[nodiscard]] std::size_t bin_count(const tyto::Objective& objective) const {
    if (bins) return static_cast<std::size_t>(*bins);
    return objective.classifies() ? objective.outputs() : regression_bins;
  }

  static void describe(const tyto::FinishedRun& run, std::size_t index, std::size_t bin_count,
                       const std::vector<std::size_t>& bin_of, tyto::Table& table) {
    const auto& described = run.model().layers[index];
    const auto& activity = run.evaluation().activity.at(index);
    const double scale = described.spiking ? 1 / run.trials().shape().dt_s : 1;
    std::vector<tyto::Moments> moments(bin_count * described.size);
    for (std::size_t trial = 0; trial < bin_of.size(); ++trial)
      for (std::size_t i = 0; i < described.size; ++i)
        moments[bin_of[trial] * described.size + i].add(scale * activity[trial * described.size + i]);
    std::vector<double> mean(moments.size());
    std::vector<double> sd(moments.size());
    std::vector<double> sem(moments.size());
    for (std::size_t k = 0; k < moments.size(); ++k) {
      mean[k] = moments[k].mean();
      sd[k] = moments[k].sd();
      sem[k] = moments[k].sem();
    }
    const std::string& name = described.name;
    const std::string units = described.spiking ? "Hz" : "1";
    const std::string what =
        described.spiking ? "firing rate of layer " + name : "output of layer " + name + " averaged over time";
    const std::vector<std::string> axes{"target", name + "_neuron"};
    table.axis(name + "_neuron", tyto::numbered(described.size), "1", "neuron of layer " + name);
    table.variable(name + "_mean", axes, std::move(mean), units, what + ", mean over the trials of a bin")
        .nan_means("bins with too few trials");
    table.variable(name + "_sd", axes, std::move(sd), units, what + ", standard deviation (n - 1) over trials")
        .nan_means("bins with too few trials");
    table.variable(name + "_sem", axes, std::move(sem), units, what + ", standard error of the mean")
        .nan_means("bins with too few trials");
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<TuningCurves>("tuning_curves"); }

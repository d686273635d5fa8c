#include <tyto/analysis.hpp>

#include <numbers>
#include <numeric>

#include <tyto/analysis_tools.hpp>
#include <tyto/error.hpp>

namespace tyto {

std::size_t FinishedRun::layer(std::string_view name) const { return layer_index(model(), name); }

namespace {

[[noreturn]] void refuse_of_simulation(const char* what) {
  throw Error(std::string("a simulation has no ") + what + "; that is for runs with trials");
}
[[noreturn]] void refuse_of_trials(const char* what) {
  throw Error(std::string("a run with trials has no ") + what + "; that is for simulations");
}

}  // namespace

const Objective& FinishedRun::objective() const { refuse_of_simulation("objective"); }
const TrialSet& FinishedRun::trials() const { refuse_of_simulation("trials"); }
const Evaluation& FinishedRun::evaluation() const { refuse_of_simulation("evaluation"); }
Recording FinishedRun::record(std::size_t, std::size_t) const { refuse_of_simulation("recordings of trials"); }
const TrialSet& FinishedRun::training_trials() const { refuse_of_simulation("training trials"); }
Evaluation FinishedRun::evaluate(const TrialSet&, std::span<const ChangedArray>) const {
  refuse_of_simulation("answers to trials");
}
std::vector<double> FinishedRun::log_likelihood(std::span<const double>) const {
  refuse_of_simulation("likelihood of trials");
}
double FinishedRun::duration_s() const { refuse_of_trials("duration"); }
ProbeData FinishedRun::probe(std::string_view) const { refuse_of_trials("probes"); }
std::unique_ptr<Tuning> FinishedRun::tuning(std::size_t) const { refuse_of_trials("ensembles"); }

ReportedUnit reported_unit(Dimension dimension) {
  if (dimension == Dimension::angle) return {180.0 / std::numbers::pi, "deg"};
  if (dimension == Dimension::none) return {1.0, "1"};
  return {1.0, std::string(base_unit(dimension))};
}

namespace {

/// Index of what bears a name; `none` says that there is nothing of its sort.
template <class Item>
std::size_t index_of(const std::vector<Item>& items, std::string_view name, const std::string& what,
                     const std::string& none) {
  std::string known;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].name == name) return i;
    known += (i == 0 ? "'" : ", '") + items[i].name + "'";
  }
  throw Error("the model has no " + what + " '" + std::string(name) + "'; it has " + (known.empty() ? none : known));
}

}  // namespace

std::size_t layer_index(const Model& model, std::string_view name) {
  return index_of(model.layers, name, "layer", "no layers");
}

std::size_t probe_index(const Model& model, std::string_view name) {
  return index_of(model.probes, name, "probe", "no probes");
}

std::vector<std::size_t> choose_layers(const Model& model, std::string_view name, LayerChoice choice) {
  const bool must_spike = choice == LayerChoice::spiking;
  if (!name.empty()) {
    const std::size_t index = layer_index(model, name);
    if (must_spike && !model.layers[index].spiking)
      throw Error("layer '" + std::string(name) + "' (" + model.layers[index].type + ") does not spike");
    return {index};
  }
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < model.layers.size(); ++i)
    if (!must_spike || model.layers[i].spiking) chosen.push_back(i);
  if (chosen.empty()) throw Error(must_spike ? "the model has no layer that spikes" : "the model has no layers");
  return chosen;
}

std::vector<std::int64_t> numbered(std::size_t count) {
  std::vector<std::int64_t> values(count);
  std::iota(values.begin(), values.end(), std::int64_t{0});
  return values;
}

std::size_t Bins::nearest(double value) const {
  const double position = std::floor((value - low_) / (high_ - low_) * static_cast<double>(count_));
  if (!(position > 0)) return 0;
  return static_cast<std::size_t>(std::min(position, static_cast<double>(count_ - 1)));
}

std::optional<std::size_t> Bins::find(double value) const {
  if (!(value >= low_ && value <= high_)) return std::nullopt;
  return nearest(value);
}

std::vector<double> Bins::centres(double scale) const {
  // The ends are scaled first: then the centres of, say, 12 bins over a half-turn come out in whole half degrees.
  const double low = low_ * scale;
  const double width = (high_ * scale - low) / static_cast<double>(count_);
  std::vector<double> values(count_);
  for (std::size_t i = 0; i < count_; ++i) values[i] = low + (static_cast<double>(i) + 0.5) * width;
  return values;
}

Bins target_bins(const TargetInfo& target, std::size_t count) { return {target.minimum, target.maximum, count}; }

Values along_target(const TargetInfo& target, std::size_t count) {
  if (target.categories.size() == count) return target.categories;
  return target_bins(target, count).centres(reported_unit(target.dimension).per_base);
}

Values reported_values(const TargetInfo& target, std::vector<double> values) {
  if (target.categories.empty()) {
    for (double& value : values) value *= reported_unit(target.dimension).per_base;
    return values;
  }
  std::vector<std::string> names(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) names[i] = target.categories.at(static_cast<std::size_t>(values[i]));
  return names;
}

void require_number(const TargetInfo& target, std::string_view analysis) {
  if (!target.categories.empty())
    throw Error(std::string(analysis) + " needs a target with a value, and '" + target.name + "' is a category");
}

void require_spikes(const Model& model, std::string_view analysis) {
  if (model.input.values) throw Error(std::string(analysis) + " needs a stimulus of spikes, and this one shows values");
}

}  // namespace tyto

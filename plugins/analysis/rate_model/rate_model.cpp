/// A rate model of a spiking hidden layer: tuning curves of hidden and output neurons from the rates of the stimulus.

#include <algorithm>
#include <cmath>
#include <optional>

#include <tyto/analysis.hpp>
#include <tyto/analysis_tools.hpp>
#include <tyto/error.hpp>
#include <tyto/plugin.hpp>

#include "rates.hpp"

namespace {

using rate_model::Drive;
using rate_model::FiCurve;
using rate_model::FiFit;

constexpr std::size_t default_bins = 12;

/// The weight matrix of a population that has one input from `from`; null without one.
const tyto::ArrayInfo* only_matrix(const tyto::ModelLayer& layer, std::size_t from) {
  if (layer.inputs.size() != 1 || layer.inputs[0].from != from || !layer.inputs[0].at_once()) return nullptr;
  for (const auto& array : layer.inputs[0].arrays)
    if (array.name == "w" && array.shape.size() == 2) return &array;
  return nullptr;
}

/// The test trials' bins, and who of them is for fitting: the even ones. The odd ones are predicted.
struct Split {
  std::size_t bins = 0;
  std::vector<std::size_t> bin_of;

  [[nodiscard]] static bool fits(std::size_t trial) { return trial % 2 == 0; }
};

/// Mean over the trials of each bin that are (or are not) for fitting, [bin][neuron].
std::vector<double> mean_activity(const tyto::FinishedRun& run, const Split& split, std::size_t layer, bool fitting) {
  const std::size_t size = run.model().layers[layer].size;
  const auto& activity = run.evaluation().activity.at(layer);
  std::vector<tyto::Moments> moments(split.bins * size);
  for (std::size_t trial = 0; trial < split.bin_of.size(); ++trial)
    if (Split::fits(trial) == fitting)
      for (std::size_t i = 0; i < size; ++i) moments[split.bin_of[trial] * size + i].add(activity[trial * size + i]);
  std::vector<double> mean;
  mean.reserve(moments.size());
  for (const auto& moment : moments) mean.push_back(moment.mean());
  return mean;
}

/// Part of the fitting trials of each bin in which a channel fires, [bin][step][channel].
std::vector<double> input_rates(const tyto::FinishedRun& run, const Split& split) {
  const auto& shape = run.trials().shape();
  std::vector<double> rates(split.bins * shape.steps * shape.channels);
  std::vector<double> trials(split.bins);
  for (std::size_t trial = 0; trial < split.bin_of.size(); ++trial) {
    if (!Split::fits(trial)) continue;
    const auto spikes = run.trials().spikes(trial);
    double* of_bin = rates.data() + split.bin_of[trial] * shape.steps * shape.channels;
    for (std::size_t t = 0; t < shape.steps; ++t)
      spikes.for_each(t, [&](std::size_t channel) { of_bin[t * shape.channels + channel] += 1; });
    trials[split.bin_of[trial]] += 1;
  }
  for (std::size_t bin = 0; bin < split.bins; ++bin)
    for (std::size_t k = 0; k < shape.steps * shape.channels; ++k)
      rates[bin * shape.steps * shape.channels + k] /= std::max(trials[bin], 1.0);
  return rates;
}

/// Mean spikes of the chosen neurons in each step, from the recordings of the fitting trials, [bin][step][chosen].
std::vector<double> hidden_courses(const tyto::FinishedRun& run, const Split& split, std::size_t layer,
                                   std::span<const std::size_t> chosen) {
  const std::size_t steps = run.trials().shape().steps;
  std::vector<double> courses(split.bins * steps * chosen.size());
  std::vector<double> trials(split.bins);
  for (std::size_t trial = 0; trial < split.bin_of.size(); ++trial) {
    if (!Split::fits(trial)) continue;
    const auto recording = run.record(trial, layer);
    double* of_bin = courses.data() + split.bin_of[trial] * steps * chosen.size();
    for (std::size_t t = 0; t < std::min(steps, recording.steps); ++t)
      for (std::size_t k = 0; k < chosen.size(); ++k)
        of_bin[t * chosen.size() + k] += recording.output[t * recording.neurons + chosen[k]];
    trials[split.bin_of[trial]] += 1;
  }
  for (std::size_t bin = 0; bin < split.bins; ++bin)
    for (std::size_t k = 0; k < steps * chosen.size(); ++k)
      courses[bin * steps * chosen.size() + k] /= std::max(trials[bin], 1.0);
  return courses;
}

/// rates times weights, [bin][neuron].
std::vector<double> through(std::span<const double> rates, std::span<const double> w, std::size_t from) {
  const std::size_t to = w.size() / from;
  std::vector<double> result(rates.size() / from * to);
  for (std::size_t bin = 0; bin < rates.size() / from; ++bin)
    for (std::size_t i = 0; i < from; ++i)
      for (std::size_t k = 0; k < to; ++k) result[bin * to + k] += rates[bin * from + i] * w[i * to + k];
  return result;
}

struct Agreement {
  std::vector<double> of_neuron;
  double mean = 0;    ///< over the neurons for which it is defined
  double pooled = 0;  ///< over all neurons and bins together
};

/// Correlation over bins of two sets of curves [bin][neuron]; bins without trials are left out.
Agreement agreement(std::span<const double> predicted, std::span<const double> measured, std::size_t neurons) {
  Agreement result;
  std::vector<double> all_predicted, all_measured;
  tyto::Moments moments;
  for (std::size_t i = 0; i < neurons; ++i) {
    std::vector<double> a, b;
    for (std::size_t at = i; at < measured.size(); at += neurons)
      if (!std::isnan(measured[at]) && !std::isnan(predicted[at])) {
        a.push_back(predicted[at]);
        b.push_back(measured[at]);
      }
    all_predicted.insert(all_predicted.end(), a.begin(), a.end());
    all_measured.insert(all_measured.end(), b.begin(), b.end());
    result.of_neuron.push_back(fitting::correlation(a, b));
    if (!std::isnan(result.of_neuron.back())) moments.add(result.of_neuron.back());
  }
  result.mean = moments.mean();
  result.pooled = fitting::correlation(all_predicted, all_measured);
  return result;
}

struct RateModel final : tyto::Analysis {
  std::string layer;
  std::optional<int> bins;

  static auto parameters() {
    return tyto::parameters<RateModel>(
               "Rate model: the f-I curve of the hidden neurons is fitted, and hidden and output tuning curves are "
               "predicted from the rates of the stimulus and the weights, and compared with the spiking ones")
        .text("layer", &RateModel::layer, "", "spiking layer that reads the stimulus; empty: the first that spikes")
        .integer("bins", &RateModel::bins, "",
                 "equal bins over the target's range; left out: one for each class, or 12 without classes")
        .range(3, 1'000)
        .optional();
  }

  void check(const tyto::Model& model, const tyto::Objective& objective) const override {
    tyto::require_number(objective.target_info(), "rate_model");
    tyto::require_spikes(model, "rate_model");
    const std::size_t hidden = tyto::choose_layers(model, layer, tyto::LayerChoice::spiking).front();
    if (only_matrix(model.layers[hidden], tyto::ModelInput::stimulus) == nullptr)
      throw tyto::Error(
          "rate_model needs a layer whose only input is the stimulus through a weight matrix 'w', without synapse and "
          "delay, and "
          "layer '" +
          model.layers[hidden].name + "' has another input");
  }

  void run(const tyto::FinishedRun& run, tyto::Table& table) const override {
    const std::size_t hidden = tyto::choose_layers(run.model(), layer, tyto::LayerChoice::spiking).front();
    const auto& described = run.model().layers[hidden];
    const Split split = divide(run);
    const auto w = run.array(tyto::array_path(described, described.inputs[0], "w"));
    const auto rates = input_rates(run, split);
    const auto& shape = run.trials().shape();
    const Drive drive = rate_model::drive(rates, w, {split.bins, shape.steps, shape.channels, described.size});

    // The f-I curve is one for all neurons, and some of them are enough to fit it.
    const auto chosen = rate_model::some_of(described.size);
    const auto courses = hidden_courses(run, split, hidden, chosen);
    const FiFit fitted = rate_model::fit_fi_curve(drive, chosen, courses);
    write_fi_curve(fitted, shape.dt_s, table);
    const auto unit = tyto::reported_unit(run.objective().target_info().dimension);
    const auto& target = run.objective().target_info();
    table.axis("target", tyto::target_bins(target, split.bins).centres(unit.per_base), unit.name,
               target.name + ", centre of each bin");

    const auto equal = rate_model::equal_weights(w, shape.channels);
    const Drive plain = rate_model::drive(rates, equal, {split.bins, shape.steps, shape.channels, described.size});
    const auto from_rates = rate_model::predict(plain, fitted);
    const auto with_weights = rate_model::predict(drive, fitted);
    const auto measured = mean_activity(run, split, hidden, false);
    write_hidden(described, shape.dt_s, from_rates, with_weights, measured, table);
    const std::size_t last = run.model().layers.size() - 1;
    if (last != hidden && only_matrix(run.model().layers[last], hidden) != nullptr)
      write_output(run, split, last, with_weights, mean_activity(run, split, hidden, true), table);
  }

 private:
  [[nodiscard]] Split divide(const tyto::FinishedRun& run) const {
    Split split;
    const auto& objective = run.objective();
    split.bins = bins ? static_cast<std::size_t>(*bins) : objective.classifies() ? objective.outputs() : default_bins;
    const auto over = tyto::target_bins(objective.target_info(), split.bins);
    for (std::size_t trial = 0; trial < run.trials().size(); ++trial)
      split.bin_of.push_back(over.nearest(run.target(trial)));
    return split;
  }

  static void write_fi_curve(const FiFit& fitted, double dt_s, tyto::Table& table) {
    const FiCurve curve = fitted.curve;
    const auto number = [&](const std::string& name, double value, const std::string& units, const std::string& text) {
      table.variable(name, {}, std::vector<double>{value}, units, text).nan_means("nothing to fit");
    };
    table.attribute("fi_curve",
                    std::string("rate = 1 / (refractory + tau log(1 + threshold / over)), over = softness noise "
                                "log(1 + exp((drive - threshold) / (softness noise)))"));
    number("fi_refractory", curve.refractory_steps * dt_s, "s", "f-I curve, time between spikes at infinite drive");
    number("fi_tau", curve.tau_steps * dt_s, "s", "f-I curve, time constant");
    number("fi_threshold", curve.threshold, "1", "f-I curve, drive above which the neuron fires without noise");
    number("fi_softness", curve.softness, "1", "f-I curve, width of the onset in standard deviations of the drive");
    number("drive_tau", curve.filter_tau_steps * dt_s, "s", "time constant of the filter that makes the drive");
    number("fi_lag", static_cast<double>(fitted.lag_steps) * dt_s, "s", "time from drive to rate");
    number("fi_r_squared", fitted.r_squared, "1",
           "part of the variance of rates over neurons, bins and steps that the f-I curve explains");
    number("fi_rms_residual", fitted.rms_residual / dt_s, "Hz", "root mean square difference of rates and f-I curve");
    table.variable("fi_converged", {}, std::vector<std::int8_t>{static_cast<std::int8_t>(fitted.converged ? 1 : 0)},
                   "1", "1 if the fit of the f-I curve converged");
  }

  static void write_agreement(const std::string& name, const std::string& axis, Agreement found,
                              const std::string& text, tyto::Table& table) {
    table.variable(name + "_correlation", {axis}, std::move(found.of_neuron), "1", text + ", correlation over bins")
        .nan_means("curves that do not vary");
    table
        .variable(name + "_mean_correlation", {}, std::vector<double>{found.mean}, "1",
                  text + ", mean of the neurons' correlations")
        .nan_means("curves that do not vary");
    table
        .variable(name + "_pooled_correlation", {}, std::vector<double>{found.pooled}, "1",
                  text + ", correlation over all neurons and bins")
        .nan_means("curves that do not vary");
  }

  static void write_hidden(const tyto::ModelLayer& described, double dt_s, const std::vector<double>& from_rates,
                           const std::vector<double>& with_weights, const std::vector<double>& measured,
                           tyto::Table& table) {
    const std::string axis = described.name + "_neuron";
    table.axis(axis, tyto::numbered(described.size), "1", "neuron of layer " + described.name);
    const auto curves = [&](const std::string& name, std::vector<double> values, const std::string& text) {
      for (double& value : values) value /= dt_s;
      table.variable(name, {"target", axis}, std::move(values), "Hz", text).nan_means("bins without trials");
    };
    curves("hidden_measured", measured, "firing rate in the trials that were not used for fitting");
    curves("hidden_r", from_rates,
           "R: predicted from the stimulus's rates, each neuron's weights replaced by their mean");
    curves("hidden_rw", with_weights, "RW: predicted from the stimulus's rates and the weights");
    write_agreement("hidden_r", axis, agreement(from_rates, measured, described.size), "R and measured rates", table);
    write_agreement("hidden_rw", axis, agreement(with_weights, measured, described.size), "RW and measured rates",
                    table);
  }

  static void write_output(const tyto::FinishedRun& run, const Split& split, std::size_t last,
                           const std::vector<double>& with_weights, const std::vector<double>& measured_hidden,
                           tyto::Table& table) {
    const auto& output = run.model().layers[last];
    const auto w = run.array(tyto::array_path(output, output.inputs[0], "w"));
    const std::size_t hidden = w.size() / output.size;
    const std::string axis = output.name + "_neuron";
    const auto measured = mean_activity(run, split, last, false);
    auto predicted = through(with_weights, w, hidden);
    auto from_spiking = through(measured_hidden, w, hidden);
    table.axis(axis, tyto::numbered(output.size), "1", "neuron of layer " + output.name);
    write_agreement("output_rwh", axis, agreement(predicted, measured, output.size), "RWH and measured output", table);
    write_agreement("output_h", axis, agreement(from_spiking, measured, output.size),
                    "measured hidden rates times weights and measured output", table);
    table
        .variable("output_measured", {"target", axis}, measured, "1",
                  "mean output over time in the trials that were not used for fitting")
        .nan_means("bins without trials");
    table
        .variable("output_rwh", {"target", axis}, std::move(predicted), "1",
                  "RWH: predicted hidden rates (spikes per step) times output weights")
        .nan_means("bins without trials");
    table
        .variable("output_h", {"target", axis}, std::move(from_spiking), "1",
                  "measured hidden rates (spikes per step) times output weights")
        .nan_means("bins without trials");
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<RateModel>("rate_model"); }

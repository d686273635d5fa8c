/// Fits of a Ricker wavelet to the weights from a hidden layer to the classes.

#include <algorithm>
#include <cmath>

#include <tyto/analysis.hpp>
#include <tyto/analysis_tools.hpp>
#include <tyto/error.hpp>
#include <tyto/math.hpp>
#include <tyto/plugin.hpp>

#include "least_squares.hpp"

namespace {

constexpr std::size_t least_classes = 5;

/// a (1 - d^2 / sigma^2) exp(-d^2 / (2 sigma^2)) + b; sigma enters by its logarithm and so stays positive.
struct Ricker {
  std::span<const double> distance;

  template <class T>
  void operator()(const T* p, T* out) const {
    const T precision = fitting::exp(T(-2) * p[2]);
    for (std::size_t i = 0; i < distance.size(); ++i) {
      const T u = T(distance[i] * distance[i]) * precision;
      out[i] = p[0] * (T(1) - u) * fitting::exp(T(-0.5) * u) + p[1];
    }
  }
};

using RickerFit = fitting::Fit<3>;

RickerFit fit(std::span<const double> distance, std::span<const double> weights) {
  std::vector<std::array<double, 3>> starts;
  double low = weights.empty() ? 0 : weights[0], high = low, mean = 0;
  for (const double w : weights) {
    low = std::min(low, w);
    high = std::max(high, w);
    mean += w / static_cast<double>(weights.size());
  }
  for (const double sigma : {0.5, 1.0, 2.0, 4.0})
    for (const double a : {high - low, low - high}) starts.push_back({a, mean, tyto::log(sigma)});
  return fitting::fit_curve<3>(Ricker{distance}, weights, std::span<const std::array<double, 3>>(starts));
}

/// Why the parameters of a fit should not be read as a wavelet; "ok" if they may.
std::string verdict(const RickerFit& fit, std::size_t classes) {
  if (std::isnan(fit.r_squared)) return "flat weights";
  if (!fit.converged) return "not converged";
  if (tyto::exp(fit.parameters[2]) > static_cast<double>(classes)) return "wider than the range";
  // Narrower than this, all classes but the preferred one lie on the offset, whatever sigma is.
  if (tyto::exp(fit.parameters[2]) < 0.25) return "narrower than a class";
  return "ok";
}

/// The weights from one layer to the output, with the class that each neuron prefers.
struct Rows {
  std::size_t neurons = 0;
  std::size_t classes = 0;
  std::vector<double> w;  ///< [neuron][class]
  std::vector<std::size_t> preferred;

  [[nodiscard]] std::span<const double> row(std::size_t neuron) const {
    return std::span(w).subspan(neuron * classes, classes);
  }
};

/// Rows for all classes in their order: the mean row of the neurons that prefer a class; for a class that none
/// prefers, the line between the nearest classes on both sides that some do, or the nearest one's row.
std::vector<double> resample(const Rows& rows) {
  std::vector<double> sums(rows.classes * rows.classes);
  std::vector<std::size_t> counts(rows.classes);
  for (std::size_t i = 0; i < rows.neurons; ++i) {
    ++counts[rows.preferred[i]];
    for (std::size_t k = 0; k < rows.classes; ++k) sums[rows.preferred[i] * rows.classes + k] += rows.row(i)[k];
  }
  // A row is moved along with its class, so that what is averaged has the same distances from its own class.
  const auto at = [&](std::size_t owner, std::ptrdiff_t distance) {
    const auto last = static_cast<std::ptrdiff_t>(rows.classes) - 1;
    const auto column = std::clamp(static_cast<std::ptrdiff_t>(owner) + distance, std::ptrdiff_t{0}, last);
    return sums[owner * rows.classes + static_cast<std::size_t>(column)] / static_cast<double>(counts[owner]);
  };
  std::vector<double> result(rows.classes * rows.classes);
  for (std::size_t c = 0; c < rows.classes; ++c) {
    std::size_t below = c, above = c;
    while (below > 0 && counts[below] == 0) --below;
    while (above + 1 < rows.classes && counts[above] == 0) ++above;
    if (counts[below] == 0) below = above;
    if (counts[above] == 0) above = below;
    const double part = above == below ? 0 : static_cast<double>(c - below) / static_cast<double>(above - below);
    for (std::size_t k = 0; k < rows.classes; ++k) {
      const auto distance = static_cast<std::ptrdiff_t>(k) - static_cast<std::ptrdiff_t>(c);
      result[c * rows.classes + k] = (1 - part) * at(below, distance) + part * at(above, distance);
    }
  }
  return result;
}

/// Mean over rows by distance from each row's class, for distances -(classes-1) .. classes-1; NaN where there is none.
std::vector<double> align(std::span<const double> rows, std::span<const std::size_t> own, std::size_t classes) {
  std::vector<tyto::Moments> moments(2 * classes - 1);
  for (std::size_t i = 0; i < own.size(); ++i)
    for (std::size_t k = 0; k < classes; ++k) moments[k + classes - 1 - own[i]].add(rows[i * classes + k]);
  std::vector<double> mean;
  mean.reserve(moments.size());
  for (const auto& moment : moments) mean.push_back(moment.mean());
  return mean;
}

/// The place of the peak or valley of a curve; NaN, where there were no trials, is no place.
std::size_t furthest_from_median(const std::vector<double>& curve) {
  std::vector<double> sorted;
  for (const double value : curve)
    if (!std::isnan(value)) sorted.push_back(value);
  std::sort(sorted.begin(), sorted.end());
  const double median = sorted.empty() ? 0 : (sorted[(sorted.size() - 1) / 2] + sorted[sorted.size() / 2]) / 2;
  std::size_t furthest = 0;
  double distance = -1;
  for (std::size_t c = 0; c < curve.size(); ++c)
    if (std::abs(curve[c] - median) > distance) {
      distance = std::abs(curve[c] - median);
      furthest = c;
    }
  return furthest;
}

/// Class distances of every weight of some rows, in the rows' order.
std::vector<double> distances(std::span<const std::size_t> own, std::size_t classes) {
  std::vector<double> all;
  for (const std::size_t c : own)
    for (std::size_t k = 0; k < classes; ++k) all.push_back(static_cast<double>(k) - static_cast<double>(c));
  return all;
}

struct Columns {
  std::vector<double> a, b, sigma, r_squared, residual;
  std::vector<std::int8_t> converged;
  std::vector<std::string> status;

  void add(const RickerFit& fit, std::size_t classes) {
    a.push_back(fit.parameters[0]);
    b.push_back(fit.parameters[1]);
    sigma.push_back(tyto::exp(fit.parameters[2]));
    r_squared.push_back(fit.r_squared);
    residual.push_back(fit.rms_residual);
    converged.push_back(fit.converged ? 1 : 0);
    status.push_back(verdict(fit, classes));
  }

  void write(const std::string& prefix, const std::vector<std::string>& axes, const std::string& of,
             tyto::Table& table) {
    table.variable(prefix + "a", axes, std::move(a), "1", "Ricker fit of " + of + ", height over b at the class itself")
        .nan_means("weights that do not vary");
    table.variable(prefix + "b", axes, std::move(b), "1", "Ricker fit of " + of + ", offset")
        .nan_means("weights that do not vary");
    table.variable(prefix + "sigma", axes, std::move(sigma), "1", "Ricker fit of " + of + ", width in classes")
        .nan_means("weights that do not vary");
    table
        .variable(prefix + "r_squared", axes, std::move(r_squared), "1",
                  "part of the variance of " + of + " that the fit explains")
        .nan_means("weights that do not vary");
    table
        .variable(prefix + "rms_residual", axes, std::move(residual), "1",
                  "root mean square difference of " + of + " and fit")
        .nan_means("weights that do not vary");
    table.variable(prefix + "converged", axes, std::move(converged), "1", "1 if the fit of " + of + " converged");
    table.variable(prefix + "status", axes, std::move(status), "1",
                   "ok, or why the fit of " + of + " describes no wavelet");
  }
};

enum class Prefer { weights, rates };

struct RickerAnalysis final : tyto::Analysis {
  Prefer prefer = Prefer::weights;

  static auto parameters() {
    return tyto::parameters<RickerAnalysis>(
               "Fit of a Ricker wavelet to the weights from hidden neurons to classes, by distance from the class that "
               "the neuron prefers: neuron by neuron, all together, resampled and aligned")
        .choice("prefer", &RickerAnalysis::prefer, {{"weights", Prefer::weights}, {"rates", Prefer::rates}}, "weights",
                "the class that a neuron stands for: the one with its largest weight, or the one in which its rate is "
                "furthest from its median over classes, be it a peak or a valley");
  }

  void check(const tyto::Model& model, const tyto::Objective& objective) const override {
    if (!objective.classifies()) throw tyto::Error("ricker_fit needs an objective with classes");
    tyto::require_number(objective.target_info(), "ricker_fit");
    if (objective.outputs() < least_classes)
      throw tyto::Error("ricker_fit needs at least " + std::to_string(least_classes) + " classes, and there are " +
                        std::to_string(objective.outputs()));
    const auto& inputs = model.layers.back().inputs;
    if (inputs.size() != 1 || inputs[0].from == tyto::ModelInput::stimulus || inputs[0].from + 1 == model.layers.size())
      throw tyto::Error("ricker_fit needs an output layer with one input, from a layer of neurons");
    for (const auto& array : inputs[0].arrays)
      if (array.name == "w" && array.shape.size() == 2) return;
    throw tyto::Error("ricker_fit needs a weight matrix 'w' into the output layer, and its input '" + inputs[0].type +
                      "' has none");
  }

  void run(const tyto::FinishedRun& run, tyto::Table& table) const override {
    const auto& output = run.model().layers.back();
    const std::string name = run.model().layers[output.inputs[0].from].name;
    Rows rows;
    rows.classes = run.objective().outputs();
    rows.w = run.array(tyto::array_path(output, output.inputs[0], "w"));
    rows.neurons = rows.w.size() / rows.classes;
    rows.preferred = prefer == Prefer::weights ? by_weights(rows) : by_rates(run, rows);

    table.attribute("curve", std::string("a (1 - d^2 / sigma^2) exp(-d^2 / (2 sigma^2)) + b, d: distance in classes"));
    table.axis(name + "_neuron", tyto::numbered(rows.neurons), "1", "neuron of layer " + name);
    std::vector<std::int64_t> preferred(rows.preferred.begin(), rows.preferred.end());
    table.variable("preferred_class", {name + "_neuron"}, std::move(preferred), "1", "class that the neuron prefers");
    Columns each;
    for (std::size_t i = 0; i < rows.neurons; ++i)
      each.add(fit(distances(std::span(rows.preferred).subspan(i, 1), rows.classes), rows.row(i)), rows.classes);
    each.write("neuron_", {name + "_neuron"}, "a neuron's weights", table);
    Columns pooled;
    pooled.add(fit(distances(rows.preferred, rows.classes), rows.w), rows.classes);
    pooled.write("pooled_", {}, "all weights", table);
    write_resampled(run.objective(), rows, table);
  }

 private:
  static std::vector<std::size_t> by_weights(const Rows& rows) {
    std::vector<std::size_t> preferred;
    for (std::size_t i = 0; i < rows.neurons; ++i) {
      const auto row = rows.row(i);
      preferred.push_back(static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin()));
    }
    return preferred;
  }

  static std::vector<std::size_t> by_rates(const tyto::FinishedRun& run, const Rows& rows) {
    const auto& activity = run.evaluation().activity.at(run.model().layers.back().inputs[0].from);
    std::vector<tyto::Moments> means(rows.neurons * rows.classes);
    for (std::size_t trial = 0; trial < run.trials().size(); ++trial) {
      const std::size_t c = run.objective().class_of(run.target(trial));
      for (std::size_t i = 0; i < rows.neurons; ++i)
        means[i * rows.classes + c].add(activity[trial * rows.neurons + i]);
    }
    std::vector<std::size_t> preferred;
    for (std::size_t i = 0; i < rows.neurons; ++i) {
      std::vector<double> curve;
      for (std::size_t c = 0; c < rows.classes; ++c) curve.push_back(means[i * rows.classes + c].mean());
      preferred.push_back(furthest_from_median(curve));
    }
    return preferred;
  }

  static void write_resampled(const tyto::Objective& objective, const Rows& rows, tyto::Table& table) {
    const std::size_t classes = rows.classes;
    const auto resampled = resample(rows);
    std::vector<std::size_t> own(classes);
    for (std::size_t c = 0; c < classes; ++c) own[c] = c;
    const auto aligned = align(resampled, own, classes);
    std::vector<double> distance;
    for (std::size_t d = 0; d < 2 * classes - 1; ++d)
      distance.push_back(static_cast<double>(d) - static_cast<double>(classes - 1));
    Columns columns;
    const auto made = fit(distance, aligned);
    columns.add(made, classes);
    columns.write("aligned_", {}, "the resampled and aligned weights", table);
    std::vector<double> fitted(distance.size());
    Ricker{distance}(made.parameters.data(), fitted.data());

    const auto unit = tyto::reported_unit(objective.target_info().dimension);
    const auto centres = tyto::target_bins(objective.target_info(), classes).centres(unit.per_base);
    const std::string text = objective.target_info().name + ", centre of each class";
    table.axis("row_class", centres, unit.name, text);
    const std::string column = objective.target_info().name + "_class";
    table.axis(column, centres, unit.name, text);
    table.axis("class_distance", distance, "1", "distance from the row's own class, in classes");
    table
        .variable("resampled", {"row_class", column}, resampled, "1",
                  "weights of the neurons that prefer each class, in between where there are none")
        .nan_means("distances without weights, weights that do not vary");
    table.variable("aligned", {"class_distance"}, aligned, "1", "mean of the resampled rows by class distance")
        .nan_means("distances without weights, weights that do not vary");
    table.variable("aligned_fitted", {"class_distance"}, std::move(fitted), "1", "Ricker wavelet fitted to them")
        .nan_means("distances without weights, weights that do not vary");
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<RickerAnalysis>("ricker_fit"); }

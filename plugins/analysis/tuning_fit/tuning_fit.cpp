/// Gaussian fits of tuning curves.

#include <algorithm>
#include <cmath>
#include <optional>

#include <tyto/analysis.hpp>
#include <tyto/analysis_tools.hpp>
#include <tyto/error.hpp>
#include <tyto/math.hpp>
#include <tyto/plugin.hpp>

#include "least_squares.hpp"

namespace {

using Curve = std::vector<double>;
constexpr std::size_t least_bins = 6;

/// offset + amplitude exp(-(x - centre)^2 / (2 width^2)); the width enters by its logarithm and so stays positive.
struct Gaussian {
  enum Parameter : std::size_t { offset, amplitude, centre, log_width };
  std::span<const double> x;

  template <class T>
  void operator()(const T* p, T* out) const {
    const T precision = fitting::exp(T(-2) * p[log_width]);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const T distance = T(x[i]) - p[centre];
      out[i] = p[offset] + p[amplitude] * fitting::exp(T(-0.5) * distance * distance * precision);
    }
  }
};

using GaussianFit = fitting::Fit<4>;

/// A hill at the curve's highest point and a valley at its lowest, each with several widths.
std::vector<std::array<double, 4>> starting_points(std::span<const double> x, std::span<const double> y, double range) {
  const auto highest = static_cast<std::size_t>(std::max_element(y.begin(), y.end()) - y.begin());
  const auto lowest = static_cast<std::size_t>(std::min_element(y.begin(), y.end()) - y.begin());
  const double height = y[highest] - y[lowest];
  std::vector<std::array<double, 4>> starts;
  for (const double part : {0.06, 0.12, 0.25}) {
    starts.push_back({y[lowest], height, x[highest], tyto::log(part * range)});
    starts.push_back({y[highest], -height, x[lowest], tyto::log(part * range)});
  }
  return starts;
}

/// Why the parameters of a fit should not be read as a peak; "ok" if they may.
std::string verdict(const GaussianFit& fit, const tyto::TargetInfo& target) {
  if (std::isnan(fit.r_squared)) return "flat curve";
  if (!fit.converged) return "not converged";
  const double centre = fit.parameters[Gaussian::centre];
  if (centre < target.minimum || centre > target.maximum) return "centre outside the range";
  if (tyto::exp(fit.parameters[Gaussian::log_width]) > target.maximum - target.minimum) return "wider than the range";
  return "ok";
}

/// One column for each number that is told of a fit, filled neuron by neuron.
struct Columns {
  std::vector<double> offset, amplitude, centre, width, r_squared, residual, fitted;
  std::vector<std::int8_t> converged;
  std::vector<std::string> status;
};

struct TuningFit final : tyto::Analysis {
  std::string layer;
  int bins = 0;

  static auto parameters() {
    return tyto::parameters<TuningFit>(
               "Gaussian fit of every neuron's tuning curve: offset, amplitude, centre, width, R^2, and which fits "
               "failed")
        .text("layer", &TuningFit::layer, "", "layer to fit; empty: every layer that spikes")
        .integer("bins", &TuningFit::bins, "36", "equal bins over the target's range")
        .range(least_bins, 10'000);
  }

  void check(const tyto::Model& model, const tyto::Objective& objective) const override {
    (void)layers(model);
    const auto& target = objective.target_info();
    tyto::require_number(target, "tuning_fit");
    if (!(target.minimum < target.maximum))
      throw tyto::Error("tuning_fit needs a target with a range, and that of '" + target.name + "' is empty");
  }

  void run(const tyto::FinishedRun& run, tyto::Table& table) const override {
    const auto& target = run.objective().target_info();
    const auto unit = tyto::reported_unit(target.dimension);
    const auto over = tyto::target_bins(target, static_cast<std::size_t>(bins));
    table.axis("target", over.centres(unit.per_base), unit.name, target.name + ", centre of each bin");
    table.attribute("curve", std::string("offset + amplitude exp(-(target - centre)^2 / (2 width^2))"));
    for (const std::size_t index : layers(run.model())) describe(run, index, over, unit, table);
  }

 private:
  [[nodiscard]] std::vector<std::size_t> layers(const tyto::Model& model) const {
    return tyto::choose_layers(model, layer, layer.empty() ? tyto::LayerChoice::spiking : tyto::LayerChoice::any);
  }

  /// Mean activity, [bin][neuron]; NaN in bins without trials.
  static Curve curves(const tyto::FinishedRun& run, std::size_t index, const tyto::Bins& over) {
    const auto& described = run.model().layers[index];
    const auto& activity = run.evaluation().activity.at(index);
    const double scale = described.spiking ? 1 / run.trials().shape().dt_s : 1;
    std::vector<tyto::Moments> moments(over.size() * described.size);
    for (std::size_t trial = 0; trial < run.trials().size(); ++trial) {
      const std::size_t bin = over.nearest(run.target(trial));
      for (std::size_t i = 0; i < described.size; ++i)
        moments[bin * described.size + i].add(scale * activity[trial * described.size + i]);
    }
    Curve mean;
    for (const auto& moment : moments) mean.push_back(moment.mean());
    return mean;
  }

  static GaussianFit fit(std::span<const double> x, std::span<const double> y, double range) {
    if (y.size() <= 4) return fitting::fit_curve<4>(Gaussian{x}, y, {});
    const auto starts = starting_points(x, y, range);
    return fitting::fit_curve<4>(Gaussian{x}, y, std::span(starts));
  }

  static void add(const GaussianFit& fit, const tyto::TargetInfo& target, double per_base, Columns& columns) {
    const auto& p = fit.parameters;
    columns.offset.push_back(p[Gaussian::offset]);
    columns.amplitude.push_back(p[Gaussian::amplitude]);
    columns.centre.push_back(p[Gaussian::centre] * per_base);
    columns.width.push_back(tyto::exp(p[Gaussian::log_width]) * per_base);
    columns.r_squared.push_back(fit.r_squared);
    columns.residual.push_back(fit.rms_residual);
    columns.converged.push_back(fit.converged ? 1 : 0);
    columns.status.push_back(verdict(fit, target));
  }

  static void describe(const tyto::FinishedRun& run, std::size_t index, const tyto::Bins& over,
                       const tyto::ReportedUnit& unit, tyto::Table& table) {
    const auto& described = run.model().layers[index];
    const auto& target = run.objective().target_info();
    const auto all = curves(run, index, over);
    const auto centres = over.centres();
    Columns columns;
    columns.fitted.resize(all.size());
    for (std::size_t i = 0; i < described.size; ++i) {
      std::vector<double> x, y;
      for (std::size_t bin = 0; bin < over.size(); ++bin)
        if (const double value = all[bin * described.size + i]; !std::isnan(value)) {
          x.push_back(centres[bin]);
          y.push_back(value);
        }
      const auto made = fit(x, y, target.maximum - target.minimum);
      add(made, target, unit.per_base, columns);
      std::vector<double> fitted(centres.size());
      Gaussian{centres}(made.parameters.data(), fitted.data());
      for (std::size_t bin = 0; bin < over.size(); ++bin) columns.fitted[bin * described.size + i] = fitted[bin];
    }
    write(described, std::move(columns), all, unit, table);
  }

  static void write(const tyto::ModelLayer& described, Columns columns, const Curve& measured,
                    const tyto::ReportedUnit& unit, tyto::Table& table) {
    const std::string& name = described.name;
    const std::string neurons = name + "_neuron";
    const std::string units = described.spiking ? "Hz" : "1";
    const auto ok = std::count(columns.status.begin(), columns.status.end(), "ok");
    table.axis(neurons, tyto::numbered(described.size), "1", "neuron of layer " + name);
    const auto column = [&](const std::string& what, std::vector<double>& values, const std::string& its_units,
                            const std::string& text) {
      table.variable(name + "_" + what, {neurons}, std::move(values), its_units, text)
          .nan_means("curves that do not vary");
    };
    column("offset", columns.offset, units, "Gaussian fit, activity far from the centre");
    column("amplitude", columns.amplitude, units,
           "Gaussian fit, height of the peak over the offset; below 0: a valley");
    column("centre", columns.centre, unit.name, "Gaussian fit, target value at the peak");
    column("width", columns.width, unit.name, "Gaussian fit, standard deviation");
    column("r_squared", columns.r_squared, "1", "part of the curve's variance over bins that the fit explains");
    column("rms_residual", columns.residual, units, "root mean square difference of curve and fit");
    table.variable(name + "_converged", {neurons}, std::move(columns.converged), "1", "1 if the fit converged");
    table.variable(name + "_status", {neurons}, std::move(columns.status), "1",
                   "ok, or why the parameters do not describe a peak within the range");
    table.variable(name + "_fits_ok", {}, std::vector<std::int64_t>{ok}, "1", "neurons whose fit is ok");
    table.variable(name + "_measured", {"target", neurons}, measured, units, "tuning curves that were fitted")
        .nan_means("bins without trials, fits of curves that do not vary");
    table.variable(name + "_fitted", {"target", neurons}, std::move(columns.fitted), units, "the fitted curves")
        .nan_means("bins without trials, fits of curves that do not vary");
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<TuningFit>("tuning_fit"); }

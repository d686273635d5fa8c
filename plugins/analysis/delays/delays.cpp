/// Delays: every array of delays, its spread, and how many of its delays have come to rest at a bound.

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <tyto/analysis.hpp>
#include <tyto/analysis_tools.hpp>
#include <tyto/error.hpp>
#include <tyto/plugin.hpp>

namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

bool is_delay(const tyto::ArrayInfo& info) { return info.name == "d" && info.units == "ms"; }

std::vector<tyto::NetworkArray> delay_arrays(const tyto::Model& model) {
  std::vector<tyto::NetworkArray> found;
  for (const auto& array : tyto::ArrayTable(model))
    if (is_delay(array.info)) found.push_back(array);
  return found;
}

/// Lowest and highest delay, found as what the constraint makes of numbers far outside.
struct Bounds {
  double lower_ms = undefined;
  double upper_ms = undefined;
};
Bounds bounds_of(const tyto::ArrayInfo& info) {
  if (!info.constraint) return {};
  constexpr double far = std::numeric_limits<double>::max();
  std::array<double, 2> probe{-far, far};
  const std::array<std::size_t, 1> shape{2};
  info.constraint->project(probe, {probe, {}, shape});
  Bounds bounds;
  if (probe[0] > -far) bounds.lower_ms = probe[0];
  if (probe[1] < far) bounds.upper_ms = probe[1];
  return bounds;
}

/// Delays may have been kept in float32, and then a bound is only met as nearly as that.
bool meets(double delay_ms, double bound_ms) {
  return std::abs(delay_ms - bound_ms) <= 1e-6 * std::max(1.0, std::abs(bound_ms));
}

/// One row of the table of statistics for each array.
struct Statistics {
  std::vector<std::string> names;
  std::vector<std::int64_t> count, at_lower, at_upper;
  std::vector<double> mean, sd, minimum, maximum, lower, upper, bound_share;

  void add(const std::string& name, const Bounds& bounds, const std::vector<double>& delays_ms) {
    tyto::Moments moments;
    std::int64_t low = 0, high = 0;
    for (const double delay : delays_ms) {
      moments.add(delay);
      low += meets(delay, bounds.lower_ms) ? 1 : 0;
      high += meets(delay, bounds.upper_ms) ? 1 : 0;
    }
    names.push_back(name);
    count.push_back(static_cast<std::int64_t>(moments.count()));
    at_lower.push_back(low);
    at_upper.push_back(high);
    mean.push_back(moments.mean());
    sd.push_back(moments.sd());
    minimum.push_back(moments.minimum());
    maximum.push_back(moments.maximum());
    lower.push_back(bounds.lower_ms);
    upper.push_back(bounds.upper_ms);
    bound_share.push_back(static_cast<double>(low + high) / static_cast<double>(moments.count()));
  }

  void write(tyto::Table& table) && {
    table.axis("array", std::move(names), "1", "array of delays");
    table.variable("count", {"array"}, std::move(count), "1", "number of delays");
    table.variable("mean", {"array"}, std::move(mean), "ms", "mean delay");
    table.variable("sd", {"array"}, std::move(sd), "ms", "standard deviation (n - 1) of the delays")
        .nan_means("a single delay");
    table.variable("minimum", {"array"}, std::move(minimum), "ms", "shortest delay");
    table.variable("maximum", {"array"}, std::move(maximum), "ms", "longest delay");
    table.variable("lower_bound", {"array"}, std::move(lower), "ms", "shortest possible delay")
        .nan_means("delays without a bound");
    table.variable("upper_bound", {"array"}, std::move(upper), "ms", "longest possible delay")
        .nan_means("delays without a bound");
    table.variable("at_lower_bound", {"array"}, std::move(at_lower), "1", "number of delays at the lower bound");
    table.variable("at_upper_bound", {"array"}, std::move(at_upper), "1", "number of delays at the upper bound");
    table.variable("bound_share", {"array"}, std::move(bound_share), "1", "share of delays at either bound");
  }
};

struct Delays final : tyto::Analysis {
  int bins = 0;

  static auto parameters() {
    return tyto::parameters<Delays>("Values, histogram and statistics of learned delays, and how many are at a bound")
        .integer("bins", &Delays::bins, "50", "bins of the histogram, from 0 to the longest delay")
        .range(1, 10000);
  }

  void check(const tyto::Model& model, const tyto::Objective&) const override { check(model); }
  void check(const tyto::Model& model) const override {
    if (delay_arrays(model).empty()) throw tyto::Error("delays needs a layer with delays, and this model has none");
  }

  void run(const tyto::FinishedRun& run, tyto::Table& table) const override {
    const auto found = delay_arrays(run.model());
    Statistics statistics;
    std::vector<std::vector<double>> values;
    double longest_ms = 0;
    for (const auto& array : found) {
      values.push_back(run.array(array.path()));
      const auto bounds = bounds_of(array.info);
      statistics.add(array.path(), bounds, values.back());
      if (bounds.upper_ms > longest_ms) longest_ms = bounds.upper_ms;
      for (const double delay : values.back()) longest_ms = std::max(longest_ms, delay);
    }
    std::move(statistics).write(table);
    write_histogram(values, longest_ms, table);
    for (std::size_t k = 0; k < found.size(); ++k) write_values(found[k], std::move(values[k]), table);
  }

 private:
  void write_histogram(const std::vector<std::vector<double>>& values, double longest_ms, tyto::Table& table) const {
    // Bins need a width even where every delay is zero and nothing bounds them.
    const tyto::Bins over(0, longest_ms > 0 ? longest_ms : 1, static_cast<std::size_t>(bins));
    std::vector<std::int64_t> counts(values.size() * over.size(), 0);
    for (std::size_t k = 0; k < values.size(); ++k)
      for (const double delay : values[k]) ++counts[k * over.size() + over.nearest(delay)];
    table.axis("delay", over.centres(), "ms", "delay, middle of each bin");
    table.variable("histogram", {"array", "delay"}, std::move(counts), "1", "number of delays in each bin");
  }

  static void write_values(const tyto::NetworkArray& array, std::vector<double> values, tyto::Table& table) {
    std::string name = array.path();
    std::replace(name.begin(), name.end(), '/', '_');
    std::vector<std::string> axes;
    for (std::size_t k = 0; k < array.info.shape.size(); ++k) {
      axes.push_back(name + "_" + array.info.axes[k]);
      table.axis(axes.back(), tyto::numbered(array.info.shape[k]), "1", "index of the neuron or channel, from 0");
    }
    table.variable(name, axes, std::move(values), "ms", "delays " + array.path());
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<Delays>("delays", {tyto::capability::simulation, tyto::capability::trials}); }

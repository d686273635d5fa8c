#include "summary.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace tyto::sweep {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t most_lines = 200;

/// Each metric's text in a line, as "83.1 % +- 1.2".
std::string cell(const Metric& metric, const Statistics& found, bool several) {
  const bool part = metric.name.ends_with("accuracy");
  const double scale = part ? 100 : 1;
  std::string text = part ? fmt::format("{:.1f} %", scale * found.mean) : fmt::format("{:.4g}", found.mean);
  if (found.count == 0) return "failed";
  if (several && found.count > 1)
    text += part ? fmt::format(" +- {:.1f}", scale * found.half) : fmt::format(" +- {:.2g}", found.half);
  return text;
}

std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      text += i + 1 < row.size() ? fmt::format("{:<{}}  ", row[i], widths[i]) : row[i];
    text += '\n';
  }
  return text;
}

/// The statistics of each setting: over the seeds, or of the one value where no axis is one of seeds.
std::vector<Statistics> settings_of(const Metric& metric, const Grid& grid, std::optional<std::size_t> seed_axis) {
  if (seed_axis) return over_axis(metric, grid, *seed_axis);
  std::vector<Statistics> all;
  for (const double& value : metric.values) all.push_back(statistics(std::span(&value, 1)));
  return all;
}

}  // namespace

Statistics statistics(std::span<const double> values) {
  Statistics found;
  double sum = 0;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    sum += value;
    ++found.count;
  }
  const auto n = static_cast<double>(found.count);
  found.mean = found.count > 0 ? sum / n : nan;
  found.sem = found.half = nan;
  if (found.count < 2) return found;
  double squares = 0;
  for (const double value : values)
    if (!std::isnan(value)) squares += (value - found.mean) * (value - found.mean);
  found.sem = std::sqrt(squares / (n - 1) / n);
  found.half = boost::math::quantile(boost::math::students_t(n - 1), 0.975) * found.sem;
  return found;
}

std::vector<Statistics> over_axis(const Metric& metric, const Grid& grid, std::size_t axis) {
  const std::size_t length = size_of(grid.axes[axis].values);
  std::size_t inner = 1;
  for (std::size_t k = axis + 1; k < grid.axes.size(); ++k) inner *= size_of(grid.axes[k].values);
  std::vector<Statistics> all;
  std::vector<double> values(length);
  for (std::size_t begin = 0; begin < metric.values.size(); begin += length * inner) {
    for (std::size_t i = 0; i < inner; ++i) {
      for (std::size_t k = 0; k < length; ++k) values[k] = metric.values[begin + k * inner + i];
      all.push_back(statistics(values));
    }
  }
  return all;
}

Grid without_axis(const Grid& grid, std::size_t axis) {
  Grid rest = grid;
  const std::string name = grid.axes[axis].name;
  rest.axes.erase(rest.axes.begin() + static_cast<std::ptrdiff_t>(axis));
  std::erase_if(rest.coordinates, [&](const Variable& coordinate) { return coordinate.axes.front() == name; });
  return rest;
}

Table summary_table(const std::vector<Metric>& metrics, const std::string& group, const Grid& grid,
                    std::size_t seed_axis) {
  const Grid rest = without_axis(grid, seed_axis);
  const auto axes = rest.names();
  Table table;
  add_grid(rest, table);
  for (const auto& metric : metrics) {
    if (metric.group != group) continue;
    const auto all = over_axis(metric, grid, seed_axis);
    const auto add = [&](const std::string& ending, const std::string& what, auto value) {
      std::vector<double> column;
      column.reserve(all.size());
      for (const auto& one : all) column.push_back(value(one));
      table.variable(metric.name + ending, axes, std::move(column), metric.units, what + ": " + metric.long_name);
    };
    add("_mean", "mean over seeds", [](const Statistics& one) { return one.mean; });
    add("_sem", "standard error of the mean", [](const Statistics& one) { return one.sem; });
    add("_low", "lower end of the mean's 95 % interval", [](const Statistics& one) { return one.mean - one.half; });
    add("_high", "upper end of the mean's 95 % interval", [](const Statistics& one) { return one.mean + one.half; });
    std::vector<std::int64_t> counts;
    counts.reserve(all.size());
    for (const auto& one : all) counts.push_back(one.count);
    table.variable(metric.name + "_n", axes, std::move(counts), "1", "number of seeds");
  }
  return table;
}

std::string summary_text(const std::vector<Metric>& metrics, const Grid& grid,
                         const std::vector<std::vector<std::string>>& labels, std::optional<std::size_t> seed_axis) {
  std::vector<std::vector<std::string>> rows(1);
  std::vector<std::size_t> shown;
  for (std::size_t axis = 0; axis < grid.axes.size(); ++axis) {
    if (axis == seed_axis) continue;
    shown.push_back(axis);
    rows[0].push_back(grid.axes[axis].name);
  }
  std::size_t settings = 1;
  for (const auto axis : shown) settings *= labels[axis].size();
  for (std::size_t i = 0; i < std::min(settings, most_lines); ++i) {
    auto& row = rows.emplace_back(shown.size());
    for (std::size_t k = shown.size(), rest = i; k-- > 0; rest /= labels[shown[k]].size())
      row[k] = labels[shown[k]][rest % labels[shown[k]].size()];
  }
  // Of the last stage that was tested, where there are stages.
  std::string shown_group;
  for (const auto& metric : metrics)
    if (metric.group.ends_with("/metrics/test")) shown_group = metric.group;
  for (const auto& metric : metrics) {
    if (metric.group != shown_group) continue;
    rows[0].push_back(metric.name);
    const auto all = settings_of(metric, grid, seed_axis);
    for (std::size_t i = 1; i < rows.size(); ++i) rows[i].push_back(cell(metric, all[i - 1], seed_axis.has_value()));
  }
  if (shown_group.empty()) return "";
  std::string text = aligned(rows);
  if (settings > most_lines) text += fmt::format("... and {} more in the results file\n", settings - most_lines);
  return text;
}

}  // namespace tyto::sweep

#include "show.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <tyto/data_file.hpp>
#include <tyto/error.hpp>

#include "../results/outline.hpp"
#include "../results/results_file.hpp"
#include "../spec/reader.hpp"
#include "../spec/words.hpp"

namespace tyto::stored {

using results::Outline;

namespace {

std::string unit_of(const Outline::Item& item) { return item.units.empty() || item.units == "1" ? "" : item.units; }

/// "(true_class 12, estimated_class 12)"
std::string shape_text(const Outline::Item& item) {
  std::vector<std::string> axes;
  for (std::size_t k = 0; k < item.shape.size(); ++k)
    axes.push_back(item.axes[k].empty() ? std::to_string(item.shape[k])
                                        : fmt::format("{} {}", item.axes[k], item.shape[k]));
  return item.shape.empty() ? "" : fmt::format(" ({})", fmt::join(axes, ", "));
}

std::string line_of(const Outline::Item& item) {
  const std::string unit = unit_of(item);
  return fmt::format("  {}{}{}  {}\n", results::name_of(item.path), shape_text(item), unit.empty() ? "" : " " + unit,
                     item.long_name);
}

bool lies_in(const std::string& path, const std::string& group) {
  return group == "/" || path == group || path.starts_with(group + "/");
}

std::string list_of(const Outline& outline, const std::string& group) {
  std::string text;
  for (const auto& each : outline.groups) {
    if (!lies_in(each.path, group)) continue;
    std::string lines;
    for (const auto& item : outline.items)
      if (results::group_of(item.path) == each.path && !item.axis) lines += line_of(item);
    if (!lines.empty()) text += each.path + '\n' + lines;
  }
  return text;
}

/// Single numbers below groups that are called metrics, a line for each group.
std::string metrics_of(const std::filesystem::path& file, const Outline& outline) {
  std::map<std::string, std::string> lines;
  for (const auto& item : outline.items) {
    const std::string group = results::group_of(item.path);
    if (group.find("/metrics/") == std::string::npos || !item.shape.empty() || !item.is_number()) continue;
    const double value = read_data(file.string(), item.path).numbers().at(0);
    lines[group] += fmt::format("  {} {:.4g}{}", results::name_of(item.path), value,
                                unit_of(item).empty() ? "" : " " + unit_of(item));
  }
  std::string text;
  for (const auto& [group, line] : lines) text += group + line + '\n';
  return text;
}

/// What may be amiss with the network.
std::string health_of(const std::filesystem::path& file, const Outline& outline) {
  std::string text;
  for (const auto& item : outline.items) {
    if (results::name_of(item.path) != "message" || !results::group_of(item.path).ends_with("/health")) continue;
    for (const auto& message : read_data(file.string(), item.path).texts())
      if (!message.empty()) text += "warning: " + message + '\n';
  }
  return text;
}

/// Rows of an array's last axis, as far as they find room.
std::string values_of(const std::filesystem::path& file, const Outline::Item& item) {
  constexpr std::size_t most = 400;
  const auto array = read_data(file.string(), item.path);
  const std::size_t row = item.shape.empty() ? 1 : std::max<std::size_t>(item.shape.back(), 1);
  const std::size_t shown = std::min(array.size(), most);
  std::vector<std::string> texts;
  if (item.is_number()) {
    std::vector<double> values(shown);
    array.read(0, values);
    for (const double value : values) texts.push_back(fmt::format("{:.6g}", value));
  } else {
    texts = array.texts();
    texts.resize(shown);
  }
  std::string text;
  for (std::size_t i = 0; i < shown; ++i)
    text += texts[i] + ((i + 1) % row == 0 || i + 1 == shown || !item.is_number() ? "\n" : "  ");
  if (shown < array.size()) text += fmt::format("... {} more\n", array.size() - shown);
  return text;
}

}  // namespace

std::string overview(const std::filesystem::path& file) {
  const Outline outline = results::read_outline(file);
  const auto root = [&](const char* name) { return outline.attribute("/", name); };
  const auto made = [&](const char* name) { return outline.attribute("/provenance", name); };
  if (root("tyto_version").empty()) throw Error("'" + file.string() + "' is no results file of Tyto");
  std::string text = fmt::format("{}: {}\n", file.string(), root("title").empty() ? "results" : root("title"));
  text += fmt::format("status {}, tyto {}{}\n", root("status"), root("tyto_version"),
                      root("seed").empty() ? "" : ", seed " + root("seed"));
  if (!made("command_line").empty()) text += "made by '" + made("command_line") + "'\n";
  text += fmt::format("from {} to {}{}, backend {}, {} threads\n", made("started"), made("finished"),
                      made("host").empty() ? "" : " on " + made("host"), made("backend"), made("threads"));
  text += metrics_of(file, outline) + health_of(file, outline);
  return text + '\n' + list_of(outline, "/");
}

std::string contents(const std::filesystem::path& file, const std::string& path) {
  const Outline outline = results::read_outline(file);
  const std::string place = path.starts_with('/') ? path : "/" + path;
  if (const Outline::Item* const item = outline.find(place)) return line_of(*item).substr(2) + values_of(file, *item);
  for (const auto& group : outline.groups)
    if (group.path == place) return list_of(outline, place);
  std::vector<std::string> known;
  for (const auto& item : outline.items) known.push_back(item.path);
  for (const auto& group : outline.groups) known.push_back(group.path);
  throw Error("there is no '" + place + "' in '" + file.string() + "'" + spec::suggestion(place, known));
}

}  // namespace tyto::stored

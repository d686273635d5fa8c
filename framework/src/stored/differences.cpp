#include "differences.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <tyto/data_file.hpp>
#include <tyto/error.hpp>

#include "../results/outline.hpp"
#include "../spec/node.hpp"

namespace tyto::stored {

using results::group_of;
using results::Outline;
using results::read_one_text;
using results::read_outline;

namespace {

/// What files say of where and when they were made, the keys of a sweep's runs included, into which the program goes.
bool is_of_the_making(const std::string& path) { return group_of(path) == "/provenance" || path == "/sweep/run_key"; }

/// Each value of a configuration by its path.
void flatten(const spec::Node& node, const std::string& path, std::map<std::string, std::string>& values) {
  if (node.is_scalar()) values[path] = node.text;
  if (node.type == spec::Node::Type::null) values[path] = "null";
  for (std::size_t i = 0; i < node.items.size(); ++i) flatten(node.items[i], path + "." + std::to_string(i), values);
  for (const auto& entry : node.entries)
    flatten(entry.value, path.empty() ? entry.key : path + "." + entry.key, values);
}

std::map<std::string, std::string> settings_of(const std::filesystem::path& file, const Outline& outline) {
  std::map<std::string, std::string> values;
  const std::string path = "/provenance/resolved_yaml";
  if (outline.find(path) != nullptr) flatten(spec::parse(read_one_text(file, path), file.string()), "", values);
  return values;
}

std::vector<std::string> compare_settings(const std::map<std::string, std::string>& a,
                                          const std::map<std::string, std::string>& b) {
  std::vector<std::string> lines;
  for (const auto& [path, value] : a)
    if (const auto other = b.find(path); other == b.end())
      lines.push_back(fmt::format("{}: {} | -", path, value));
    else if (other->second != value)
      lines.push_back(fmt::format("{}: {} | {}", path, value, other->second));
  for (const auto& [path, value] : b)
    if (!a.contains(path)) lines.push_back(fmt::format("{}: - | {}", path, value));
  return lines;
}

/// Where a number lies in its array: "(3, 4)".
std::string place_text(std::size_t index, const std::vector<std::size_t>& shape) {
  std::vector<std::size_t> place(shape.size());
  for (std::size_t axis = shape.size(); axis-- > 0; index /= shape[axis]) place[axis] = index % shape[axis];
  return fmt::format("({})", fmt::join(place, ", "));
}

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) || (std::isnan(a) && std::isnan(b));
}

/// How two arrays of numbers differ; empty if they do not.
std::string compare_numbers(const DataArray& a, const DataArray& b) {
  constexpr std::size_t at_once = std::size_t{1} << 16U;
  std::vector<double> of_a, of_b;
  double largest = -1;
  std::size_t count = 0, where = 0;
  double value_a = 0, value_b = 0;
  for (std::size_t first = 0; first < a.size(); first += at_once) {
    of_a.resize(std::min(at_once, a.size() - first));
    of_b.resize(of_a.size());
    a.read(first, of_a);
    b.read(first, of_b);
    for (std::size_t i = 0; i < of_a.size(); ++i) {
      if (same_bits(of_a[i], of_b[i])) continue;
      ++count;
      const double difference = std::abs(of_a[i] - of_b[i]);
      if (!(difference > largest) && !std::isnan(difference)) continue;
      largest = std::isnan(difference) ? largest : difference;
      where = first + i;
      value_a = of_a[i];
      value_b = of_b[i];
    }
  }
  if (count == 0) return {};
  if (a.size() == 1) return fmt::format("{} | {}", value_a, value_b);
  return fmt::format("{} of {} numbers, most at {}: {} | {}", count, a.size(), place_text(where, a.shape()), value_a,
                     value_b);
}

std::string compare_items(const std::filesystem::path& file_a, const Outline::Item& a,
                          const std::filesystem::path& file_b, const Outline::Item& b) {
  if (a.units != b.units) return fmt::format("in {} | {}", a.units, b.units);
  if (a.axes != b.axes) return fmt::format("along ({}) | ({})", fmt::join(a.axes, ", "), fmt::join(b.axes, ", "));
  if (a.shape != b.shape) return fmt::format("shape ({}) | ({})", fmt::join(a.shape, ", "), fmt::join(b.shape, ", "));
  if (a.is_number() != b.is_number()) return "numbers in one, texts in the other";
  if (a.element == "other" || b.element == "other") return "values of a kind that is not compared";
  if (a.size() == 0) return {};
  const auto of_a = read_data(file_a.string(), a.path), of_b = read_data(file_b.string(), b.path);
  if (a.is_number()) return compare_numbers(of_a, of_b);
  const auto texts_a = of_a.texts(), texts_b = of_b.texts();
  const auto [at, other] = std::mismatch(texts_a.begin(), texts_a.end(), texts_b.begin(), texts_b.end());
  return at == texts_a.end() ? "" : fmt::format("'{}' | '{}'", *at, *other);
}

/// Of groups, but for what says where and when they were made.
void compare_attributes(const Outline& a, const Outline& b, std::vector<std::string>& lines) {
  for (const auto& group : a.groups) {
    if (group.path == "/provenance") continue;
    for (const auto& [name, value] : group.attributes)
      if (const std::string other = b.attribute(group.path, name); other != value && name != "tyto_version")
        lines.push_back(fmt::format("{} has the attribute {}: {} | {}", group.path, name, value, other));
  }
  for (const auto& group : b.groups) {
    if (group.path == "/provenance") continue;
    for (const auto& [name, value] : group.attributes)
      if (a.attribute(group.path, name).empty() && !value.empty() && name != "tyto_version")
        lines.push_back(fmt::format("{} has the attribute {}:  | {}", group.path, name, value));
  }
}

}  // namespace

Differences differences(const std::filesystem::path& a, const std::filesystem::path& b) {
  const Outline of_a = read_outline(a), of_b = read_outline(b);
  Differences found;
  found.settings = compare_settings(settings_of(a, of_a), settings_of(b, of_b));
  for (const auto& item : of_a.items) {
    if (is_of_the_making(item.path)) continue;
    const Outline::Item* const other = of_b.find(item.path);
    const std::string text = other == nullptr ? "only in the first" : compare_items(a, item, b, *other);
    if (text.empty())
      ++found.equal;
    else
      found.data.push_back(item.path + ": " + text);
  }
  compare_attributes(of_a, of_b, found.data);
  for (const auto& item : of_b.items)
    if (!is_of_the_making(item.path) && of_a.find(item.path) == nullptr)
      found.data.push_back(item.path + ": only in the second");
  return found;
}

}  // namespace tyto::stored

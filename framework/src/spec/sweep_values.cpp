#include "sweep_values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>

#include <fmt/format.h>

#include <tyto/math.hpp>
#include <tyto/units.hpp>

#include "words.hpp"

namespace tyto::spec {

namespace {

constexpr std::array<std::string_view, 4> range_names{"linspace", "logspace", "geometric", "count"};
constexpr std::array dimensions{Dimension::none, Dimension::time, Dimension::frequency, Dimension::angle,
                                Dimension::voltage};

std::optional<double> quantity(const Node& node, Dimension dimension) {
  if (!node.is_scalar() || node.quoted) return std::nullopt;
  try {
    return parse_quantity(node.text, dimension);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::optional<std::int64_t> whole_number(const Node& node) {
  if (!node.is_scalar() || node.quoted) return std::nullopt;
  std::int64_t value = 0;
  const char* end = node.text.data() + node.text.size();
  const auto [stop, status] = std::from_chars(node.text.data(), end, value);
  if (status != std::errc{} || stop != end) return std::nullopt;
  return value;
}

/// The unit at the end of a quantity that has been read, "" for a plain number.
std::string unit_of(const std::string& text) {
  const std::size_t digit = text.find_last_of("0123456789.");
  const std::size_t begin = text.find_first_not_of(" \t", digit + 1);
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

/// Quantities of one dimension as numbers in one unit: their own if they share it, else the base unit.
struct Quantities {
  std::vector<double> numbers;
  std::string unit;  ///< "" for plain numbers
};

std::optional<Quantities> as_quantities(std::span<const Node> nodes) {
  for (const Dimension dimension : dimensions) {
    if (!std::all_of(nodes.begin(), nodes.end(), [&](const Node& n) { return quantity(n, dimension).has_value(); }))
      continue;
    Quantities found;
    found.unit = unit_of(nodes.front().text);
    const bool shared =
        std::all_of(nodes.begin(), nodes.end(), [&](const Node& n) { return unit_of(n.text) == found.unit; });
    if (!shared) found.unit = std::string(base_unit(dimension));
    for (const auto& node : nodes) {
      // The number in front of the unit is read as it stands, so that 3 ms is 3 and not 3.0000000000000004.
      const auto number =
          shared ? make_scalar(node.text.substr(0, node.text.find_last_of("0123456789.") + 1), {}) : node;
      found.numbers.push_back(*quantity(number, shared ? Dimension::none : dimension));
    }
    return found;
  }
  return std::nullopt;
}

/// Without the noise that arithmetic leaves in the last digits, where that changes the number by no more than noise.
double without_noise(double value) {
  double rounded = 0;
  const std::string text = fmt::format("{:.12g}", value);
  std::from_chars(text.data(), text.data() + text.size(), rounded);
  const double noise = 8 * std::numeric_limits<double>::epsilon() * std::abs(value);
  return std::abs(rounded - value) <= noise ? rounded : value;
}

std::size_t count_of(const Node& node) {
  const auto count = whole_number(node);
  if (!count || *count < 1 || *count > static_cast<std::int64_t>(most_runs))
    throw InvalidInput(node.place, fmt::format("a number of values from 1 to {} is needed", most_runs));
  return static_cast<std::size_t>(*count);
}

Node with_unit(double value, const std::string& unit, const Place& place) {
  if (!std::isfinite(value)) throw InvalidInput(place, "this range leads to numbers that are too large");
  return make_scalar(format_quantity(value, Dimension::none) + (unit.empty() ? "" : " " + unit), place);
}

/// The part of the way at which each of `count` values lies.
template <class At>
std::vector<Node> spaced(std::size_t count, const std::string& unit, const Place& place, At at) {
  std::vector<Node> nodes;
  const double last = static_cast<double>(std::max<std::size_t>(count, 2) - 1);
  for (std::size_t i = 0; i < count; ++i)
    nodes.push_back(with_unit(without_noise(at(static_cast<double>(i), last)), unit, place));
  return nodes;
}

std::vector<Node> logspace(const Node& arguments) {
  const auto& items = arguments.items;
  const auto from = quantity(items[0], Dimension::none);
  const auto to = quantity(items[1], Dimension::none);
  if (!from || !to)
    throw InvalidInput(items[from ? 1 : 0].place,
                       "logspace: powers of ten are needed, as in [-4, -2, 5] for 0.0001 to "
                       "0.01; 'geometric' takes the ends themselves");
  const std::string unit = items.size() > 3 ? items[3].text : "";
  if (items.size() > 3 &&
      (!items[3].is_scalar() || as_quantities(std::array{make_scalar("1 " + unit, {})}) == std::nullopt))
    throw InvalidInput(items[3].place, "logspace: " + quote(unit) + " is not a unit");
  return spaced(count_of(items[2]), unit, arguments.place,
                [&](double i, double last) { return tyto::pow(10.0, (*from * (last - i) + *to * i) / last); });
}

std::vector<Node> between(const std::string& name, const Node& arguments) {
  const auto& items = arguments.items;
  const auto ends = as_quantities(std::span(items).first(2));
  if (!ends)
    throw InvalidInput(items[0].place, name + ": two numbers, or two quantities of one kind, are needed as the ends");
  const double from = ends->numbers[0];
  const double to = ends->numbers[1];
  if (name == "linspace")
    return spaced(count_of(items[2]), ends->unit, arguments.place,
                  [&](double i, double last) { return (from * (last - i) + to * i) / last; });
  if (!(from * to > 0)) throw InvalidInput(items[0].place, "geometric: both ends must be above 0, or both below it");
  return spaced(count_of(items[2]), ends->unit, arguments.place,
                [&](double i, double last) { return i == last ? to : from * tyto::pow(to / from, i / last); });
}

std::vector<Node> range_values(const Node& node, const std::string& path, std::uint64_t first_seed) {
  const std::string& name = node.entries.front().key;
  const Node& arguments = node.entries.front().value;
  if (name == "count") {
    if (!is_seed(path))
      throw InvalidInput(node.entries.front().place, "'count' makes seeds; here a list or another range is needed");
    std::vector<Node> seeds;
    for (std::size_t i = 0, count = count_of(arguments); i < count; ++i)
      seeds.push_back(make_scalar(std::to_string(first_seed + i), arguments.place));
    return seeds;
  }
  const std::size_t most = name == "logspace" ? 4 : 3;
  if (!arguments.is_sequence() || arguments.items.size() < 3 || arguments.items.size() > most)
    throw InvalidInput(arguments.place, name + ": [from, to, number of values] is needed" +
                                            (most == 4 ? ", with a unit behind it if there is one" : ""));
  return name == "logspace" ? logspace(arguments) : between(name, arguments);
}

/// A value on one line.
std::string label_of(const Node& node) {
  if (node.type == Node::Type::null) return "null";
  if (node.is_scalar()) return node.text;
  std::string text;
  for (const auto& item : node.items) text += (text.empty() ? "" : ", ") + label_of(item);
  for (const auto& entry : node.entries) text += (text.empty() ? "" : ", ") + entry.key + ": " + label_of(entry.value);
  return node.is_map() ? "{" + text + "}" : "[" + text + "]";
}

void refuse_repetition(const SweptPath& swept) {
  std::visit(
      [&](const auto& numbers) {
        std::set<std::decay_t<decltype(numbers.front())>> seen;
        for (std::size_t i = 0; i < numbers.size(); ++i)
          if (!seen.insert(numbers[i]).second)
            throw InvalidInput(swept.values[i].place,
                               swept.path + ": the value " + quote(swept.labels[i]) + " is there twice");
      },
      swept.numbers);
}

}  // namespace

bool is_seed(std::string_view path) { return path == "seed" || path.starts_with("seed."); }

bool is_range(const Node& node) {
  return node.is_map() && node.entries.size() == 1 &&
         std::find(range_names.begin(), range_names.end(), node.entries.front().key) != range_names.end();
}

std::vector<Node> swept_values(const Node& node, const std::string& path, std::uint64_t first_seed) {
  if (is_range(node)) return range_values(node, path, first_seed);
  if (!node.is_sequence())
    throw InvalidInput(node.place,
                       path + ": a list of values is needed, or a range as in {linspace: [1 ms, 30 ms, 8]}");
  if (node.items.empty()) throw InvalidInput(node.place, path + ": this list is empty");
  return node.items;
}

void describe_values(SweptPath& swept) {
  for (const auto& value : swept.values) swept.labels.push_back(label_of(value));
  std::vector<std::int64_t> whole;
  for (const auto& value : swept.values)
    if (const auto number = whole_number(value)) whole.push_back(*number);
  if (whole.size() == swept.values.size()) {
    swept.numbers = std::move(whole);
  } else if (auto quantities = as_quantities(swept.values)) {
    swept.numbers = std::move(quantities->numbers);
    if (!quantities->unit.empty()) swept.units = quantities->unit;
  } else {
    swept.numbers = swept.labels;
  }
  refuse_repetition(swept);
}

}  // namespace tyto::spec

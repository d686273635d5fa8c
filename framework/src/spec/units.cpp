#include <tyto/units.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numbers>
#include <optional>

#include <tyto/error.hpp>

#include "words.hpp"

namespace tyto {

namespace {

using spec::quote;

/// A unit, and for decimal ones the power of ten that leads to the base unit: "35 ms" is then read as
/// the decimal 35e-3, which is the double nearest to 0.035, where 35 * 0.001 is not.
struct KnownUnit {
  Unit unit;
  std::optional<int> power_of_ten;
};

constexpr double pi = std::numbers::pi;

constexpr std::array known_units{
    KnownUnit{{"s", Dimension::time, 1}, 0},
    KnownUnit{{"ms", Dimension::time, 1e-3}, -3},
    KnownUnit{{"us", Dimension::time, 1e-6}, -6},
    KnownUnit{{"ns", Dimension::time, 1e-9}, -9},
    KnownUnit{{"min", Dimension::time, 60}, {}},
    KnownUnit{{"Hz", Dimension::frequency, 1}, 0},
    KnownUnit{{"mHz", Dimension::frequency, 1e-3}, -3},
    KnownUnit{{"kHz", Dimension::frequency, 1e3}, 3},
    KnownUnit{{"rad", Dimension::angle, 1}, 0},
    KnownUnit{{"deg", Dimension::angle, pi / 180}, {}},
    KnownUnit{{"turn", Dimension::angle, 2 * pi}, {}},
    KnownUnit{{"V", Dimension::voltage, 1}, 0},
    KnownUnit{{"mV", Dimension::voltage, 1e-3}, -3},
};

constexpr auto unit_table = [] {
  std::array<Unit, known_units.size()> table{};
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = known_units[i].unit;
  return table;
}();

struct DimensionName {
  Dimension dimension;
  std::string_view name;
  std::string_view with_article;
  std::string_view example;
};

constexpr std::array dimension_names{
    DimensionName{Dimension::none, "none", "a number", "2"},
    DimensionName{Dimension::time, "time", "a time", "2 ms"},
    DimensionName{Dimension::frequency, "frequency", "a frequency", "50 Hz"},
    DimensionName{Dimension::angle, "angle", "an angle", "90 deg"},
    DimensionName{Dimension::voltage, "voltage", "a voltage", "10 mV"},
};

const DimensionName& words_for(Dimension dimension) {
  return *std::find_if(dimension_names.begin(), dimension_names.end(),
                       [dimension](const auto& entry) { return entry.dimension == dimension; });
}

std::string names_of_units(Dimension dimension) {
  std::string text;
  for (const auto& unit : unit_table) {
    if (unit.dimension != dimension) continue;
    if (!text.empty()) text += ", ";
    text += unit.name;
  }
  return text;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) {
  // Bytes of 0x80 and above belong to letters such as the Greek mu.
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (static_cast<unsigned char>(c) & 0x80U) != 0;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// A decimal number at the start of a text, cut into its parts.
struct Decimal {
  std::string_view sign_and_digits;  ///< without the exponent
  int exponent = 0;
  std::string_view rest;  ///< what follows the number
};

std::size_t count_digits(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end - at;
}

/// The number at the start of `text`, or nothing if there is none.
std::optional<Decimal> cut_decimal(std::string_view text) {
  std::size_t at = !text.empty() && (text[0] == '+' || text[0] == '-') ? 1 : 0;
  const std::size_t whole = count_digits(text, at);
  at += whole;
  std::size_t fraction = 0;
  if (at < text.size() && text[at] == '.') {
    fraction = count_digits(text, at + 1);
    if (whole + fraction > 0) at += 1 + fraction;
  }
  if (whole + fraction == 0) return std::nullopt;
  Decimal decimal{text.substr(0, at), 0, {}};
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    const bool minus = at + 1 < text.size() && text[at + 1] == '-';
    const bool sign = minus || (at + 1 < text.size() && text[at + 1] == '+');
    const std::size_t from = at + (sign ? 2 : 1);
    const std::size_t digits = count_digits(text, from);
    if (digits > 0) {
      // Anything beyond these bounds is out of range, whatever the digits before it.
      constexpr int huge = 100000;
      int size = 0;
      const auto end = text.data() + from + digits;
      if (std::from_chars(text.data() + from, end, size).ec != std::errc{} || size > huge) size = huge;
      decimal.exponent = minus ? -size : size;
      at = from + digits;
    }
  }
  decimal.rest = text.substr(at);
  return decimal;
}

[[noreturn]] void refuse_leading_zero(std::string_view number) {
  const bool negative = number.front() == '-';
  std::string_view digits = number;
  while (digits.size() > 1 && !(is_digit(digits[0]) && digits[0] != '0') && is_digit(digits[1]))
    digits.remove_prefix(1);
  throw Error(quote(number) + " has a leading zero, which could be taken for an octal number; write '" +
              (negative ? "-" : "") + std::string(digits) + "'");
}

bool is_not_finite(std::string_view text) {
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  if (!text.empty() && text[0] == '.') text.remove_prefix(1);
  std::string word(text);
  for (auto& c : word) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return word == "inf" || word == "infinity" || word == "nan";
}

[[noreturn]] void refuse_not_a_number(std::string_view text, Dimension dimension) {
  if (is_not_finite(text)) throw Error(quote(text) + " is not a finite number");
  const auto& words = words_for(dimension);
  throw Error(quote(text) + " is not " + std::string(words.with_article) +
              (dimension == Dimension::none ? "" : ", as in '" + std::string(words.example) + "'"));
}

double to_double(const Decimal& decimal, int power_of_ten, std::string_view text) {
  std::string_view digits = decimal.sign_and_digits;
  if (digits.front() == '+') digits.remove_prefix(1);
  const std::string number = std::string(digits) + 'e' + std::to_string(decimal.exponent + power_of_ten);
  double value = 0;
  const auto [end, status] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (status != std::errc{} || !std::isfinite(value)) throw Error(quote(text) + " is too large or too small a number");
  return value;
}

/// The number of a quantity, in checked form; what follows it in `rest` is a unit or nothing.
Decimal checked_decimal(std::string_view text, Dimension dimension) {
  const auto decimal = cut_decimal(text);
  if (!decimal) refuse_not_a_number(text, dimension);
  const std::string_view rest = decimal->rest;
  std::string_view digits = decimal->sign_and_digits;
  if (digits.front() == '+' || digits.front() == '-') digits.remove_prefix(1);
  if (!rest.empty() && rest.front() == '_') throw Error(quote(text) + " is not a number; write it without '_'");
  if (digits == "0" && !rest.empty() && std::string_view("xXoObB").find(rest.front()) != std::string_view::npos)
    throw Error(quote(text) + " is not a decimal number");
  if (digits.size() > 1 && digits[0] == '0' && is_digit(digits[1])) refuse_leading_zero(decimal->sign_and_digits);
  if (!trim(rest).empty() && !is_letter(trim(rest).front())) refuse_not_a_number(text, dimension);
  return *decimal;
}

const KnownUnit& checked_unit(std::string_view name, Dimension dimension) {
  const auto& words = words_for(dimension);
  if (name.empty())
    throw Error("needs a unit of " + std::string(words.name) + " (" + names_of_units(dimension) + "), as in '" +
                std::string(words.example) + "'");
  const auto known = std::find_if(known_units.begin(), known_units.end(),
                                  [name](const auto& entry) { return entry.unit.name == name; });
  if (known == known_units.end())
    throw Error(quote(name) + " is not a unit of " + std::string(words.name) + " (" + names_of_units(dimension) + ")");
  if (known->unit.dimension != dimension)
    throw Error(quote(name) + " is a unit of " + std::string(to_string(known->unit.dimension)) + "; " +
                std::string(words.with_article) + " is needed");
  return *known;
}

std::string shortest(double value) {
  std::array<char, 64> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), result.ptr};
}

}  // namespace

std::span<const Unit> units() { return unit_table; }

std::string_view base_unit(Dimension dimension) {
  for (const auto& unit : unit_table)
    if (unit.dimension == dimension) return unit.name;
  return "";
}

std::string_view to_string(Dimension dimension) { return words_for(dimension).name; }

Dimension dimension_from(std::string_view name) {
  for (const auto& entry : dimension_names)
    if (entry.name == name) return entry.dimension;
  throw Error(quote(name) + " is not a dimension; known are none, time, frequency, angle, voltage");
}

double parse_quantity(std::string_view text, Dimension dimension) {
  const std::string_view trimmed = trim(text);
  const Decimal decimal = checked_decimal(trimmed, dimension);
  const std::string_view unit_name = trim(decimal.rest);
  if (dimension == Dimension::none) {
    if (!unit_name.empty()) throw Error(quote(trimmed) + " has a unit; a plain number is needed");
    return to_double(decimal, 0, trimmed);
  }
  const KnownUnit& unit = checked_unit(unit_name, dimension);
  if (unit.power_of_ten) return to_double(decimal, *unit.power_of_ten, trimmed);
  const double value = to_double(decimal, 0, trimmed) * unit.unit.to_base;
  if (!std::isfinite(value)) throw Error(quote(trimmed) + " is too large or too small a number");
  return value;
}

std::string format_quantity(double value, Dimension dimension) {
  if (dimension == Dimension::none) return shortest(value);
  if (dimension == Dimension::time && value != 0 && std::abs(value) < 1) {
    std::string in_ms = shortest(value * 1e3) + " ms";
    const std::string in_s = shortest(value) + " s";
    if (in_ms.size() <= in_s.size() + 1 && parse_quantity(in_ms, dimension) == value) return in_ms;
  }
  return shortest(value) + ' ' + std::string(base_unit(dimension));
}

}  // namespace tyto

/// Physical dimensions and the units in which people write them. Inside Tyto every number is in
/// the base unit: seconds, hertz, radians, volts.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <tyto/export.hpp>

namespace tyto {

enum class Dimension { none, time, frequency, angle, voltage };

struct Unit {
  std::string_view name;  ///< as written in YAML, e.g. "ms"
  Dimension dimension;
  double to_base;  ///< value in the base unit = number * to_base
};

/// All units, base unit of each dimension first.
[[nodiscard]] TYTO_API std::span<const Unit> units();
/// The base unit's name ("s", "Hz", "rad", "V"; empty for Dimension::none).
[[nodiscard]] TYTO_API std::string_view base_unit(Dimension dimension);
/// "time", "frequency", ...
[[nodiscard]] TYTO_API std::string_view to_string(Dimension dimension);
/// Throws Error for an unknown name.
[[nodiscard]] TYTO_API Dimension dimension_from(std::string_view name);

/// Reads "2 ms" (number, optional blanks, unit) or, for Dimension::none, "2". Throws Error with a
/// sentence that says what is wrong: not a number, not finite, octal, unit missing, unknown unit or
/// unit of another dimension.
[[nodiscard]] TYTO_API double parse_quantity(std::string_view text, Dimension dimension);

/// The shortest text that parse_quantity() reads back to the same value, in the base unit or, for
/// times below one second, in ms where that is exact.
[[nodiscard]] TYTO_API std::string format_quantity(double value, Dimension dimension);

}  // namespace tyto

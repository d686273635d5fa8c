#include <tyto/units.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>
#include <string>

#include <tyto/error.hpp>

namespace tyto {
namespace {

std::string complaint(std::string_view text, Dimension dimension) {
  try {
    static_cast<void>(parse_quantity(text, dimension));
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

TEST(Units, DecimalUnitsGiveTheDoubleNearestToTheDecimalText) {
  EXPECT_EQ(parse_quantity("2 ms", Dimension::time), 0.002);
  EXPECT_EQ(parse_quantity("35 ms", Dimension::time), 0.035);
  EXPECT_EQ(parse_quantity("0.1ms", Dimension::time), 0.0001);
  EXPECT_EQ(parse_quantity("7 us", Dimension::time), 7e-6);
  EXPECT_EQ(parse_quantity("3 ns", Dimension::time), 3e-9);
  EXPECT_EQ(parse_quantity("1.5e3 ms", Dimension::time), 1.5);
  EXPECT_EQ(parse_quantity("1.5 min", Dimension::time), 90);
  EXPECT_EQ(parse_quantity("600 Hz", Dimension::frequency), 600);
  EXPECT_EQ(parse_quantity("0.6 kHz", Dimension::frequency), 600);
  EXPECT_EQ(parse_quantity("500 mHz", Dimension::frequency), 0.5);
  EXPECT_EQ(parse_quantity("-65 mV", Dimension::voltage), -0.065);
}

TEST(Units, Angles) {
  EXPECT_DOUBLE_EQ(parse_quantity("90 deg", Dimension::angle), std::numbers::pi / 2);
  EXPECT_DOUBLE_EQ(parse_quantity("0.25 turn", Dimension::angle), std::numbers::pi / 2);
  EXPECT_EQ(parse_quantity("1.25 rad", Dimension::angle), 1.25);
}

TEST(Units, PlainNumbers) {
  EXPECT_EQ(parse_quantity("2", Dimension::none), 2);
  EXPECT_EQ(parse_quantity("+.5", Dimension::none), 0.5);
  EXPECT_EQ(parse_quantity("-5.", Dimension::none), -5);
  EXPECT_EQ(parse_quantity("1e-3", Dimension::none), 1e-3);
  EXPECT_EQ(parse_quantity("0.0", Dimension::none), 0);
  EXPECT_EQ(parse_quantity(" 3 ", Dimension::none), 3);
}

TEST(Units, UnitsThatAreMissingUnknownOrOfAnotherDimension) {
  EXPECT_EQ(complaint("2", Dimension::time), "needs a unit of time (s, ms, us, ns, min), as in '2 ms'");
  EXPECT_EQ(complaint("2 Hz", Dimension::time), "'Hz' is a unit of frequency; a time is needed");
  EXPECT_EQ(complaint("2 msec", Dimension::time), "'msec' is not a unit of time (s, ms, us, ns, min)");
  EXPECT_EQ(complaint("2 ms", Dimension::none), "'2 ms' has a unit; a plain number is needed");
  EXPECT_EQ(complaint("2 s", Dimension::angle), "'s' is a unit of time; an angle is needed");
}

TEST(Units, WhatIsNoDecimalNumber) {
  EXPECT_EQ(complaint("010", Dimension::none),
            "'010' has a leading zero, which could be taken for an octal number; write '10'");
  EXPECT_EQ(complaint("-007 ms", Dimension::time),
            "'-007' has a leading zero, which could be taken for an octal number; write '-7'");
  EXPECT_EQ(complaint("00", Dimension::none),
            "'00' has a leading zero, which could be taken for an octal number; write '0'");
  EXPECT_EQ(complaint("0x1F", Dimension::none), "'0x1F' is not a decimal number");
  EXPECT_EQ(complaint("0o17", Dimension::none), "'0o17' is not a decimal number");
  EXPECT_EQ(complaint("1_000", Dimension::none), "'1_000' is not a number; write it without '_'");
  EXPECT_EQ(complaint("fast", Dimension::time), "'fast' is not a time, as in '2 ms'");
  EXPECT_EQ(complaint("1,000 ms", Dimension::time), "'1,000 ms' is not a time, as in '2 ms'");
  EXPECT_EQ(complaint("", Dimension::none), "'' is not a number");
  EXPECT_EQ(complaint(".", Dimension::none), "'.' is not a number");
  EXPECT_EQ(complaint("1.2.3", Dimension::none), "'1.2.3' is not a number");
  EXPECT_EQ(complaint("--1", Dimension::none), "'--1' is not a number");
}

TEST(Units, WhatIsNotFinite) {
  for (const auto* text : {".inf", "-.inf", ".nan", "nan", "Infinity", ".NaN"})
    EXPECT_EQ(complaint(text, Dimension::none), "'" + std::string(text) + "' is not a finite number");
  EXPECT_EQ(complaint("1e999", Dimension::none), "'1e999' is too large or too small a number");
  EXPECT_EQ(complaint("1e99999999999999999999 ms", Dimension::time),
            "'1e99999999999999999999 ms' is too large or too small a number");
  EXPECT_EQ(complaint("1e308 min", Dimension::time), "'1e308 min' is too large or too small a number");
}

TEST(Units, FormattedQuantitiesAreReadBackToTheSameBits) {
  EXPECT_EQ(format_quantity(0.002, Dimension::time), "2 ms");
  EXPECT_EQ(format_quantity(0.0001, Dimension::time), "0.1 ms");
  EXPECT_EQ(format_quantity(0, Dimension::time), "0 s");
  EXPECT_EQ(format_quantity(1.5, Dimension::time), "1.5 s");
  EXPECT_EQ(format_quantity(600, Dimension::frequency), "600 Hz");
  EXPECT_EQ(format_quantity(2.5, Dimension::none), "2.5");
  double value = 1e-12;
  for (int i = 0; i < 4000; ++i) {
    value *= 1.0123456789;
    for (const auto dimension :
         {Dimension::none, Dimension::time, Dimension::frequency, Dimension::angle, Dimension::voltage})
      for (const double x : {value, -value, std::nextafter(value, 1e300)})
        ASSERT_EQ(parse_quantity(format_quantity(x, dimension), dimension), x) << format_quantity(x, dimension);
  }
}

TEST(Units, TheTableBeginsWithBaseUnits) {
  for (const auto dimension : {Dimension::time, Dimension::frequency, Dimension::angle, Dimension::voltage}) {
    EXPECT_EQ(dimension_from(to_string(dimension)), dimension);
    const Unit* first = nullptr;
    for (const auto& unit : units())
      if (first == nullptr && unit.dimension == dimension) first = &unit;
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(first->to_base, 1);
    EXPECT_EQ(first->name, base_unit(dimension));
  }
  EXPECT_EQ(base_unit(Dimension::none), "");
  EXPECT_THROW(static_cast<void>(dimension_from("length")), Error);
}

}  // namespace
}  // namespace tyto

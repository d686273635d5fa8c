#include "spec/reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "fake_components.hpp"

namespace tyto::spec {
namespace {

using test::FakeComponents;
using test::faults_of;

/// Every type of parameter, with every kind of bound.
struct Settings {
  double tau_s = 0;
  double ratio = 0;
  float gain = 0;
  int count = 0;
  std::int64_t large = 0;
  bool on = false;
  std::string label;
  int mode = 0;
  std::optional<double> limit_hz;
  std::shared_ptr<const Surrogate> surrogate;
  struct Inner {
    double low = 0;
    int steps = 0;
  } inner;
  std::optional<Inner> extra;

  static auto inner_parameters() {
    return tyto::parameters<Inner>("Inner")
        .number("low", &Inner::low, "0.5", "a bound")
        .integer("steps", &Inner::steps, "3", "steps");
  }
  static auto parameters() {
    return tyto::parameters<Settings>("Settings")
        .time("tau", &Settings::tau_s, "2 ms", "time constant")
        .positive()
        .number("ratio", &Settings::ratio, "0.5", "a share")
        .range(0, 1)
        .number("gain", &Settings::gain, "1", "a factor")
        .below(10)
        .integer("count", &Settings::count, "", "how many")
        .required()
        .range(1, 64)
        .integer("large", &Settings::large, "0", "any size")
        .at_most(9e15)
        .boolean("on", &Settings::on, "true", "switch")
        .text("label", &Settings::label, "", "words")
        .choice("mode", &Settings::mode, {{"mean", 1}, {"last", 2}}, "mean", "which")
        .frequency("limit", &Settings::limit_hz, "", "highest rate")
        .optional()
        .component("surrogate", &Settings::surrogate, "sigmoid", "of the spike")
        .group("inner", &Settings::inner, inner_parameters(), "more")
        .group("extra", &Settings::extra, inner_parameters(), "even more")
        .check([](const Settings& s) -> std::optional<Problem> {
          if (s.ratio * s.count <= 10) return std::nullopt;
          return Problem{"ratio", "ratio times count must be at most 10"};
        });
  }
};

struct Outcome {
  Settings settings;
  std::string resolved;
  std::string faults;
};

Outcome read(const std::string& text) {
  FakeComponents components;
  Reader reader(components);
  Outcome outcome;
  const Node resolved = reader.read(parse(text, "f.yaml"), Settings::parameters(), outcome.settings);
  outcome.resolved = write(resolved);
  outcome.faults = faults_of([&] { reader.finish(); });
  return outcome;
}

std::string faults(const std::string& text) { return read(text).faults; }

TEST(Reader, FillsAnObjectAndItsDefaults) {
  const Outcome outcome = read(
      "{count: 12, tau: 35 ms, limit: 0.2 kHz, mode: last, label: two words, gain: 2.5, large: 8000000000, on: false,\n"
      " surrogate: {type: sigmoid, slope: 7}, extra: {steps: 9}}");
  EXPECT_EQ(outcome.faults, "no fault");
  const Settings& s = outcome.settings;
  EXPECT_EQ(s.tau_s, 0.035);
  EXPECT_EQ(s.ratio, 0.5);
  EXPECT_EQ(s.gain, 2.5F);
  EXPECT_EQ(s.count, 12);
  EXPECT_EQ(s.large, 8000000000);
  EXPECT_FALSE(s.on);
  EXPECT_EQ(s.label, "two words");
  EXPECT_EQ(s.mode, 2);
  EXPECT_EQ(s.limit_hz, 200);
  EXPECT_EQ(s.surrogate->primitive(1), 7);
  EXPECT_EQ(s.inner.low, 0.5);
  EXPECT_EQ(s.inner.steps, 3);
  ASSERT_TRUE(s.extra.has_value());
  EXPECT_EQ(s.extra->steps, 9);
}

TEST(Reader, TheResolvedConfigurationIsCompleteAndReadsTheSame) {
  const Outcome first = read("{count: 12}");
  EXPECT_EQ(first.resolved,
            "tau: 2 ms\nratio: 0.5\ngain: 1\ncount: 12\nlarge: 0\n\"on\": true\nlabel: \"\"\nmode: mean\n"
            "surrogate:\n  type: sigmoid\n  slope: 5\ninner:\n  low: 0.5\n  steps: 3\n");
  EXPECT_EQ(read(first.resolved).resolved, first.resolved);
  EXPECT_EQ(read("{count: 12, limit: ~, extra: ~}").resolved, first.resolved);
}

TEST(Reader, NamesUnknownAndMissingKeys) {
  EXPECT_EQ(faults("{count: 1, tua: 1 ms}"), "f.yaml:1:12: error: unknown key 'tua'; did you mean 'tau'?");
  EXPECT_EQ(faults("{count: 1, inner: {xyzzy: 1}}"), "f.yaml:1:20: error: unknown key 'xyzzy'; known are low, steps");
  EXPECT_EQ(faults("{tau: 1 ms}"), "f.yaml:1:1: error: 'count' is missing (how many)");
  EXPECT_EQ(faults("{count: ~}"), "f.yaml:1:9: error: 'count' has no value: a whole number is needed");
  EXPECT_EQ(faults("[1]"), "f.yaml:1:1: error: a map of parameters is needed, not a list");
}

TEST(Reader, ChecksQuantities) {
  EXPECT_EQ(faults("{count: 1, tau: 2}"),
            "f.yaml:1:17: error: tau: needs a unit of time (s, ms, us, ns, min), as in '2 ms'");
  EXPECT_EQ(faults("{count: 1, tau: 0 ms}"), "f.yaml:1:17: error: tau: must be greater than 0");
  EXPECT_EQ(faults("{count: 1, ratio: 1.5}"), "f.yaml:1:19: error: ratio: must be at most 1");
  EXPECT_EQ(faults("{count: 1, ratio: -1}"), "f.yaml:1:19: error: ratio: must be at least 0");
  EXPECT_EQ(faults("{count: 1, gain: 10}"), "f.yaml:1:18: error: gain: must be less than 10");
  EXPECT_EQ(faults("{count: 1, ratio: '0.5'}"),
            "f.yaml:1:19: error: ratio: '0.5' is a text in quotes; a number is needed");
  EXPECT_EQ(faults("{count: 1, tau: '2 ms'}"), "no fault");
  EXPECT_EQ(faults("{count: 1, ratio: .nan}"), "f.yaml:1:19: error: ratio: '.nan' is not a finite number");
  EXPECT_EQ(faults("{count: 1, tau: [2 ms]}"), "f.yaml:1:17: error: tau: a time is needed, not a list");
  EXPECT_EQ(faults("{count: 1, limit: {}}"), "f.yaml:1:19: error: limit: a frequency is needed, not a map");
}

TEST(Reader, ChecksWholeNumbers) {
  EXPECT_EQ(faults("{count: 0}"), "f.yaml:1:9: error: count: must be at least 1");
  EXPECT_EQ(faults("{count: -3}"), "f.yaml:1:9: error: count: must be at least 1");
  EXPECT_EQ(faults("{count: 65}"), "f.yaml:1:9: error: count: must be at most 64");
  EXPECT_EQ(faults("{count: 99999999999999999999}"), "f.yaml:1:9: error: count: must be at most 64");
  EXPECT_EQ(faults("{count: -99999999999999999999}"), "f.yaml:1:9: error: count: must be at least 1");
  const std::string in_digits = " is not a whole number written in digits, as in '16384'";
  EXPECT_EQ(faults("{count: 2.5}"), "f.yaml:1:9: error: count: '2.5'" + in_digits);
  EXPECT_EQ(faults("{count: 1e12}"), "f.yaml:1:9: error: count: '1e12'" + in_digits);
  EXPECT_EQ(faults("{count: 010}"),
            "f.yaml:1:9: error: count: '010' has a leading zero, which could be taken for an octal number; write '10'");
  EXPECT_EQ(faults("{count: 0x10}"), "f.yaml:1:9: error: count: '0x10' is not a decimal number");
  EXPECT_EQ(faults("{count: many}"), "f.yaml:1:9: error: count: 'many' is not a number");
  EXPECT_EQ(faults("{count: '3'}"), "f.yaml:1:9: error: count: '3' is a text in quotes; a whole number is needed");
  EXPECT_EQ(faults("{count: 1, large: 9007199254740993}"),
            "f.yaml:1:19: error: large: must be at most 9000000000000000");
}

TEST(Reader, ChecksTruthValuesAndChoices) {
  EXPECT_EQ(faults("{count: 1, on: yes}"), "f.yaml:1:16: error: on: must be true or false, not 'yes'");
  EXPECT_EQ(faults("{count: 1, on: 'true'}"), "f.yaml:1:16: error: on: must be true or false, not 'true'");
  EXPECT_EQ(faults("{count: 1, mode: maen}"),
            "f.yaml:1:18: error: mode: 'maen' is not one of mean, last; did you mean 'mean'?");
  EXPECT_EQ(faults("{count: 1, mode: median}"),
            "f.yaml:1:18: error: mode: 'median' is not one of mean, last; did you mean 'mean'?");
  EXPECT_EQ(faults("{count: 1, mode: zzz}"), "f.yaml:1:18: error: mode: 'zzz' is not one of mean, last");
}

TEST(Reader, ChecksComponents) {
  EXPECT_EQ(faults("{count: 1, surrogate: sigmod}"),
            "f.yaml:1:23: error: unknown surrogate 'sigmod'; did you mean 'sigmoid'?");
  EXPECT_EQ(faults("{count: 1, surrogate: {slope: 1}}"),
            "f.yaml:1:23: error: 'type' is missing: the name of a surrogate");
  EXPECT_EQ(faults("{count: 1, surrogate: [sigmoid]}"),
            "f.yaml:1:23: error: a surrogate is needed, by its name or as a map with the key 'type', not a list");
  EXPECT_EQ(faults("{count: 1, surrogate: {type: sigmoid, slop: 1}}"),
            "f.yaml:1:39: error: unknown key 'slop'; did you mean 'slope'?");
  EXPECT_EQ(faults("{count: 1, surrogate: {type: sigmoid, slope: 0}}"),
            "f.yaml:1:46: error: slope: must be greater than 0");
}

TEST(Reader, ALibraryThatFailsIsAFaultAtTheNameOfTheComponent) {
  FakeComponents components;
  components.broken = "sigmoid";
  Reader reader(components);
  const Configured made = reader.component(parse("{type: sigmoid}", "f.yaml"), {Kind::surrogate});
  EXPECT_EQ(made.interface, nullptr);
  EXPECT_EQ(faults_of([&] { reader.finish(); }), "f.yaml:1:8: error: plugin 'x' is broken");
}

TEST(Reader, ChecksAcrossParametersOnlyWhenEachIsInOrder) {
  EXPECT_EQ(faults("{count: 30}"), "f.yaml:1:1: error: ratio times count must be at most 10");
  EXPECT_EQ(faults("{count: 30, ratio: 1}"), "f.yaml:1:20: error: ratio times count must be at most 10");
  EXPECT_EQ(faults("{count: 30, ratio: 2}"), "f.yaml:1:20: error: ratio: must be at most 1");
}

TEST(Reader, ReportsEverythingAtOnceInTheOrderOfTheFile) {
  EXPECT_EQ(faults("surrogate: {type: sigmoid, slope: x}\non: 1\ncount: 0\ntaau: 1 ms\n"),
            "f.yaml:1:35: error: slope: 'x' is not a number\n"
            "f.yaml:2:5: error: on: must be true or false, not '1'\n"
            "f.yaml:3:8: error: count: must be at least 1\n"
            "f.yaml:4:1: error: unknown key 'taau'; did you mean 'tau'?");
}

TEST(Reader, CutsOffAFloodOfFaults) {
  std::string text = "count: 1\n";
  for (int i = 0; i < 500; ++i) text += "qqqqq" + std::to_string(i) + ": 1\n";
  const std::string all = faults(text);
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 100);
  EXPECT_TRUE(all.ends_with("and 400 more faults after this one"));
}

TEST(Suggestion, FindsWhatIsNearAndNothingElse) {
  const std::vector<std::string> known{"tau", "threshold", "refractory"};
  EXPECT_EQ(suggestion("tua", known), "; did you mean 'tau'?");
  EXPECT_EQ(suggestion("treshold", known), "; did you mean 'threshold'?");
  EXPECT_EQ(suggestion("Threshold", known), "; did you mean 'threshold'?");
  EXPECT_EQ(suggestion("refactory", known), "; did you mean 'refractory'?");
  EXPECT_EQ(suggestion("voltage", known), "");
  EXPECT_EQ(suggestion("x", known), "");
  EXPECT_EQ(suggestion(std::string(100000, 'a'), known), "");
}

}  // namespace
}  // namespace tyto::spec

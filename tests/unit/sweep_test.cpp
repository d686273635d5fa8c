#include "spec/sweep.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

#include "fake_components.hpp"
#include "results/read_table.hpp"
#include "results/results_file.hpp"
#include "sweep/parts.hpp"
#include "sweep/plan.hpp"
#include "sweep/stack.hpp"
#include "sweep/summary.hpp"

namespace tyto {
namespace {

using spec::Overrides;
using spec::Sweep;
using test::FakeComponents;
using test::faults_of;
using ::testing::ElementsAre;
using Texts = std::vector<std::string>;
using Doubles = std::vector<double>;
using Whole = std::vector<std::int64_t>;

constexpr const char* experiment = R"(tyto: 1
seed: 7
stimulus: {type: tone, fibres: 10}
objective: {target: ipd, classes: 12, readout: mean, loss: cross_entropy}
model: {use: model.yaml}
learning: {rule: gradient, epochs: 3, batch_size: 16, trials: {train: 100, test: 50}}
)";

constexpr const char* model = R"(parameters: {hidden: 8, tau: 2 ms}
layers:
  hidden: {type: lif, size: $hidden, tau: $tau, input: dense}
  output: {type: leaky_integrator, tau: $tau, input: dense}
)";

class SweepTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("tyto-sweep-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "model.yaml") << model;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// The experiment with a sweep behind it.
  std::filesystem::path file(const std::string& sweep) const {
    std::ofstream(folder_ / "e.yaml") << experiment << sweep;
    return folder_ / "e.yaml";
  }
  std::optional<Sweep> load(const std::string& sweep, const Overrides& overrides = {}) const {
    return spec::load_sweep(spec::read_document(file(sweep)), overrides, components_);
  }
  sweep::Plan plan(const std::string& text, const Overrides& overrides = {}) {
    const auto sweep = load(text, overrides);
    return sweep::make_plan(*sweep, spec::read_document(folder_ / "e.yaml"), overrides, components_, {});
  }
  Texts labels(const std::string& values) const {
    return load("sweep:\n  a.b: " + values + "\n")->axes.at(0).paths.at(0).labels;
  }
  template <class Call>
  std::string without_folder(Call call) const {
    std::string all = faults_of(call);
    const std::string prefix = folder_.string() + '/';
    for (std::size_t at = 0; (at = all.find(prefix)) != std::string::npos;) all.erase(at, prefix.size());
    return all;
  }
  std::string faults(const std::string& sweep, const Overrides& overrides = {}) const {
    return without_folder([&] { static_cast<void>(load("sweep: " + sweep + "\n", overrides)); });
  }

  std::filesystem::path folder_;
  FakeComponents components_;
};

TEST_F(SweepTest, AnExperimentWithoutASweepHasNone) {
  EXPECT_FALSE(load(""));
  EXPECT_FALSE(load("sweep:\n"));
  EXPECT_FALSE(load("sweep: {seed: {count: 2}}\n", {{"sweep=null"}, {}, {}, {}}));
  EXPECT_FALSE(load("sweep: {seed: {count: 2}}\n", {{"sweep.seed=null"}, {}, {}, {}}));
}

TEST_F(SweepTest, MakesTheOuterProductInTheOrderOfTheDocument) {
  const auto sweep = load("sweep: {model.tau: [1 ms, 5 ms], model.hidden: [2, 4, 8]}");
  ASSERT_EQ(sweep->runs(), 6U);
  EXPECT_EQ(sweep->text(sweep->position(0)), "model.tau = 1 ms, model.hidden = 2");
  EXPECT_EQ(sweep->text(sweep->position(2)), "model.tau = 1 ms, model.hidden = 8");
  EXPECT_EQ(sweep->text(sweep->position(3)), "model.tau = 5 ms, model.hidden = 2");
  EXPECT_EQ(std::get<Doubles>(sweep->axes[0].paths[0].numbers), (Doubles{1, 5}));
  EXPECT_EQ(sweep->axes[0].paths[0].units, "ms");
  EXPECT_EQ(std::get<Whole>(sweep->axes[1].paths[0].numbers), (Whole{2, 4, 8}));
}

TEST_F(SweepTest, MakesRanges) {
  EXPECT_THAT(labels("{linspace: [0.1, 0.5, 5]}"), ElementsAre("0.1", "0.2", "0.3", "0.4", "0.5"));
  EXPECT_THAT(labels("{linspace: [10 ms, 30 ms, 3]}"), ElementsAre("10 ms", "20 ms", "30 ms"));
  EXPECT_THAT(labels("{linspace: [500 ms, 1 s, 3]}"), ElementsAre("0.5 s", "0.75 s", "1 s"));
  EXPECT_THAT(labels("{linspace: [2, 3, 1]}"), ElementsAre("2"));
  EXPECT_THAT(labels("{geometric: [1 Hz, 1000 Hz, 4]}"), ElementsAre("1 Hz", "10 Hz", "100 Hz", "1000 Hz"));
  EXPECT_THAT(labels("{logspace: [-4, -2, 3]}"), ElementsAre("1e-04", "0.001", "0.01"));
  EXPECT_THAT(labels("{logspace: [0, 1, 2, ms]}"), ElementsAre("1 ms", "10 ms"));
  EXPECT_THAT(labels("[mean, {type: adam, learning_rate: 0.1}]"),
              ElementsAre("mean", "{type: adam, learning_rate: 0.1}"));
}

TEST_F(SweepTest, QuantitiesInSeveralUnitsAreGivenInTheBaseUnit) {
  const auto swept = load("sweep: {model.tau: [1 ms, 2 s]}\n")->axes[0].paths[0];
  EXPECT_EQ(swept.units, "s");
  EXPECT_EQ(std::get<Doubles>(swept.numbers), (Doubles{0.001, 2}));
}

TEST_F(SweepTest, CountsSeedsFromTheExperimentsOwn) {
  const auto seeds = [&](const Overrides& overrides) {
    return load("sweep: {seed: {count: 3}}\n", overrides)->axes[0].paths[0].labels;
  };
  EXPECT_THAT(seeds({}), ElementsAre("7", "8", "9"));
  EXPECT_THAT(seeds({{}, {}, 20, {}}), ElementsAre("20", "21", "22"));
  EXPECT_THAT(seeds({{"sweep.seed.count=1"}, {}, {}, {}}), ElementsAre("7"));
  EXPECT_THAT(seeds({{"sweep.seed=[4, 2]"}, {}, {}, {}}), ElementsAre("4", "2"));
}

TEST_F(SweepTest, ZipsPathsIntoOneAxis) {
  const auto sweep = load("sweep:\n  zip:\n    model.tau: [1 ms, 5 ms]\n    model.hidden: [2, 4]\n  seed: {count: 2}");
  ASSERT_EQ(sweep->runs(), 4U);
  EXPECT_EQ(sweep->axes[0].zip, "zip");
  EXPECT_EQ(sweep->text(sweep->position(2)), "model.tau = 5 ms, model.hidden = 4, seed = 7");
  const auto named = load("sweep:\n  zip:\n    pair: {model.tau: [1 ms, 5 ms], model.hidden: [2, 4]}");
  EXPECT_EQ(named->axes[0].zip, "pair");
}

TEST_F(SweepTest, ShortNamesAreTheLastKeyThatIsEnough) {
  const auto sweep = load("sweep: {model.tau: [1 ms], a.type: [x], b.type: [y], list.0: [1], objective.loss: [mse]}");
  const auto names = spec::short_names(*sweep, {"loss"});
  EXPECT_THAT(names,
              ElementsAre(Texts{"tau"}, Texts{"type"}, Texts{"b_type"}, Texts{"list_0"}, Texts{"objective_loss"}));
}

TEST_F(SweepTest, SaysWhereASweepIsWrong) {
  EXPECT_EQ(faults("7"),
            "e.yaml:7:8: error: sweep: a map of paths and values is needed, as in 'sweep: {model.tau: [1 ms, 2 ms]}'");
  EXPECT_EQ(faults("{a: 3}"),
            "e.yaml:7:12: error: a: a list of values is needed, or a range as in {linspace: [1 ms, 30 ms, 8]}");
  EXPECT_EQ(faults("{a: []}"), "e.yaml:7:12: error: a: this list is empty");
  EXPECT_EQ(faults("{a..b: [1]}"), "e.yaml:7:9: error: 'a..b' is not a path; a path is written as a.b");
  EXPECT_EQ(faults("{a: [1 ms, 0.001 s]}"), "e.yaml:7:19: error: a: the value '0.001 s' is there twice");
  EXPECT_EQ(faults("{a: {count: 3}}"),
            "e.yaml:7:13: error: 'count' makes seeds; here a list or another range is needed");
  EXPECT_EQ(faults("{a: {linspace: [1 ms, 2]}}"),
            "e.yaml:7:23: error: linspace: [from, to, number of values] is needed");
  EXPECT_EQ(faults("{a: {linspace: [1 ms, 2, 3]}}"),
            "e.yaml:7:24: error: linspace: two numbers, or two quantities of one kind, are needed as the ends");
  EXPECT_EQ(faults("{a: {geometric: [0, 2, 3]}}"),
            "e.yaml:7:25: error: geometric: both ends must be above 0, or both below it");
  EXPECT_EQ(faults("{a: {linspace: [1, 2, 0]}}"), "e.yaml:7:30: error: a number of values from 1 to 100000 is needed");
  EXPECT_EQ(faults("{model.tau: [1 ms], model.with.tau: [2 ms]}"),
            "e.yaml:7:28: error: 'model.with.tau' is swept already");
  EXPECT_EQ(faults("{zip: {a: [1, 2], b: [1, 2, 3]}}"),
            "e.yaml:7:26: error: zipped values go together, but 'a' has 2 and 'b' has 3");
  EXPECT_EQ(faults("{a: {linspace: [1, 2, 1000]}, b: {linspace: [1, 2, 1000]}}"),
            "e.yaml:7:8: error: this sweep has more than 100000 runs");
  EXPECT_EQ(faults("{model.tau: [1 ms]}", {{"model.tau=5 ms"}, {}, {}, {}}),
            "--set model.tau=5 ms: error: 'model.tau' is swept; its values are set by --set sweep.model.tau=[...]");
  EXPECT_EQ(faults("{seed: [1, 2]}", {{}, {}, 3, {}}),
            "--seed 3: error: the sweep lists its seeds; they are set by --set sweep.seed=[...]");
}

TEST_F(SweepTest, EveryValueIsCheckedAndEachFaultReportedOnce) {
  const auto plan_faults = [&](const std::string& text) {
    return without_folder([&] { static_cast<void>(plan("sweep: " + text + "\n")); });
  };
  EXPECT_EQ(plan_faults("{model.tau: [1 ms, 2 Hz, 3], seed: {count: 3}}"),
            "e.yaml:7:27: error: tau: 'Hz' is a unit of frequency; a time is needed\n"
            "e.yaml:7:33: error: tau: needs a unit of time (s, ms, us, ns, min), as in '2 ms'");
  EXPECT_EQ(plan_faults("{learning.epoch: [1, 2, 3], seed: {count: 3}}"),
            "e.yaml:7:9: error: unknown key 'epoch'; did you mean 'epochs'?");
}

TEST_F(SweepTest, KeysDependOnTheConfigurationAndOnNothingElse) {
  const auto all = plan("sweep: {model.tau: [1 ms, 5 ms], seed: {count: 2}}\n").keys;
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 4U);
  const auto more = plan("sweep: {model.tau: [5 ms, 9 ms], seed: {count: 3}}\n").keys;
  EXPECT_EQ(more[0], all[2]) << "tau 5 ms, seed 7";
  EXPECT_EQ(more[1], all[3]) << "tau 5 ms, seed 8";
  const auto changed = plan("sweep: {model.tau: [1 ms, 5 ms]}\n", {{"learning.epochs=4"}, {}, {}, {}}).keys;
  EXPECT_NE(changed[0], all[0]);
}

TEST_F(SweepTest, PartsAreLockedKeptAndRemoved) {
  const std::string key(64, 'a');
  {
    sweep::Parts parts(folder_ / "out.h5");
    EXPECT_EQ(parts.folder().filename(), "out.parts");
    EXPECT_FALSE(parts.has(key));
    std::ofstream(parts.file(key)) << "not HDF5";
    EXPECT_FALSE(parts.has(key)) << "a damaged part counts as none";
    results::ResultsFile file(parts.file(key));
    Table root;
    root.attribute("status", std::string("complete"));
    file.write("/", root);
    file.commit();
    EXPECT_FALSE(parts.has(key)) << "not sealed";
    parts.seal(key);
    EXPECT_TRUE(parts.has(key));
    EXPECT_THROW(sweep::Parts(folder_ / "out.h5"), Error) << "locked";
  }
  sweep::Parts parts(folder_ / "out.h5");
  EXPECT_TRUE(parts.has(key));
  std::ofstream(parts.folder() / "somebody's") << "file";
  std::ofstream(parts.file(key), std::ios::app) << ' ';
  EXPECT_FALSE(parts.has(key)) << "not what was sealed";
  parts.remove();
  EXPECT_FALSE(std::filesystem::exists(parts.file(key)));
  EXPECT_FALSE(std::filesystem::exists(parts.folder() / (key + ".sha256")));
  EXPECT_TRUE(std::filesystem::exists(parts.folder() / "somebody's"));
}

// Stacking.

sweep::Grid two_by(const std::string& name, Values values) {
  sweep::Grid grid;
  grid.axes.push_back({name, std::move(values), "1", name});
  return grid;
}

const Variable& variable(const Table& table, const std::string& name) {
  for (const auto& item : table.variables)
    if (item.name == name) return item;
  throw Error("no variable " + name);
}
std::string attribute(const Table& table, const std::string& name) {
  for (const auto& item : table.attributes)
    if (item.name == name) return std::get<std::string>(item.value);
  return "";
}

TEST(Stack, PutsTheSweepsAxesInFront) {
  Table a;
  a.axis("class", Whole{0, 1}, "1", "class");
  a.variable("accuracy", {}, Doubles{0.5}, "1", "part");
  a.variable("count", {"class"}, Whole{3, 4}, "1", "trials");
  Table b = a;
  b.variables[0].values = Doubles{0.75};
  b.variables[1].values = Whole{5, 6};
  const Table all = sweep::stack(two_by("seed", Whole{1, 2}), {&a, &b});
  EXPECT_EQ(variable(all, "accuracy").axes, Texts{"seed"});
  EXPECT_EQ(std::get<Doubles>(variable(all, "accuracy").values), (Doubles{0.5, 0.75}));
  EXPECT_EQ(variable(all, "count").axes, (Texts{"seed", "class"}));
  EXPECT_EQ(std::get<Whole>(variable(all, "count").values), (Whole{3, 4, 5, 6}));
  EXPECT_EQ(attribute(all, "padded"), "");
}

TEST(Stack, FailedRunsAreNotANumber) {
  Table a;
  a.variable("count", {}, Whole{3}, "1", "trials");
  a.variable("word", {}, Texts{"yes"}, "1", "word");
  const Table all = sweep::stack(two_by("seed", Whole{1, 2}), {nullptr, &a});
  const auto& counts = std::get<Doubles>(variable(all, "count").values);
  EXPECT_TRUE(std::isnan(counts[0]));
  EXPECT_EQ(counts[1], 3);
  EXPECT_EQ(std::get<Texts>(variable(all, "word").values), (Texts{"", "yes"}));
}

TEST(Stack, PadsWhatIsShorter) {
  Table a;
  a.axis("from", Whole{0, 1}, "1", "from");
  a.axis("to", Whole{0, 1, 2}, "1", "to");
  a.variable("w", {"from", "to"}, Doubles{1, 2, 3, 4, 5, 6}, "1", "weights");
  Table b;
  b.axis("from", Whole{0, 1}, "1", "from");
  b.axis("to", Whole{0}, "1", "to");
  b.variable("w", {"from", "to"}, Doubles{7, 8}, "1", "weights");
  const Table all = sweep::stack(two_by("hidden", Whole{3, 1}), {&a, &b});
  EXPECT_EQ(attribute(all, "padded"), "w");
  const auto& w = std::get<Doubles>(variable(all, "w").values);
  ASSERT_EQ(w.size(), 12U);
  EXPECT_EQ(Doubles(w.begin(), w.begin() + 7), (Doubles{1, 2, 3, 4, 5, 6, 7}));
  EXPECT_TRUE(std::isnan(w[7]) && std::isnan(w[8]) && std::isnan(w[10]) && std::isnan(w[11]));
  EXPECT_EQ(w[9], 8);
}

TEST(Stack, AxesWithOtherValuesBecomeAnIndex) {
  Table a;
  a.axis("time", Doubles{0, 1}, "ms", "time");
  a.variable("v", {"time"}, Doubles{1, 2}, "1", "v");
  Table b;
  b.axis("time", Doubles{0, 2}, "ms", "time");
  b.variable("v", {"time"}, Doubles{3, 4}, "1", "v");
  const Table all = sweep::stack(two_by("dt", Doubles{1, 2}), {&a, &b});
  EXPECT_EQ(std::get<Whole>(all.axes[1].values), (Whole{0, 1}));
  EXPECT_EQ(std::get<Doubles>(variable(all, "time_values").values), (Doubles{0, 1, 0, 2}));
  EXPECT_EQ(variable(all, "time_values").units, "ms");
  EXPECT_EQ(std::get<Doubles>(variable(all, "v").values), (Doubles{1, 2, 3, 4}));
}

TEST(Stack, NamesWhatCannotBeStacked) {
  Table a;
  a.variable("x", {}, Doubles{1}, "1", "x");
  a.attribute("fit", std::string("good"));
  a.attribute("same", std::string("yes"));
  Table b;
  b.variable("x", {}, Texts{"one"}, "1", "x");
  b.attribute("fit", std::string("bad"));
  b.attribute("same", std::string("yes"));
  const Table all = sweep::stack(two_by("seed", Whole{1, 2}), {&a, &b});
  EXPECT_EQ(attribute(all, "left_out"), "x");
  EXPECT_EQ(attribute(all, "same"), "yes");
  EXPECT_EQ(std::get<Texts>(variable(all, "fit").values), (Texts{"good", "bad"}));
}

TEST(ReadTable, GivesBackWhatWasWritten) {
  const auto folder = std::filesystem::temp_directory_path() / ("tyto-read-table-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  Table table;
  table.axis("class", Whole{4, 5}, "1", "a class");
  table.axis("word", Texts{"a", "b", "c"}, "1", "a word");
  table.variable("f", {"class", "word"}, std::vector<float>{1, 2, 3, 4, 5, 6}, "mV", "floats");
  table.variable("small", {"class"}, std::vector<std::int8_t>{-1, 1}, "1", "small numbers");
  table.variable("one", {}, Doubles{0.25}, "s", "one number");
  table.variable("text", {}, Texts{"two words"}, "1", "one text");
  table.attribute("r2", 0.5);
  table.attribute("tries", std::int64_t{3});
  results::ResultsFile file(folder / "t.h5");
  file.write("/analysis/fit", table);
  file.commit();
  {
    const auto open = results::h5::open_file(folder / "t.h5");
    EXPECT_THAT(results::group_paths(open), ElementsAre("/", "/analysis", "/analysis/fit"));
    const Table back = results::read_table(open, "/analysis/fit");
    ASSERT_EQ(back.axes.size(), 2U);
    EXPECT_EQ(back.axes[1].values, table.axes[1].values);
    ASSERT_EQ(back.variables.size(), 4U);
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(back.variables[i].axes, table.variables[i].axes);
      EXPECT_EQ(back.variables[i].values, table.variables[i].values) << back.variables[i].name;
      EXPECT_EQ(back.variables[i].units, table.variables[i].units);
    }
    ASSERT_EQ(back.attributes.size(), 2U);
    EXPECT_EQ(std::get<double>(back.attributes[0].value), 0.5);
    EXPECT_EQ(std::get<std::int64_t>(back.attributes[1].value), 3);
  }
  std::filesystem::remove_all(folder);
}

// Statistics.

TEST(Statistics, UsesStudentsT) {
  const Doubles values{1, 2, 3, 4};
  const auto found = sweep::statistics(values);
  EXPECT_EQ(found.count, 4);
  EXPECT_DOUBLE_EQ(found.mean, 2.5);
  EXPECT_NEAR(found.sem, 0.645497224367903, 1e-14);
  EXPECT_NEAR(found.half, 0.645497224367903 * 3.18244630528371, 1e-12);  // t of 0.975 with 3 degrees of freedom
}

TEST(Statistics, LeavesOutFailedRuns) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(sweep::statistics(Doubles{nan, 2}).count, 1);
  EXPECT_EQ(sweep::statistics(Doubles{nan, 2}).mean, 2);
  EXPECT_TRUE(std::isnan(sweep::statistics(Doubles{nan, 2}).sem));
  EXPECT_TRUE(std::isnan(sweep::statistics(Doubles{nan, nan}).mean));
}

TEST(Statistics, RunsOverOneAxisOfTheGrid) {
  sweep::Grid grid;
  grid.axes.push_back({"a", Whole{0, 1}, "1", "a"});
  grid.axes.push_back({"seed", Whole{0, 1, 2}, "1", "seed"});
  grid.axes.push_back({"b", Whole{0, 1}, "1", "b"});
  sweep::Metric metric{"/metrics/test", "loss", "1", "loss", {}};
  for (int i = 0; i < 12; ++i) metric.values.push_back(i);
  const auto all = sweep::over_axis(metric, grid, 1);
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].mean, 2);
  EXPECT_EQ(all[1].mean, 3);
  EXPECT_EQ(all[2].mean, 8);
  EXPECT_EQ(all[3].mean, 9);
  const Table table = sweep::summary_table({metric}, "/metrics/test", grid, 1);
  EXPECT_EQ(variable(table, "loss_mean").axes, (Texts{"a", "b"}));
  EXPECT_EQ(std::get<Whole>(variable(table, "loss_n").values), (Whole{3, 3, 3, 3}));
}

}  // namespace
}  // namespace tyto

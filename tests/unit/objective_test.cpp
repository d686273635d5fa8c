#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>

#include <tyto/analysis_tools.hpp>
#include <tyto/error.hpp>
#include <tyto/objective.hpp>

#include "support/golden.hpp"

namespace {

using tyto::Loss;
using tyto::Objective;
using tyto::Readout;

constexpr double half_turn = std::numbers::pi;

tyto::TargetInfo angle(const std::string& name = "angle") {
  return {name, "an angle", tyto::Dimension::angle, -half_turn / 2, half_turn / 2};
}

Objective classification(int classes, Readout readout = Readout::mean, double factor = 1) {
  Objective objective;
  objective.classes = classes;
  objective.readout = readout;
  objective.factor = factor;
  objective.bind({angle()});
  return objective;
}

Objective regression(Readout readout = Readout::mean, double factor = 1) {
  Objective objective;
  objective.loss = Loss::mean_squared_error;
  objective.readout = readout;
  objective.factor = factor;
  objective.bind({angle()});
  return objective;
}

Objective circle(double period, Readout readout = Readout::mean, double factor = 1) {
  Objective objective = regression(readout, factor);
  objective.circular = true;
  objective.period = period;
  objective.bind({angle()});
  return objective;
}

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const tyto::Error& error) {
    return error.what();
  }
  return "";
}

std::string check_of(const Objective& objective) {
  std::string found;
  const auto list = Objective::parameters().list();
  for (const auto& check : list.checks)
    if (const auto problem = check(&objective)) found += problem->parameter + ": " + problem->message;
  return found;
}

TEST(Objective, FindsItsTarget) {
  Objective objective;
  objective.loss = Loss::mean_squared_error;
  objective.bind({angle("first"), angle("second")});
  EXPECT_EQ(objective.target_info().name, "first");
  objective.target = "second";
  objective.bind({angle("first"), angle("second")});
  EXPECT_EQ(objective.target_info().name, "second");
  EXPECT_EQ(objective.target_index(), 1U);
  objective.target = "third";
  EXPECT_EQ(error_of([&] {
              objective.bind({angle("first"), angle("second")});
            }),
            "the stimulus has no target 'third'; it has 'first', 'second'");
  EXPECT_EQ(error_of([&] { objective.bind({}); }),
            "the stimulus has no targets, so there is nothing to learn or to score");
  objective.target.clear();
  objective.classes = 2;
  EXPECT_EQ(error_of([&] {
              objective.bind({{"level", "", tyto::Dimension::none, 1, 1}});
            }),
            "target 'level' cannot be divided into classes: its range is empty");
}

TEST(Objective, RefusesALossThatDoesNotFit) {
  EXPECT_EQ(check_of(classification(12)), "");
  EXPECT_EQ(check_of(regression()), "");
  auto value = regression();
  value.loss = Loss::cross_entropy;
  EXPECT_EQ(error_of([&] { value.bind({angle("first")}); }),
            "loss: cross_entropy compares classes, and the objective has none; give 'classes', or use 'loss: mse' to "
            "estimate the value of 'first'");
  auto classes = classification(12);
  classes.loss = Loss::mean_squared_error;
  EXPECT_NE(check_of(classes).find("loss: mse compares one estimated value"), std::string::npos);
}

TEST(Objective, TakesCategoriesForClasses) {
  const auto side = tyto::TargetInfo::category("side", "", {"left", "middle", "right"});
  Objective objective;
  objective.bind({side});
  EXPECT_EQ(objective.outputs(), 3U);
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_EQ(objective.class_of(static_cast<double>(k)), k);
    EXPECT_EQ(objective.class_centre(k), static_cast<double>(k));
  }
  objective.classes = 4;
  EXPECT_EQ(error_of([&] { objective.bind({side}); }),
            "target 'side' has 3 categories, and 'classes' says 4; leave 'classes' out");
  auto value = regression();
  EXPECT_EQ(error_of([&] { value.bind({side}); }),
            "target 'side' is a category, of which no value can be estimated; use 'loss: cross_entropy'");
  EXPECT_EQ(error_of([&] { Objective().bind({tyto::TargetInfo::category("side", "", {"left"})}); }),
            "target 'side' has one category only, so there is nothing to tell apart");
}

TEST(Objective, RefusesACircleOfClassesOrOfNothing) {
  EXPECT_EQ(check_of(circle(1)), "");
  auto classes = classification(12);
  classes.circular = true;
  EXPECT_NE(check_of(classes).find("circular: classes lie on no circle"), std::string::npos);
  auto empty = circle(1);
  EXPECT_EQ(error_of([&] {
              empty.bind({{"level", "", tyto::Dimension::none, 1, 1}});
            }),
            "target 'level' cannot lie on a circle: its range is empty");
}

TEST(Objective, MeasuresDistances) {
  EXPECT_DOUBLE_EQ(regression().distance(-1.5, 1.5), 3);
  EXPECT_DOUBLE_EQ(classification(12).distance(1.5, -1.5), 3);
  EXPECT_NEAR(circle(1).distance(-1.5, 1.5), half_turn - 3, 1e-14) << "the ends of the range are one place";
  EXPECT_NEAR(circle(1).distance(1.5, -1.5), half_turn - 3, 1e-14);
  EXPECT_DOUBLE_EQ(circle(2).distance(-1.5, 1.5), 3) << "on a whole turn the ends lie opposite";
  EXPECT_NEAR(circle(2).distance(-3, 3), 2 * half_turn - 6, 1e-14);
  EXPECT_NEAR(circle(1).distance(0.2, 0.2 + 3 * half_turn), 0, 1e-14);
}

/// Scores of any length at the target's place on the circle give the target back.
TEST(Objective, EstimatesPlacesOnACircle) {
  for (const double period : {1.0, 2.0, 3.5})
    for (const double target : {-1.5, -0.3, 0.0, 0.9, 1.55}) {
      const auto objective = circle(period);
      ASSERT_EQ(objective.outputs(), 2U);
      const double phase = 2 * target / period;
      EXPECT_NEAR(objective.estimate(std::vector<double>{0.3 * std::cos(phase), 0.3 * std::sin(phase)}), target, 1e-14);
      std::vector<double> gradient(2);
      EXPECT_NEAR(objective.loss_of<double>(std::vector<double>{std::cos(phase), std::sin(phase)}, target, gradient), 0,
                  1e-28);
    }
  std::vector<double> gradient(2);
  EXPECT_DOUBLE_EQ(circle(2).loss_of<double>(std::vector<double>{0, 0}, 0.4, gradient), 0.5)
      << "half of the squared radius";
}

TEST(Objective, DividesTheRangeIntoClasses) {
  const auto objective = classification(12);
  EXPECT_EQ(objective.outputs(), 12U);
  EXPECT_EQ(objective.class_of(-half_turn / 2), 0U);
  EXPECT_EQ(objective.class_of(half_turn / 2), 11U);
  EXPECT_EQ(objective.class_of(-10), 0U);
  EXPECT_EQ(objective.class_of(10), 11U);
  EXPECT_EQ(objective.class_of(0), 6U);
  EXPECT_EQ(objective.class_of(-1e-9), 5U);
  EXPECT_EQ(objective.class_of(std::nan("")), 0U);
  const auto bins = tyto::target_bins(objective.target_info(), 12);
  for (std::size_t k = 0; k < 12; ++k) {
    EXPECT_NEAR(objective.class_centre(k) * 180 / half_turn, -82.5 + 15.0 * static_cast<double>(k), 1e-12);
    EXPECT_EQ(objective.class_of(objective.class_centre(k)), k);
    EXPECT_EQ(bins.nearest(objective.class_centre(k)), k);
  }
}

TEST(Objective, EstimatesFromScores) {
  const auto classes = classification(4);
  EXPECT_DOUBLE_EQ(classes.estimate(std::vector<double>{0, 3, 3, 1}), -half_turn / 8);
  EXPECT_DOUBLE_EQ(classes.estimate(std::vector<double>{-3, -2, -4, -1}), 3 * half_turn / 8);
  EXPECT_EQ(regression().estimate(std::vector<double>{0.25}), 0.25);
  EXPECT_NE(error_of([&] { (void)classes.estimate(std::vector<double>{1, 2}); }), "");
}

template <class S>
class ObjectiveIn : public ::testing::Test {};
using Precisions = ::testing::Types<float, double>;
TYPED_TEST_SUITE(ObjectiveIn, Precisions);

template <class S>
std::vector<S> read(const Objective& objective, const std::vector<S>& output, std::size_t steps,
                    std::vector<std::size_t>* when = nullptr) {
  std::vector<S> scores(output.size() / steps);
  std::vector<std::size_t> own(scores.size());
  objective.read<S>({output.data(), scores.size()}, steps, scores, when != nullptr ? *when : own);
  return scores;
}

TYPED_TEST(ObjectiveIn, ReadsOutTimeCourses) {
  using S = TypeParam;
  const std::vector<S> output{1, 8, 5, -2, 3, 0, 5, 2};  // four steps of two outputs
  EXPECT_EQ(read(classification(2), output, 4), (std::vector<S>{S(3.5), 2}));
  EXPECT_EQ(read(classification(2, Readout::sum, 0.5), output, 4), (std::vector<S>{7, 4}));
  EXPECT_EQ(read(classification(2, Readout::last, 2), output, 4), (std::vector<S>{10, 4}));
  EXPECT_EQ(read(classification(2, Readout::spike_count), std::vector<S>{1, 0, 0, 0, 1, 1, 1, 0}, 4),
            (std::vector<S>{3, 1}));
  std::vector<std::size_t> when(2);
  EXPECT_EQ(read(classification(2, Readout::max, 3), output, 4, &when), (std::vector<S>{15, 24}));
  EXPECT_EQ(when, (std::vector<std::size_t>{1, 0})) << "the earliest of equal maxima counts";
}

TYPED_TEST(ObjectiveIn, RefusesSizesThatDisagree) {
  using S = TypeParam;
  const auto objective = classification(2);
  std::vector<S> scores(2);
  const std::vector<S> output(4);
  EXPECT_NE(error_of([&] { objective.read<S>({output.data(), 1}, 2, scores, {}); }), "");
  EXPECT_NE(error_of([&] { objective.read<S>({output.data(), 2}, 0, scores, {}); }), "");
  std::vector<S> gradient(4);
  EXPECT_NE(error_of([&] { objective.spread<S>(scores, 2, {}, {gradient.data(), 1}); }), "");
  EXPECT_NE(error_of([&] { classification(2, Readout::max).read<S>({output.data(), 2}, 2, scores, {}); }), "");
  EXPECT_NE(error_of([&] { (void)objective.loss_of<S>(std::vector<S>(3), 0, scores); }), "");
}

TYPED_TEST(ObjectiveIn, CrossEntropyHasItsClosedForm) {
  using S = TypeParam;
  const auto objective = classification(3);
  const double tolerance = sizeof(S) == 4 ? 1e-6 : 1e-14;
  std::vector<S> gradient(3);
  EXPECT_NEAR(objective.loss_of<S>(std::vector<S>(3, S(7)), 0, gradient), std::log(3.0), tolerance);
  EXPECT_NEAR(gradient[0], 1.0 / 3, tolerance);
  EXPECT_NEAR(gradient[1], -2.0 / 3, tolerance);
  // log(1 + 2 + 4) - log(4), for the class of the highest target.
  const std::vector<S> scores{0, S(std::log(2.0)), S(std::log(4.0))};
  EXPECT_NEAR(objective.loss_of<S>(scores, 1.5, gradient), std::log(7.0 / 4), tolerance);
  EXPECT_NEAR(gradient[0], 1.0 / 7, tolerance);
  EXPECT_NEAR(gradient[1], 2.0 / 7, tolerance);
  EXPECT_NEAR(gradient[2], 4.0 / 7 - 1, tolerance);
}

TYPED_TEST(ObjectiveIn, CrossEntropyOfHugeScoresStaysFinite) {
  using S = TypeParam;
  const auto objective = classification(2);
  std::vector<S> gradient(2);
  EXPECT_EQ(objective.loss_of<S>(std::vector<S>{S(1e30), 0}, -1, gradient), S(0));
  EXPECT_EQ(objective.loss_of<S>(std::vector<S>{S(1e30), 0}, 1, gradient), S(1e30));
  EXPECT_EQ(gradient, (std::vector<S>{1, -1}));
}

TYPED_TEST(ObjectiveIn, MeanSquaredErrorHasItsClosedForm) {
  using S = TypeParam;
  std::vector<S> gradient(1);
  EXPECT_EQ(regression().loss_of<S>(std::vector<S>{S(0.5)}, 0.25, gradient), S(0.0625));
  EXPECT_EQ(gradient[0], S(0.5));
}

/// dL/d output by central differences in double precision, whatever the precision under test.
std::vector<double> by_differences(const Objective& objective, std::vector<double> output, std::size_t steps,
                                   double target) {
  const auto loss = [&] {
    const auto scores = read(objective, output, steps);
    std::vector<double> unused(scores.size());
    return objective.loss_of<double>(scores, target, unused);
  };
  constexpr double h = 1e-6;
  std::vector<double> gradient;
  for (double& value : output) {
    const double before = value;
    value = before + h;
    const double above = loss();
    value = before - h;
    const double below = loss();
    value = before;
    gradient.push_back((above - below) / (2 * h));
  }
  return gradient;
}

TYPED_TEST(ObjectiveIn, GradientsMatchFiniteDifferences) {
  using S = TypeParam;
  constexpr std::size_t steps = 5;
  const double tolerance = sizeof(S) == 4 ? 1e-5 : 1e-8;
  for (const auto readout : {Readout::mean, Readout::sum, Readout::last, Readout::max, Readout::spike_count})
    for (const Objective& objective : {classification(3, readout, 0.7), regression(readout, 0.7),
                                       circle(1, readout, 0.7), circle(2, readout, 0.7)}) {
      const std::size_t outputs = objective.outputs();
      std::vector<double> output(steps * outputs);
      for (std::size_t i = 0; i < output.size(); ++i) output[i] = std::sin(1.7 * static_cast<double>(i) + 0.3);
      std::vector<S> rounded(output.begin(), output.end()), scores(outputs), grad_scores(outputs);
      std::vector<S> grad_output(output.size(), S(0));
      std::vector<std::size_t> when(outputs);
      objective.read<S>({rounded.data(), outputs}, steps, scores, when);
      (void)objective.loss_of<S>(scores, 0.2, grad_scores);
      objective.spread<S>(grad_scores, steps, when, {grad_output.data(), outputs});
      const auto wanted = by_differences(objective, output, steps, 0.2);
      for (std::size_t i = 0; i < output.size(); ++i)
        EXPECT_NEAR(grad_output[i], wanted[i], tolerance)
            << "readout " << static_cast<int>(readout) << ", " << outputs << " outputs, place " << i;
    }
}

/// Mean loss over a golden file's trials, from its recorded output.
template <class S>
double golden_loss(const std::string& name, const Objective& objective) {
  const golden::File file(name);
  const auto output = file.array("output_v");
  const auto labels = file.values("labels");
  const std::size_t trials = output.shape.at(0), steps = output.shape.at(1), outputs = output.shape.at(2);
  double sum = 0;
  for (std::size_t trial = 0; trial < trials; ++trial) {
    const auto begin = output.values.begin() + static_cast<std::ptrdiff_t>(trial * steps * outputs);
    const std::vector<S> course(begin, begin + static_cast<std::ptrdiff_t>(steps * outputs));
    const auto scores = read(objective, course, steps);
    std::vector<S> gradient(outputs);
    sum += static_cast<double>(
        objective.loss_of<S>(scores, objective.class_centre(static_cast<std::size_t>(labels[trial])), gradient));
  }
  return sum / static_cast<double>(trials);
}

int golden_classes(const std::string& name) {
  return static_cast<int>(golden::File(name).array("output_v").shape.at(2));
}

TYPED_TEST(ObjectiveIn, GivesTheGoldenLosses) {
  const double tolerance = sizeof(TypeParam) == 4 ? 1e-4 : 1e-10;
  for (const std::string name : {"lif_li_sigmoid", "lif_li_superspike"}) {
    const double wanted = golden::File(name).number("loss");
    EXPECT_NEAR(golden_loss<TypeParam>(name, classification(golden_classes(name))) / wanted, 1, tolerance) << name;
  }
  const std::string summed = "membrane_only";
  const double wanted = golden::File(summed).number("loss");
  EXPECT_NEAR(golden_loss<TypeParam>(summed, classification(golden_classes(summed), Readout::sum, 0.01)) / wanted, 1,
              tolerance);
}

TYPED_TEST(ObjectiveIn, GivesTheGoldenRegressionLoss) {
  using S = TypeParam;
  const golden::File file("regression_mse");
  const auto predictions = file.values("prediction");
  const auto targets = file.values("target_rad");
  double sum = 0;
  std::vector<S> gradient(1);
  for (std::size_t i = 0; i < predictions.size(); ++i)
    sum += static_cast<double>(
        regression().loss_of<S>(std::vector<S>{static_cast<S>(predictions[i])}, targets[i], gradient));
  EXPECT_NEAR(sum / static_cast<double>(predictions.size()) / file.number("loss"), 1, sizeof(S) == 4 ? 1e-4 : 1e-10);
}

}  // namespace

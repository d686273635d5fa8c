#include "support/fake_run.hpp"

namespace {

using Counts = std::vector<std::int64_t>;

TEST(Confusion, CountsTrialsByTrueAndEstimatedClass) {
  fake::Run run(2, {-80, -10, 10, 80, 45});
  run.answer_classes({0, 1, 1, 1, 0});
  const auto table = fake::table_of("confusion", run);
  EXPECT_EQ(fake::integers(table, "counts"), (Counts{1, 1, 1, 2}));
  EXPECT_EQ(fake::integers(table, "trials"), (Counts{2, 3}));
  fake::expect_near(fake::numbers(table, "share"), {0.5, 0.5, 1.0 / 3, 2.0 / 3});
  fake::expect_near(fake::numbers(table, "accuracy"), {0.5, 2.0 / 3});
  fake::expect_near(fake::axis_numbers(table, "true_class"), {-45, 45});
  EXPECT_EQ(fake::axis(table, "estimated_class").units, "deg");
}

TEST(Confusion, LeavesAClassWithoutTrialsUndefined) {
  fake::Run run(3, {-80, 80});
  run.answer_classes({1, 2});
  const auto table = fake::table_of("confusion", run);
  EXPECT_EQ(fake::integers(table, "counts"), (Counts{0, 1, 0, 0, 0, 0, 0, 0, 1}));
  fake::expect_near(fake::numbers(table, "accuracy"), {0, fake::undefined, 1});
}

TEST(Confusion, TargetsAtTheEndsOfTheRangeFallIntoTheOuterClasses) {
  fake::Run run(12, {-90, 90});
  run.answer_classes({0, 11});
  const auto counts = fake::integers(fake::table_of("confusion", run), "counts");
  EXPECT_EQ(counts.front(), 1);
  EXPECT_EQ(counts.back(), 1);
}

TEST(Confusion, NeedsClasses) {
  EXPECT_EQ(fake::check_error("confusion", fake::Run(std::nullopt, {0})),
            "confusion needs classes, and the objective estimates a value; give 'objective.classes', or use the "
            "analysis 'estimates'");
}

}  // namespace

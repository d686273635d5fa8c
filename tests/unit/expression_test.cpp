#include <tyto/expression.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include <tyto/error.hpp>

namespace tyto {
namespace {

double value(const std::string& text, double x) {
  const double values[] = {x};
  return Expression(text, {"x"})(values);
}

TEST(Expression, ComputesFormulas) {
  EXPECT_EQ(value("x^2", 3), 9);
  EXPECT_EQ(value("-x^2", 3), -9);
  EXPECT_NEAR(value("sin(2*pi*x)", 0.25), 1, 1e-15);
  EXPECT_NEAR(value("ln(e^x)", 2), 2, 1e-15);
  EXPECT_EQ(value("x < 1 ? 5 : 7", 0), 5);
  EXPECT_EQ(value("x < 1 ? 5 : 7", 2), 7);
  EXPECT_TRUE(std::isinf(value("1/x", 0)));
}

TEST(Expression, CopiesAreIndependent) {
  const Expression first("x + 1", {"x"});
  const Expression second = first;  // NOLINT(performance-unnecessary-copy-initialization): what is tested
  const double one[] = {1}, two[] = {2};
  EXPECT_EQ(first(one), 2);
  EXPECT_EQ(second(two), 3);
  EXPECT_EQ(first(one), 2);
}

std::string fault(const std::string& text) {
  try {
    static_cast<void>(Expression(text, {"x", "y"}));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Expression, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(fault("x + z"), "unknown name 'z' at character 5 of 'x + z'; the variables are x, y");
  EXPECT_EQ(fault("sin(x"), "a parenthesis is not closed in 'sin(x'");
  EXPECT_EQ(fault("x +"), "the formula 'x +' ends too early");
  EXPECT_EQ(fault("x)"), "a parenthesis too many at character 2 of 'x)'");
  EXPECT_EQ(fault(""), "the formula is empty");
  EXPECT_THAT(fault("x ^^ 2"), testing::HasSubstr("at character 4 of 'x ^^ 2'"));
  EXPECT_THAT(fault("sin(x, y)"), testing::HasSubstr("too many values for the function 'sin'"));
  EXPECT_THAT(fault("x, y"), testing::HasSubstr("several formulas"));
  EXPECT_THAT(fault("x = 3"), testing::Not(testing::IsEmpty()));
  EXPECT_THAT(fault(std::string(2000, 'x')), testing::HasSubstr("up to 1000 characters"));
}

TEST(VectorFunction, NamesItsDimensions) {
  const VectorFunction product({"x1*x2", "x1 - x2"}, 2);
  EXPECT_EQ(product.outputs(), 2U);
  const double point[] = {3, 4};
  double values[2];
  product(point, values);
  EXPECT_THAT(values, testing::ElementsAre(12, -1));
  const VectorFunction square({"x^2 + x1"}, 1);
  const double two[] = {2};
  double six[1];
  square(two, six);
  EXPECT_EQ(six[0], 6);
  EXPECT_THROW(VectorFunction({"x"}, 2), Error);
}

TEST(VectorFunction, WithoutFormulasIsTheIdentity) {
  const VectorFunction same({}, 3);
  EXPECT_EQ(same.outputs(), 3U);
  const double point[] = {1, 2, 3};
  double values[3];
  same(point, values);
  EXPECT_THAT(values, testing::ElementsAre(1, 2, 3));
}

}  // namespace
}  // namespace tyto

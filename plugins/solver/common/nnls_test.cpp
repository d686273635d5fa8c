#include "nnls.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using solver::nnls;
using solver::nnls_gram;

class Random {
 public:
  explicit Random(std::uint64_t seed) : bits_(seed) {}

  double uniform(double low, double high) { return low + (high - low) * std::ldexp(static_cast<double>(bits_()), -64); }
  Index index(Index low, Index high) {
    return std::min(high, low + static_cast<Index>(uniform(0, static_cast<double>(high - low + 1))));
  }
  bool chance(double probability) { return uniform(0, 1) < probability; }
  double normal() {
    return std::sqrt(-2 * std::log(1 - uniform(0, 1))) * std::cos(2 * std::numbers::pi * uniform(0, 1));
  }
  MatrixXd normal(Index rows, Index cols) {
    return MatrixXd::NullaryExpr(rows, cols, [this] { return normal(); });
  }

 private:
  std::mt19937_64 bits_;
};

/// The KKT violation as the header defines it.
double violation(const MatrixXd& a, const VectorXd& b, const VectorXd& x) {
  const VectorXd gradient = a.transpose() * (a * x - b);
  double most = 0;
  for (Index j = 0; j < x.size(); ++j) {
    const double scale = a.col(j).norm() * b.norm();
    if (scale > 0) most = std::max(most, (x[j] > 0 ? std::abs(gradient[j]) : std::max(0.0, -gradient[j])) / scale);
  }
  return most;
}

std::vector<Index> support(const VectorXd& x) {
  std::vector<Index> positive;
  for (Index j = 0; j < x.size(); ++j)
    if (x[j] > 0) positive.push_back(j);
  return positive;
}

/// Lawson and Hanson's method as it is written in textbooks, with a new factorisation in each step.
VectorXd textbook(const MatrixXd& a, const VectorXd& b) {
  VectorXd x = VectorXd::Zero(a.cols());
  std::vector<Index> passive;
  const VectorXd scales = a.colwise().norm().transpose() * b.norm();
  while (static_cast<Index>(passive.size()) < a.cols()) {
    VectorXd wanted = (a.transpose() * (b - a * x)).cwiseQuotient(scales);
    for (const Index j : passive) wanted[j] = 0;
    Index most = 0;
    if (wanted.maxCoeff(&most) < 1e-11) break;
    passive.push_back(most);
    for (bool inside = false; !inside;) {
      MatrixXd chosen(a.rows(), static_cast<Index>(passive.size()));
      for (std::size_t k = 0; k < passive.size(); ++k) chosen.col(static_cast<Index>(k)) = a.col(passive[k]);
      const VectorXd target = chosen.colPivHouseholderQr().solve(b);
      inside = target.minCoeff() > 0;
      double step = 1;
      for (std::size_t k = 0; k < passive.size(); ++k) {
        const double from = x[passive[k]], to = target[static_cast<Index>(k)];
        if (to <= 0) step = std::min(step, from / (from - to));
      }
      for (std::size_t k = 0; k < passive.size(); ++k) {
        double& at = x[passive[k]];
        at += step * (target[static_cast<Index>(k)] - at);
        if (at < 1e-13 * x.maxCoeff()) at = 0;
      }
      if (!inside) std::erase_if(passive, [&](Index j) { return x[j] <= 0; });
    }
  }
  return x;
}

void expect_solved(const solver::NnlsSolution& solution, const MatrixXd& a, const VectorXd& b) {
  ASSERT_EQ(solution.x.size(), a.cols());
  EXPECT_TRUE(solution.x.allFinite());
  EXPECT_TRUE((solution.x.array() >= 0).all());
  EXPECT_TRUE(solution.converged);
  EXPECT_LE(solution.kkt_violation, 1e-10);
  EXPECT_LE(violation(a, b, solution.x), 1e-10);
  EXPECT_NEAR(solution.objective, (a * solution.x - b).norm(), 1e-12 * b.norm());
}

TEST(Nnls, ProjectsIfColumnsAreOrthogonal) {
  MatrixXd a(4, 3);
  a << 1, 2, 3,  //
      1, -2, 3,  //
      1, 2, -3,  //
      1, -2, -3;
  const VectorXd b{{1, 2, -3, 4}};
  // A'b = (4, -16, 6) and squared lengths are 4, 16, 36.
  for (const auto& solution : {nnls(a, b), nnls_gram(a.transpose() * a, a.transpose() * b)}) {
    EXPECT_TRUE(solution.converged);
    EXPECT_NEAR(solution.x[0], 1, 1e-14);
    EXPECT_EQ(solution.x[1], 0);
    EXPECT_NEAR(solution.x[2], 1.0 / 6, 1e-14);
  }
  EXPECT_NEAR(nnls(a, b).objective, 5, 1e-14);
  EXPECT_NEAR(nnls_gram(a.transpose() * a, a.transpose() * b).objective, -2.5, 1e-14);
}

TEST(Nnls, DividesIfThereIsOneColumn) {
  const MatrixXd a{{2}, {1}};
  const auto towards = nnls(a, VectorXd{{3, 4}});
  EXPECT_NEAR(towards.x[0], 2, 1e-15);
  EXPECT_NEAR(towards.objective, std::sqrt(5.0), 1e-14);
  const auto away = nnls(a, VectorXd{{-3, 4}});
  EXPECT_EQ(away.x[0], 0);
  EXPECT_DOUBLE_EQ(away.objective, 5);
  EXPECT_TRUE(away.converged);
}

TEST(Nnls, IsLeastSquaresIfThoseArePositive) {
  Random random(1);
  const MatrixXd a = random.normal(30, 12);
  const VectorXd b = a * VectorXd::LinSpaced(12, 5, 10) + random.normal(30, 1);
  const VectorXd expected = a.colPivHouseholderQr().solve(b);
  ASSERT_GT(expected.minCoeff(), 0);
  EXPECT_LT((nnls(a, b).x - expected).norm(), 1e-12 * expected.norm());
  EXPECT_LT((nnls_gram(a.transpose() * a, a.transpose() * b).x - expected).norm(), 1e-12 * expected.norm());
}

enum class Kind { tall, square, wide, deficient, repeated, zeros, scaled, smooth, away, exact, whole, mixed, count };

MatrixXd smooth_curves(Index points, Index count, Random& random) {
  MatrixXd a(points, count);
  for (Index j = 0; j < count; ++j) {
    const double centre = random.uniform(-1, 1), width = random.uniform(0.1, 1);
    const auto x = Eigen::ArrayXd::LinSpaced(points, -1, 1);
    a.col(j) = (-((x - centre) / width).square()).exp().matrix();
  }
  return a;
}

MatrixXd random_matrix(Kind kind, Random& random) {
  Index rows = random.index(1, 30), cols = random.index(1, 30);
  if (kind == Kind::tall) rows += cols;
  if (kind == Kind::square) rows = cols;
  if (kind == Kind::wide) cols += rows;
  if (kind == Kind::smooth) return smooth_curves(50, cols, random);
  MatrixXd a = random.normal(rows, cols);
  if (kind == Kind::deficient) {
    const Index rank = random.index(1, std::min(rows, cols));
    a = random.normal(rows, rank) * random.normal(rank, cols);
  }
  if (kind == Kind::whole) a = a.array().round().matrix();
  if (kind == Kind::away) a = a.cwiseAbs();
  for (Index j = 0; j < cols; ++j) {
    if ((kind == Kind::repeated || kind == Kind::mixed) && random.chance(0.4))
      a.col(j) = a.col(random.index(0, cols - 1)) * (random.chance(0.5) ? 1.0 : random.uniform(0.1, 3));
    if ((kind == Kind::zeros || kind == Kind::mixed) && random.chance(0.2)) a.col(j).setZero();
    if (kind == Kind::scaled || kind == Kind::mixed) a.col(j) *= std::pow(10, random.uniform(-8, 8));
  }
  return random.chance(0.02) ? MatrixXd::Zero(rows, cols) : a;
}

VectorXd random_right_side(Kind kind, const MatrixXd& a, Random& random) {
  const VectorXd b = random.normal(a.rows(), 1);
  if (random.chance(0.02)) return VectorXd::Zero(a.rows());
  if (kind == Kind::away) return -b.cwiseAbs();
  if (kind == Kind::exact) return a * random.normal(a.cols(), 1).cwiseMax(0.0);
  if (kind == Kind::whole) return b.array().round().matrix();
  return b * std::pow(10, random.uniform(-8, 8));
}

TEST(Nnls, MeetsTheConditionsOfThousandProblemsOfManyKinds) {
  Random random(2);
  for (int i = 0; i < 1000; ++i) {
    SCOPED_TRACE("problem " + std::to_string(i));
    const auto kind = static_cast<Kind>(i % static_cast<int>(Kind::count));
    const MatrixXd a = random_matrix(kind, random);
    const VectorXd b = random_right_side(kind, a, random);
    const auto solution = nnls(a, b);
    expect_solved(solution, a, b);
    EXPECT_TRUE(kind != Kind::away || solution.x.isZero(0));
    EXPECT_TRUE(kind != Kind::exact || solution.objective <= 1e-9 * b.norm());

    const auto same = nnls_gram(a.transpose() * a, a.transpose() * b);
    EXPECT_TRUE(same.converged);
    EXPECT_LE(same.kkt_violation, 1e-10);
    EXPECT_TRUE((same.x.array() >= 0).all());
  }
}

TEST(Nnls, TellsNearlyEqualColumnsApart) {
  Random random(3);
  for (int i = 0; i < 50; ++i) {
    SCOPED_TRACE("problem " + std::to_string(i));
    MatrixXd a = random.normal(20, 16);
    a.rightCols(8) = a.leftCols(8) + 1e-9 * random.normal(20, 8);
    const VectorXd b = random.normal(20, 1);
    expect_solved(nnls(a, b), a, b);
  }
}

TEST(Nnls, FindsTheSameMinimumFromTheGramMatrix) {
  Random random(4);
  for (int i = 0; i < 50; ++i) {
    SCOPED_TRACE("problem " + std::to_string(i));
    const Index unknowns = random.index(1, 60);
    const MatrixXd a = random.normal(2 * unknowns + 5, unknowns);
    const VectorXd b = random.normal(a.rows(), 1);
    const auto direct = nnls(a, b), gram = nnls_gram(a.transpose() * a, a.transpose() * b);
    EXPECT_NEAR((a * gram.x - b).norm(), direct.objective, 1e-8 * direct.objective);
    const double minimum = (direct.objective * direct.objective - b.squaredNorm()) / 2;
    EXPECT_NEAR(gram.objective, minimum, 1e-12 * b.squaredNorm());
    EXPECT_EQ(support(gram.x), support(direct.x));
  }
}

/// Rates of neurons with the sign of each neuron, and currents to be decoded: the regularised normal equations are the
/// matrix of the problem, whose condition number is some 1e4 and that of its Gram matrix the square.
TEST(Nnls, DecodesCurrentsAsTheTextbookDoes) {
  Random random(5);
  const Index points = 201, neurons = 40, targets = 12;
  const Eigen::ArrayXd x = Eigen::ArrayXd::LinSpaced(points, -1, 1);
  MatrixXd rates(points, neurons), currents(points, targets);
  for (Index j = 0; j < neurons; ++j) {
    const double direction = random.chance(0.5) ? 1 : -1, sign = random.chance(0.7) ? 1 : -1;
    const double gain = random.uniform(1, 10), intercept = random.uniform(-1, 1);
    const Eigen::ArrayXd drive = gain * (direction * x - intercept);
    rates.col(j) = (drive > 0).select(sign / (0.002 + 0.02 * (1 / drive.max(1e-12)).log1p()), 0.0).matrix();
  }
  for (Index j = 0; j < targets; ++j)
    currents.col(j) = (random.uniform(-5, 5) * x.square() + random.uniform(-5, 5)).matrix();
  const MatrixXd a = rates.transpose() * rates + static_cast<double>(points) * MatrixXd::Identity(neurons, neurons);
  const MatrixXd right = rates.transpose() * currents;
  const solver::NnlsMatrix shared(a);
  for (Index j = 0; j < targets; ++j) {
    SCOPED_TRACE("target " + std::to_string(j));
    const auto solution = shared.solve(right.col(j));
    expect_solved(solution, a, right.col(j));
    const VectorXd expected = textbook(a, right.col(j));
    const double objective = (a * expected - right.col(j)).norm();
    EXPECT_NEAR(solution.objective, objective, 1e-8 * objective);
    EXPECT_EQ(support(solution.x), support(expected));
    EXPECT_LT((solution.x - expected).norm(), 1e-9 * expected.norm());
    EXPECT_EQ(solution.x, nnls(a, right.col(j)).x);
  }
}

TEST(Nnls, GivesTheSameBitsWhereverTheInputLies) {
  Random random(6);
  const Index rows = 21, cols = 17;
  const MatrixXd a = random.normal(rows, cols);
  const VectorXd b = random.normal(rows, 1), c = a.transpose() * b;
  const MatrixXd gram = a.transpose() * a;
  const auto moved = [](const MatrixXd& from, std::vector<double>& memory) {
    memory.assign(static_cast<std::size_t>(from.size()) + 1, 0);
    Eigen::Map<MatrixXd> to(memory.data() + 1, from.rows(), from.cols());
    to = from;
    return to;
  };
  std::vector<double> first, second;
  EXPECT_EQ(nnls(a, b).x, nnls(moved(a, first), moved(b, second).col(0)).x);
  EXPECT_EQ(nnls_gram(gram, c).x, nnls_gram(moved(gram, first), moved(c, second).col(0)).x);
}

TEST(Nnls, SaysSoIfItWasStopped) {
  Random random(7);
  const MatrixXd a = random.normal(40, 30);
  const VectorXd b = random.normal(40, 1);
  const auto stopped = nnls(a, b, {.max_iterations = 1});
  EXPECT_FALSE(stopped.converged);
  EXPECT_LE(stopped.iterations, 1);
  EXPECT_GT(stopped.kkt_violation, 1e-10);
  EXPECT_TRUE((stopped.x.array() >= 0).all());
}

TEST(Nnls, SaysSoIfThereIsNoMinimum) {
  for (const MatrixXd& gram : {MatrixXd{{1, -1}, {-1, 1}}, MatrixXd{{1, 0}, {0, 0}}}) {
    const auto solution = nnls_gram(gram, VectorXd{{1, 1}});
    EXPECT_FALSE(solution.converged);
    EXPECT_TRUE(solution.x.allFinite());
  }
}

TEST(Nnls, SaysSoIfTheInputIsNotFinite) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const MatrixXd good = MatrixXd::Identity(2, 2), bad{{1, 0}, {0, nan}};
  const VectorXd one = VectorXd::Ones(2), infinite{{1, std::numeric_limits<double>::infinity()}};
  for (const auto& solution : {nnls(bad, one), nnls(good, infinite), nnls_gram(bad, one), nnls_gram(good, infinite)}) {
    EXPECT_FALSE(solution.converged);
    EXPECT_EQ(solution.x, VectorXd::Zero(2));
    EXPECT_TRUE(std::isinf(solution.kkt_violation));
  }
}

TEST(Nnls, TakesProblemsWithoutRowsOrColumns) {
  const auto without_rows = nnls(MatrixXd(0, 3), VectorXd(0));
  EXPECT_TRUE(without_rows.converged);
  EXPECT_EQ(without_rows.x, VectorXd::Zero(3));
  const auto without_columns = nnls(MatrixXd(2, 0), VectorXd{{3, 4}});
  EXPECT_TRUE(without_columns.converged);
  EXPECT_DOUBLE_EQ(without_columns.objective, 5);
  EXPECT_TRUE(nnls_gram(MatrixXd(0, 0), VectorXd(0)).converged);
}

TEST(Nnls, RefusesShapesThatDoNotFit) {
  EXPECT_THROW((void)nnls(MatrixXd::Zero(3, 2), VectorXd::Zero(2)), std::invalid_argument);
  EXPECT_THROW((void)nnls_gram(MatrixXd::Zero(3, 2), VectorXd::Zero(2)), std::invalid_argument);
}

}  // namespace

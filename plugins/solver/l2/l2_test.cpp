#include <Eigen/Dense>
#include <random>

#include "support/workshop.hpp"

#include <tyto/solver.hpp>

namespace {

using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Rows noise(Eigen::Index rows, Eigen::Index columns, unsigned seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> number(0, 100);
  return Rows::NullaryExpr(rows, columns, [&] { return number(random); });
}

Rows solve(const std::string& yaml, const Rows& rates, const Rows& wanted) {
  tyto::DecodingProblem problem;
  problem.points = static_cast<std::size_t>(rates.rows());
  problem.neurons = static_cast<std::size_t>(rates.cols());
  problem.outputs = static_cast<std::size_t>(wanted.cols());
  problem.rates_hz = {rates.data(), static_cast<std::size_t>(rates.size())};
  problem.wanted = {wanted.data(), static_cast<std::size_t>(wanted.size())};
  const auto solution = tyto::solution_of(problem, *workshop::make<tyto::Solver>(yaml));
  return Eigen::Map<const Rows>(solution.weights.data(), rates.cols(), wanted.cols());
}

TEST(L2, IsTheOptimumWithNoiseOnTheRates) {
  const Rows rates = noise(40, 12, 1), wanted = noise(40, 2, 2);
  const double sigma = 0.05 * rates.maxCoeff();
  const Rows weights = solve("{type: l2, regularisation: 0.05}", rates, wanted);
  const Rows gradient = rates.transpose() * (rates * weights - wanted) + 40 * sigma * sigma * weights;
  EXPECT_LT(gradient.cwiseAbs().maxCoeff(), 1e-7 * (rates.transpose() * wanted).cwiseAbs().maxCoeff());
}

TEST(L2, WithoutNoiseItIsTheSmallestOfAllThatFit) {
  // More neurons than points: each point can be met exactly, in many ways.
  const Rows rates = noise(10, 30, 3), wanted = noise(10, 2, 4);
  const Rows smallest = rates.transpose() * (rates * rates.transpose()).inverse() * wanted;
  for (const std::string regularisation : {"0", "1e-300", "1e-200", "1e-12", "1e-9"}) {
    const Rows weights = solve("{type: l2, regularisation: " + regularisation + "}", rates, wanted);
    EXPECT_LT((rates * weights - wanted).cwiseAbs().maxCoeff(), 1e-9) << regularisation;
    EXPECT_LT((weights - smallest).cwiseAbs().maxCoeff(), 1e-9 * smallest.cwiseAbs().maxCoeff()) << regularisation;
  }
}

TEST(L2, NeuronsThatDoTheSameShareTheirWeight) {
  Rows rates = noise(20, 4, 5);
  rates.col(3) = rates.col(1);
  const Rows weights = solve("{type: l2, regularisation: 0}", rates, rates.col(1) * 2);
  EXPECT_NEAR(weights(1, 0), 1, 1e-9);
  EXPECT_NEAR(weights(3, 0), 1, 1e-9);
}

TEST(L2, SilentNeuronsGetNothing) { EXPECT_TRUE(solve("l2", Rows::Zero(5, 3), noise(5, 1, 6)).isZero(0)); }

}  // namespace

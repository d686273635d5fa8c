#include <cmath>

#include <Eigen/Dense>

#include "support/golden.hpp"
#include "support/workshop.hpp"

#include <tyto/solver.hpp>

namespace {

std::shared_ptr<tyto::Solver> solver_of(const std::string& yaml) { return workshop::make<tyto::Solver>(yaml); }

struct Problem {
  std::vector<double> rates, wanted, signs;
  tyto::DecodingProblem view;
};

Problem golden_problem(const golden::File& file) {
  Problem problem;
  problem.rates = file.values("rates_pre");
  problem.wanted = file.values("target_current");
  for (const double excites : file.values("excitatory")) problem.signs.push_back(excites != 0 ? 1 : -1);
  const auto shape = file.array("rates_pre").shape;
  problem.view = {
      shape[0], shape[1], file.array("target_current").shape[1], problem.rates, problem.wanted, problem.signs, {}, {}};
  return problem;
}

/// The current that a solution gives to output k at point p.
double current_of(const tyto::DecodingProblem& view, const tyto::DecodingSolution& solution, std::size_t p,
                  std::size_t k) {
  double current = 0;
  for (std::size_t i = 0; i < view.neurons; ++i)
    current += view.rates_hz[p * view.neurons + i] * solution.weights[i * view.outputs + k];
  return current;
}

/// |(B'B + m sigma^2 I) w - B'J| of one output.
double objective(const Eigen::MatrixXd& matrix, const Eigen::VectorXd& right, const Eigen::VectorXd& w) {
  return (matrix * w - right).norm();
}

TEST(GoldenNnls, NormalEquations) {
  using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const golden::File file("nnls_dale");
  const Problem problem = golden_problem(file);
  const auto& view = problem.view;
  const auto solution =
      solver_of("{type: nnls, form: normal_equations, noise: " +
                tyto::format_quantity(file.attribute_number("sigma"), tyto::Dimension::frequency) + "}")
          ->solve(view);
  const auto n = static_cast<Eigen::Index>(view.neurons), outputs = static_cast<Eigen::Index>(view.outputs);
  const auto points = static_cast<Eigen::Index>(view.points);
  const Eigen::Map<const Rows> weights(solution.weights.data(), n, outputs);
  const auto expected_values = file.values("w_nonneg");
  const Eigen::Map<const Rows> expected(expected_values.data(), outputs, n);
  const Eigen::Map<const Eigen::VectorXd> sign(problem.signs.data(), n);
  const Eigen::MatrixXd b = Eigen::Map<const Rows>(problem.rates.data(), points, n) * sign.asDiagonal();
  const double sigma = file.attribute_number("sigma");
  const Eigen::MatrixXd matrix =
      b.transpose() * b + static_cast<double>(points) * sigma * sigma * Eigen::MatrixXd::Identity(n, n);
  const Eigen::MatrixXd right = b.transpose() * Eigen::Map<const Rows>(problem.wanted.data(), points, outputs);
  for (Eigen::Index k = 0; k < outputs; ++k) {
    const Eigen::VectorXd w = weights.col(k).cwiseProduct(sign);
    const Eigen::VectorXd known = expected.row(k);
    EXPECT_GE(w.minCoeff(), 0);
    const double best = objective(matrix, right.col(k), known);
    EXPECT_NEAR(objective(matrix, right.col(k), w), best, 1e-8 * best);
    for (Eigen::Index i = 0; i < n; ++i) EXPECT_EQ(w[i] > 0, known[i] > 0) << "output " << k << ", neuron " << i;
  }
}

/// The least-squares optimum is at least as good, by its own measure, as that of the normal equations.
TEST(NnlsSolver, LeastSquaresIsTheBetterFit) {
  const golden::File file("nnls_dale");
  const Problem problem = golden_problem(file);
  const auto error = [&](const std::string& form) {
    const auto solution = solver_of("{type: nnls, noise: 1 Hz, form: " + form + "}")->solve(problem.view);
    double sum = 0;
    for (const double rmse : std::get<std::vector<double>>(solution.report.variables.at(0).values)) sum += rmse * rmse;
    for (const double w : solution.weights) sum += w * w;
    return sum;
  };
  EXPECT_LT(error("least_squares"), error("normal_equations"));
}

/// Where neurons should be silent, the relaxed form does not care how silent, and so fits the rest better.
TEST(NnlsSolver, RelaxedFormFitsBetterWhereNeuronsFire) {
  const golden::File file("nnls_dale");
  Problem problem = golden_problem(file);
  const std::vector<double> thresholds(problem.view.outputs, 1.0);
  problem.view.thresholds = thresholds;
  const auto error = [&](const std::string& yaml) {
    const auto solution = solver_of(yaml)->solve(problem.view);
    const auto& view = problem.view;
    double sum = 0;
    for (std::size_t p = 0; p < view.points; ++p)
      for (std::size_t k = 0; k < view.outputs; ++k) {
        const double current = current_of(view, solution, p, k);
        const double wanted = view.wanted[p * view.outputs + k];
        const double miss = wanted >= 1 ? current - wanted : std::max(0.0, current - 1);
        sum += miss * miss;
      }
    return sum;
  };
  EXPECT_LT(error("{type: nnls, relaxed: true}"), 0.9 * error("nnls"));
}

/// The rates that follow are nearer to the wanted ones, too, whatever the noise is.
TEST(NnlsSolver, RelaxedFormGivesBetterRates) {
  const golden::File file("nnls_dale");
  Problem problem = golden_problem(file);
  const std::vector<double> thresholds(problem.view.outputs, 1.0);
  problem.view.thresholds = thresholds;
  const auto& view = problem.view;
  const auto rate_hz = [](double current) {
    return current > 1 ? 1 / (0.002 + 0.02 * std::log1p(1 / (current - 1))) : 0.0;
  };
  const auto error = [&](const std::string& yaml) {
    const auto solution = solver_of(yaml)->solve(view);
    double sum = 0;
    for (std::size_t p = 0; p < view.points; ++p)
      for (std::size_t k = 0; k < view.outputs; ++k) {
        const double current = current_of(view, solution, p, k);
        const double miss = rate_hz(current) - rate_hz(view.wanted[p * view.outputs + k]);
        sum += miss * miss;
      }
    return std::sqrt(sum / static_cast<double>(view.points * view.outputs));
  };
  for (const std::string noise : {"0.05 Hz", "0.2 Hz", "1 Hz", "2 Hz"})
    EXPECT_LT(error("{type: nnls, relaxed: true, noise: " + noise + "}"),
              0.97 * error("{type: nnls, noise: " + noise + "}"))
        << noise;
}

TEST(NnlsSolver, SignsAreKept) {
  const golden::File file("nnls_dale");
  const Problem problem = golden_problem(file);
  for (const std::string yaml : {"nnls", "{type: nnls, form: normal_equations}", "{type: nnls, noise: 0 Hz}"}) {
    const auto solution = solver_of(yaml)->solve(problem.view);
    for (std::size_t i = 0; i < problem.view.neurons; ++i)
      for (std::size_t k = 0; k < problem.view.outputs; ++k)
        EXPECT_GE(solution.weights[i * problem.view.outputs + k] * problem.signs[i], 0);
  }
}

TEST(NnlsSolver, RefusesTheRelaxedFormForValues) {
  const std::vector<double> rates{1, 2}, wanted{1, 1};
  const tyto::DecodingProblem problem{2, 1, 1, rates, wanted, {}, {}, {}};
  EXPECT_THROW(static_cast<void>(solver_of("{type: nnls, relaxed: true}")->solve(problem)), tyto::Error);
}

}  // namespace

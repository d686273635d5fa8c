/// What solvers tell of a solution.
#pragma once

#include <Eigen/Dense>

#include <tyto/solver.hpp>

namespace solver {

using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

[[nodiscard]] inline Eigen::Map<const RowMatrix> rates_of(const tyto::DecodingProblem& problem) {
  return {problem.rates_hz.data(), static_cast<Eigen::Index>(problem.points),
          static_cast<Eigen::Index>(problem.neurons)};
}
[[nodiscard]] inline Eigen::Map<const RowMatrix> wanted_of(const tyto::DecodingProblem& problem) {
  return {problem.wanted.data(), static_cast<Eigen::Index>(problem.points), static_cast<Eigen::Index>(problem.outputs)};
}

/// The weights, with their root mean square error for each output.
[[nodiscard]] inline tyto::DecodingSolution report(const tyto::DecodingProblem& problem, const RowMatrix& weights) {
  const RowMatrix rest = rates_of(problem) * weights - wanted_of(problem);
  std::vector<double> rmse(problem.outputs);
  for (std::size_t k = 0; k < problem.outputs; ++k)
    rmse[k] = std::sqrt(rest.col(static_cast<Eigen::Index>(k)).squaredNorm() / static_cast<double>(problem.points));
  tyto::DecodingSolution solution;
  solution.weights.assign(weights.data(), weights.data() + weights.size());
  std::vector<std::int64_t> outputs(problem.outputs);
  for (std::size_t k = 0; k < outputs.size(); ++k) outputs[k] = static_cast<std::int64_t>(k);
  solution.report.axis("output", std::move(outputs), "1", "index of the value or neuron that is reached");
  solution.report.variable("rmse", {"output"}, std::move(rmse), "1",
                           "root mean square of what rates times weights leave of the wanted values");
  return solution;
}

}  // namespace solver

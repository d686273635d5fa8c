/// Least squares with non-negative unknowns, in double precision. The same input gives the same bits wherever it lies
/// in memory: nothing is random, and all sums have a fixed order.
///
/// How well x meets the conditions of Karush, Kuhn and Tucker is measured without units. With the gradient
/// g = A'(A x - b) and s_j = ||a_j|| ||b||, the *KKT violation* is the largest over j of
///
///     |g_j| / s_j if x_j > 0        max(0, -g_j) / s_j if x_j = 0
///
/// and the Gram form has g = G x - c and s_j = sqrt(G_jj) max over i of |c_i| / sqrt(G_ii), which is a lower bound of
/// the s_j above. A zero column has x_j = 0 and adds nothing. What can be reached is limited by rounding: about
/// 1e-16 times the sum over j of ||a_j|| x_j / ||b||, which is far below the tolerance unless columns nearly
/// cancel or rows differ by many orders of magnitude. What is not reached is reported, never hidden.
#pragma once

#include <Eigen/Core>

namespace solver {

struct NnlsOptions {
  double tolerance = 1e-10;  ///< KKT violation up to which a solution counts as converged; a hundredth is aimed at
  int max_iterations = 0;    ///< systems of equations that are solved at most; 0 means 100 and 10 for each unknown
};

struct NnlsSolution {
  Eigen::VectorXd x;         ///< never negative
  double objective = 0;      ///< the minimum: ||A x - b||, or x'G x / 2 - c'x for the Gram form
  double kkt_violation = 0;  ///< of x; infinite for input that is not finite, for which x = 0
  int iterations = 0;        ///< systems of equations solved
  bool converged = false;    ///< finite, and within the tolerance
};

/// min over x >= 0 of ||A x - b|| for many b that share A. Solving changes nothing, so that threads may share it.
///
/// Exchanges of many variables at once (block principal pivoting, Kim & Park 2011), with Cholesky factors of the Gram
/// matrix and refinement by the gradient that A itself gives, find the solution in a few steps unless A is (nearly)
/// rank-deficient. What they leave undone is finished by the active set method of Lawson & Hanson (1974), with an
/// updated QR factorisation: each of its steps lowers the residual, so that it ends.
class NnlsMatrix {
 public:
  explicit NnlsMatrix(const Eigen::Ref<const Eigen::MatrixXd>& a);

  [[nodiscard]] NnlsSolution solve(const Eigen::Ref<const Eigen::VectorXd>& b, const NnlsOptions& options = {}) const;

 private:
  Eigen::MatrixXd a_;     ///< its columns in units_
  Eigen::ArrayXd units_;  ///< powers of two, so that scaling rounds nothing
  Eigen::ArrayXd norms_;  ///< of the scaled columns
  Eigen::MatrixXd gram_;  ///< of the scaled columns, its lower triangle
  bool finite_ = true;
};

/// min over x >= 0 of ||A x - b||
[[nodiscard]] NnlsSolution nnls(const Eigen::Ref<const Eigen::MatrixXd>& a, const Eigen::Ref<const Eigen::VectorXd>& b,
                                const NnlsOptions& options = {});

/// min over x >= 0 of x'G x / 2 - c'x with G = A'A and c = A'b: symmetric, positive semidefinite, and c in its range;
/// otherwise there may be no minimum, and the solution is not converged. G has the square of A's condition number:
/// columns that differ by less than about 1e-6 of their length are told apart only if A is given, and x is as accurate
/// as nnls finds it only where A is well-conditioned.
[[nodiscard]] NnlsSolution nnls_gram(const Eigen::Ref<const Eigen::MatrixXd>& gram,
                                     const Eigen::Ref<const Eigen::VectorXd>& c, const NnlsOptions& options = {});

}  // namespace solver

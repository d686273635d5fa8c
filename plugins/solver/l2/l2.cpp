#include <cmath>
#include <limits>

#include <Eigen/Dense>

#include "../common/report.hpp"

namespace {

/// (A'A + m sigma^2 I) D = A'Y with sigma = regularisation x the greatest rate, for m points (Eliasmith and Anderson
/// 2003): rates are taken to be known up to that noise.
class L2 final : public tyto::Solver {
 public:
  double regularisation = 0.1;

  static auto parameters() {
    return tyto::parameters<L2>("Least squares with noise on the rates")
        .details(
            R"(With A (points x neurons) the rates in Hz, Y (points x outputs) what is wanted and ^T for the transpose,
D solves

    (A^T A + m sigma^2 I) D = A^T Y
    sigma = regularisation x the greatest rate in A, in Hz

for m points, which makes |A D - Y|^2 + m sigma^2 |D|^2 least. D is in units of Y per Hz. Rates are taken to be known up
to Gaussian noise of the standard deviation sigma (Eliasmith & Anderson 2003). Worked out in double precision, by LDL^T
factors with pivots; without noise on the rates, or with less than the rounding of A^T A, D is, of all that make |A D - Y|^2 least, the one with the least |D|^2
(complete orthogonal decomposition). Weights have either sign; under Dale's law use `nnls`. `noise_hz` in the results is sigma.)")
        .number("regularisation", &L2::regularisation, "0.1", "standard deviation of that noise over the greatest rate")
        .non_negative();
  }

  [[nodiscard]] tyto::DecodingSolution solve(const tyto::DecodingProblem& problem) const override {
    if (!problem.signs.empty())
      throw tyto::Error("the solver 'l2' finds weights of both signs, which Dale's law forbids; use 'nnls'");
    const auto rates = solver::rates_of(problem);
    const auto wanted = solver::wanted_of(problem);
    const double sigma_hz = regularisation * (rates.size() > 0 ? rates.maxCoeff() : 0.0);
    const solver::RowMatrix weights =
        shows(sigma_hz, rates) ? regularised(rates, wanted, sigma_hz) : smallest(rates, wanted);
    if (!weights.allFinite())
      throw tyto::Error("least squares has no finite solution here; take another regularisation");
    auto solution = solver::report(problem, weights);
    solution.report.attribute("noise_hz", sigma_hz);
    return solution;
  }

 private:
  using Numbers = Eigen::Map<const solver::RowMatrix>;

  static solver::RowMatrix regularised(const Numbers& rates, const Numbers& wanted, double sigma_hz) {
    const Eigen::Index n = rates.cols();
    Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(n, n);
    gram.selfadjointView<Eigen::Lower>().rankUpdate(rates.transpose());
    gram.diagonal().array() += static_cast<double>(rates.rows()) * sigma_hz * sigma_hz;
    const Eigen::MatrixXd right = rates.transpose() * wanted;
    const Eigen::LDLT<Eigen::MatrixXd> factors(gram.selfadjointView<Eigen::Lower>());
    return factors.solve(right);
  }

  /// Whether so much noise makes a difference to the normal equations, which may be singular without it, as they are
  /// for more neurons than points: what is less than their rounding does not.
  static bool shows(double sigma_hz, const Numbers& rates) {
    const double most = rates.size() > 0 ? rates.colwise().squaredNorm().maxCoeff() : 0.0;
    const auto n = static_cast<double>(rates.cols());
    return static_cast<double>(rates.rows()) * sigma_hz * sigma_hz > n * std::numeric_limits<double>::epsilon() * most;
  }

  static solver::RowMatrix smallest(const Numbers& rates, const Numbers& wanted) {
    return rates.completeOrthogonalDecomposition().solve(wanted);
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<L2>("l2"); }

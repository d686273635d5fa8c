#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include <Eigen/Dense>

#include "../common/nnls.hpp"
#include "../common/report.hpp"

namespace {

enum class Form { least_squares, normal_equations };

/// What one output's solve came to.
struct Solved {
  Eigen::VectorXd x;
  double kkt_violation = 0;
  int rounds = 1;
  bool converged = true;
};

/// Non-negative least squares on rates that carry the signs of their neurons, B = A sign: weights are w sign with
/// w >= 0. For currents, the relaxed form asks only that neurons which should be silent get less than their threshold
/// (Stoeckel and Eliasmith 2021).
class Nnls final : public tyto::Solver {
 public:
  Form form = Form::least_squares;
  double noise_hz = 1;
  bool relaxed = false;
  double margin = 0.05;

  static auto parameters() {
    return tyto::parameters<Nnls>(
               "Non-negative least squares with noise on the rates: weights have the signs that Dale's law gives to "
               "their neurons, or are positive without it")
        .details(
            R"(With A (points x neurons) the rates in Hz, J what is wanted of one output, s_i = +-1 the sign of neuron i
(+1 without Dale's law), B = A diag(s), m points and ^T for the transpose, each output has its own problem. Weights are
s_i w_i:

    least_squares     |B w - J|^2 + m noise^2 |w|^2              least, over w >= 0
    normal_equations  |(B^T B + m noise^2 I) w - B^T J|^2        least, over w >= 0

`relaxed` (Stoeckel & Eliasmith 2021) is for currents: with the bound b = threshold (1 - margin) less the currents that
the neuron gets besides, a point with J < b counts only if the current B w is above b there, and then asks for b. Which
points count is found by solving again, 50 times at most, until it no longer changes; m stays the number of all points.

Weights are in units of J per Hz, noise is in Hz. Worked out in double precision by block principal pivoting (Kim & Park
2011), and by the active set method of Lawson & Hanson (1974) where that does not end. A solution counts as converged
if its `kkt_violation` is 1e-10 at most; `not_converged` in the results counts the others.)")
        .choice("form", &Nnls::form,
                {{"least_squares", Form::least_squares}, {"normal_equations", Form::normal_equations}}, "least_squares",
                "what is least: the squared error, |B w - J|^2 + m noise^2 |w|^2 for m points, or that of the normal "
                "equations, |(B'B + m noise^2 I) w - B'J|^2, which has another minimum where weights are bounded")
        .frequency("noise", &Nnls::noise_hz, "1 Hz", "standard deviation of the noise on the rates")
        .non_negative()
        .boolean(
            "relaxed", &Nnls::relaxed, "false",
            "for currents: whether any current below the threshold is as good as any other where the neuron should "
            "be silent")
        .number(
            "margin", &Nnls::margin, "0.05",
            "how far below the threshold a current has to be for that, as a part of the threshold; solutions that are "
            "not exact cross a bound without one")
        .range(0, 1)
        .check([](const Nnls& solver) -> std::optional<tyto::Problem> {
          if (solver.relaxed && solver.form == Form::normal_equations)
            return tyto::Problem{"relaxed", "is for the form least_squares"};
          return std::nullopt;
        });
  }

  [[nodiscard]] bool keeps_signs() const override { return true; }
  [[nodiscard]] bool needs_thresholds() const override { return relaxed; }

  [[nodiscard]] tyto::DecodingSolution solve(const tyto::DecodingProblem& problem) const override {
    if (relaxed && problem.thresholds.empty())
      throw tyto::Error("the relaxed form is for the currents of neurons; use 'onto: neurons'");
    Eigen::MatrixXd b = solver::rates_of(problem);
    Eigen::VectorXd sign = Eigen::VectorXd::Ones(b.cols());
    for (std::size_t i = 0; i < problem.signs.size(); ++i)
      sign[static_cast<Eigen::Index>(i)] = problem.signs[i] < 0 ? -1 : 1;
    b = b * sign.asDiagonal();
    const Eigen::MatrixXd wanted = solver::wanted_of(problem);
    const auto solved = relaxed ? solve_relaxed(b, wanted, problem) : solve_plain(b, wanted);

    solver::RowMatrix weights(b.cols(), wanted.cols());
    for (Eigen::Index k = 0; k < wanted.cols(); ++k)
      weights.col(k) = solved[static_cast<std::size_t>(k)].x.cwiseProduct(sign);
    auto solution = solver::report(problem, weights);
    tell(solved, weights, solution.report);
    return solution;
  }

 private:
  /// B'B with the noise of `points` points.
  [[nodiscard]] Eigen::MatrixXd gram_of(const Eigen::MatrixXd& b, Eigen::Index points) const {
    Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(b.cols(), b.cols());
    if (b.rows() > 0) gram.selfadjointView<Eigen::Lower>().rankUpdate(b.transpose());
    gram.triangularView<Eigen::StrictlyUpper>() = gram.transpose();
    gram.diagonal().array() += static_cast<double>(points) * noise_hz * noise_hz;
    return gram;
  }

  [[nodiscard]] std::vector<Solved> solve_plain(const Eigen::MatrixXd& b, const Eigen::MatrixXd& wanted) const {
    const Eigen::MatrixXd gram = gram_of(b, b.rows());
    const Eigen::MatrixXd right = b.transpose() * wanted;
    std::vector<Solved> solved;
    const auto keep = [&](solver::NnlsSolution found) {
      solved.push_back({std::move(found.x), found.kkt_violation, 1, found.converged});
    };
    if (form == Form::normal_equations || noise_hz == 0) {
      // Without noise the Gram matrix has the square of the condition number, so that the rates themselves are used.
      const bool plain = form == Form::least_squares;
      const solver::NnlsMatrix matrix(plain ? b : gram);
      for (Eigen::Index k = 0; k < wanted.cols(); ++k) keep(matrix.solve(plain ? wanted.col(k) : right.col(k)));
    } else {
      for (Eigen::Index k = 0; k < wanted.cols(); ++k) keep(solver::nnls_gram(gram, right.col(k)));
    }
    return solved;
  }

  /// Points at which a neuron should be silent count only where it would fire, and then ask for the bound, its
  /// threshold less the margin. Which they are is found by solving again until it no longer changes.
  [[nodiscard]] std::vector<Solved> solve_relaxed(const Eigen::MatrixXd& b, const Eigen::MatrixXd& wanted,
                                                  const tyto::DecodingProblem& problem) const {
    constexpr int most_rounds = 50;
    std::vector<Solved> solved;
    for (Eigen::Index k = 0; k < wanted.cols(); ++k) {
      const auto output = static_cast<std::size_t>(k);
      const double other = problem.others.empty() ? 0 : problem.others[output];
      std::vector<Eigen::Index> firing, counted, before;
      const double bound = problem.thresholds[output] * (1 - margin) - other;
      const auto silent = [&](Eigen::Index p) { return wanted(p, k) < bound; };
      for (Eigen::Index p = 0; p < b.rows(); ++p)
        if (!silent(p)) firing.push_back(p);
      Solved last;
      counted = firing;
      for (last.rounds = 1; last.rounds <= most_rounds; ++last.rounds) {
        Eigen::MatrixXd rows(static_cast<Eigen::Index>(counted.size()), b.cols());
        for (Eigen::Index p = 0; p < rows.rows(); ++p) rows.row(p) = b.row(counted[static_cast<std::size_t>(p)]);
        const Eigen::VectorXd goal = wanted.col(k)(counted).cwiseMax(bound);
        Eigen::VectorXd right = Eigen::VectorXd::Zero(b.cols());
        if (!counted.empty()) right = rows.transpose() * goal;
        auto found = solver::nnls_gram(gram_of(rows, b.rows()), right);
        last.kkt_violation = found.kkt_violation;
        last.converged = found.converged;
        last.x = std::move(found.x);
        before.swap(counted);
        counted = firing;
        const Eigen::VectorXd current = b * last.x;
        for (Eigen::Index p = 0; p < b.rows(); ++p)
          if (silent(p) && current[p] > bound) counted.push_back(p);
        if (counted == before) break;
      }
      last.converged = last.converged && last.rounds <= most_rounds;
      solved.push_back(std::move(last));
    }
    return solved;
  }

  static void tell(const std::vector<Solved>& solved, const solver::RowMatrix& weights, tyto::Table& report) {
    std::vector<double> violation, active;
    std::vector<std::int64_t> rounds;
    std::int64_t failed = 0;
    for (const auto& one : solved) {
      violation.push_back(one.kkt_violation);
      active.push_back(static_cast<double>((one.x.array() > 0).count()) / static_cast<double>(one.x.size()));
      rounds.push_back(one.rounds);
      failed += one.converged ? 0 : 1;
    }
    report.variable("kkt_violation", {"output"}, std::move(violation), "1",
                    "how far the solution is from the conditions of Karush, Kuhn and Tucker, without units");
    report.variable("active_fraction", {"output"}, std::move(active), "1", "part of the weights that are not 0");
    report.variable("rounds", {"output"}, std::move(rounds), "1", "least-squares problems solved");
    std::vector<std::int64_t> neurons(static_cast<std::size_t>(weights.rows()));
    std::iota(neurons.begin(), neurons.end(), std::int64_t{0});
    report.axis("from", std::move(neurons), "1", "index of the neuron that the weights leave");
    const auto above_zero = [](const solver::RowMatrix& matrix) {
      const solver::RowMatrix kept = matrix.cwiseMax(0.0);
      return std::vector<double>(kept.data(), kept.data() + kept.size());
    };
    report.variable("excitatory", {"from", "output"}, above_zero(weights), "1", "weights above 0");
    report.variable("inhibitory", {"from", "output"}, above_zero(-weights), "1", "weights below 0, without their sign");
    report.attribute("not_converged", failed);
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<Nnls>("nnls"); }

#include "nnls.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

#include <Eigen/Jacobi>

namespace solver {
namespace {

using Eigen::ArrayXd;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr double infinity = std::numeric_limits<double>::infinity();

/// Squared distance from the span of others, relative to the squared length, from which a Cholesky factor of the Gram
/// matrix still tells a column apart.
constexpr double least_pivot = 1e-13;
/// The same for the distance itself and the QR factorisation.
constexpr double least_distance = 1e-13;

/// The power of two that brings a positive number into [0.5, 1); 1 for zero. It stays so far from the ends of the range
/// that its inverse is finite, too.
double power_of_two_below_one(double value) {
  int exponent = 0;
  std::frexp(value, &exponent);
  return std::ldexp(1.0, -std::clamp(exponent, -1000, 1000));
}

/// A least-squares problem in the units of its columns and its right-hand side.
struct MatrixProblem {
  const MatrixXd& a;
  const MatrixXd& gram;  ///< its lower triangle
  ArrayXd scales;        ///< s_j of the KKT violation
  VectorXd b;

  [[nodiscard]] VectorXd residual(const VectorXd& x) const {
    VectorXd sum = -b;
    for (Index j = 0; j < x.size(); ++j)
      if (x[j] != 0) sum += x[j] * a.col(j);
    return sum;
  }
  [[nodiscard]] VectorXd gradient(const VectorXd& x) const { return a.transpose() * residual(x); }
  [[nodiscard]] std::pair<MatrixXd, VectorXd> matrix_and_right_side() const { return {a, b}; }
};

/// The same given by Gram matrix and A'b.
struct GramProblem {
  MatrixXd gram;
  ArrayXd scales;
  VectorXd c;

  [[nodiscard]] VectorXd gradient(const VectorXd& x) const {
    VectorXd sum = -c;
    for (Index j = 0; j < x.size(); ++j)
      if (x[j] != 0) sum += x[j] * gram.col(j);
    return sum;
  }
  [[nodiscard]] std::pair<MatrixXd, VectorXd> matrix_and_right_side() const;
};

/// A and b of which G and c are made, up to a rotation: by Cholesky's factorisation with pivoting.
std::pair<MatrixXd, VectorXd> GramProblem::matrix_and_right_side() const {
  const Index n = gram.rows();
  const double least = 4 * static_cast<double>(n) * epsilon;
  MatrixXd l(n, n);
  VectorXd b(n), rest_of_c = c, rest = gram.diagonal();
  Index rank = 0;
  for (; rank < n; ++rank) {
    Index pivot = 0;
    const double most = (rest.array() / gram.diagonal().array().max(epsilon)).maxCoeff(&pivot);
    if (!(most > least)) break;
    const double root = std::sqrt(rest[pivot]);
    auto column = l.col(rank);
    column = gram.col(pivot);
    column.noalias() -= l.leftCols(rank) * l.row(pivot).head(rank).transpose();
    column /= root;
    b[rank] = rest_of_c[pivot] / root;
    rest_of_c -= b[rank] * column;
    rest -= column.cwiseAbs2();
    rest[pivot] = 0;
  }
  return {l.leftCols(rank).transpose(), b.head(rank)};
}

/// Where a solver stands: x >= 0, and how far it is from the solution.
struct State {
  VectorXd x;
  VectorXd gradient;
  double violation = infinity;
  int iterations = 0;
};

double violation_at(double x, double gradient, double scale) {
  const double wrong = x > 0 ? std::abs(gradient) : -gradient;
  if (wrong <= 0) return 0;
  return scale > 0 ? wrong / scale : infinity;
}

/// Moves to max(x, 0) if that violates the conditions less; true if so.
template <class Problem>
bool improve(const Problem& problem, VectorXd x, State& state) {
  x = x.cwiseMax(0.0);
  VectorXd gradient = problem.gradient(x);
  double violation = 0;
  for (Index j = 0; j < x.size(); ++j)
    violation = std::max(violation, violation_at(x[j], gradient[j], problem.scales[j]));
  if (!(violation < state.violation) || !x.allFinite() || !gradient.allFinite()) return false;
  state.x = std::move(x);
  state.gradient = std::move(gradient);
  state.violation = violation;
  return true;
}

/// Cholesky factor of the rows and columns of a Gram matrix that are `passive`, meaning not held at zero. Columns that
/// depend on those before them are taken out of `passive`.
class PassiveFactor {
 public:
  PassiveFactor(const MatrixXd& gram, std::vector<Index>& passive) : l_(gram(passive, passive)), passive_(passive) {
    std::vector<Index> kept;
    for (Index k = 0; k < l_.cols(); ++k) {
      const Index below = l_.rows() - k;
      const double whole = l_(k, k);
      l_.col(k).tail(below).noalias() -= l_.block(k, 0, below, k) * l_.row(k).head(k).transpose();
      if (l_(k, k) > least_pivot * whole) {
        l_.col(k).tail(below) *= 1 / std::sqrt(l_(k, k));
        kept.push_back(k);
      } else {
        l_.row(k).head(k).setZero();
        l_.col(k).tail(below).setZero();
      }
    }
    if (kept.size() < passive.size()) drop_all_but(kept);
  }

  /// Solution of G_PP x_P = right_P, zero elsewhere.
  [[nodiscard]] VectorXd solve(const VectorXd& right) const {
    VectorXd part = right(passive_);
    l_.triangularView<Eigen::Lower>().solveInPlace(part);
    l_.triangularView<Eigen::Lower>().transpose().solveInPlace(part);
    VectorXd x = VectorXd::Zero(right.size());
    x(passive_) = part;
    return x;
  }

 private:
  void drop_all_but(const std::vector<Index>& kept) {
    l_ = l_(kept, kept).eval();
    for (std::size_t k = 0; k < kept.size(); ++k) passive_[k] = passive_[static_cast<std::size_t>(kept[k])];
    passive_.resize(kept.size());
  }

  MatrixXd l_;  ///< its lower triangle
  std::vector<Index>& passive_;
};

/// Brings the passive variables nearer to the solution of their equations, by the problem's own gradient, until that is
/// as small as `precision` asks or no longer shrinks.
template <class Problem>
void refine(const Problem& problem, const PassiveFactor& factor, const std::vector<Index>& passive, double precision,
            VectorXd& x, VectorXd& gradient) {
  constexpr int refinements = 4;
  double before = infinity;
  for (int i = 0; i < refinements; ++i) {
    double error = 0;
    for (const Index j : passive) error = std::max(error, std::abs(gradient[j]) / problem.scales[j]);
    if (error <= precision || error > before / 2) return;
    before = error;
    x -= factor.solve(gradient);
    gradient = problem.gradient(x);
  }
}

/// Block principal pivoting: every variable that is on the wrong side changes sides, until none is or until several
/// steps in a row have not lowered their number. Returns the variables that were positive when it was least.
template <class Problem>
std::vector<Index> exchange_blocks(const Problem& problem, double precision, int max_iterations, State& state) {
  constexpr int patience = 4;
  const VectorXd right = -state.gradient;
  std::vector<Index> passive, next, positive, best;
  for (Index j = 0; j < right.size(); ++j)
    if (right[j] > precision * problem.scales[j]) passive.push_back(j);
  Index fewest = right.size() + 1;
  for (int left = patience; left > 0 && state.iterations < max_iterations; ++state.iterations) {
    const PassiveFactor factor(problem.gram, passive);
    VectorXd x = factor.solve(right);
    VectorXd gradient = problem.gradient(x);
    refine(problem, factor, passive, precision, x, gradient);
    next.clear();
    positive.clear();
    Index wrong = 0;
    auto held = passive.begin();
    for (Index j = 0; j < x.size(); ++j) {
      const bool is_passive = held != passive.end() && *held == j;
      if (is_passive) ++held;
      const bool stays = is_passive ? x[j] >= 0 : !(gradient[j] < -precision * problem.scales[j]);
      wrong += stays ? 0 : 1;
      if (is_passive == stays) next.push_back(j);
      if (is_passive && stays) positive.push_back(j);
    }
    left = wrong < fewest ? patience : left - 1;
    if (wrong < fewest) best = positive;
    fewest = std::min(fewest, wrong);
    if (wrong == 0) {
      refine(problem, factor, passive, 0, x, gradient);
      improve(problem, x, state);
      left = 0;
    }
    passive = next;
  }
  return best;
}

/// QR factorisation A = QR of columns that come and go: by Gram and Schmidt's method, done twice, and by Givens
/// rotations (Daniel, Gragg, Kaufman & Stewart 1976).
class GrowingQr {
 public:
  GrowingQr(Index rows, Index most) : q_(rows, most), r_(MatrixXd::Zero(most, most)) {}

  /// False, and nothing is done, for a column that depends on those that are there.
  bool append(const VectorXd& column) {
    if (count_ == q_.cols()) return false;
    VectorXd rest = column, along = VectorXd::Zero(count_);
    for (int pass = 0; pass < 2; ++pass) {
      const VectorXd part = q_.leftCols(count_).transpose() * rest;
      rest -= q_.leftCols(count_) * part;
      along += part;
    }
    const double distance = rest.norm();
    if (!(distance > least_distance * column.norm())) return false;
    q_.col(count_) = rest / distance;
    r_.col(count_).head(count_) = along;
    r_(count_, count_) = distance;
    ++count_;
    return true;
  }

  void remove(Index position) {
    for (Index k = position; k + 1 < count_; ++k) r_.col(k).head(k + 2) = r_.col(k + 1).head(k + 2);
    for (Index k = position; k + 1 < count_; ++k) {
      Eigen::JacobiRotation<double> rotation;
      rotation.makeGivens(r_(k, k), r_(k + 1, k));
      r_.block(k, k, 2, count_ - 1 - k).applyOnTheLeft(0, 1, rotation.adjoint());
      r_(k + 1, k) = 0;
      q_.applyOnTheRight(k, k + 1, rotation);
    }
    --count_;
  }

  /// The x that minimises ||A x - b||.
  [[nodiscard]] VectorXd solve(const VectorXd& b) const {
    VectorXd x = q_.leftCols(count_).transpose() * b;
    r_.topLeftCorner(count_, count_).triangularView<Eigen::Upper>().solveInPlace(x);
    return x;
  }

  /// Solution of A'A x = right.
  [[nodiscard]] VectorXd solve_normal(VectorXd right) const {
    const auto triangle = r_.topLeftCorner(count_, count_).triangularView<Eigen::Upper>();
    triangle.transpose().solveInPlace(right);
    triangle.solveInPlace(right);
    return right;
  }

 private:
  MatrixXd q_, r_;
  Index count_ = 0;
};

/// The active set method of Lawson & Hanson, begun at x = 0 with any variables free to move (Bro & de Jong 1997).
template <class Problem>
class ActiveSet {
 public:
  ActiveSet(const Problem& problem, double precision, int max_iterations, State& state)
      : problem_(problem),
        ab_(problem.matrix_and_right_side()),
        qr_(ab_.first.rows(), std::min(ab_.first.rows(), ab_.first.cols())),
        x_(VectorXd::Zero(ab_.first.cols())),
        precision_(precision),
        max_iterations_(max_iterations),
        state_(state) {}

  /// A variable that was refused, or whose entry has not lowered the residual, may enter again when another has.
  void run(const std::vector<Index>& start) {
    for (const Index j : start)
      if (qr_.append(ab_.first.col(j))) passive_.push_back(j);
    descend();
    double least = residual_norm();
    std::vector<bool> refused(static_cast<std::size_t>(x_.size()), false);
    while (state_.iterations < max_iterations_) {
      const Index j = most_violated(refused);
      if (j < 0) return;
      refused[static_cast<std::size_t>(j)] = true;
      if (!enter(j)) continue;
      descend();
      const double norm = residual_norm();
      if (norm < least) refused.assign(refused.size(), false);
      least = std::min(least, norm);
    }
  }

  /// Refines the solution; the state becomes the best of what it was and of these.
  void polish() {
    State own;
    own.iterations = state_.iterations;
    VectorXd x = x_;
    for (int refinements = 4; improve(problem_, x, own) && refinements > 0; --refinements) {
      x = own.x;
      x(passive_) -= qr_.solve_normal(own.gradient(passive_));
    }
    if (own.violation < state_.violation) state_ = std::move(own);
  }

 private:
  [[nodiscard]] double residual_norm() const { return (ab_.first * x_ - ab_.second).norm(); }

  /// The variable at zero that the gradient most wants to grow; -1 if there is none.
  [[nodiscard]] Index most_violated(const std::vector<bool>& refused) const {
    const VectorXd gradient = problem_.gradient(x_);
    std::vector<bool> out = refused;
    for (const Index j : passive_) out[static_cast<std::size_t>(j)] = true;
    Index most = -1;
    double worst = precision_;
    for (Index j = 0; j < x_.size(); ++j) {
      if (out[static_cast<std::size_t>(j)]) continue;
      const double violation = violation_at(0, gradient[j], problem_.scales[j]);
      if (violation > worst) {
        worst = violation;
        most = j;
      }
    }
    return most;
  }

  /// False, and nothing is done, for a column that depends on the passive ones, and where rounding alone had made the
  /// gradient negative.
  bool enter(Index j) {
    if (!qr_.append(ab_.first.col(j))) return false;
    passive_.push_back(j);
    if (qr_.solve(ab_.second)[static_cast<Index>(passive_.size()) - 1] > 0) return true;
    leave(passive_.size() - 1);
    return false;
  }

  void leave(std::size_t position) {
    x_[passive_[position]] = 0;
    qr_.remove(static_cast<Index>(position));
    passive_.erase(passive_.begin() + static_cast<std::ptrdiff_t>(position));
  }

  /// Moves towards the solution of the passive variables' equations; those that become zero on the way leave.
  void descend() {
    while (!passive_.empty() && state_.iterations < max_iterations_) {
      const VectorXd target = qr_.solve(ab_.second);
      ++state_.iterations;
      const std::size_t count = passive_.size();
      std::vector<double> reach(count, infinity);
      for (std::size_t k = 0; k < count; ++k) {
        const double from = x_[passive_[k]], to = target[static_cast<Index>(k)];
        if (to <= 0) reach[k] = from > 0 ? from / (from - to) : 0;
      }
      const double first = *std::min_element(reach.begin(), reach.end());
      const double step = std::min(first, 1.0);
      for (std::size_t k = 0; k < count; ++k) {
        double& at = x_[passive_[k]];
        at = std::max(0.0, at + step * (target[static_cast<Index>(k)] - at));
      }
      if (first == infinity) return;
      for (std::size_t k = count; k-- > 0;)
        if (reach[k] <= first) leave(k);
    }
  }

  const Problem& problem_;
  const std::pair<MatrixXd, VectorXd> ab_;
  GrowingQr qr_;
  std::vector<Index> passive_;
  VectorXd x_;
  double precision_;
  int max_iterations_;
  State& state_;
};

template <class Problem>
State solve_scaled(const Problem& problem, const NnlsOptions& options) {
  const Index n = problem.scales.size();
  const double precision = std::max(options.tolerance / 100, 16 * epsilon);
  const auto generous = static_cast<int>(std::min<Index>(100 + 10 * n, std::numeric_limits<int>::max()));
  const int max_iterations = options.max_iterations > 0 ? options.max_iterations : generous;
  State state{VectorXd::Zero(n), problem.gradient(VectorXd::Zero(n))};
  improve(problem, state.x, state);
  if (state.violation <= precision) return state;
  const std::vector<Index> start = exchange_blocks(problem, precision, max_iterations, state);
  if (state.violation <= precision) return state;
  ActiveSet active_set(problem, precision, max_iterations, state);
  active_set.run(start);
  active_set.polish();
  return state;
}

NnlsSolution not_finite(Index unknowns) {
  NnlsSolution solution;
  solution.x = VectorXd::Zero(unknowns);
  solution.objective = infinity;
  solution.kkt_violation = infinity;
  return solution;
}

/// In the units of the caller, to whom 1 / units is the unit of length of the columns.
NnlsSolution solution_of(const State& state, const ArrayXd& units, double right_side_unit, double tolerance) {
  NnlsSolution solution;
  solution.x = (state.x.array() * units / right_side_unit).matrix();
  solution.kkt_violation = state.violation;
  solution.iterations = state.iterations;
  solution.converged = state.violation <= tolerance && solution.x.allFinite();
  return solution;
}

}  // namespace

NnlsMatrix::NnlsMatrix(const Eigen::Ref<const MatrixXd>& a)
    : a_(a),
      units_(ArrayXd::Ones(a.cols())),
      norms_(a.cols()),
      gram_(MatrixXd::Zero(a.cols(), a.cols())),
      finite_(a_.allFinite()) {
  if (!finite_) return;
  for (Index j = 0; j < a_.cols(); ++j) {
    if (a_.rows() > 0) units_[j] = power_of_two_below_one(a_.col(j).cwiseAbs().maxCoeff());
    a_.col(j) *= units_[j];
    norms_[j] = a_.col(j).norm();
  }
  // Column by column: products of two matrices are cut up by the size of the machine's caches, and so are their sums.
  for (Index j = 0; j < a_.cols(); ++j) {
    const Index below = a_.cols() - j;
    gram_.col(j).tail(below).noalias() = a_.rightCols(below).transpose() * a_.col(j);
  }
}

NnlsSolution NnlsMatrix::solve(const Eigen::Ref<const VectorXd>& b, const NnlsOptions& options) const {
  if (b.size() != a_.rows()) throw std::invalid_argument("nnls: b must have an entry for each row of A");
  if (!finite_ || !b.allFinite()) return not_finite(a_.cols());
  const double unit = b.size() > 0 ? power_of_two_below_one(b.cwiseAbs().maxCoeff()) : 1;
  MatrixProblem problem{a_, gram_, {}, b * unit};
  problem.scales = norms_ * problem.b.norm();
  const State state = solve_scaled(problem, options);
  NnlsSolution solution = solution_of(state, units_, unit, options.tolerance);
  solution.objective = problem.residual(state.x).norm() / unit;
  return solution;
}

NnlsSolution nnls(const Eigen::Ref<const MatrixXd>& a, const Eigen::Ref<const VectorXd>& b,
                  const NnlsOptions& options) {
  return NnlsMatrix(a).solve(b, options);
}

NnlsSolution nnls_gram(const Eigen::Ref<const MatrixXd>& gram, const Eigen::Ref<const VectorXd>& c,
                       const NnlsOptions& options) {
  const Index n = c.size();
  if (gram.rows() != n || gram.cols() != n) throw std::invalid_argument("nnls_gram: G must have c's size squared");
  if (!gram.allFinite() || !c.allFinite()) return not_finite(n);
  ArrayXd units(n);
  for (Index j = 0; j < n; ++j) units[j] = power_of_two_below_one(std::sqrt(std::max(0.0, gram(j, j))));
  GramProblem problem{gram, {}, (c.array() * units).matrix()};
  for (Index j = 0; j < n; ++j) problem.gram.col(j).array() *= units * units[j];
  const ArrayXd norms = problem.gram.diagonal().array().max(0.0).sqrt();
  double longest = 0;
  for (Index j = 0; j < n; ++j)
    if (norms[j] > 0) longest = std::max(longest, std::abs(problem.c[j]) / norms[j]);
  const double unit = power_of_two_below_one(longest);
  problem.c *= unit;
  problem.scales = norms * (longest * unit);
  const State state = solve_scaled(problem, options);
  NnlsSolution solution = solution_of(state, units, unit, options.tolerance);
  solution.objective = state.x.dot(state.gradient - problem.c) / 2 / unit / unit;
  return solution;
}

}  // namespace solver

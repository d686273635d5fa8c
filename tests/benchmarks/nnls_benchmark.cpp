/// Solves non-negative least squares for many right sides and says how long it took.
///
/// usage: nnls_benchmark FILE ROUNDS
///
/// FILE holds, as 64-bit numbers: unknowns n, right sides m, the n x n matrix and the n x m right sides, row by row.
/// Prints the seconds of each round on a line, then the sum of the residuals' norms.
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <vector>

#include <Eigen/Dense>

#include "nnls.hpp"

int main(int argc, char** argv) {
  using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  if (argc != 3) {
    std::cerr << "usage: nnls_benchmark FILE ROUNDS\n";
    return 2;
  }
  std::ifstream file(argv[1], std::ios::binary);
  double sizes[2] = {};
  file.read(reinterpret_cast<char*>(sizes), sizeof sizes);
  const auto n = static_cast<Eigen::Index>(sizes[0]), m = static_cast<Eigen::Index>(sizes[1]);
  if (!file || n < 1 || m < 1 || n > 10000 || m > 10000) {
    std::cerr << "no problem in '" << argv[1] << "'\n";
    return 2;
  }
  const auto read = [&](Eigen::Index rows, Eigen::Index columns) {
    Rows matrix(rows, columns);
    file.read(reinterpret_cast<char*>(matrix.data()), static_cast<std::streamsize>(sizeof(double)) * matrix.size());
    return Eigen::MatrixXd(matrix);
  };
  const Eigen::MatrixXd matrix = read(n, n), right = read(n, m);
  if (!file) {
    std::cerr << "'" << argv[1] << "' is too short\n";
    return 2;
  }
  double residual = 0;
  for (int round = 0; round < std::atoi(argv[2]); ++round) {
    const auto begin = std::chrono::steady_clock::now();
    residual = 0;
    const solver::NnlsMatrix problem(matrix);
    for (Eigen::Index k = 0; k < m; ++k) residual += problem.solve(right.col(k)).objective;
    std::cout << std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() << '\n';
  }
  std::cout.precision(17);
  std::cout << residual << '\n';
}

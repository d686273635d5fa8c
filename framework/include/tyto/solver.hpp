/// Solvers find decoders: weights from the rates of neurons to wanted values, without any simulation (Eliasmith and
/// Anderson 2003).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <tyto/error.hpp>
#include <tyto/export.hpp>
#include <tyto/plugin.hpp>
#include <tyto/table.hpp>

namespace tyto {

/// Find weights [neuron][output] so that rates x weights is near `wanted`.
struct DecodingProblem {
  std::size_t points = 0;
  std::size_t neurons = 0;
  std::size_t outputs = 0;
  std::span<const double> rates_hz;  ///< [point][neuron]
  std::span<const double> wanted;    ///< [point][output]
  std::span<const double> signs;     ///< of the weights that leave each neuron, 1 or -1; empty where all are free
  /// Where the outputs are currents of neurons: a current below which they are silent. Values below it are as good as
  /// any other below it. Nothing if outputs are values.
  std::span<const double> thresholds;  ///< [output], or empty
  /// Currents that the neurons get besides, which `wanted` leaves out.
  std::span<const double> others;  ///< [output], or empty
};

struct DecodingSolution {
  std::vector<double> weights;  ///< [neuron][output]
  Table report;                 ///< what the solver tells of its work; goes to the results file
};

/// Interface of the plugin kind "solver".
class TYTO_API Solver {
 public:
  virtual ~Solver() = default;
  /// Whether its weights have the signs that a problem gives.
  [[nodiscard]] virtual bool keeps_signs() const { return false; }
  /// Whether it is for currents of neurons only.
  [[nodiscard]] virtual bool needs_thresholds() const { return false; }
  /// A pure function of the problem. Throws Error if there is no solution of the solver's kind.
  [[nodiscard]] virtual DecodingSolution solve(const DecodingProblem& problem) const = 0;
};

/// What a solver makes of a problem; throws Error if that is not a weight for each neuron and output.
[[nodiscard]] inline DecodingSolution solution_of(const DecodingProblem& problem, const Solver& solver) {
  DecodingSolution solution = solver.solve(problem);
  if (solution.weights.size() != problem.neurons * problem.outputs)
    throw Error("the solver gives " + std::to_string(solution.weights.size()) + " weights where " +
                std::to_string(problem.neurons) + " x " + std::to_string(problem.outputs) + " are needed");
  return solution;
}

}  // namespace tyto

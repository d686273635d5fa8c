#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tyto/dale.hpp>
#include <tyto/layer.hpp>
#include <tyto/math.hpp>
#include <tyto/plugin.hpp>
#include <tyto/solver.hpp>

#include "mapping.hpp"

namespace {

/// Places of its arrays.
enum Array : std::size_t { weights, sign };

/// Sums the rows of the neurons that fire. A spike is a rate of 1/dt in its step, so that decoders found for rates in
/// Hz hold for spikes as well; neurons without spikes give rates in Hz themselves.
template <class S>
class DecodedKernel final : public tyto::ProjectionKernel<S> {
 public:
  explicit DecodedKernel(double dt_s) : spike_hz_(static_cast<S>(1 / dt_s)) {}

  void forward(const tyto::Signal<S>& input, std::span<const std::span<const S>> arrays, std::size_t to,
               const tyto::Pass&, S* current) const override {
    add_all(input, arrays[weights].data(), to, {current, to});
  }
  void forward_group(const tyto::Group<S>& group, std::span<const std::span<const S>> arrays, std::size_t to,
                     std::span<const tyto::Rows<S>> currents) const override {
    for (std::size_t lane = 0; lane < group.size(); ++lane)
      add_all(group.inputs[lane], arrays[weights].data(), to, currents[lane]);
  }
  void backward(const tyto::Signal<S>&, std::span<const std::span<const S>>, std::size_t, const tyto::Pass&, const S*,
                std::span<const std::span<S>>, S*) const override {
    throw tyto::Error("a decoded connection cannot be run backwards");
  }

 private:
  void add_all(const tyto::Signal<S>& input, const S* decoders, std::size_t to, tyto::Rows<S> current) const {
    for (std::size_t t = 0; t < input.steps; ++t) {
      S* const values = current[t];
      if (input.bits != nullptr)
        input.spikes().for_each(t, [&](std::size_t i) { add(decoders + i * to, spike_hz_, to, values); });
      else
        for (std::size_t i = 0; i < input.channels; ++i)
          add(decoders + i * to, input.values[t * input.channels + i], to, values);
    }
  }
  static void add(const S* row, S rate_hz, std::size_t to, S* values) {
    for (std::size_t k = 0; k < to; ++k) values[k] += row[k] * rate_hz;
  }

  S spike_hz_;
};

enum class Points { random, grid };

class Decoded final : public tyto::Layer, public nef::Mapping {
 public:
  tyto::Port onto = tyto::Port::layer;
  std::shared_ptr<const tyto::Solver> solver;
  std::optional<tyto::Dale> dale;
  int points = 0;
  Points draw = Points::random;
  std::optional<double> extent;

  static auto parameters() {
    constexpr double most_points = 1e6;
    return nef::declare(
               tyto::parameters<Decoded>(
                   "Reads a function of what an ensemble represents from the rates of its neurons, by weights "
                   "that a solver finds")
                   .details(
                       R"(With S_i[n] the spike of neuron i in step n, and a_i[n] = S_i[n] / dt in Hz (or its rate, if
it has no spikes):

    y_k[n] = sum over i of D[i][k] a_i[n]

A synapse is applied to y. Before the run the solver finds D so that A D is close to Y, at points x_p:

    A[p][i] = rate of neuron i for x_p, in Hz
    Y[p]    = T f(x_p)                              onto: layer
    Y[p][j] = J_j(T f(x_p)) - other_j               onto: neurons

with f the `function` (the identity if there is none), T the `transform`, J_j(x) the current of neuron j of the ensemble
that is reached, its bias included, and other_j the part of its bias that need not be brought: all of it where neurons
have their own, else (1 - 1/m) of it, if m connections decode currents for these neurons.

Points are drawn evenly from the ball of radius `extent`, or, with `draw: grid`, lie in equal steps from -extent to
extent. Unless given, their number is 500 for each dimension, within 750 to 2,500, and twice the neurons at least. D is
in units of the value, or of the current, per Hz (Eliasmith & Anderson 2003; the number of points is Nengo's).)"))
        .choice("onto", &Decoded::onto, {{"layer", tyto::Port::layer}, {"neurons", tyto::Port::neurons}}, "layer",
                "what it reaches: the vector that a layer takes in (layer), or the currents of an ensemble's neurons, "
                "with a weight from each neuron to each (neurons)")
        .component("solver", &Decoded::solver, "l2", "how the weights are found")
        .group("dale", &Decoded::dale, tyto::Dale::parameters(), "one sign for all weights that leave a neuron")
        .integer("points", &Decoded::points, "0",
                 "points at which weights are fitted; 0: as many as the ensemble asks for")
        .range(0, most_points)
        .choice("draw", &Decoded::draw, {{"random", Points::random}, {"grid", Points::grid}}, "random",
                "where the points lie: evenly drawn from a ball, or, in one dimension, in equal steps")
        .number("extent", &Decoded::extent, "", "radius of the ball of points; that of the ensemble if not given")
        .positive()
        .optional()
        .check([](const Decoded& own) -> std::optional<tyto::Problem> {
          if (own.dale && !own.solver->keeps_signs())
            return tyto::Problem{"solver", "finds weights of both signs, which Dale's law forbids; use 'nnls'"};
          if (own.solver->needs_thresholds() && own.onto == tyto::Port::layer)
            return tyto::Problem{"solver", "is for the currents of neurons; it needs 'onto: neurons'"};
          return std::nullopt;
        });
  }

  [[nodiscard]] tyto::Port port() const override { return onto; }
  [[nodiscard]] tyto::Connectivity connectivity() const override { return tyto::Connectivity::matrix; }
  [[nodiscard]] std::size_t outputs(std::size_t represented) const override { return function_outputs(represented); }

  void check_outputs(std::size_t represented, std::size_t outputs) const override {
    static_cast<void>(nef::Mapped(*this, represented, outputs));
  }

  [[nodiscard]] std::vector<tyto::ArrayInfo> arrays(std::size_t from, std::size_t to) const override {
    tyto::ArrayInfo info;
    info.name = onto == tyto::Port::layer ? "decoders" : "w";
    info.doc = onto == tyto::Port::layer ? "value for each neuron and Hz of its rate" : "current for each Hz of a rate";
    info.shape = {from, to};
    info.axes = {"from", "to"};
    if (!dale) return {info};
    auto signs = tyto::obey_dale(*dale, info);
    return {info, signs};
  }

  [[nodiscard]] tyto::Table solve(const tyto::DecodingTask& task,
                                  std::span<std::vector<double>> arrays) const override {
    const tyto::Tuning& from = task.from;
    const std::size_t d = from.dimensions();
    const auto where = evaluation_points(task);
    tyto::DecodingProblem problem;
    problem.points = where.size() / d;
    problem.neurons = from.neurons();
    problem.outputs = task.outputs;
    std::vector<double> rates(problem.points * problem.neurons), wanted(problem.points * problem.outputs);
    const bool currents = onto == tyto::Port::neurons;
    if (currents && task.to == nullptr)
      throw tyto::Error("currents can be decoded for the neurons of an ensemble only");
    const std::size_t values = currents ? task.to->dimensions() : task.outputs;
    const std::vector<double> bias = currents ? bias_brought_elsewhere(task) : std::vector<double>();
    nef::Mapped mapped(*this, d, values);
    std::vector<double> value(values);
    for (std::size_t p = 0; p < problem.points; ++p) {
      const auto x = std::span(where).subspan(p * d, d);
      from.rates_hz(x, std::span(rates).subspan(p * problem.neurons, problem.neurons));
      mapped(x, value);
      if (!std::all_of(value.begin(), value.end(), [](double v) { return std::isfinite(v); }))
        throw tyto::Error("the function is not finite at " + std::to_string(x[0]));
      const auto target = std::span(wanted).subspan(p * problem.outputs, problem.outputs);
      if (currents) {
        task.to->currents(value, target);
        for (std::size_t k = 0; k < target.size(); ++k) target[k] -= bias[k];
      } else {
        std::copy(value.begin(), value.end(), target.begin());
      }
    }
    std::vector<double> thresholds;
    if (currents) thresholds.assign(problem.outputs, task.to->threshold_current());
    problem.rates_hz = rates;
    problem.wanted = wanted;
    problem.thresholds = thresholds;
    problem.others = bias;
    if (dale) problem.signs = arrays[sign];
    auto solution = tyto::solution_of(problem, *solver);
    if (currents) add_rate_error(problem, solution.weights, bias, *task.to, solution.report);
    arrays[weights] = std::move(solution.weights);
    return std::move(solution.report);
  }

  [[nodiscard]] bool runs_backward() const override { return false; }
  [[nodiscard]] std::unique_ptr<tyto::ProjectionKernel<float>> projection_f32(double dt_s) const override {
    return std::make_unique<DecodedKernel<float>>(dt_s);
  }
  [[nodiscard]] std::unique_ptr<tyto::ProjectionKernel<double>> projection_f64(double dt_s) const override {
    return std::make_unique<DecodedKernel<double>>(dt_s);
  }

 private:
  /// The part of each neuron's bias that this connection need not bring: all of it where neurons have their own, else
  /// what falls to other connections onto them.
  static std::vector<double> bias_brought_elsewhere(const tyto::DecodingTask& task) {
    const std::vector<double> nothing(task.to->dimensions(), 0.0);
    std::vector<double> bias(task.outputs);
    task.to->currents(nothing, bias);
    const double part = task.to->has_own_bias() ? 1 : 1 - 1 / static_cast<double>(task.bringing);
    for (double& current : bias) current *= part;
    return bias;
  }
  /// What the errors of currents mean for the rates of the neurons that get them.
  static void add_rate_error(const tyto::DecodingProblem& problem, const std::vector<double>& weights,
                             const std::vector<double>& bias, const tyto::Tuning& to, tyto::Table& report) {
    std::vector<double> squares(problem.outputs, 0.0), current(problem.outputs);
    for (std::size_t p = 0; p < problem.points; ++p) {
      std::fill(current.begin(), current.end(), 0.0);
      for (std::size_t i = 0; i < problem.neurons; ++i) {
        const double rate_hz = problem.rates_hz[p * problem.neurons + i];
        if (rate_hz == 0) continue;
        for (std::size_t k = 0; k < problem.outputs; ++k) current[k] += rate_hz * weights[i * problem.outputs + k];
      }
      for (std::size_t k = 0; k < problem.outputs; ++k) {
        const double miss =
            to.rate_hz(current[k] + bias[k]) - to.rate_hz(problem.wanted[p * problem.outputs + k] + bias[k]);
        squares[k] += miss * miss;
      }
    }
    double all = 0;
    for (double& value : squares) {
      all += value / static_cast<double>(problem.points * problem.outputs);
      value = std::sqrt(value / static_cast<double>(problem.points));
    }
    report.variable("rate_rmse", {"output"}, std::move(squares), "Hz",
                    "root mean square error of the rates that the decoded currents give");
    report.variable("total_rate_rmse", {}, std::vector{std::sqrt(all)}, "Hz", "the same over all outputs");
  }

  /// As many as Nengo takes: 500 for each dimension, within 750 to 2,500, and two for each neuron at least.
  [[nodiscard]] std::size_t count_of_points(const tyto::Tuning& from) const {
    if (points > 0) return static_cast<std::size_t>(points);
    constexpr std::size_t each = 500, fewest = 750, most = 2500;
    return std::max(std::clamp(each * from.dimensions(), fewest, most), 2 * from.neurons());
  }

  /// [point][dimension]
  [[nodiscard]] std::vector<double> evaluation_points(const tyto::DecodingTask& task) const {
    const std::size_t d = task.from.dimensions();
    const std::size_t count = count_of_points(task.from);
    const double radius = extent.value_or(task.from.radius());
    std::vector<double> where(count * d);
    if (draw == Points::grid) {
      if (d != 1) throw tyto::Error("draw: points in equal steps are for ensembles of one dimension");
      for (std::size_t p = 0; p < count; ++p)
        where[p] = count == 1 ? 0 : radius * (2 * static_cast<double>(p) / static_cast<double>(count - 1) - 1);
      return where;
    }
    tyto::Random random(tyto::stream_key(task.seed, task.stream));
    for (std::size_t p = 0; p < count; ++p) {
      // A direction, and a length that fills the ball evenly.
      double square = 0;
      for (std::size_t k = 0; k < d; ++k) {
        where[p * d + k] = random.normal();
        square += where[p * d + k] * where[p * d + k];
      }
      const double length = radius * tyto::pow(random.uniform(), 1 / static_cast<double>(d));
      for (std::size_t k = 0; k < d; ++k) where[p * d + k] *= length / std::sqrt(square);
    }
    return where;
  }
};

}  // namespace

TYTO_PLUGIN(registrar) {
  registrar.add<Decoded>("decoded", {tyto::capability::projection, tyto::capability::decoding});
}

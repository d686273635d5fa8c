/// Weights: statistics of every weight matrix and, for networks of two layers, the way from input to output.

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include <tyto/analysis.hpp>
#include <tyto/analysis_tools.hpp>
#include <tyto/error.hpp>
#include <tyto/plugin.hpp>

namespace {

/// A weight matrix of the model: its layer, its source, its path, and its shape (from, to).
struct Matrix {
  std::size_t layer = 0;
  std::size_t source = tyto::ModelInput::stimulus;
  std::string path;
  std::size_t from = 0;
  std::size_t to = 0;
};

std::vector<Matrix> matrices(const tyto::Model& model) {
  std::vector<Matrix> found;
  for (const auto& array : tyto::ArrayTable(model))
    if (array.owner == tyto::NetworkArray::Owner::connection && array.info.name == "w" && array.info.shape.size() == 2)
      found.push_back({array.index, model.layers[array.index].inputs[array.input].from, array.path(),
                       array.info.shape[0], array.info.shape[1]});
  return found;
}

/// The matrices of a network stimulus -> hidden layer -> output layer without other ways.
struct Chain {
  Matrix in;
  Matrix out;
};

std::optional<Chain> chain(const tyto::Model& model, const std::vector<Matrix>& found) {
  if (model.layers.size() != 2 || found.size() != 2) return std::nullopt;
  if (model.layers[0].inputs.size() != 1 || model.layers[1].inputs.size() != 1) return std::nullopt;
  if (found[0].source != tyto::ModelInput::stimulus || found[1].source != 0) return std::nullopt;
  return Chain{found[0], found[1]};
}

/// For each row, the column of the largest absolute value; the first one wins a tie.
std::vector<std::size_t> strongest_columns(const std::vector<double>& values, std::size_t columns) {
  std::vector<std::size_t> strongest(values.size() / columns);
  for (std::size_t row = 0; row < strongest.size(); ++row)
    for (std::size_t k = 1; k < columns; ++k)
      if (std::abs(values[row * columns + k]) > std::abs(values[row * columns + strongest[row]])) strongest[row] = k;
  return strongest;
}

std::vector<double> product(const std::vector<double>& a, const std::vector<double>& b, std::size_t inner,
                            std::size_t columns) {
  const std::size_t rows = a.size() / inner;
  std::vector<double> c(rows * columns, 0.0);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < inner; ++j)
      for (std::size_t k = 0; k < columns; ++k) c[i * columns + k] += a[i * inner + j] * b[j * columns + k];
  return c;
}

struct Weights final : tyto::Analysis {
  static auto parameters() {
    return tyto::parameters<Weights>(
        "Statistics of weight matrices; with one hidden layer also the product of both matrices, and the hidden "
        "neurons ordered by their strongest output weight");
  }

  void check(const tyto::Model& model, const tyto::Objective&) const override {
    if (matrices(model).empty())
      throw tyto::Error("weights needs a layer with a weight matrix 'w', and this model has none");
  }

  void run(const tyto::FinishedRun& run, tyto::Table& table) const override {
    const auto found = matrices(run.model());
    write_statistics(run, found, table);
    if (const auto both = chain(run.model(), found)) write_chain(run, *both, table);
  }

 private:
  static std::vector<double> values(const tyto::FinishedRun& run, const Matrix& matrix) {
    auto array = run.array(matrix.path);
    if (array.size() != matrix.from * matrix.to)
      throw tyto::Error("weights " + matrix.path + " are " + std::to_string(array.size()) +
                        " numbers where the model has " + std::to_string(matrix.from) + " by " +
                        std::to_string(matrix.to));
    return array;
  }

  static void write_statistics(const tyto::FinishedRun& run, const std::vector<Matrix>& found, tyto::Table& table) {
    std::vector<std::string> names;
    std::vector<double> mean, sd, lowest, highest, positive;
    std::vector<std::int64_t> count;
    for (const auto& matrix : found) {
      tyto::Moments moments;
      std::size_t above_zero = 0;
      for (const double w : values(run, matrix)) {
        moments.add(w);
        above_zero += w > 0 ? 1 : 0;
      }
      names.push_back(matrix.path);
      count.push_back(static_cast<std::int64_t>(moments.count()));
      mean.push_back(moments.mean());
      sd.push_back(moments.sd());
      lowest.push_back(moments.minimum());
      highest.push_back(moments.maximum());
      positive.push_back(static_cast<double>(above_zero) / static_cast<double>(moments.count()));
    }
    table.axis("array", std::move(names), "1", "weight matrix");
    table.variable("count", {"array"}, std::move(count), "1", "number of weights");
    table.variable("mean", {"array"}, std::move(mean), "1", "mean weight");
    table.variable("sd", {"array"}, std::move(sd), "1", "standard deviation (n - 1) of the weights")
        .nan_means("a single weight");
    table.variable("minimum", {"array"}, std::move(lowest), "1", "lowest weight");
    table.variable("maximum", {"array"}, std::move(highest), "1", "highest weight");
    table.variable("positive_share", {"array"}, std::move(positive), "1", "share of weights above zero");
  }

  static void write_chain(const tyto::FinishedRun& run, const Chain& both, tyto::Table& table) {
    const std::string& hidden = run.model().layers[0].name;
    const std::string& output = run.model().layers[1].name;
    const std::size_t channels = both.in.from, neurons = both.out.from, outputs = both.out.to;
    const auto w_in = values(run, both.in);
    const auto w_out = values(run, both.out);

    const auto strongest = strongest_columns(w_out, outputs);
    std::vector<std::size_t> order(neurons);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return strongest[a] < strongest[b]; });
    std::vector<double> in_ordered(w_in.size()), out_ordered(w_out.size()), strongest_value;
    std::vector<std::int64_t> order_index;
    const auto centres = output_values(run.objective(), outputs);
    for (std::size_t rank = 0; rank < neurons; ++rank) {
      const std::size_t neuron = order[rank];
      order_index.push_back(static_cast<std::int64_t>(neuron));
      strongest_value.push_back(centres[strongest[neuron]]);
      for (std::size_t c = 0; c < channels; ++c) in_ordered[c * neurons + rank] = w_in[c * neurons + neuron];
      for (std::size_t k = 0; k < outputs; ++k) out_ordered[rank * outputs + k] = w_out[neuron * outputs + k];
    }

    const std::string rank_axis = hidden + "_rank";
    const std::string output_axis =
        run.objective().classifies() ? run.objective().target_info().name + "_class" : output + "_neuron";
    const std::string units = output_units(run.objective());
    table.axis("input_channel", tyto::numbered(channels), "1", "input channel of the stimulus");
    table.axis(rank_axis, tyto::numbered(neurons), "1",
               "place of a neuron of layer " + hidden + " when ordered by its strongest output weight");
    const bool named = !run.objective().target_info().categories.empty();
    table.axis(
        output_axis, named ? tyto::along_target(run.objective().target_info(), outputs) : tyto::Values(centres), units,
        run.objective().classifies() ? run.objective().target_info().name + ", centre of each output neuron's class"
                                     : "neuron of layer " + output);
    table.variable(hidden + "_" + output + "_product", {"input_channel", output_axis},
                   product(w_in, w_out, neurons, outputs), "1",
                   "weights of layer " + hidden + " times weights of layer " + output);
    table.variable(hidden + "_order", {rank_axis}, std::move(order_index), "1",
                   "index of the neuron of layer " + hidden + " at each place");
    table.variable(hidden + "_strongest_output", {rank_axis}, std::move(strongest_value), units,
                   "output with the largest absolute weight from the neuron at each place");
    table.variable(hidden + "_w_ordered", {"input_channel", rank_axis}, std::move(in_ordered), "1",
                   "weights into layer " + hidden + ", neurons ordered");
    table.variable(output + "_w_ordered", {rank_axis, output_axis}, std::move(out_ordered), "1",
                   "weights into layer " + output + ", neurons of layer " + hidden + " ordered");
  }

  /// What the output neurons stand for: the centres of their classes, or just their numbers.
  static std::vector<double> output_values(const tyto::Objective& objective, std::size_t outputs) {
    const auto& target = objective.target_info();
    if (objective.classifies())
      return tyto::target_bins(target, outputs).centres(tyto::reported_unit(target.dimension).per_base);
    std::vector<double> numbers(outputs);
    std::iota(numbers.begin(), numbers.end(), 0.0);
    return numbers;
  }
  static std::string output_units(const tyto::Objective& objective) {
    return objective.classifies() ? tyto::reported_unit(objective.target_info().dimension).name : "1";
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<Weights>("weights"); }

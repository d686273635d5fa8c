#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/sort/spreadsort/spreadsort.hpp>

#include <tyto/error.hpp>
#include <tyto/layer.hpp>
#include <tyto/plugin.hpp>

#include "delayed_kernel.hpp"
#include "kernel.hpp"

namespace {

/// Synapses between some pairs of neurons, drawn at random.
class Sparse final : public tyto::Layer {
 public:
  double probability = 0;
  double weight = 0;
  double deviation = 0;
  double spread_s = 0;

  static auto parameters() {
    return tyto::parameters<Sparse>(
               "Synapses between some pairs of neurons, drawn at random from all pairs; no pair is drawn twice")
        .details(R"(With x_i[n] the output of neuron i of the source in step n, 1 or 0 for a spike, else a value:

    I_j[n] = sum over the synapses k from i to j of w[k] x_i[n - l[k]]
    l[k]   = d[k] / dt, rounded, with d[k] evenly drawn from 0 to `delay_spread`; 0 without one

The number of synapses is not random: round(probability x from x to), with `from` and `to` the numbers of neurons. All
sets of so many pairs are equally likely. A neuron that is connected to itself counts as a pair like any other.

    w[k] = weight + deviation z[k]     z from the standard normal distribution; 0 where the sign is not that of `weight`

Weights are dimensionless. From an earlier layer I[n] acts in step n, from the layer itself or a later one in step n+1;
the connection's own `delay`, which all its synapses share, comes on top. Weights can be trained, with gradients that are
the sums of x_i[n - l] dL/dI_j[n]; pairs and delays stay what they are. The array `d` is in ms, and a file may bring others
within 0 and `delay_spread`. Rules of single connections see what the source does after `delay`, as if what is spread
lay behind the synapse. In a large simulation a loop through a connection with a spread is left to one thread.)")
        .number("probability", &Sparse::probability, "0.1", "part of all pairs that have a synapse")
        .range(0, 1)
        .number("weight", &Sparse::weight, "", "of a synapse: what a spike adds; below 0 it inhibits")
        .required()
        .number(
            "deviation", &Sparse::deviation, "0",
            "standard deviation of the weights, which are drawn from a normal distribution and become 0 where their "
            "sign would be another")
        .non_negative()
        .time("delay_spread", &Sparse::spread_s, "0 ms",
              "each synapse is later than the connection's `delay` by a part of this of its own")
        .compared(tyto::StepRole::within_run)
        .range(0, 10);
  }

  [[nodiscard]] std::vector<tyto::ArrayInfo> arrays(std::size_t from, std::size_t to) const override {
    if (std::max(from, to) > sparse::most_neurons)
      throw tyto::Error("sparse: at most " + std::to_string(sparse::most_neurons) + " neurons are possible");
    const auto synapses =
        static_cast<std::size_t>(std::llround(probability * static_cast<double>(from) * static_cast<double>(to)));
    std::vector<tyto::ArrayInfo> infos(spread_s > 0 ? 3 : 2);
    infos[sparse::weights].name = "w";
    infos[sparse::weights].doc = "weights of the synapses";
    infos[sparse::weights].shape = {synapses};
    infos[sparse::weights].axes = {"synapse"};
    // Weights mean nothing without the pairs that they belong to.
    infos[sparse::weights].companion = "pairs";
    infos[sparse::weights].initialise = [own = *this](tyto::Random& random, std::span<double> values) {
      own.draw_weights(random, values);
    };
    infos[sparse::pairs].name = "pairs";
    infos[sparse::pairs].doc = "neurons that a synapse comes from and goes to, in ascending order";
    infos[sparse::pairs].shape = {synapses, 2};
    infos[sparse::pairs].axes = {"synapse", "end"};
    infos[sparse::pairs].companion = spread_s > 0 ? "d" : "w";
    infos[sparse::pairs].trainable = false;
    infos[sparse::pairs].whole = true;
    infos[sparse::pairs].initialise = [from, to](tyto::Random& random, std::span<double> values) {
      draw_pairs(random, from, to, values);
    };
    if (spread_s > 0) infos[sparse::delays] = delays_of(synapses);
    return infos;
  }

  [[nodiscard]] tyto::Connectivity connectivity() const override { return tyto::Connectivity::lists; }
  [[nodiscard]] std::unique_ptr<tyto::ProjectionKernel<float>> projection_f32(double dt_s) const override {
    return kernel<float>(dt_s);
  }
  [[nodiscard]] std::unique_ptr<tyto::ProjectionKernel<double>> projection_f64(double dt_s) const override {
    return kernel<double>(dt_s);
  }

 private:
  template <class S>
  [[nodiscard]] std::unique_ptr<tyto::ProjectionKernel<S>> kernel(double dt_s) const {
    if (spread_s > 0) return std::make_unique<sparse::DelayedSparseKernel<S>>(spread_s, dt_s);
    return std::make_unique<sparse::SparseKernel<S>>();
  }
  [[nodiscard]] tyto::ArrayInfo delays_of(std::size_t synapses) const {
    tyto::ArrayInfo info;
    info.name = "d";
    info.doc = "how much later than the connection's delay a synapse acts";
    info.shape = {synapses};
    info.axes = {"synapse"};
    info.units = "ms";
    info.companion = "w";
    info.trainable = false;
    info.initialise = [most = spread_s * 1e3](tyto::Random& random, std::span<double> values) {
      for (double& value : values) value = random.uniform(0, most);
    };
    return info;
  }

  void draw_weights(tyto::Random& random, std::span<double> values) const {
    std::fill(values.begin(), values.end(), weight);
    if (deviation == 0) return;
    for (double& value : values) {
      value = weight + deviation * random.normal();
      if (value * weight < 0) value = 0;
    }
  }

  /// Cells of the matrix (from, to), whose number is from * `to` + to.
  static void draw_pairs(tyto::Random& random, std::size_t from, std::size_t to, std::span<double> values) {
    const std::size_t count = values.size() / 2;
    const std::uint64_t all = std::uint64_t{from} * to;
    // Of two sets that make up the whole, the smaller one is drawn.
    const bool inverted = count > all / 2;
    const auto drawn = draw_cells(random, all, inverted ? all - count : count);
    std::size_t next = 0;
    const auto keep = [&](std::uint64_t index) {
      const std::uint64_t row = index / to, column = index % to;
      values[next++] = static_cast<double>(row);
      values[next++] = static_cast<double>(column);
    };
    if (!inverted) {
      for (const std::uint64_t index : drawn) keep(index);
      return;
    }
    auto left_out = drawn.begin();
    for (std::uint64_t index = 0; index < all; ++index)
      if (left_out != drawn.end() && *left_out == index)
        ++left_out;
      else
        keep(index);
  }

  /// Whole numbers below `all`, in ascending order. They are drawn until there are `wanted` different ones, which makes
  /// every set of them equally likely.
  static std::vector<std::uint64_t> draw_cells(tyto::Random& random, std::uint64_t all, std::size_t wanted) {
    std::vector<std::uint64_t> cells;
    cells.reserve(wanted);
    constexpr std::uint64_t bits_for_a_cell = 512;
    if (all / bits_for_a_cell <= wanted) {
      // A bit for each cell takes little more memory than the cells, and puts them in order.
      std::vector<std::uint64_t> marked(all / 64 + 1, 0);
      for (std::size_t missing = wanted; missing > 0;) {
        const std::uint64_t index = cell(random, all), bit = std::uint64_t{1} << (index % 64);
        missing -= (marked[index / 64] & bit) == 0 ? 1 : 0;
        marked[index / 64] |= bit;
      }
      const tyto::Spikes row{marked.data(), 1, marked.size() * 64};
      row.for_each(0, [&](std::size_t index) { cells.push_back(index); });
      return cells;
    }
    while (cells.size() < wanted) {
      for (std::size_t missing = wanted - cells.size(); missing > 0; --missing) cells.push_back(cell(random, all));
      boost::sort::spreadsort::integer_sort(cells.begin(), cells.end());
      cells.erase(std::unique(cells.begin(), cells.end()), cells.end());
    }
    return cells;
  }

  /// A whole number below `all`, which is so far below 2^53 that all are as good as equally likely.
  static std::uint64_t cell(tyto::Random& random, std::uint64_t all) {
    return std::min(all - 1, static_cast<std::uint64_t>(random.uniform() * static_cast<double>(all)));
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<Sparse>("sparse", {tyto::capability::projection}); }

#include <algorithm>
#include <array>
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

namespace {

enum Array : std::size_t { weights, pairs };

/// Follows the spikes of a step one by one: what a neuron sends goes to the neurons of its row.
template <class S>
class SparseKernel final : public tyto::ProjectionKernel<S> {
 public:
  /// Pairs may come from a file, so that they are not believed.
  void start(std::span<const std::span<const S>> arrays, std::size_t from_size, std::size_t to) override {
    const auto& ends = arrays[pairs];
    const std::size_t count = ends.size() / 2;
    targets_.resize(count);
    rows_.assign(1, 0);
    for (std::size_t k = 0; k < count; ++k) {
      const S from = ends[2 * k], target = ends[2 * k + 1];
      const bool whole = from >= S(0) && from == std::floor(from) && target >= S(0) && target == std::floor(target);
      if (!whole || target >= static_cast<S>(to) || from >= static_cast<S>(from_size) ||
          static_cast<std::size_t>(from) + 1 < rows_.size())
        throw tyto::Error("pairs: number " + std::to_string(k) + " is no pair of neurons in ascending order");
      rows_.resize(static_cast<std::size_t>(from) + 1, k);
      targets_[k] = static_cast<std::uint32_t>(target);
    }
  }

  /// Nothing changes until the next start, so that synapses can be kept in a form that takes less memory to read.
  [[nodiscard]] bool divide(std::span<const std::span<const S>> arrays, std::span<const std::size_t> bounds) override {
    const auto& w = arrays[weights];
    slices_ = bounds.size() - 1;
    bounds_.assign(bounds.begin(), bounds.end());
    begins_.clear();
    for (std::size_t p = 0; p < slices_; ++p)
      if (bounds[p + 1] - bounds[p] > std::size_t{1} << 16U) return false;
    for (std::size_t from = 0; from < rows_.size(); ++from) {
      const auto begin = targets_.begin() + static_cast<std::ptrdiff_t>(begin_of(from));
      const auto end = targets_.begin() + static_cast<std::ptrdiff_t>(begin_of(from + 1));
      if (!std::is_sorted(begin, end)) return false;
      for (const std::size_t bound : bounds)
        begins_.push_back(static_cast<std::size_t>(std::lower_bound(begin, end, bound) - targets_.begin()));
    }
    places_.resize(targets_.size());
    for (std::size_t from = 0; from < rows_.size(); ++from)
      for (std::size_t p = 0; p < slices_; ++p) {
        const Stretch own = synapses_of(from, p);
        for (std::size_t k = own.first; k < own.end; ++k)
          places_[k] = static_cast<std::uint16_t>(targets_[k] - bounds[p]);
      }
    one_weight_ = std::all_of(w.begin(), w.end(), [&](S weight) { return weight == w[0]; });
    return true;
  }
  void forward_slice(const tyto::Signal<S>& input, std::span<const std::span<const S>> arrays, std::size_t slice,
                     const tyto::Rows<S>& current) const override {
    if (targets_.empty()) return;
    const S* const w = arrays[weights].data();
    for (std::size_t t = 0; t < input.steps; ++t) {
      S* const row = current[t] + bounds_[slice];
      if (input.bits == nullptr) {
        for (std::size_t from = 0; from < std::min(input.channels, rows_.size()); ++from) {
          const Stretch own = synapses_of(from, slice);
          for (std::size_t k = own.first; k < own.end; ++k)
            row[places_[k]] += w[k] * input.values[t * input.channels + from];
        }
      } else if (one_weight_) {
        const S weight = w[0];
        for_spikes(input, t, slice, nullptr, [&](const Stretch& own) {
          for (std::size_t k = own.first; k < own.end; ++k) row[places_[k]] += weight;
        });
      } else {
        for_spikes(input, t, slice, w, [&](const Stretch& own) {
          for (std::size_t k = own.first; k < own.end; ++k) row[places_[k]] += w[k];
        });
      }
    }
  }

  [[nodiscard]] tyto::Synapses synapses(std::size_t from, std::size_t to) const override {
    std::vector<std::size_t> rows(from + 1);
    for (std::size_t i = 0; i <= from; ++i) rows[i] = begin_of(i);
    return tyto::Synapses::lists(to, std::move(rows), targets_);
  }

  void forward(const tyto::Signal<S>& input, std::span<const std::span<const S>> arrays, std::size_t to,
               const tyto::Pass&, S* current) const override {
    add(input, arrays[weights].data(), {current, to});
  }
  void forward_group(const tyto::Group<S>& group, std::span<const std::span<const S>> arrays, std::size_t,
                     std::span<const tyto::Rows<S>> currents) const override {
    for (std::size_t lane = 0; lane < group.size(); ++lane)
      add(group.inputs[lane], arrays[weights].data(), currents[lane]);
  }

  void backward(const tyto::Signal<S>& input, std::span<const std::span<const S>> arrays, std::size_t to,
                const tyto::Pass&, const S* grad_current, std::span<const std::span<S>> grad_arrays,
                S* grad_input) const override {
    for (std::size_t t = 0; t < input.steps; ++t) {
      const S* const gradient = grad_current + t * to;
      add_weight_gradients(input, t, gradient, grad_arrays[weights]);
      if (grad_input == nullptr) continue;
      for (std::size_t from = 0; from < input.channels; ++from)
        for (std::size_t k = begin_of(from); k < begin_of(from + 1); ++k)
          grad_input[t * input.channels + from] += arrays[weights][k] * gradient[targets_[k]];
    }
  }

  static constexpr std::size_t most_neurons = std::size_t{1} << 24U;  ///< whole numbers that a float can hold

 private:
  void add_weight_gradients(const tyto::Signal<S>& input, std::size_t t, const S* gradient, std::span<S> grad_w) const {
    for (std::size_t from = 0; from < input.channels; ++from) {
      const S sent = input.at(t, from);
      if (sent == S(0)) continue;
      for (std::size_t k = begin_of(from); k < begin_of(from + 1); ++k) grad_w[k] += gradient[targets_[k]] * sent;
    }
  }
  /// Synapses first .. end-1.
  struct Stretch {
    std::size_t first, end;
  };
  [[nodiscard]] Stretch synapses_of(std::size_t from, std::size_t slice) const {
    const std::size_t place = from * (slices_ + 1) + slice;
    return {begins_[place], begins_[place + 1]};
  }

  void add(const tyto::Signal<S>& input, const S* w, tyto::Rows<S> current) const {
    for (std::size_t t = 0; t < input.steps; ++t) {
      S* const row = current[t];
      if (input.bits != nullptr)
        input.spikes().for_each(t, [&](std::size_t from) {
          for (std::size_t k = begin_of(from); k < begin_of(from + 1); ++k) row[targets_[k]] += w[k];
        });
      else
        for (std::size_t from = 0; from < input.channels; ++from)
          for (std::size_t k = begin_of(from); k < begin_of(from + 1); ++k)
            row[targets_[k]] += w[k] * input.values[t * input.channels + from];
    }
  }

  /// Calls take(stretch) for the synapses of the neurons that fire, in order. They lie far apart in memory, so that
  /// they are fetched before it is their turn.
  template <class Take>
  void for_spikes(const tyto::Signal<S>& input, std::size_t t, std::size_t slice, const S* w, const Take& take) const {
    constexpr std::size_t ahead = 4, fetched = 256, places_of_line = 32, weights_of_line = 64 / sizeof(S);
    std::array<Stretch, ahead> coming{};
    std::size_t count = 0;
    input.spikes().for_each(t, [&](std::size_t from) {
      if (from >= rows_.size()) return;
      const Stretch own = synapses_of(from, slice);
      if (own.first == own.end) return;
      for (std::size_t k = own.first; k < std::min(own.end, own.first + fetched); k += places_of_line)
        __builtin_prefetch(places_.data() + k);
      for (std::size_t k = own.first; w != nullptr && k < std::min(own.end, own.first + fetched / 2);
           k += weights_of_line)
        __builtin_prefetch(w + k);
      if (count >= ahead) take(coming[count % ahead]);
      coming[count++ % ahead] = own;
    });
    for (std::size_t k = count - std::min(count, ahead); k < count; ++k) take(coming[k % ahead]);
  }
  /// Where the synapses of a neuron begin; the last neurons may have none.
  [[nodiscard]] std::size_t begin_of(std::size_t from) const {
    return from < rows_.size() ? rows_[from] : targets_.size();
  }

  std::vector<std::size_t> rows_;
  std::vector<std::uint32_t> targets_;
  std::size_t slices_ = 0;
  std::vector<std::size_t> bounds_;
  std::vector<std::size_t> begins_;    ///< [source][slice], and the end of the last slice
  std::vector<std::uint16_t> places_;  ///< of each synapse: its target, counted from the beginning of the slice
  bool one_weight_ = false;            ///< all synapses have the same
};

/// Synapses between some pairs of neurons, drawn at random.
class Sparse final : public tyto::Layer {
 public:
  double probability = 0;
  double weight = 0;
  double deviation = 0;

  static auto parameters() {
    return tyto::parameters<Sparse>(
               "Synapses between some pairs of neurons, drawn at random from all pairs; no pair is drawn twice")
        .details(R"(With x_i[n] the output of neuron i of the source in step n, 1 or 0 for a spike, else a value:

    I_j[n] = sum over the synapses k from i to j of w[k] x_i[n]

The number of synapses is not random: round(probability x from x to), with `from` and `to` the numbers of neurons. All
sets of so many pairs are equally likely. A neuron that is connected to itself counts as a pair like any other.

    w[k] = weight + deviation z[k]     z from the standard normal distribution; 0 where the sign is not that of `weight`

Weights are dimensionless. From an earlier layer I[n] acts in step n, from the layer itself or a later one in step n+1.
Weights can be trained, with gradients that are the sums of x_i[n] dL/dI_j[n]; the pairs stay what they are.)")
        .number("probability", &Sparse::probability, "0.1", "part of all pairs that have a synapse")
        .range(0, 1)
        .number("weight", &Sparse::weight, "", "of a synapse: what a spike adds; below 0 it inhibits")
        .required()
        .number(
            "deviation", &Sparse::deviation, "0",
            "standard deviation of the weights, which are drawn from a normal distribution and become 0 where their "
            "sign would be another")
        .non_negative();
  }

  [[nodiscard]] std::vector<tyto::ArrayInfo> arrays(std::size_t from, std::size_t to) const override {
    if (std::max(from, to) > SparseKernel<float>::most_neurons)
      throw tyto::Error("sparse: at most " + std::to_string(SparseKernel<float>::most_neurons) +
                        " neurons are possible");
    const auto synapses =
        static_cast<std::size_t>(std::llround(probability * static_cast<double>(from) * static_cast<double>(to)));
    std::vector<tyto::ArrayInfo> infos(2);
    infos[weights].name = "w";
    infos[weights].doc = "weights of the synapses";
    infos[weights].shape = {synapses};
    infos[weights].axes = {"synapse"};
    // Weights mean nothing without the pairs that they belong to.
    infos[weights].companion = "pairs";
    infos[weights].initialise = [own = *this](tyto::Random& random, std::span<double> values) {
      own.draw_weights(random, values);
    };
    infos[pairs].name = "pairs";
    infos[pairs].doc = "neurons that a synapse comes from and goes to, in ascending order";
    infos[pairs].shape = {synapses, 2};
    infos[pairs].axes = {"synapse", "end"};
    infos[pairs].companion = "w";
    infos[pairs].trainable = false;
    infos[pairs].whole = true;
    infos[pairs].initialise = [from, to](tyto::Random& random, std::span<double> values) {
      draw_pairs(random, from, to, values);
    };
    return infos;
  }

  [[nodiscard]] tyto::Connectivity connectivity() const override { return tyto::Connectivity::lists; }
  [[nodiscard]] std::unique_ptr<tyto::ProjectionKernel<float>> projection_f32(double) const override {
    return std::make_unique<SparseKernel<float>>();
  }
  [[nodiscard]] std::unique_ptr<tyto::ProjectionKernel<double>> projection_f64(double) const override {
    return std::make_unique<SparseKernel<double>>();
  }

 private:
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

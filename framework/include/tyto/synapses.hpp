/// Which synapses a connection has, seen from both of their ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <tyto/export.hpp>

namespace tyto {

/// How the numbers of a projection's first array, its weights, belong to pairs of neurons.
enum class Connectivity {
  none,    ///< not one number for each synapse, or synapses with delays of their own
  matrix,  ///< a synapse for each pair, [from][to]
  lists    ///< some pairs, in ascending order of `from`
};

/// The synapses of one connection. Synapse k has weight k.
class TYTO_API Synapses {
 public:
  Synapses() = default;
  [[nodiscard]] static Synapses matrix(std::size_t from, std::size_t to);
  /// Synapses rows[i] to rows[i + 1] - 1 come from neuron i, and synapse k goes to targets[k]. Throws std::logic_error
  /// if `rows` does not ascend from 0 to the number of synapses.
  [[nodiscard]] static Synapses lists(std::size_t to, std::vector<std::size_t> rows,
                                      std::vector<std::uint32_t> targets);

  [[nodiscard]] std::size_t from() const { return from_; }
  [[nodiscard]] std::size_t to() const { return to_; }
  [[nodiscard]] std::size_t count() const { return is_matrix() ? from_ * to_ : targets_.size(); }
  [[nodiscard]] bool is_matrix() const { return rows_.empty(); }

  /// visit(synapse, target) for every synapse that leaves neuron `from`.
  template <class Visit>
  void for_each_from(std::size_t from, Visit&& visit) const {
    if (is_matrix()) {
      for (std::size_t to = 0; to < to_; ++to) visit(from * to_ + to, to);
      return;
    }
    for (std::size_t k = rows_[from]; k < rows_[from + 1]; ++k) visit(k, std::size_t{targets_[k]});
  }
  /// visit(synapse, source) for every synapse that reaches neuron `to`.
  template <class Visit>
  void for_each_to(std::size_t to, Visit&& visit) const {
    if (is_matrix()) {
      for (std::size_t from = 0; from < from_; ++from) visit(from * to_ + to, from);
      return;
    }
    for (std::size_t k = columns_[to]; k < columns_[to + 1]; ++k) visit(arriving_[k].synapse, arriving_[k].source);
  }

 private:
  struct Arriving {
    std::size_t synapse, source;
  };
  std::size_t from_ = 0, to_ = 0;
  std::vector<std::size_t> rows_, columns_;
  std::vector<std::uint32_t> targets_;
  std::vector<Arriving> arriving_;  ///< by target
};

}  // namespace tyto

/// Synapses as lists: those of the first neuron, of the second, and so on.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tyto/error.hpp>
#include <tyto/synapses.hpp>

namespace sparse {

/// Places of a connection's arrays. Without a spread of delays there are none.
enum Array : std::size_t { weights, pairs, delays };

inline constexpr std::size_t most_neurons = std::size_t{1} << 24U;  ///< whole numbers that a float can hold

struct Lists {
  std::vector<std::size_t> rows;       ///< of each source its first synapse; the last sources may have none
  std::vector<std::uint32_t> targets;  ///< of each synapse

  [[nodiscard]] std::size_t begin_of(std::size_t from) const {
    return from < rows.size() ? rows[from] : targets.size();
  }
  [[nodiscard]] tyto::Synapses synapses(std::size_t from, std::size_t to) const {
    std::vector<std::size_t> begins(from + 1);
    for (std::size_t i = 0; i <= from; ++i) begins[i] = begin_of(i);
    return tyto::Synapses::lists(to, std::move(begins), targets);
  }
};

/// Throws tyto::Error if these are no pairs of neurons in ascending order: they may come from a file.
template <class S>
Lists lists_of(std::span<const S> ends, std::size_t from_size, std::size_t to) {
  Lists lists;
  const std::size_t count = ends.size() / 2;
  lists.targets.resize(count);
  lists.rows.assign(1, 0);
  for (std::size_t k = 0; k < count; ++k) {
    const S from = ends[2 * k], target = ends[2 * k + 1];
    const bool whole = from >= S(0) && from == std::floor(from) && target >= S(0) && target == std::floor(target);
    if (!whole || target >= static_cast<S>(to) || from >= static_cast<S>(from_size) ||
        static_cast<std::size_t>(from) + 1 < lists.rows.size())
      throw tyto::Error("pairs: number " + std::to_string(k) + " is no pair of neurons in ascending order");
    lists.rows.resize(static_cast<std::size_t>(from) + 1, k);
    lists.targets[k] = static_cast<std::uint32_t>(target);
  }
  return lists;
}

}  // namespace sparse

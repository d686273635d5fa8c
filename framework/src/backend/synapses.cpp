#include <tyto/synapses.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace tyto {

Synapses Synapses::matrix(std::size_t from, std::size_t to) {
  Synapses synapses;
  synapses.from_ = from;
  synapses.to_ = to;
  return synapses;
}

Synapses Synapses::lists(std::size_t to, std::vector<std::size_t> rows, std::vector<std::uint32_t> targets) {
  if (rows.empty() || rows.front() != 0 || rows.back() != targets.size() || !std::is_sorted(rows.begin(), rows.end()))
    throw std::logic_error("rows of synapses have to ascend from 0 to their number");
  Synapses synapses;
  synapses.from_ = rows.size() - 1;
  synapses.to_ = to;
  synapses.rows_ = std::move(rows);
  synapses.targets_ = std::move(targets);
  synapses.columns_.assign(to + 1, 0);
  for (const std::uint32_t target : synapses.targets_) ++synapses.columns_[target + 1];
  for (std::size_t k = 0; k < to; ++k) synapses.columns_[k + 1] += synapses.columns_[k];
  std::vector<std::size_t> next(synapses.columns_.begin(), synapses.columns_.end() - 1);
  synapses.arriving_.resize(synapses.targets_.size());
  for (std::size_t from = 0; from < synapses.from_; ++from)
    for (std::size_t k = synapses.rows_[from]; k < synapses.rows_[from + 1]; ++k)
      synapses.arriving_[next[synapses.targets_[k]]++] = {k, from};
  return synapses;
}

}  // namespace tyto

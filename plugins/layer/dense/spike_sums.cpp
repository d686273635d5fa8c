#include "products.hpp"

#include <algorithm>

// Highway compiles this file once for each instruction set. Left out are two that other ones stand in for.
#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "spike_sums.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h has to come first.
#include <hwy/highway.h>

#include "products-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace dense::HWY_NAMESPACE {

/// The weights of this many neighbouring inputs are added up before they join the sum, so that the sums of all patterns
/// of their spikes can be looked up.
constexpr std::size_t group_inputs = 4;
constexpr std::size_t patterns = std::size_t{1} << group_inputs;
constexpr std::size_t groups_per_word = 64 / group_inputs;

/// `vectors` vectors of the sum of the rows of a step's spikes, which stay in registers meanwhile.
template <class S, std::size_t vectors>
HWY_INLINE void sum_step_rows(const tyto::Spikes& spikes, std::size_t t, const S* rows, std::size_t length, S* sum) {
  const Tag<S> d;
  std::array<hn::Vec<Tag<S>>, vectors> sums;
  for (auto& whole : sums) whole = hn::Zero(d);
  for (std::size_t w = 0; w < spikes.words(); ++w)
    for (std::uint64_t bits = spikes.row(t)[w]; bits != 0;) {
      const auto first = static_cast<std::size_t>(std::countr_zero(bits));
      const std::size_t begin = first / group_inputs * group_inputs;
      const std::uint64_t group = std::uint64_t{15} << begin & bits;
      bits ^= group;
      const S* row = rows + (w * 64 + first) * length;
      std::array<hn::Vec<Tag<S>>, vectors> parts;
      for (std::size_t v = 0; v < vectors; ++v) parts[v] = hn::LoadU(d, row + v * hn::Lanes(d));
      for (std::uint64_t rest = group & (group - 1); rest != 0; rest &= rest - 1) {
        row = rows + (w * 64 + static_cast<std::size_t>(std::countr_zero(rest))) * length;
        for (std::size_t v = 0; v < vectors; ++v) parts[v] = hn::Add(parts[v], hn::LoadU(d, row + v * hn::Lanes(d)));
      }
      for (std::size_t v = 0; v < vectors; ++v) sums[v] = hn::Add(sums[v], parts[v]);
    }
  for (std::size_t v = 0; v < vectors; ++v) hn::StoreU(sums[v], d, sum + v * hn::Lanes(d));
}

/// Follows the spikes one by one: lanes over outputs.
template <class S>
void add_spikes_by_row(std::span<const tyto::Spikes> trials, const S* w, std::size_t to,
                       std::span<const tyto::Rows<S>> currents) {
  const std::size_t lanes = hn::Lanes(Tag<S>());
  const std::size_t length = padded_length<S>(to);
  thread_local Scratch<S> copy, sum;  // scratch, so that no call allocates
  const S* const rows = padded_rows(w, trials.front().channels, to, length, copy);
  sum.resize(length);
  for (std::size_t trial = 0; trial < trials.size(); ++trial)
    for (std::size_t t = 0; t < trials[trial].steps; ++t) {
      in_blocks(length / lanes, [&]<std::size_t vectors>(std::size_t first) HWY_ATTR {
        sum_step_rows<S, vectors>(trials[trial], t, rows + first * lanes, length, sum.data() + first * lanes);
      });
      S* const current = currents[trial][t];
      for (std::size_t j = 0; j < to; ++j) current[j] += sum[j];
    }
}

/// Some neighbouring groups, few enough for their table to stay in the nearest cache. All lie in one word of a step.
struct Block {
  std::size_t first_group = 0;
  std::size_t groups = 0;
  bool begins = true, ends = true;  ///< the sums
};

/// The sums of all patterns of spikes of each group, [group][pattern][vectors * lanes], for `columns` columns of the
/// weights.
template <class D, class S, std::size_t vectors>
HWY_INLINE void tabulate(D d, const S* w, std::size_t from, std::size_t to, std::size_t columns, S* table) {
  constexpr std::size_t length = vectors * hn::MaxLanes(D());
  HWY_ALIGN std::array<S, length> row{};
  for (std::size_t group = 0; group * group_inputs < from; ++group, table += patterns * length) {
    std::fill_n(table, length, S(0));
    for (std::size_t k = 0; k < group_inputs; ++k) {
      const std::size_t i = group * group_inputs + k;
      if (i < from) std::copy_n(w + i * to, columns, row.data());
      // Without its last spike a pattern has been seen already.
      const std::size_t spike = std::size_t{1} << k;
      for (std::size_t pattern = spike; pattern < 2 * spike; ++pattern)
        for (std::size_t j = 0; j < length; j += hn::Lanes(d))
          hn::StoreU(hn::Add(hn::LoadU(d, table + (pattern - spike) * length + j), hn::Load(d, row.data() + j)), d,
                     table + pattern * length + j);
    }
  }
}

/// The parts of the sums of `rows` steps from t on that a block's groups give are added to `parts`. Steps go on side by
/// side, so that none waits for another one's addition.
template <class D, class S, std::size_t vectors, std::size_t rows>
HWY_INLINE void look_up(D d, const tyto::Spikes& spikes, std::size_t t, const Block& block, const S* table,
                        std::array<hn::Vec<D>, rows * vectors>& parts) {
  constexpr std::size_t length = vectors * hn::MaxLanes(D());
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): the loop writes every one
  std::array<std::uint64_t, rows> bits;
  for (std::size_t r = 0; r < rows; ++r)
    bits[r] =
        spikes.row(t + r)[block.first_group / groups_per_word] >> (block.first_group % groups_per_word * group_inputs);
  for (std::size_t group = 0; group < block.groups; ++group, table += patterns * length)
    for (std::size_t r = 0; r < rows; ++r) {
      const S* const part = table + bits[r] % patterns * length;
      bits[r] /= patterns;
      for (std::size_t v = 0; v < vectors; ++v)
        parts[r * vectors + v] = hn::Add(parts[r * vectors + v], hn::LoadU(d, part + v * hn::Lanes(d)));
    }
}

/// Where looked-up sums go.
template <class S>
struct Target {
  tyto::Rows<S> current;
  std::size_t columns;
  S* sums;  ///< [step][vectors * lanes], of the blocks before
};

/// place[k] += numbers[k] for the first `count` lanes, or all.
template <class D, class S>
HWY_INLINE void add_lanes(D d, hn::Vec<D> numbers, std::size_t count, S* place) {
  if (count >= hn::Lanes(d)) return hn::StoreU(hn::Add(hn::LoadU(d, place), numbers), d, place);
  if constexpr (HWY_TARGET <= HWY_AVX2) {
    const auto wanted = hn::FirstN(d, count);
    hn::BlendedStore(hn::Add(hn::MaskedLoad(wanted, d, place), numbers), wanted, d, place);
  } else {  // instruction sets without masks for memory
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): the store writes all of it
    HWY_ALIGN std::array<S, hn::MaxLanes(D())> lanes;
    hn::Store(numbers, d, lanes.data());
    for (std::size_t k = 0; k < count; ++k) place[k] += lanes[k];
  }
}

/// Looks up a block's part for `rows` steps from t on. Sums begin with the first block, wait in between, and join the
/// currents with the last.
template <class D, class S, std::size_t vectors, std::size_t rows>
HWY_INLINE void look_up_steps(D d, const tyto::Spikes& spikes, std::size_t t, const Block& block, const S* table,
                              const Target<S>& target) {
  constexpr std::size_t length = vectors * hn::MaxLanes(D());
  std::array<hn::Vec<D>, rows * vectors> parts;
  for (std::size_t k = 0; k < rows * vectors; ++k)
    parts[k] = block.begins ? hn::Zero(d) : hn::LoadU(d, target.sums + t * length + k * hn::Lanes(d));
  look_up<D, S, vectors, rows>(d, spikes, t, block, table, parts);
  if (!block.ends) {
    for (std::size_t k = 0; k < rows * vectors; ++k)
      hn::StoreU(parts[k], d, target.sums + t * length + k * hn::Lanes(d));
    return;
  }
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t v = 0; v < vectors; ++v) {
      const std::size_t done = v * hn::Lanes(d);  // fewer than there are columns
      add_lanes(d, parts[r * vectors + v], target.columns - done, target.current[t + r] + done);
    }
}

/// Looks up the sums of groups of inputs by their patterns of spikes.
template <class D, class S, std::size_t vectors>
HWY_INLINE void add_columns_by_pattern(D d, std::span<const tyto::Spikes> trials, const S* w, std::size_t to,
                                       std::size_t first, std::span<const tyto::Rows<S>> currents) {
  constexpr std::size_t rows = 4;
  constexpr std::size_t length = vectors * hn::MaxLanes(D());
  constexpr std::size_t block_groups = length * sizeof(S) > 64 ? groups_per_word / 2 : groups_per_word;
  const std::size_t steps = trials.front().steps, from = trials.front().channels;
  const std::size_t groups = vectors_for(from, group_inputs);
  const std::size_t columns = HWY_MIN(to - first, vectors * hn::Lanes(d));
  thread_local Scratch<S> table, sums;  // scratch, so that no call allocates
  table.resize(groups * patterns * length);
  tabulate<D, S, vectors>(d, w + first, from, to, columns, table.data());
  if (groups > block_groups) sums.resize(steps * length);
  for (std::size_t trial = 0; trial < trials.size(); ++trial) {
    const Target<S> target{{currents[trial].data + first, currents[trial].stride}, columns, sums.data()};
    for (std::size_t group = 0; group < groups; group += block_groups) {
      const Block block{group, HWY_MIN(groups - group, block_groups), group == 0, group + block_groups >= groups};
      const S* const part = table.data() + group * patterns * length;
      std::size_t t = 0;
      for (; t + rows <= steps; t += rows) look_up_steps<D, S, vectors, rows>(d, trials[trial], t, block, part, target);
      for (; t < steps; ++t) look_up_steps<D, S, vectors, 1>(d, trials[trial], t, block, part, target);
    }
  }
}

template <class S>
void add_spikes_by_pattern(std::span<const tyto::Spikes> trials, const S* w, std::size_t to,
                           std::span<const tyto::Rows<S>> currents) {
  const hn::CappedTag<S, 8> few;
  const Tag<S> d;
  if (to <= hn::Lanes(few)) return add_columns_by_pattern<decltype(few), S, 1>(few, trials, w, to, 0, currents);
  std::size_t first = 0;
  for (; first + hn::Lanes(d) < to; first += 2 * hn::Lanes(d))
    add_columns_by_pattern<Tag<S>, S, 2>(d, trials, w, to, first, currents);
  if (first < to) add_columns_by_pattern<Tag<S>, S, 1>(d, trials, w, to, first, currents);
}

#if HWY_TARGET <= HWY_AVX3

/// Whether a vector holds the sums of all patterns of a group, so that its lanes can be looked up without memory.
template <class S>
constexpr bool table_is_vector = hn::MaxLanes(Tag<S>()) == patterns;

constexpr std::size_t groups_per_half = groups_per_word / 2;

/// One output's sums of all patterns of spikes of each group, a vector of lanes for each: [group][outputs].
template <class S, std::size_t outputs>
void tabulate_vectors(const S* w, std::size_t from, std::size_t to, std::size_t columns, S* table) {
  const Tag<S> d;
  constexpr std::array<std::uint64_t, group_inputs> patterns_with{0xAAAA, 0xCCCC, 0xF0F0, 0xFF00};
  for (std::size_t first = 0; first < from; first += group_inputs)
    for (std::size_t q = 0; q < outputs; ++q, table += patterns) {
      auto sums = hn::Zero(d);
      for (std::size_t k = 0; q < columns && k < HWY_MIN(group_inputs, from - first); ++k)
        sums = hn::IfThenElse(mask_of(d, patterns_with[k]), hn::Add(sums, hn::Set(d, w[(first + k) * to + q])), sums);
      hn::Store(sums, d, table);
    }
}

/// The steps of all trials one after the other, in as many vectors as they fill. What lies behind the last step means
/// nothing.
struct WordColumns {
  std::size_t length = 0;                ///< steps, up to a whole vector
  const std::uint64_t* words = nullptr;  ///< [word of a step][step]
};

/// Turns rows of words into columns, which are valid until the thread's next call.
template <class S>
WordColumns word_columns(std::span<const tyto::Spikes> trials) {
  const hn::ScalableTag<std::uint64_t> d;
  thread_local Scratch<std::uint64_t> scratch;  // so that no call allocates
  const std::size_t steps = trials.front().steps, words = trials.front().words();
  const std::size_t length = vectors_for(trials.size() * steps, hn::Lanes(Tag<S>())) * hn::Lanes(Tag<S>());
  scratch.resize(words * length);
  std::uint64_t* column = scratch.data();
  for (const auto& trial : trials) {
    std::size_t t = 0;
    if (words == 4)  // those of 200 fibres; other numbers of words go one by one
      for (; t + hn::Lanes(d) <= steps; t += hn::Lanes(d)) {
        hn::Vec<decltype(d)> first, second, third, fourth;
        hn::LoadInterleaved4(d, trial.data + t * 4, first, second, third, fourth);
        hn::StoreU(first, d, column + t);
        hn::StoreU(second, d, column + length + t);
        hn::StoreU(third, d, column + 2 * length + t);
        hn::StoreU(fourth, d, column + 3 * length + t);
      }
    for (; t < steps; ++t)
      for (std::size_t w = 0; w < words; ++w) column[w * length + t] = trial.data[t * words + w];
    column += steps;
  }
  return {length, scratch.data()};
}

/// The sums of the vector of steps that begins at `first`, for some outputs.
template <class S, std::size_t outputs>
HWY_INLINE void look_up_lanes(const WordColumns& columns, std::size_t first, std::size_t groups, const S* table,
                              std::array<hn::Vec<Tag<S>>, outputs>& sums) {
  const Tag<S> d;
  const hn::RebindToUnsigned<Tag<S>> halves;
  const hn::ScalableTag<std::uint64_t> whole;
  const auto pattern = hn::Set(halves, patterns - 1);
  for (auto& sum : sums) sum = hn::Zero(d);
  const auto add_half = [&](auto fired, std::size_t count) HWY_ATTR {
    for (std::size_t group = 0; group < count; ++group, table += outputs * patterns) {
      const auto index = hn::IndicesFromVec(d, hn::And(fired, pattern));
      fired = hn::ShiftRight<group_inputs>(fired);
      for (std::size_t q = 0; q < outputs; ++q)
        sums[q] = hn::Add(sums[q], hn::TableLookupLanes(hn::Load(d, table + q * patterns), index));
    }
  };
  const std::uint64_t* words = columns.words + first;
  for (std::size_t done = 0; done < groups; done += groups_per_word, words += columns.length) {
    const auto low = hn::BitCast(halves, hn::Load(whole, words));
    const auto high = hn::BitCast(halves, hn::Load(whole, words + hn::Lanes(whole)));
    const std::size_t rest = groups - done;
    add_half(hn::ConcatEven(halves, high, low), HWY_MIN(rest, groups_per_half));
    if (rest > groups_per_half)
      add_half(hn::ConcatOdd(halves, high, low), HWY_MIN(rest - groups_per_half, groups_per_half));
  }
}

/// Lanes over steps: a group's table is a vector, and the patterns of many steps are looked up in it at once.
template <class S, std::size_t outputs>
void add_columns_by_lane(const WordColumns& words, std::span<const tyto::Spikes> trials, const S* w, std::size_t to,
                         std::size_t first, std::span<const tyto::Rows<S>> currents) {
  const Tag<S> d;
  const hn::CappedTag<S, 4> few;
  constexpr std::size_t lanes = hn::MaxLanes(Tag<S>());
  const std::size_t steps = trials.front().steps, from = trials.front().channels;
  const std::size_t groups = vectors_for(from, group_inputs), columns = HWY_MIN(to - first, outputs);
  thread_local Scratch<S> table;  // scratch, so that no call allocates
  table.resize(groups * outputs * patterns);
  tabulate_vectors<S, outputs>(w + first, from, to, columns, table.data());
  HWY_ALIGN std::array<S, lanes * outputs> turned;  // [output / 4][step][4]
  std::size_t trial = 0, t = 0;
  for (std::size_t begin = 0; begin < trials.size() * steps; begin += lanes) {
    std::array<hn::Vec<Tag<S>>, outputs> sums;
    look_up_lanes<S, outputs>(words, begin, groups, table.data(), sums);
    for (std::size_t q = 0; q < outputs; q += 4)
      hn::StoreInterleaved4(sums[q], sums[q + 1], sums[q + 2], sums[q + 3], d, turned.data() + q * lanes);
    const std::size_t count = HWY_MIN(lanes, trials.size() * steps - begin);
    for (std::size_t k = 0; k < count; ++k) {
      S* const current = currents[trial][t] + first;
      std::size_t q = 0;
      for (; q + 4 <= columns; q += 4)
        hn::StoreU(hn::Add(hn::LoadU(few, current + q), hn::Load(few, turned.data() + q * lanes + k * 4)), few,
                   current + q);
      for (; q < columns; ++q) current[q] += turned[(q & ~std::size_t{3}) * lanes + k * 4 + q % 4];
      if (++t == steps) t = 0, ++trial;
    }
  }
}

template <class S>
void add_spikes_by_lane(std::span<const tyto::Spikes> trials, const S* w, std::size_t to,
                        std::span<const tyto::Rows<S>> currents) {
  const WordColumns words = word_columns<S>(trials);
  for (std::size_t first = 0; first < to;) {
    const std::size_t rest = to - first;
    if (rest > 12 || (rest > 4 && rest <= 8))
      add_columns_by_lane<S, 8>(words, trials, w, to, first, currents), first += 8;
    else if (rest > 8)
      add_columns_by_lane<S, 12>(words, trials, w, to, first, currents), first += 12;
    else
      add_columns_by_lane<S, 4>(words, trials, w, to, first, currents), first += 4;
  }
}

/// For each vector of steps: a look-up and an addition for each group and output, two operations a cycle; the shifts of
/// patterns, for each twelve outputs again; the way of sums to their rows. Then the tables; all of it for one trial.
/// Turning words is left out.
inline std::size_t lane_cost(const tyto::Spikes& spikes, std::size_t to, std::size_t groups, std::size_t trials) {
  const std::size_t columns = vectors_for(to, 4) * 4, vectors = vectors_for(trials * spikes.steps, patterns);
  return (vectors * (groups * (columns + vectors_for(to, 12) * 2) + columns * patterns) +
          groups * columns * group_inputs) /
         trials;
}

#endif  // HWY_TARGET <= HWY_AVX3

template <class S>
void add_spikes(std::span<const tyto::Spikes> trials, const S* w, std::size_t to,
                std::span<const tyto::Rows<S>> currents) {
  if (trials.empty()) return;
  const std::size_t lanes = hn::Lanes(Tag<S>());
  const auto& typical = trials.front();
  const std::size_t groups = vectors_for(typical.channels, group_inputs);
  const std::size_t lookups = groups * (typical.steps + patterns * 3 / 2 / trials.size());
  const std::size_t by_row = row_cost(typical, to, lanes), by_pattern = lookups * (1 + vectors_for(to, lanes));
#if HWY_TARGET <= HWY_AVX3
  if constexpr (table_is_vector<S>)
    if (lane_cost(typical, to, groups, trials.size()) < HWY_MIN(by_row, by_pattern))
      return add_spikes_by_lane(trials, w, to, currents);
#endif
  if (by_row < by_pattern)
    add_spikes_by_row(trials, w, to, currents);
  else
    add_spikes_by_pattern(trials, w, to, currents);
}

// One plain function for each product and precision: what the dispatch tables point to.
#define DENSE_FOR_EACH(S, suffix)                                                            \
  void add_spikes_##suffix(std::span<const tyto::Spikes> trials, const S* w, std::size_t to, \
                           std::span<const tyto::Rows<S>> currents) {                        \
    add_spikes<S>(trials, w, to, currents);                                                  \
  }
DENSE_FOR_EACH(float, f32)
DENSE_FOR_EACH(double, f64)
#undef DENSE_FOR_EACH

}  // namespace dense::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dense {

#define DENSE_DISPATCH(S, suffix)                                                   \
  HWY_EXPORT(add_spikes_##suffix);                                                  \
  template <>                                                                       \
  void add_spikes(std::span<const tyto::Spikes> trials, const S* w, std::size_t to, \
                  std::span<const tyto::Rows<S>> currents) {                        \
    HWY_DYNAMIC_DISPATCH(add_spikes_##suffix)(trials, w, to, currents);             \
  }
DENSE_DISPATCH(float, f32)
DENSE_DISPATCH(double, f64)
#undef DENSE_DISPATCH

}  // namespace dense
#endif

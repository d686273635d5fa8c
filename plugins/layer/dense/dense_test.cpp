/// The fast products against the plain loops: the same bits on every instruction set.
#include <hwy/highway.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include <tyto/random.hpp>

#include "layer/dense/products.hpp"
#include "layer/dense/simple.hpp"
#include "support/workshop.hpp"

namespace {

struct Case {
  std::size_t steps, from, to;
  double density;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const std::size_t steps : {1U, 15U, 64U, 100U, 131U})
    for (const std::size_t from : {1U, 7U, 64U, 100U, 200U})
      for (const std::size_t to : {1U, 3U, 7U, 8U, 12U, 19U, 30U, 61U})
        for (const double density : {0.0, 0.02, 0.3, 1.0}) all.push_back({steps, from, to, density});
  return all;
}

template <class S>
struct Data {
  std::vector<std::uint64_t> bits;
  std::vector<S> values, w, gradient, start_current, start_w, start_input;
  tyto::Spikes spikes;
};

template <class S>
Data<S> data_for(const Case& size, std::uint64_t seed) {
  tyto::Random random(tyto::stream_key(seed, "dense test"));
  Data<S> data;
  data.bits.resize(size.steps * tyto::words_for(size.from), 0);
  const tyto::MutableSpikes spikes{data.bits.data(), size.steps, size.from};
  data.values.resize(size.steps * size.from, S(0));
  for (std::size_t t = 0; t < size.steps; ++t)
    for (std::size_t i = 0; i < size.from; ++i)
      if (random.uniform() < size.density) {
        spikes.set(t, i);
        data.values[t * size.from + i] = static_cast<S>(random.uniform(-1, 1));
      }
  data.spikes = {data.bits.data(), size.steps, size.from};
  const auto fill = [&](std::vector<S>& values, std::size_t count) {
    values.resize(count);
    for (S& value : values) value = static_cast<S>(random.uniform(-1, 1));
  };
  fill(data.w, size.from * size.to);
  fill(data.gradient, size.steps * size.to);
  fill(data.start_current, size.steps * size.to);
  fill(data.start_w, size.from * size.to);
  fill(data.start_input, size.steps * size.from);
  return data;
}

template <class S>
void check(const Case& size, std::uint64_t seed) {
  SCOPED_TRACE(testing::Message() << size.steps << " steps, " << size.from << " to " << size.to << ", density "
                                  << size.density);
  const auto data = data_for<S>(size, seed);
  // Rows of two trials lie between each other; every product must leave the other one's alone.
  const std::size_t stride = 2 * size.to;
  const auto spaced = [&](const std::vector<S>& values, std::size_t width) {
    std::vector<S> rows(size.steps * 2 * width, S(7));
    for (std::size_t t = 0; t < size.steps; ++t)
      std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(t * width), width,
                  rows.begin() + static_cast<std::ptrdiff_t>(t * 2 * width));
    return rows;
  };
  auto fast = spaced(data.start_current, size.to), plain = fast;
  const auto other = data_for<S>(size, seed + 1'000'000);
  const std::vector<tyto::Spikes> trials{data.spikes, other.spikes};
  const auto both = [&](std::vector<S>& rows, std::size_t width) {
    return std::vector<tyto::Rows<S>>{{rows.data(), 2 * width}, {rows.data() + width, 2 * width}};
  };
  dense::add_spikes<S>(trials, data.w.data(), size.to, both(fast, size.to));
  dense::simple::add_spikes<S>(trials, data.w.data(), size.to, both(plain, size.to));
  EXPECT_EQ(fast, plain) << "add_spikes";
  dense::add_values<S>(data.values.data(), size.steps, size.from, data.w.data(), size.to, {fast.data(), stride});
  dense::simple::add_values<S>(data.values.data(), size.steps, size.from, data.w.data(), size.to,
                               {plain.data(), stride});
  EXPECT_EQ(fast, plain) << "add_values";

  const auto apart = spaced(other.gradient, size.to);
  const std::vector<tyto::Rows<const S>> gradients{{data.gradient.data(), size.to}, {apart.data(), stride}};
  fast = plain = data.start_w;
  dense::add_spike_gradients<S>(trials, gradients, size.to, fast.data());
  dense::simple::add_spike_gradients<S>(trials, gradients, size.to, plain.data());
  EXPECT_EQ(fast, plain) << "add_spike_gradients";
  dense::add_value_gradients<S>(data.values.data(), size.steps, size.from, gradients[1], size.to, fast.data());
  dense::simple::add_value_gradients<S>(data.values.data(), size.steps, size.from, gradients[1], size.to, plain.data());
  EXPECT_EQ(fast, plain) << "add_value_gradients";

  fast = plain = spaced(data.start_input, size.from);
  dense::Turned<S> turned;
  dense::turn_weights(data.w.data(), size.from, size.to, turned);
  dense::add_input_gradients<S>(gradients, size.steps, turned, size.from, size.to, both(fast, size.from));
  dense::simple::add_input_gradients<S>(gradients, size.steps, data.w.data(), size.from, size.to,
                                        both(plain, size.from));
  EXPECT_EQ(fast, plain) << "add_input_gradients";

  // Rows that fill their matrices.
  auto woven = spaced(data.gradient, size.to);
  for (std::size_t t = 0; t < size.steps; ++t)
    std::copy_n(other.gradient.begin() + static_cast<std::ptrdiff_t>(t * size.to), size.to,
                woven.begin() + static_cast<std::ptrdiff_t>((2 * t + 1) * size.to));
  const std::vector<tyto::Rows<const S>> filling{{woven.data(), stride}, {woven.data() + size.to, stride}};
  fast = plain = spaced(data.start_input, size.from);
  dense::add_input_gradients<S>(filling, size.steps, turned, size.from, size.to, both(fast, size.from));
  dense::simple::add_input_gradients<S>(filling, size.steps, data.w.data(), size.from, size.to, both(plain, size.from));
  EXPECT_EQ(fast, plain) << "add_input_gradients of rows side by side";
}

class DenseProducts : public testing::TestWithParam<std::int64_t> {
 protected:
  void SetUp() override { hwy::SetSupportedTargetsForTest(GetParam()); }
  void TearDown() override { hwy::SetSupportedTargetsForTest(0); }
};

TEST_P(DenseProducts, HaveTheBitsOfPlainLoops) {
  const auto all = cases();
  // Sanitizers look for accesses out of bounds, not for bits: a part with each number of steps and neurons will do.
  const std::size_t stride = workshop::sanitized ? 7 : 1;
  for (std::size_t k = 0; k < all.size(); k += stride) {
    check<float>(all[k], k + 1);
    check<double>(all[k], k + 1);
  }
}

std::vector<std::int64_t> targets() { return hwy::SupportedAndGeneratedTargets(); }
std::string target_name(const testing::TestParamInfo<std::int64_t>& info) { return hwy::TargetName(info.param); }
INSTANTIATE_TEST_SUITE_P(Every, DenseProducts, testing::ValuesIn(targets()), target_name);

}  // namespace

/// Delays of channels and of synapses: shifts, gradients by finite differences or by their stated formula, bounds.
#include <cmath>
#include <functional>
#include <numeric>

#include "layer/delay/taps.hpp"
#include "support/transformed.hpp"

namespace {

constexpr std::size_t steps = 40;
constexpr std::size_t channels = 5;
constexpr std::size_t neurons = 18;  // more than one block of rows
constexpr double dt_s = 0.5e-3;
constexpr double max_ms = 6;  // 12 steps
constexpr std::size_t max_steps = 12;

using Numbers = std::vector<double>;

Numbers drawn(std::size_t count, double low, double high, const std::string& stream) {
  tyto::Random random(tyto::stream_key(11, stream));
  Numbers values(count);
  for (double& value : values) value = random.uniform(low, high);
  return values;
}

tyto::Pass training_at(double progress) {
  tyto::Pass pass;
  pass.training = true;
  pass.progress = progress;
  return pass;
}

/// A kernel of a delay or a projection with delays as a function of its arrays and inputs.
struct Subject {
  std::size_t outputs = 0;
  std::function<Numbers(const std::vector<Numbers>& arrays, const Numbers& input, const tyto::Pass&)> forward;
  /// Gradients of sum(factor output): of each array, then of the input.
  std::function<std::vector<Numbers>(const std::vector<Numbers>& arrays, const Numbers& input, const Numbers& factor,
                                     const tyto::Pass&)>
      backward;
  std::vector<Numbers> arrays;
};

std::vector<std::span<const double>> views(const std::vector<Numbers>& arrays) {
  return {arrays.begin(), arrays.end()};
}

Subject transform_subject(const std::string& yaml) {
  const auto layer = workshop::make<tyto::Layer>(yaml);
  const std::shared_ptr<tyto::TransformKernel<double>> kernel = layer->transform_f64(dt_s);
  Subject subject;
  subject.outputs = kernel->output_steps(steps) * channels;
  subject.arrays = {drawn(channels, 0.1, max_ms - 0.1, "delays")};
  subject.forward = [kernel, count = subject.outputs](const auto& arrays, const auto& input, const auto& pass) {
    Numbers output(count, -1);
    kernel->forward({steps, channels, nullptr, input.data()}, views(arrays), pass, output.data(), nullptr);
    return output;
  };
  subject.backward = [kernel](const auto& arrays, const auto& input, const auto& factor, const auto& pass) {
    std::vector<Numbers> gradients{Numbers(channels, 0), Numbers(steps * channels, 0)};
    const std::vector<std::span<double>> own{gradients[0]};
    const tyto::Signal<double> signal{steps, channels, nullptr, input.data()};
    Numbers output(factor.size());
    kernel->forward(signal, views(arrays), pass, output.data(), nullptr);
    kernel->backward(signal, {factor.size() / channels, channels, nullptr, output.data()}, views(arrays), pass,
                     factor.data(), own, gradients[1].data());
    return gradients;
  };
  return subject;
}

Subject projection_subject(const std::string& yaml) {
  const auto layer = workshop::make<tyto::Layer>(yaml);
  const std::shared_ptr<tyto::ProjectionKernel<double>> kernel = layer->projection_f64(dt_s);
  Subject subject;
  subject.outputs = steps * neurons;
  subject.arrays = {drawn(channels * neurons, -1, 1, "weights"),
                    drawn(channels * neurons, 0.1, max_ms - 0.1, "delays")};
  subject.forward = [kernel](const auto& arrays, const auto& input, const auto& pass) {
    Numbers output(steps * neurons, 0);
    kernel->forward({steps, channels, nullptr, input.data()}, views(arrays), neurons, pass, output.data());
    return output;
  };
  subject.backward = [kernel](const auto& arrays, const auto& input, const auto& factor, const auto& pass) {
    std::vector<Numbers> gradients{Numbers(channels * neurons, 0), Numbers(channels * neurons, 0),
                                   Numbers(steps * channels, 0)};
    const std::vector<std::span<double>> own{gradients[0], gradients[1]};
    kernel->backward({steps, channels, nullptr, input.data()}, views(arrays), neurons, pass, factor.data(), own,
                     gradients[2].data());
    return gradients;
  };
  return subject;
}

Subject subject_of(const std::string& yaml) {
  return yaml.find("delayed_dense") == std::string::npos ? transform_subject(yaml) : projection_subject(yaml);
}

Numbers some_values() {
  auto values = drawn(steps * channels, -1, 1, "input");
  for (std::size_t k = 0; k < values.size(); k += 3) values[k] = 0;
  return values;
}

struct Smooth {
  std::string name, yaml;
  double progress = 0;
};

std::vector<Smooth> smooth_kernels() {
  std::vector<Smooth> all;
  for (const std::string layer : {"delay", "delayed_dense"})
    for (const std::string method : {"interpolated", "dcls"})
      for (const int percent : {0, 60, 100}) {
        const std::string begin = "{type: " + layer + ", method: " + method + ", max: 6 ms";
        const std::string name = layer + "_" + method + "_" + std::to_string(percent);
        if (layer == "delayed_dense") {
          all.push_back({name, begin + "}", percent / 100.0});
        } else {
          all.push_back({name + "_trimmed", begin + ", output: trimmed}", percent / 100.0});
          all.push_back({name + "_padded", begin + ", output: padded}", percent / 100.0});
        }
      }
  return all;
}

class SmoothDelay : public testing::TestWithParam<Smooth> {};

TEST_P(SmoothDelay, EqualsFiniteDifferences) {
  const auto subject = subject_of(GetParam().yaml);
  const auto pass = training_at(GetParam().progress);
  auto input = some_values();
  const auto factor = drawn(subject.outputs, -1, 1, "factor");
  auto arrays = subject.arrays;
  const auto gradients = subject.backward(arrays, input, factor, pass);
  const auto loss = [&] {
    const auto output = subject.forward(arrays, input, pass);
    return std::inner_product(output.begin(), output.end(), factor.begin(), 0.0);
  };
  const auto check = [&](Numbers& values, const Numbers& gradient, const std::string& what) {
    constexpr double h = 1e-5;
    double largest = 0;
    for (std::size_t k = 0; k < values.size(); ++k) {
      const double value = values[k];
      values[k] = value + h;
      const double above = loss();
      values[k] = value - h;
      const double below = loss();
      values[k] = value;
      EXPECT_NEAR(gradient[k], (above - below) / (2 * h), 1e-7) << what << " " << k;
      largest = std::max(largest, std::abs(gradient[k]));
    }
    EXPECT_GT(largest, 1e-2) << what << ": a gradient of zero would prove nothing";
  };
  for (std::size_t a = 0; a < arrays.size(); ++a) check(arrays[a], gradients[a], "array " + std::to_string(a));
  check(input, gradients.back(), "input");
}
std::string smooth_name(const testing::TestParamInfo<Smooth>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Every, SmoothDelay, testing::ValuesIn(smooth_kernels()), smooth_name);

/// x at a step, nothing outside.
double at(const Numbers& x, std::ptrdiff_t step, std::size_t channel) {
  const bool inside = step >= 0 && step < static_cast<std::ptrdiff_t>(steps);
  return inside ? x[static_cast<std::size_t>(step) * channels + channel] : 0;
}

std::ptrdiff_t whole(double delay_ms) { return std::lround(delay_ms / (1e3 * dt_s)); }

class WholeDelay : public testing::TestWithParam<std::string> {};

TEST_P(WholeDelay, ShiftsAndFollowsTheDifferenceOfNeighbouringSteps) {
  const auto subject = transform_subject("{type: delay, max: 6 ms, output: padded, method: " + GetParam() + "}");
  const auto input = some_values();
  const auto factor = drawn(subject.outputs, -1, 1, "factor");
  const auto& delays_ms = subject.arrays[0];
  const auto output = subject.forward(subject.arrays, input, training_at(0.5));
  const auto gradients = subject.backward(subject.arrays, input, factor, training_at(0.5));
  Numbers by_input(input.size(), 0);
  for (std::size_t i = 0; i < channels; ++i) {
    double by_delay = 0;
    for (std::size_t t = 0; t < steps; ++t) {
      const std::ptrdiff_t from = static_cast<std::ptrdiff_t>(t) - whole(delays_ms[i]);
      EXPECT_EQ(output[t * channels + i], at(input, from, i));
      by_delay += factor[t * channels + i] * (at(input, from - 1, i) - at(input, from, i));
      if (from >= 0) by_input[static_cast<std::size_t>(from) * channels + i] += factor[t * channels + i];
    }
    by_delay /= 1e3 * dt_s;
    if (GetParam() == "seed") by_delay *= 5 * delays_ms[i];
    EXPECT_NEAR(gradients[0][i], by_delay, 1e-12 * std::max(1.0, std::abs(by_delay)));
  }
  EXPECT_EQ(gradients[1], by_input);
}

TEST_P(WholeDelay, OfSynapsesIsTheSame) {
  const auto subject = projection_subject("{type: delayed_dense, max: 6 ms, method: " + GetParam() + "}");
  const auto input = some_values();
  const auto factor = drawn(subject.outputs, -1, 1, "factor");
  const auto& w = subject.arrays[0];
  const auto& delays_ms = subject.arrays[1];
  const auto output = subject.forward(subject.arrays, input, training_at(0.5));
  const auto gradients = subject.backward(subject.arrays, input, factor, training_at(0.5));
  Numbers current(output.size(), 0);
  for (std::size_t i = 0; i < channels; ++i)
    for (std::size_t j = 0; j < neurons; ++j) {
      const std::size_t synapse = i * neurons + j;
      double by_weight = 0, by_delay = 0;
      for (std::size_t t = 0; t < steps; ++t) {
        const std::ptrdiff_t from = static_cast<std::ptrdiff_t>(t) - whole(delays_ms[synapse]);
        current[t * neurons + j] += w[synapse] * at(input, from, i);
        by_weight += factor[t * neurons + j] * at(input, from, i);
        by_delay += factor[t * neurons + j] * w[synapse] * (at(input, from - 1, i) - at(input, from, i));
      }
      by_delay /= 1e3 * dt_s;
      if (GetParam() == "seed") by_delay *= 5 * delays_ms[synapse];
      EXPECT_NEAR(gradients[0][synapse], by_weight, 1e-12);
      EXPECT_NEAR(gradients[1][synapse], by_delay, 1e-11 * std::max(1.0, std::abs(by_delay)));
    }
  for (std::size_t k = 0; k < output.size(); ++k) EXPECT_NEAR(output[k], current[k], 1e-12) << k;
}

/// Packed spikes go a way of their own.
TEST_P(WholeDelay, HasTheSameGradientsForSpikesAsForOnesAndZeros) {
  for (const std::string output : {"padded", "trimmed"}) {
    SCOPED_TRACE(output);
    const auto layer =
        workshop::make<tyto::Layer>("{type: delay, max: 6 ms, output: " + output + ", method: " + GetParam() + "}");
    const auto kernel = layer->transform_f64(dt_s);
    std::vector<std::uint64_t> bits(steps, 0);
    Numbers ones(steps * channels, 0);
    const auto chances = drawn(steps * channels, 0, 1, "spikes");
    for (std::size_t k = 0; k < ones.size(); ++k)
      if (chances[k] < 0.4) {
        tyto::MutableSpikes{bits.data(), steps, channels}.set(k / channels, k % channels);
        ones[k] = 1;
      }
    const std::vector<Numbers> arrays{{0, max_ms, 2.26, 2.24, 3}};
    const auto factor = drawn(kernel->output_steps(steps) * channels, -1, 1, "factor");
    const auto gradients = [&](const tyto::Signal<double>& input) {
      auto all = std::vector<Numbers>{Numbers(channels, 0.5), Numbers(steps * channels, 0.25)};
      const std::vector<std::span<double>> own{all[0]};
      const bool spikes = input.bits != nullptr;
      const std::size_t left = factor.size() / channels;
      std::vector<std::uint64_t> delayed(left, 0);
      Numbers values(factor.size());
      kernel->forward(input, views(arrays), training_at(0.5), spikes ? nullptr : values.data(),
                      spikes ? delayed.data() : nullptr);
      kernel->backward(input, {left, channels, spikes ? delayed.data() : nullptr, spikes ? nullptr : values.data()},
                       views(arrays), training_at(0.5), factor.data(), own, all[1].data());
      return all;
    };
    const auto of_spikes = gradients({steps, channels, bits.data(), nullptr});
    EXPECT_EQ(of_spikes, gradients({steps, channels, nullptr, ones.data()}));
    EXPECT_NE(of_spikes[0][1], 0.5);
  }
}
std::string word(const testing::TestParamInfo<std::string>& info) { return info.param; }
INSTANTIATE_TEST_SUITE_P(Every, WholeDelay, testing::Values("whole_step", "seed"), word);

class EvaluatedDelay : public testing::TestWithParam<std::string> {};

TEST_P(EvaluatedDelay, HandsOnSpikesShiftedByWholeSteps) {
  const auto layer = workshop::make<tyto::Layer>("{type: delay, max: 6 ms, method: " + GetParam() + "}");
  const auto kernel = layer->transform_f32(dt_s);
  const tyto::Pass evaluation;
  ASSERT_TRUE(kernel->spikes(evaluation));
  ASSERT_EQ(kernel->output_steps(steps), steps - max_steps);
  ASSERT_EQ(layer->output_steps(steps, dt_s), steps - max_steps);
  std::vector<std::uint64_t> in(steps, 0), out(steps - max_steps, 0);
  const tyto::MutableSpikes spikes{in.data(), steps, channels};
  const auto chances = drawn(steps * channels, 0, 1, "spikes");
  for (std::size_t t = 0; t < steps; ++t)
    for (std::size_t i = 0; i < channels; ++i)
      if (chances[t * channels + i] < 0.4) spikes.set(t, i);
  const std::vector<float> delays_ms{0.F, 6.F, 2.26F, 2.24F, 3.F};
  const std::vector<std::span<const float>> arrays{delays_ms};
  kernel->forward({steps, channels, in.data(), nullptr}, arrays, evaluation, nullptr, out.data());
  const tyto::Spikes shifted{out.data(), steps - max_steps, channels};
  const std::size_t shift[channels]{0, 12, 5, 4, 6};
  for (std::size_t t = max_steps; t < steps; ++t)
    for (std::size_t i = 0; i < channels; ++i)
      EXPECT_EQ(shifted.at(t - max_steps, i), spikes.at(t - shift[i], i)) << t << " " << i;
}
INSTANTIATE_TEST_SUITE_P(Every, EvaluatedDelay, testing::Values("whole_step", "interpolated", "dcls", "seed"), word);

TEST(DelayTaps, NarrowGeometricallyAndThenStay) {
  delay::Settings settings;
  settings.method = delay::Method::dcls;
  settings.max_s = 32e-3;
  settings.anneal_until = 0.5;
  const auto plan = delay::plan_of(settings, 1e-3);
  EXPECT_DOUBLE_EQ(plan.sigma_steps(0), 16);
  EXPECT_DOUBLE_EQ(plan.sigma_steps(0.25), std::sqrt(16 * 0.5));
  EXPECT_DOUBLE_EQ(plan.sigma_steps(0.5), 0.5);
  EXPECT_DOUBLE_EQ(plan.sigma_steps(1), 0.5);
}

TEST(DelayTaps, AreGaussianNormalisedAndFewOnceNarrow) {
  delay::Settings settings;
  settings.method = delay::Method::dcls;
  settings.max_s = 30e-3;
  const auto plan = delay::plan_of(settings, 1e-3);
  for (const double progress : {0.0, 0.5, 1.0})
    for (const double delay_ms : {0.0, 0.3, 14.2, 29.9, 30.0}) {
      const delay::TapMaker<double> maker(plan, training_at(progress), true);
      auto taps = maker.taps();
      maker.make(delay_ms, taps);
      double total = 0, slopes = 0;
      for (std::size_t k = 0; k < taps.count; ++k) total += taps.weight[k], slopes += taps.slope[k];
      EXPECT_NEAR(total, 1, 1e-12);
      EXPECT_NEAR(slopes, 0, 1e-12);
      const double sigma = plan.sigma_steps(progress);
      for (std::size_t k = 1; k < taps.count; ++k) {
        const double x = static_cast<double>(taps.first) + static_cast<double>(k) - delay_ms;
        EXPECT_NEAR(taps.weight[k] / taps.weight[k - 1], std::exp((1 - 2 * x) / (2 * sigma * sigma)),
                    1e-10 * taps.weight[k] / taps.weight[k - 1]);
      }
      EXPECT_EQ(progress < 1 ? taps.count > 5 : taps.count <= 5, true) << taps.count;
    }
}

tyto::TrialSet random_trials(std::size_t count, std::size_t length, std::size_t width) {
  tyto::TrialSet trials({length, width, 1e-3}, {{"label", "", tyto::Dimension::none, 0, 3}}, count);
  tyto::Random random(tyto::stream_key(7, "trials"));
  for (std::size_t i = 0; i < count; ++i) {
    trials.targets(i)[0] = random.uniform(0, 3);
    for (std::size_t t = 0; t < length; ++t)
      for (std::size_t c = 0; c < width; ++c)
        if (random.uniform() < 0.3) trials.spikes(i).set(t, c);
  }
  return trials;
}

/// A network behind a delay, and what it takes to train it.
struct Bench {
  tyto::TrialSet trials;
  tyto::Executor executor;
  std::unique_ptr<tyto::Program> network;
  tyto::Objective objective;
  std::shared_ptr<tyto::Surrogate> surrogate = workshop::surrogate("sigmoid");
  std::vector<std::uint32_t> index;
  tyto::Backpropagation request;

  Bench(std::size_t count, const std::string& delay, const std::string& projection,
        const workshop::Arithmetic& arithmetic, std::size_t threads)
      : trials(random_trials(count, 30, 6)), executor(threads), index(count) {
    network = workshop::compile(
        workshop::transformed_chain(trials.shape(), delay,
                                    {{"hidden", 5, "{type: lif, tau: 5 ms}", projection},
                                     {"output", 3, "{type: leaky_integrator, tau: 4 ms}", projection}}),
        arithmetic, executor);
    tyto::initialise(*network, 3);
    objective.classes = 3;
    objective.bind(trials.target_info());
    std::iota(index.begin(), index.end(), 0U);
    request.objective = &objective;
    request.surrogate = surrogate.get();
  }
  double loss(double progress) { return network->backpropagate({&trials, index, training_at(progress)}, request).loss; }
};

struct Chain {
  std::string name, delay, projection;
};
class SmoothDelayNetwork : public testing::TestWithParam<Chain> {};

TEST_P(SmoothDelayNetwork, EqualsFiniteDifferences) {
  Bench bench(4, GetParam().delay, GetParam().projection, {"cpu", tyto::Precision::float64}, 2);
  bench.request.smooth = true;
  bench.loss(0.7);
  auto& network = *bench.network;
  std::vector<Numbers> gradients;
  for (std::size_t a = 0; a < network.arrays().size(); ++a) gradients.push_back(network.gradient(a));
  constexpr double h = 1e-5;
  for (std::size_t a = 0; a < gradients.size(); ++a) {
    const auto values = network.get(a);
    double largest = 0;
    for (std::size_t k = 0; k < values.size(); ++k) {
      auto moved = values;
      moved[k] = values[k] + h;
      network.set(a, moved);
      const double above = bench.loss(0.7);
      moved[k] = values[k] - h;
      network.set(a, moved);
      const double below = bench.loss(0.7);
      EXPECT_NEAR(gradients[a][k], (above - below) / (2 * h), 1e-7) << network.arrays()[a].path() << " " << k;
      largest = std::max(largest, std::abs(gradients[a][k]));
    }
    network.set(a, values);
    EXPECT_GT(largest, 1e-5) << network.arrays()[a].path() << ": a gradient of zero would prove nothing";
  }
}
std::string chain_name(const testing::TestParamInfo<Chain>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(
    Every, SmoothDelayNetwork,
    testing::Values(Chain{"interpolated_dense", "{type: delay, max: 9 ms, method: interpolated}", "dense"},
                    Chain{"dcls_dense", "{type: delay, max: 9 ms, method: dcls, output: padded}", "dense"},
                    Chain{"interpolated_synapses", "{type: delay, max: 9 ms, method: interpolated}",
                          "{type: delayed_dense, max: 7 ms, method: interpolated}"},
                    Chain{"dcls_synapses", "{type: delay, max: 9 ms, method: dcls}",
                          "{type: delayed_dense, max: 7 ms, method: dcls}"}),
    chain_name);

class TrainedDelay : public testing::TestWithParam<std::string> {
 protected:
  static std::vector<Numbers> trained(const std::string& delay, const std::string& projection, std::size_t threads) {
    Bench bench(37, delay, projection, {"cpu", tyto::Precision::float32}, threads);
    const auto adam = workshop::make<tyto::Optimizer>("{type: adam, learning_rate: 0.05}");
    for (int k = 0; k < 6; ++k) {
      bench.loss(k / 6.0);
      bench.network->apply(*adam);
    }
    std::vector<Numbers> arrays;
    for (std::size_t a = 0; a < bench.network->arrays().size(); ++a) arrays.push_back(bench.network->get(a));
    return arrays;
  }
};

TEST_P(TrainedDelay, HasTheSameBitsForAnyNumberOfThreads) {
  const std::string delay = "{type: delay, max: 9 ms, method: " + GetParam() + "}";
  const std::string projection = "{type: delayed_dense, max: 7 ms, method: " + GetParam() + "}";
  const auto one = trained(delay, projection, 1);
  for (const std::size_t threads : {2U, 3U}) EXPECT_EQ(trained(delay, projection, threads), one) << threads;
}

TEST_P(TrainedDelay, StaysWithinItsBounds) {
  const auto arrays = trained(
      "{type: delay, max: 9 ms, method: " + GetParam() + ", optimizer: {type: adam, learning_rate: 5}}", "dense", 2);
  std::size_t at_bounds = 0;
  for (const double delay : arrays[0]) {
    EXPECT_GE(delay, 0);
    EXPECT_LE(delay, 9);
    at_bounds += delay == 0 || delay == 9 ? 1 : 0;
  }
  EXPECT_GT(at_bounds, 0U) << "steps of 5 ms must have come to a bound";
}
INSTANTIATE_TEST_SUITE_P(Every, TrainedDelay, testing::Values("whole_step", "interpolated", "dcls", "seed"), word);

TEST(Delay, FollowsItsOwnOptimizerOrNone) {
  const auto start = [](const std::string& options) {
    Bench bench(9, "{type: delay, max: 9 ms" + options + "}", "dense", {"cpu", tyto::Precision::float64}, 1);
    return bench.network->get(0);
  };
  const auto moved = [&](const std::string& options) {
    Bench bench(9, "{type: delay, max: 9 ms" + options + "}", "dense", {"cpu", tyto::Precision::float64}, 1);
    const auto gentle = workshop::make<tyto::Optimizer>("{type: adam, learning_rate: 1e-5}");
    bench.loss(0);
    bench.network->apply(*gentle);
    double largest = 0;
    const auto before = start(options), after = bench.network->get(0);
    for (std::size_t i = 0; i < before.size(); ++i) largest = std::max(largest, std::abs(after[i] - before[i]));
    return largest;
  };
  EXPECT_NEAR(moved(""), 1e-5, 1e-7);
  EXPECT_NEAR(moved(", optimizer: {type: adam, learning_rate: 0.01}"), 0.01, 1e-4);
  EXPECT_EQ(moved(", trainable: false, optimizer: {type: adam, learning_rate: 0.01}"), 0);
}

TEST(Delay, BeginsAsAsked) {
  const auto initial = [](const std::string& options) {
    Bench bench(1, "{type: delay, max: 9 ms, " + options + "}", "dense", {"cpu", tyto::Precision::float64}, 1);
    return bench.network->get(0);
  };
  EXPECT_EQ(initial("initial: zero"), Numbers(6, 0.0));
  EXPECT_EQ(initial("initial: fixed, initial_delay: 4 ms"), Numbers(6, 4.0));
  const auto uniform = initial("initial: uniform");
  EXPECT_NE(uniform[0], uniform[1]);
  for (const double delay : uniform) EXPECT_TRUE(delay >= 0 && delay < 9) << delay;
}

TEST(Delay, TakesDelaysFromOutsideWithinItsBounds) {
  Bench bench(1, "{type: delay, max: 9 ms}", "dense", {"cpu", tyto::Precision::float64}, 1);
  bench.network->set(0, Numbers{-1, 0, 3.5, 9, 1e300, std::nan("")});
  EXPECT_EQ(bench.network->get(0), (Numbers{0, 0, 3.5, 9, 9, 0}));
  EXPECT_EQ(bench.network->arrays()[0].info.units, "ms");
}

std::string fault_of(const std::string& yaml) {
  try {
    workshop::make<tyto::Layer>(yaml)->output_steps(20, 1e-3);
  } catch (const tyto::Error& error) {
    return error.what();
  }
  return "";
}

TEST(Delay, SaysWhatIsWrong) {
  EXPECT_EQ(fault_of("{type: delay, max: 19 ms}"), "");
  EXPECT_EQ(fault_of("{type: delay, max: 20 ms}"),
            "delays of up to 20 steps leave nothing of a signal of 20 steps; 'max' must be shorter");
  EXPECT_NE(fault_of("{type: delay, max: 5 ms, initial: fixed, initial_delay: 6 ms}").find("must not be above 'max'"),
            std::string::npos);
  EXPECT_NE(fault_of("{type: delay, max: 0 ms}"), "");
  EXPECT_NE(fault_of("{type: delay, method: dlcs}").find("dcls"), std::string::npos);
}

}  // namespace

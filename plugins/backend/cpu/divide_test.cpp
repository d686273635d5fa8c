/// Streams of many neurons, which threads share: they do what a plain program does, bit for bit, on any number of
/// threads.
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "spec/model.hpp"
#include "support/finite_differences.hpp"
#include "support/plain_program.hpp"

namespace {

using workshop::Arithmetic;

constexpr double dt_s = 1e-3;
constexpr std::size_t steps = 40;

std::atomic<std::size_t> slices_handed_on{0};

/// Counts what is asked of a projection for some of its targets.
template <class S>
class Counting final : public tyto::ProjectionKernel<S> {
 public:
  explicit Counting(std::unique_ptr<tyto::ProjectionKernel<S>> own) : own_(std::move(own)) {}
  void start(std::span<const std::span<const S>> arrays, std::size_t from, std::size_t to) override {
    own_->start(arrays, from, to);
  }
  [[nodiscard]] bool divide(std::span<const std::span<const S>> arrays, std::span<const std::size_t> bounds) override {
    return own_->divide(arrays, bounds);
  }
  void forward_slice(const tyto::Signal<S>& input, std::span<const std::span<const S>> arrays, std::size_t slice,
                     const tyto::Rows<S>& current) const override {
    ++slices_handed_on;
    own_->forward_slice(input, arrays, slice, current);
  }
  void forward(const tyto::Signal<S>& input, std::span<const std::span<const S>> arrays, std::size_t to,
               const tyto::Pass& pass, S* current) const override {
    own_->forward(input, arrays, to, pass, current);
  }
  void forward_group(const tyto::Group<S>& group, std::span<const std::span<const S>> arrays, std::size_t to,
                     std::span<const tyto::Rows<S>> currents) const override {
    own_->forward_group(group, arrays, to, currents);
  }
  void backward(const tyto::Signal<S>&, std::span<const std::span<const S>>, std::size_t, const tyto::Pass&, const S*,
                std::span<const std::span<S>>, S*) const override {}

 private:
  std::unique_ptr<tyto::ProjectionKernel<S>> own_;
};
class CountingLayer final : public tyto::Layer {
 public:
  explicit CountingLayer(std::shared_ptr<const tyto::Layer> own) : own_(std::move(own)) {}
  [[nodiscard]] std::unique_ptr<tyto::ProjectionKernel<float>> projection_f32(double dt) const override {
    return std::make_unique<Counting<float>>(own_->projection_f32(dt));
  }
  [[nodiscard]] std::unique_ptr<tyto::ProjectionKernel<double>> projection_f64(double dt) const override {
    return std::make_unique<Counting<double>>(own_->projection_f64(dt));
  }

 private:
  std::shared_ptr<const tyto::Layer> own_;
};

tyto::Model read(const std::string& layers) {
  tyto::spec::Reader reader(workshop::registry());
  const tyto::spec::ModelSurroundings around{true, true, {0, 40, dt_s, true}, {}, false};
  auto built = tyto::spec::build_model(tyto::spec::parse(layers, "layers"), nullptr, around, reader);
  reader.finish();
  return std::move(built.model);
}

/// `undivided`: part of it is not for several threads.
struct Large {
  std::string name, layers;
  bool undivided = false;
};

std::vector<Large> large() {
  const std::string fed = "{type: sparse, from: stimulus, probability: 0.2, weight: 0.15}";
  const std::string some = "probability: 0.02, weight: 0.06, deviation: 0.02";
  const auto lif = [&](const std::string& name, std::size_t size, const std::string& inputs) {
    return name + ": {type: lif, tau: 5 ms, threshold: 0.4, size: " + std::to_string(size) + ", input: [" + inputs +
           "]}\n";
  };
  return {
      {"in_turn_at_once", lif("a", 1300, fed + ", {type: sparse, from: b, delay: 5 ms, " + some + "}") +
                              lif("b", 1200, "{type: sparse, from: a, " + some + "}")},
      {"in_turn_by_synapses",
       lif("a", 1300, fed + ", {type: sparse, from: b, delay: 20 ms, " + some + "}") +
           lif("b", 1200, "{type: sparse, from: a, delay: 2 ms, synapse: {type: alpha, tau: 2 ms}, " + some + "}")},
      {"every_step", lif("a", 1300, fed + ", {type: sparse, from: b, " + some + "}") +
                         lif("b", 1, "{type: sparse, from: a, probability: 0.1, weight: 0.05}") +
                         lif("c", 65, "{type: sparse, from: c, " + some + "}, {type: sparse, from: a, " + some + "}")},
      {"side_by_side",
       lif("a", 900,
           fed + ", {type: sparse, from: b, delay: 3 ms, probability: 0.02, weight: 0.06, synapse: 4 ms}, " +
               "{type: sparse, name: again, from: b, delay: 4 ms, " + some + "}") +
           lif("b", 1100, fed + ", {type: sparse, from: a, delay: 3 ms, probability: 0.02, weight: -0.03}")},
      {"sources",
       "outside: {type: poisson, size: 1301, rate: 300 Hz, counts: true}\n"
       "others: {type: poisson, size: 1000, rate: 100 Hz, start: 5 ms, stop: 30 ms}\n" +
           lif("a", 1301,
               "{type: direct, from: outside, transform: 0.3}, {type: sparse, from: others, " + some + "}, " +
                   "{type: sparse, from: a, " + some + "}")},
      {"receptors",
       "a: {type: conductance_lif, size: 1100, tau: 5 ms, rest: 0, threshold: 0.15, reset: 0, excitatory_reversal: 3, "
       "inhibitory_reversal: -1, input: [{type: sparse, from: stimulus, receptor: excitatory, probability: 0.2, "
       "weight: "
       "0.05, synapse: 2 ms}, {type: sparse, from: a, receptor: inhibitory, probability: 0.02, weight: 0.1, synapse: "
       "{type: "
       "alpha, tau: 2 ms}}, {type: sparse, name: more, from: a, probability: 0.01, weight: 0.01}]}\n"},
      {"values", "a: {type: leaky_integrator, size: 1200, tau: 4 ms, input: [" + fed + "]}\n" +
                     lif("b", 1000, "{type: sparse, from: a, " + some + "}, {type: sparse, from: b, " + some + "}")},
      {"dense_first", lif("a", 1000, "{type: dense, from: stimulus, scale: 3}, {type: sparse, from: a, " + some + "}")},
      {"dense_within",
       lif("a", 1000,
           fed + ", {type: dense, from: a, scale: 0.1}, {type: sparse, from: stimulus, name: "
                 "second, probability: 0.1, weight: 0.05}"),
       true},
  };
}

class Divided : public testing::TestWithParam<Large> {
 protected:
  template <class S>
  static void expect_plain(const tyto::Model& model, const Arithmetic& arithmetic, const tyto::Spikes& spikes) {
    tyto::Executor one(1);
    const auto program = workshop::compile(model, arithmetic, one);
    tyto::initialise(*program, 3);
    const auto expected = workshop::Plain<S>(model, *program).run(spikes);
    double fired = 0;
    for (const double spike : expected.at("a").output) fired += spike != 0 ? 1 : 0;
    EXPECT_GT(fired, 100) << "silent networks would prove nothing";
    auto counted = workshop::streaming(model);
    for (auto& layer : counted.layers)
      for (auto& input : layer.inputs) input.projection = std::make_shared<CountingLayer>(input.projection);
    for (const std::size_t threads : {1U, 2U, 3U})
      for (const std::size_t window : {1U, 7U, 1000U}) {
        tyto::Executor executor(threads);
        const auto stream = workshop::compile(counted, arithmetic, executor);
        workshop::copy_arrays(*program, *stream);
        slices_handed_on = 0;
        const auto found = workshop::as_stream(counted, *stream, spikes, window);
        for (const auto& [name, trace] : expected)
          EXPECT_TRUE(found.at(name) == trace) << name << ", " << threads << " threads, windows of " << window;
        EXPECT_EQ(slices_handed_on > 0, !GetParam().undivided);
      }
  }
};

TEST_P(Divided, DoesWhatAPlainProgramDoes) {
  const auto model = read(GetParam().layers);
  const auto trials = workshop::random_trials(1, {steps, 40, dt_s}, 1);
  expect_plain<float>(model, {"cpu", tyto::Precision::float32}, trials.spikes(0));
  expect_plain<double>(model, {"cpu", tyto::Precision::float64}, trials.spikes(0));
}

/// Weights that were all one and are so no more, from the next start on.
TEST(DividedStream, TakesOtherWeightsAtTheNextStart) {
  const auto model = read(
      "a: {type: leaky_integrator, size: 1100, tau: 4 ms, input: [{type: sparse, from: stimulus, "
      "probability: 0.1, weight: 0.5}]}");
  const auto streamed = workshop::streaming(model);
  const auto trials = workshop::random_trials(1, {steps, 40, dt_s}, 1);
  tyto::Executor executor(2);
  const auto stream = workshop::compile(streamed, {"cpu", tyto::Precision::float64}, executor);
  tyto::initialise(*stream, 3);
  const auto before = workshop::as_stream(streamed, *stream, trials.spikes(0), 7);
  auto weights = stream->get(0);
  for (std::size_t k = 0; k < weights.size(); k += 3) weights[k] = -0.25;
  stream->set(0, weights);
  EXPECT_THROW(stream->advance({1, 40, trials.spikes(0).data, nullptr}, [](auto...) {}), tyto::Error);
  const auto after = workshop::as_stream(streamed, *stream, trials.spikes(0), 7);
  EXPECT_EQ(after, workshop::Plain<double>(model, *stream).run(trials.spikes(0)));
  EXPECT_NE(after, before);
}

std::string name_of(const testing::TestParamInfo<Large>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Every, Divided, testing::ValuesIn(large()), name_of);

}  // namespace

/// Random graphs of layers: as trials, as streams in windows of any length, and step by step as a plain program does
/// it, they give the same bits. Gradients through loops, synapses and delays are those of finite differences.
#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <tyto/schedule.hpp>

#include "support/finite_differences.hpp"

namespace {

using workshop::Arithmetic;

constexpr double dt_s = 1e-3;

std::size_t number(tyto::Random& random, std::size_t least, std::size_t most) {
  return least + std::min(most - least, static_cast<std::size_t>(random.uniform() * double(most - least + 1)));
}

template <class T>
const T& one_of(tyto::Random& random, const std::vector<T>& all) {
  return all[number(random, 0, all.size() - 1)];
}

struct Choice {
  std::vector<std::string> populations, projections, synapses;
  std::size_t layers = 3;
  std::size_t most_neurons = 9;
  std::size_t most_delay = 0;
  bool loops = true;
};

void add_input(tyto::Model& model, std::size_t layer, std::size_t from, const Choice& choice, tyto::Random& random) {
  const bool stimulus = from == tyto::ModelInput::stimulus;
  tyto::ModelInput input;
  input.from = from;
  input.type = one_of(random, choice.projections);
  input.name = stimulus ? "stimulus" : model.layers[from].name;
  input.projection = workshop::make<tyto::Layer>(input.type);
  input.channels = model.layers[layer].size;
  input.arrays = input.projection->arrays(stimulus ? model.input.channels : model.layers[from].size, input.channels);
  input.delay_steps = number(random, 0, choice.most_delay);
  const std::string& synapse = one_of(random, choice.synapses);
  if (!synapse.empty()) input.synapse = workshop::make<tyto::Synapse>(synapse);
  model.layers[layer].inputs.push_back(std::move(input));
}

/// Layers that read some of the others, in any order.
tyto::Model random_model(const tyto::TrialShape& shape, const Choice& choice, tyto::Random& random) {
  tyto::Model model;
  model.input = shape;
  for (std::size_t k = 0; k < choice.layers; ++k) {
    tyto::ModelLayer layer;
    layer.name = "layer" + std::to_string(k);
    layer.type = one_of(random, choice.populations);
    layer.size = k + 1 == choice.layers ? 3 : number(random, 1, choice.most_neurons);
    layer.steps = shape.steps;
    layer.population = workshop::make<tyto::Layer>(layer.type, &layer.spiking);
    model.layers.push_back(std::move(layer));
  }
  for (std::size_t k = 0; k < choice.layers; ++k) {
    std::set<std::size_t> sources{k == 0 ? tyto::ModelInput::stimulus : k - 1};
    for (std::size_t more = number(random, 0, 2); more > 0; --more) {
      const std::size_t from = number(random, 0, choice.loops ? choice.layers : k);
      sources.insert(from == choice.layers || (!choice.loops && from == k) ? tyto::ModelInput::stimulus : from);
    }
    for (const std::size_t from : sources) add_input(model, k, from, choice, random);
  }
  return model;
}

/// Numbers of a layer over time, [step][neuron].
struct Trace {
  std::vector<double> output, state;
  bool operator==(const Trace&) const = default;
};
using Traces = std::map<std::string, Trace>;

/// A program of few lines: layer after layer, input after input, step after step.
template <class S>
class Plain {
 public:
  Plain(const tyto::Model& model, const tyto::Program& program) : model_(model) {
    for (std::size_t k = 0; k < program.arrays().size(); ++k) {
      const auto values = program.get(k);
      arrays_.emplace_back(values.begin(), values.end());
    }
  }

  Traces run(const tyto::TrialSet& trials, std::size_t trial) {
    const std::size_t steps = model_.input.steps;
    std::vector<std::vector<S>> carried(model_.layers.size());
    std::vector<std::unique_ptr<tyto::PopulationKernel<S>>> kernels;
    for (std::size_t k = 0; k < model_.layers.size(); ++k) {
      kernels.push_back(population(*model_.layers[k].population));
      carried[k].resize(kernels[k]->state_size() * model_.layers[k].size);
      kernels[k]->rest({}, carried[k]);
      history_.emplace_back(steps * model_.layers[k].size, S(0));
    }
    const auto spikes = trials.spikes(trial);
    stimulus_.assign(steps * words(model_.input.channels), 0);
    std::copy_n(spikes.data, stimulus_.size(), stimulus_.begin());
    Traces traces;
    for (std::size_t t = 0; t < steps; ++t) {
      for (std::size_t k = 0; k < model_.layers.size(); ++k) {
        const auto& layer = model_.layers[k];
        const std::vector<S> current = arriving(k, t);
        tyto::ForwardScan<S> scan;
        scan.steps = 1;
        scan.neurons = layer.size;
        scan.current = current.data();
        scan.output = history_[k].data() + t * layer.size;
        scan.carried = carried[k].data();
        kernels[k]->forward(scan);
        auto& trace = traces[layer.name];
        trace.output.insert(trace.output.end(), scan.output, scan.output + layer.size);
        trace.state.insert(trace.state.end(), carried[k].begin(),
                           carried[k].begin() + static_cast<std::ptrdiff_t>(layer.size));
      }
      move_synapses(t);
    }
    return traces;
  }

 private:
  static std::size_t words(std::size_t channels) { return tyto::words_for(channels); }

  static std::unique_ptr<tyto::PopulationKernel<S>> population(const tyto::Layer& layer) {
    if constexpr (std::is_same_v<S, float>)
      return layer.population_f32(dt_s);
    else
      return layer.population_f64(dt_s);
  }
  static std::unique_ptr<tyto::ProjectionKernel<S>> projection(const tyto::Layer& layer) {
    if constexpr (std::is_same_v<S, float>)
      return layer.projection_f32(dt_s);
    else
      return layer.projection_f64(dt_s);
  }

  /// Adds what a connection makes of its source in step t, and of the steps before that its kernel reads. Nothing
  /// happened before the first step.
  void project(const tyto::ModelInput& input, std::size_t first_array, std::ptrdiff_t t, std::vector<S>& target) const {
    const bool stimulus = input.from == tyto::ModelInput::stimulus;
    const std::size_t channels = stimulus ? model_.input.channels : model_.layers[input.from].size;
    std::vector<std::span<const S>> views;
    for (std::size_t k = 0; k < input.arrays.size(); ++k) views.emplace_back(arrays_[first_array + k]);
    const auto kernel = projection(*input.projection);
    kernel->start(views, channels, target.size());
    const std::size_t rows = kernel->reach() + 1;
    std::vector<std::uint64_t> bits(rows * words(channels), 0);
    std::vector<S> values(rows * channels, S(0));
    for (std::size_t k = 0; k < rows; ++k) {
      const std::ptrdiff_t step = t + 1 - static_cast<std::ptrdiff_t>(rows - k);
      for (std::size_t c = 0; step >= 0 && c < channels; ++c) {
        const auto row = static_cast<std::size_t>(step);
        if (!stimulus) values[k * channels + c] = history_[input.from][row * channels + c];
        const bool fires = stimulus ? (stimulus_[row * words(channels) + c / 64] >> (c % 64) & 1U) != 0
                                    : values[k * channels + c] != 0;
        if (fires) bits[k * words(channels) + c / 64] |= std::uint64_t{1} << (c % 64);
      }
    }
    const bool spiking = stimulus || model_.layers[input.from].spiking;
    const auto signal = spiking ? tyto::Signal<S>{rows, channels, bits.data(), nullptr}
                                : tyto::Signal<S>{rows, channels, nullptr, values.data()};
    if (rows == 1) {
      kernel->forward(signal, views, target.size(), {}, target.data());
      return;
    }
    std::vector<S> handed(rows * target.size(), S(0));
    kernel->forward(signal, views, target.size(), {}, handed.data());
    for (std::size_t c = 0; c < target.size(); ++c) target[c] += handed[(rows - 1) * target.size() + c];
  }

  std::vector<S> arriving(std::size_t layer, std::size_t t) {
    std::vector<S> current(model_.layers[layer].size, S(0));
    for_inputs([&](std::size_t k, const tyto::ModelInput& input, std::size_t first_array) {
      if (k != layer) return;
      const auto late = static_cast<std::ptrdiff_t>(tyto::steps_late(k, input));
      if (!input.synapse) {
        project(input, first_array, static_cast<std::ptrdiff_t>(t) - late, current);
        return;
      }
      const auto filter = filter_of(*input.synapse, dt_s, input.synaptic_input);
      auto& state = states_[&input];
      state.resize(filter.order * current.size());
      for (std::size_t row = 0; row < filter.order; ++row)
        for (std::size_t c = 0; c < current.size(); ++c)
          current[c] += static_cast<S>(filter.order == 1 ? filter.c[0] * filter.b[0] : filter.c[row]) *
                        state[row * current.size() + c];
    });
    return current;
  }

  /// x = A x + B u; a single state is kept in units of B.
  void move_synapses(std::size_t t) {
    for_inputs([&](std::size_t layer, const tyto::ModelInput& input, std::size_t first_array) {
      if (!input.synapse) return;
      const std::size_t n = model_.layers[layer].size;
      const auto filter = filter_of(*input.synapse, dt_s, input.synaptic_input);
      const auto source =
          static_cast<std::ptrdiff_t>(t + 1) - static_cast<std::ptrdiff_t>(tyto::steps_late(layer, input));
      auto& state = states_[&input];
      if (filter.order == 1) {
        for (S& x : state) x *= static_cast<S>(filter.a[0]);
        project(input, first_array, source, state);
        return;
      }
      std::vector<S> driven(n, S(0)), next(state.size(), S(0));
      project(input, first_array, source, driven);
      for (std::size_t row = 0; row < filter.order; ++row)
        for (std::size_t c = 0; c < n; ++c) {
          next[row * n + c] += static_cast<S>(filter.b[row]) * driven[c];
          for (std::size_t column = 0; column < filter.order; ++column)
            next[row * n + c] += static_cast<S>(filter.a[row * filter.order + column]) * state[column * n + c];
        }
      state = next;
    });
  }

  template <class Visit>
  void for_inputs(const Visit& visit) {
    std::size_t first = 0;
    for (std::size_t k = 0; k < model_.layers.size(); ++k) {
      first += model_.layers[k].arrays.size();
      for (const auto& input : model_.layers[k].inputs) {
        visit(k, input, first);
        first += input.arrays.size();
      }
    }
  }

  const tyto::Model& model_;
  std::vector<std::vector<S>> arrays_;
  std::vector<std::vector<S>> history_;  ///< outputs of each layer
  std::vector<std::uint64_t> stimulus_;
  std::map<const tyto::ModelInput*, std::vector<S>> states_;
};

Traces as_trial(const tyto::Model& model, tyto::Program& program, const tyto::TrialSet& trials, std::size_t trial) {
  Traces traces;
  for (std::size_t k = 0; k < model.layers.size(); ++k) {
    const auto recording = program.record(trials, trial, k);
    auto& trace = traces[model.layers[k].name];
    trace.output = recording.output;
    // A trial records what is before each step; what is after the last one is not there.
    trace.state.assign(recording.states[0].begin() + static_cast<std::ptrdiff_t>(recording.neurons),
                       recording.states[0].end());
  }
  return traces;
}

/// The same model with a stream, and probes of all outputs and first states.
tyto::Model streaming(tyto::Model model) {
  model.input.steps = 0;
  for (std::size_t k = 0; k < model.layers.size(); ++k)
    for (const auto what : {tyto::ModelProbe::What::output, tyto::ModelProbe::What::state}) {
      tyto::ModelProbe probe;
      probe.name = model.layers[k].name;
      probe.what = what;
      probe.layer = k;
      probe.item = model.layers[k].population->population_f64(dt_s)->state_names()[0];
      probe.channels = model.layers[k].size;
      model.probes.push_back(probe);
    }
  return model;
}

Traces as_stream(const tyto::Model& model, tyto::Program& program, const tyto::Spikes& spikes, std::size_t window) {
  Traces traces;
  program.start();
  for (std::size_t first = 0; first < spikes.steps; first += window)
    program.advance(
        {std::min(window, spikes.steps - first), spikes.channels, spikes.data + first * spikes.words(), nullptr},
        [&](std::size_t probe, std::uint64_t, std::span<const double> sample) {
          auto& trace = traces[model.probes[probe].name];
          auto& all = model.probes[probe].what == tyto::ModelProbe::What::output ? trace.output : trace.state;
          all.insert(all.end(), sample.begin(), sample.end());
        });
  return traces;
}

void without_last_state(Traces& traces, const tyto::Model& model) {
  for (const auto& layer : model.layers) traces[layer.name].state.resize(traces[layer.name].state.size() - layer.size);
}

void copy_arrays(const tyto::Program& from, tyto::Program& to) {
  for (std::size_t k = 0; k < from.arrays().size(); ++k) to.set(k, from.get(k));
}

Choice mixed(std::size_t seed) {
  Choice choice;
  choice.populations = {
      "{type: lif, tau: 5 ms, threshold: 0.4}", "{type: lif, tau: 5 ms, threshold: 0.4, timing: same_step}",
      "{type: leaky_integrator, tau: 4 ms}", "{type: adaptive_lif, tau: 6 ms, threshold: 0.4}", "node"};
  choice.projections = {"dense", "dense", "{type: sparse, weight: 0.3, probability: 0.4}",
                        "{type: delayed_dense, max: 4 ms, method: interpolated, evaluation: as_trained}"};
  choice.synapses = {"", "", "{type: exponential, tau: 3 ms}", "{type: alpha, tau: 2 ms}"};
  choice.layers = 1 + seed % 5;
  choice.most_neurons = seed % 3 == 0 ? 70 : 9;
  choice.most_delay = seed % 2 == 0 ? 0 : 6;
  choice.loops = seed % 4 != 0;
  return choice;
}

class Graph : public testing::TestWithParam<Arithmetic> {};

TEST_P(Graph, TrialsStreamsAndAPlainProgramGiveTheSameBits) {
  double fired = 0;
  for (std::size_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    tyto::Random random(tyto::stream_key(seed, "graphs"));
    const tyto::TrialShape shape{60, number(random, 1, 20), dt_s};
    const tyto::Model model = random_model(shape, mixed(seed), random);
    const auto trials = workshop::random_trials(11, shape, 1);
    tyto::Executor executor(2);
    const auto program = workshop::compile(model, GetParam(), executor);
    tyto::initialise(*program, seed);
    auto expected = GetParam().is_double() ? Plain<double>(model, *program).run(trials, 9)
                                           : Plain<float>(model, *program).run(trials, 9);
    const tyto::Model stream_model = streaming(model);
    const auto stream = workshop::compile(stream_model, GetParam(), executor);
    copy_arrays(*program, *stream);
    for (const std::size_t window : {1U, 7U, 1000U})
      EXPECT_EQ(as_stream(stream_model, *stream, trials.spikes(9), window), expected) << window;
    without_last_state(expected, model);
    EXPECT_EQ(as_trial(model, *program, trials, 9), expected);
    for (const auto& layer : model.layers)
      if (layer.spiking)
        fired += std::accumulate(expected[layer.name].output.begin(), expected[layer.name].output.end(), 0.0);
  }
  EXPECT_GT(fired, 1000) << "silent networks would prove nothing";
}

/// Trials that go side by side, on any number of threads, answer as they do alone.
TEST_P(Graph, AnswersDoNotDependOnOtherTrialsNorOnThreads) {
  for (std::size_t seed = 1; seed < 12; ++seed) {
    SCOPED_TRACE(seed);
    tyto::Random random(tyto::stream_key(seed, "graphs"));
    const tyto::TrialShape shape{40, number(random, 1, 20), dt_s};
    auto choice = mixed(seed);
    choice.projections = {"dense"};
    choice.populations.pop_back();  // nodes in a loop grow without bound
    choice.populations.erase(choice.populations.begin() + 3);
    const tyto::Model model = random_model(shape, choice, random);
    const auto trials = workshop::random_trials(19, shape, 3);
    tyto::Objective objective;
    objective.classes = 3;
    objective.bind(trials.target_info());
    const auto soft = workshop::surrogate("sigmoid");
    tyto::Backpropagation request;
    request.objective = &objective;
    request.surrogate = soft.get();
    const auto index = workshop::all_of(trials);
    std::vector<std::vector<double>> found;
    for (const std::size_t threads : {1U, 2U, 3U}) {
      tyto::Executor executor(threads);
      const auto program = workshop::compile(model, GetParam(), executor);
      tyto::initialise(*program, seed);
      auto& all = found.emplace_back(program->evaluate({&trials, index, {}}, objective, false).scores);
      program->backpropagate({&trials, index, {}}, request);
      for (std::size_t k = 0; k < program->arrays().size(); ++k) {
        const auto gradient = program->gradient(k);
        all.insert(all.end(), gradient.begin(), gradient.end());
      }
      for (const std::uint32_t one : index) {
        const auto alone = program->evaluate({&trials, {&one, 1}, {}}, objective, false).scores;
        EXPECT_TRUE(std::equal(alone.begin(), alone.end(), all.begin() + one * 3)) << one;
      }
    }
    EXPECT_EQ(found[0], found[1]);
    EXPECT_EQ(found[0], found[2]);
  }
}

std::string arithmetic_name(const testing::TestParamInfo<Arithmetic>& info) { return workshop::name_of(info.param); }
INSTANTIATE_TEST_SUITE_P(Every, Graph, testing::ValuesIn(workshop::arithmetics()), arithmetic_name);

struct Smooth {
  std::string name;
  Choice choice;
};

std::vector<Smooth> smooth_graphs() {
  Choice choice;
  choice.populations = {"{type: lif, tau: 5 ms}", "{type: lif, tau: 5 ms, timing: same_step, reset: to_zero}",
                        "{type: leaky_integrator, tau: 4 ms}", "{type: adaptive_lif, tau: 6 ms}"};
  choice.projections = {"dense", "{type: sparse, weight: 0.4, deviation: 0.1, probability: 0.7}"};
  choice.synapses = {""};
  choice.most_neurons = 4;
  std::vector<Smooth> all{{"loops", choice}};
  choice.synapses = {"", "{type: exponential, tau: 3 ms}", "{type: alpha, tau: 2 ms}"};
  all.push_back({"synapses", choice});
  choice.synapses = {""};
  choice.most_delay = 5;
  all.push_back({"delays", choice});
  choice.synapses = {"", "{type: exponential, tau: 3 ms}", "{type: alpha, tau: 2 ms}"};
  choice.layers = 4;
  all.push_back({"all", choice});
  choice.loops = false;
  all.push_back({"forward", choice});
  choice.loops = true;
  choice.projections = {"dense",
                        "{type: delayed_dense, max: 4 ms, initial: fixed, initial_delay: 1.5 ms, method: interpolated, "
                        "evaluation: as_trained}"};
  all.push_back({"trained_delays", choice});
  return all;
}

class SmoothGraph : public testing::TestWithParam<Smooth> {};

TEST_P(SmoothGraph, HasTheGradientOfFiniteDifferences) {
  for (std::size_t seed = 1; seed < 5; ++seed) {
    SCOPED_TRACE(seed);
    tyto::Random random(tyto::stream_key(seed, "smooth graphs"));
    const tyto::TrialShape shape{15, 4, dt_s};
    const tyto::Model model = random_model(shape, GetParam().choice, random);
    const auto trials = workshop::random_trials(3, shape, 3);
    tyto::Executor executor(2);
    const auto program = workshop::compile(model, {"cpu", tyto::Precision::float64}, executor);
    tyto::initialise(*program, seed);
    tyto::Objective objective;
    objective.classes = 3;
    objective.readout = tyto::Readout::sum;
    objective.bind(trials.target_info());
    tyto::Pass pass;
    pass.training = true;
    workshop::expect_true_gradients(*program, trials, objective, pass, "{type: superspike, scale: 2}");
  }
}
std::string smooth_name(const testing::TestParamInfo<Smooth>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Every, SmoothGraph, testing::ValuesIn(smooth_graphs()), smooth_name);

}  // namespace

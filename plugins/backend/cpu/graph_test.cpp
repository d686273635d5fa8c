/// Random graphs of layers: as trials, as streams in windows of any length, and step by step as a plain program does
/// it, they give the same bits. Gradients through loops, synapses and delays are those of finite differences.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "support/finite_differences.hpp"
#include "support/plain_program.hpp"

namespace {

using workshop::Arithmetic;
using workshop::Plain;
using workshop::Traces;

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
  const std::size_t receptors = model.layers[layer].population->receptors().size();
  if (receptors > 0) input.receptor = number(random, 0, receptors - 1);
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

/// Neurons with receptors, with potentials of the size of weights.
const std::string conductances =
    ", tau: 5 ms, rest: 0, threshold: 0.15, reset: 0, excitatory_reversal: 3, inhibitory_reversal: -1, nmda: true";

Choice mixed(std::size_t seed) {
  Choice choice;
  choice.populations = {"{type: lif, tau: 5 ms, threshold: 0.4}",
                        "{type: lif, tau: 5 ms, threshold: 0.4, timing: same_step}",
                        "{type: leaky_integrator, tau: 4 ms}",
                        "{type: adaptive_lif, tau: 6 ms, threshold: 0.4}",
                        "{type: conductance_lif" + conductances + "}",
                        "{type: tsodyks_markram, tau_rec: 20 ms, tau_facil: 9 ms}",
                        "node"};
  choice.projections = {"dense", "{type: dense, bias: true}", "{type: sparse, weight: 0.3, probability: 0.4}",
                        "{type: sparse, weight: 0.3, probability: 0.4, delay_spread: 4 ms}",
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
    const tyto::TrialShape shape{60, number(random, 1, 20), dt_s, seed % 3 == 1};
    const tyto::Model model = random_model(shape, mixed(seed), random);
    const auto trials = workshop::random_trials(11, shape, 1);
    tyto::Executor executor(2);
    const auto program = workshop::compile(model, GetParam(), executor);
    tyto::initialise(*program, seed);
    for (std::size_t k = 0; k < program->arrays().size(); ++k)
      if (program->arrays()[k].info.name == "b") {
        std::vector<double> biases(program->arrays()[k].size);
        for (double& bias : biases) bias = random.uniform(-0.2, 0.2);
        program->set(k, biases);
      }
    auto expected = GetParam().is_double() ? Plain<double>(model, *program).run(workshop::Shown(trials, 9))
                                           : Plain<float>(model, *program).run(workshop::Shown(trials, 9));
    const tyto::Model stream_model = workshop::streaming(model);
    const auto stream = workshop::compile(stream_model, GetParam(), executor);
    workshop::copy_arrays(*program, *stream);
    for (const std::size_t window : {1U, 7U, 1000U})
      EXPECT_EQ(workshop::as_stream(stream_model, *stream, workshop::Shown(trials, 9), window), expected) << window;
    workshop::drop_last_state(expected, model);
    EXPECT_EQ(workshop::as_trial(model, *program, trials, 9), expected);
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
    const tyto::TrialShape shape{40, number(random, 1, 20), dt_s, seed % 3 == 1};
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
  std::string surrogate = "{type: superspike, scale: 2}";
};

std::vector<Smooth> smooth_graphs() {
  Choice choice;
  choice.populations = {"{type: lif, tau: 5 ms}", "{type: lif, tau: 5 ms, timing: same_step, reset: to_zero}",
                        "{type: leaky_integrator, tau: 4 ms}", "{type: adaptive_lif, tau: 6 ms}"};
  choice.projections = {"{type: dense, bias: true}", "{type: sparse, weight: 0.4, deviation: 0.1, probability: 0.7}",
                        "{type: sparse, weight: 0.4, deviation: 0.1, probability: 0.7, delay_spread: 3 ms}"};
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
  choice.populations = {
      "{type: conductance_lif, refractory: 0 ms" + conductances + "}",
      "{type: adex, refractory: 0 ms, slope: 0.2, peak: 0.6, coupling: 0.3, jump: 0.1" + conductances + "}",
      "{type: lif, tau: 5 ms}"};
  // Conductances are not below 0, where they would do nothing.
  choice.projections = {"{type: sparse, weight: 0.2, deviation: 0.1, probability: 1}"};
  choice.layers = 3;
  // The same holds for smooth spikes, which this surrogate keeps between 0 and 1.
  all.push_back({"receptors", choice, "sigmoid"});
  choice.layers = 4;
  choice.populations = {"{type: lif, tau: 5 ms}", "{type: lif, tau: 5 ms, timing: same_step, reset: to_zero}",
                        "{type: leaky_integrator, tau: 4 ms}", "{type: adaptive_lif, tau: 6 ms}"};
  choice.projections = {"dense",
                        "{type: delayed_dense, max: 4 ms, initial: fixed, initial_delay: 1.5 ms, method: interpolated, "
                        "evaluation: as_trained}"};
  all.push_back({"trained_delays", choice});
  choice.populations = {"{type: lif, tau: 5 ms}", "{type: lif, tau: 5 ms}",
                        "{type: tsodyks_markram, use: 0.4, tau_rec: 9 ms, tau_facil: 5 ms}"};
  choice.projections = {"{type: sparse, weight: 0.6, deviation: 0.3, probability: 1}"};
  choice.most_delay = 1;
  all.push_back({"short_term_plasticity", choice, "sigmoid"});
  return all;
}

/// A random graph with weights and trials, and what is made of its output.
struct SmoothCase {
  SmoothCase(const Choice& choice, std::size_t seed)
      : random(tyto::stream_key(seed, "smooth graphs")), shape{15, 4, dt_s, seed % 2 == 0} {
    model = random_model(shape, choice, random);
    program = workshop::compile(model, {"cpu", tyto::Precision::float64}, executor);
    tyto::initialise(*program, seed);
    objective.classes = 3;
    objective.readout = tyto::Readout::sum;
    objective.bind(trials.target_info());
    pass.training = true;
  }

  tyto::Random random;
  tyto::TrialShape shape;
  tyto::Model model;
  tyto::TrialSet trials = workshop::random_trials(3, shape, 3);
  tyto::Executor executor{2};
  std::unique_ptr<tyto::Program> program;
  tyto::Objective objective;
  tyto::Pass pass;
};

class SmoothGraph : public testing::TestWithParam<Smooth> {};

TEST_P(SmoothGraph, HasTheGradientOfFiniteDifferences) {
  for (std::size_t seed = 1; seed < 5; ++seed) {
    SCOPED_TRACE(seed);
    const SmoothCase own(GetParam().choice, seed);
    workshop::expect_true_gradients(*own.program, own.trials, own.objective, own.pass, GetParam().surrogate);
  }
}

/// dL/d w of one window by finite differences: the weight is moved in that window alone, which begins with what there
/// is, and what it does to the output counts within it alone.
double slope_in_windows(const tyto::Model& model, const tyto::Program& program, const tyto::TrialSet& trials,
                        const tyto::Surrogate& smooth, std::span<const double> grad_output, std::size_t window,
                        std::size_t array, std::size_t element) {
  constexpr double h = 1e-5;
  const std::size_t steps = trials.shape().steps, outputs = grad_output.size();
  double slope = 0;
  for (std::size_t first = 0; first < steps; first += window)
    for (const double side : {-1.0, 1.0}) {
      workshop::Plain<double> plain(model, program);
      const double value = plain.arrays()[array][element];
      plain.smooth = &smooth;
      plain.arrays_at = [&](std::size_t step, auto& arrays) {
        const bool inside = step >= first && step < first + window;
        arrays[array][element] = inside ? value + side * h : value;
      };
      const auto output = plain.run(workshop::Shown(trials, 0))[model.layers.back().name].output;
      for (std::size_t t = first; t < std::min(first + window, steps); ++t)
        for (std::size_t k = 0; k < outputs; ++k) slope += side * grad_output[k] * output[t * outputs + k] / (2 * h);
    }
  return slope;
}

TEST_P(SmoothGraph, CutIntoWindowsHasTheGradientOfTheCutProblem) {
  const auto smooth = workshop::make<tyto::Surrogate>(GetParam().surrogate);
  for (std::size_t seed = 1; seed < 4; ++seed) {
    const SmoothCase own(GetParam().choice, seed);
    const auto& [model, program, trials, objective] = std::tie(own.model, own.program, own.trials, own.objective);
    workshop::Plain<double> plain(model, *program);
    plain.smooth = smooth.get();
    const auto output = plain.run(workshop::Shown(trials, 0))[model.layers.back().name].output;
    std::vector<double> scores(3, 0.0), grad_output(3);
    for (std::size_t cell = 0; cell < output.size(); ++cell) scores[cell % 3] += output[cell];
    static_cast<void>(objective.loss_of<double>(scores, trials.targets(0)[0], grad_output));
    std::map<std::size_t, std::vector<double>> all;
    for (const std::size_t window : {1U, 4U, 7U, 100U}) {
      SCOPED_TRACE(std::to_string(seed) + ", windows of " + std::to_string(window));
      tyto::Backpropagation request;
      request.objective = &objective;
      request.surrogate = smooth.get();
      request.smooth = true;
      request.window_steps = window;
      const std::uint32_t trial = 0;
      program->backpropagate({&trials, {&trial, 1}, own.pass}, request);
      for (std::size_t a = 0; a < program->arrays().size(); ++a) {
        if (!program->arrays()[a].learns()) continue;
        const auto gradient = program->gradient(a);
        all[window].insert(all[window].end(), gradient.begin(), gradient.end());
        for (std::size_t k = 0; k < gradient.size(); ++k) {
          const double slope = slope_in_windows(model, *program, trials, *smooth, grad_output, window, a, k);
          EXPECT_NEAR(gradient[k], slope, 1e-7 * std::max(1.0, std::abs(slope)))
              << program->arrays()[a].path() << " " << k;
        }
      }
    }
    EXPECT_NE(all[1], all[100]) << "windows change nothing";
  }
}
std::string smooth_name(const testing::TestParamInfo<Smooth>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Every, SmoothGraph, testing::ValuesIn(smooth_graphs()), smooth_name);

}  // namespace

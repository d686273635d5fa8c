/// Every projection with every synapse, delay, source, target, rule and kind of run: what is accepted does what a plain
/// program does; all else is refused with a sentence.
#include <string>

#include "spec/model.hpp"
#include "support/finite_differences.hpp"
#include "support/plain_program.hpp"

namespace {

using tyto::Kind;

constexpr double dt_s = 1e-3;
constexpr std::size_t steps = 50;

/// Names of a kind's components that offer something.
std::vector<std::string> names(Kind kind, std::string_view capability = {}) {
  std::vector<std::string> found;
  for (const auto& name : workshop::registry().names(kind))
    if (capability.empty() || workshop::registry().find(kind, name)->offers(capability)) found.push_back(name);
  return found;
}

/// A component in YAML, with numbers for what it has no defaults for.
std::string written(Kind kind, const std::string& name, const std::string& key) {
  std::string text = key + ": " + name;
  for (const auto& parameter : workshop::registry().find(kind, name)->parameters.items)
    if (!parameter.default_text && !parameter.optional)
      text += ", " + parameter.name + ": " + (parameter.dimension == tyto::Dimension::time ? "4 ms" : "1");
  return text;
}

/// Every projection with its defaults, and some of those that others stand for.
std::vector<std::string> projections() {
  std::vector<std::string> all;
  for (const auto& name : names(Kind::layer, tyto::capability::projection))
    all.push_back(written(Kind::layer, name, "type"));
  all.push_back(written(Kind::layer, "sparse", "type") + ", delay_spread: 4 ms");
  return all;
}

struct Cell {
  std::string source, target, projection, synapse, delay, rule;
  bool back = false;  ///< the connection comes from its target
  bool stream = false;

  [[nodiscard]] std::string layers() const {
    const auto layer = [](const std::string& name, const std::string& type) {
      // Neurons that fire at what arrives here.
      const std::string more = type == "lif" ? ", tau: 5 ms, threshold: 0.4" : "";
      return name + ": {type: " + type + ", size: 6" + more + ", input: ";
    };
    const auto fed = [](const std::string& type) {
      return std::string(type == "ensemble" ? "{type: direct, from: stimulus, transform: [0.4, 0.3, -0.2]}"
                                            : "{type: dense, from: stimulus}");
    };
    std::string connection = "{" + projection + ", name: tried, from: " + (back ? "target" : "source");
    if (!synapse.empty()) connection += ", synapse: {" + written(Kind::synapse, synapse, "type") + "}";
    if (!delay.empty()) connection += ", delay: " + delay;
    if (!rule.empty()) {
      connection += ", learn: {" + written(Kind::plasticity, rule, "rule");
      const auto needs = workshop::make<tyto::Plasticity>("{" + written(Kind::plasticity, rule, "type") + "}")->needs();
      if (needs.error) connection += ", error: error";
      if (needs.reward && stream) connection += ", reward: reward";
      connection += "}";
    }
    std::string text = layer("source", source) + fed(source) + "}\n" + layer("target", target) + "[" + fed(target) +
                       ", " + connection + "}]}\n";
    if (!rule.empty() && !stream)
      text += "error: {type: leaky_integrator, size: 6, input: {type: dense, from: stimulus}}\n";
    if (!rule.empty() && stream)
      text += "error: {type: node, size: " + std::string(target == "ensemble" ? "1" : "6") +
              ", input: {type: direct, from: stimulus, function: " +
              (target == "ensemble" ? "x1 - x2" : "[x1, x2, x3, x1, x2, x3]") + "}}\n";
    if (!rule.empty() && stream)
      text += "reward: {type: node, size: 1, input: {type: direct, from: stimulus, function: x1}}\n";
    if (!stream) text += "output: {type: leaky_integrator, size: 3, input: {type: dense, from: target}}\n";
    return text;
  }
};

std::vector<Cell> cells() {
  std::vector<std::string> synapses = names(Kind::synapse), rules = names(Kind::plasticity);
  synapses.emplace_back();
  rules.emplace_back();
  std::vector<Cell> all;
  for (const bool stream : {false, true})
    for (const auto& projection : projections())
      for (const auto& synapse : synapses)
        for (const auto& rule : rules)
          for (const char* const delay : {"", "3 ms"})
            for (const bool back : {false, true})
              for (const char* const source : {"lif", "node", "ensemble"})
                for (const char* const target : {"lif", "ensemble"})
                  if (!(back && std::string(source) != "node"))
                    all.push_back({source, target, projection, synapse, delay, rule, back, stream});
  return all;
}

class Matrix : public testing::TestWithParam<tyto::Precision> {
 protected:
  /// Empty if the cell was refused.
  static std::optional<tyto::Model> read(const Cell& cell, std::string& faults) {
    tyto::spec::Reader reader(workshop::registry());
    tyto::spec::ModelSurroundings around{cell.stream, true, {cell.stream ? 0 : steps, 3, dt_s, cell.stream}, {}, false};
    if (!cell.stream) around.outputs = 3;
    auto built = tyto::spec::build_model(tyto::spec::parse(cell.layers(), "layers"), nullptr, around, reader);
    try {
      reader.finish();
    } catch (const std::exception& error) {
      faults = error.what();
      return std::nullopt;
    }
    return std::move(built.model);
  }

  /// Weights that a solver would have to find.
  static void fill(tyto::Program& program) {
    tyto::initialise(program, 3);
    tyto::Random random(tyto::stream_key(5, "matrix"));
    for (std::size_t k = 0; k < program.arrays().size(); ++k) {
      auto values = program.get(k);
      if (std::any_of(values.begin(), values.end(), [](double value) { return value != 0; })) continue;
      for (double& value : values) value = 1e-3 * random.uniform(-1, 1);
      program.set(k, values);
    }
  }

  template <class S>
  static void expect_right(const Cell& cell, const tyto::Model& model, tyto::Precision precision) {
    const auto trials = workshop::random_trials(3, {steps, 3, dt_s}, 1);
    const auto spikes = trials.spikes(1);
    tyto::Executor executor(1);
    const workshop::Arithmetic arithmetic{"cpu", precision};
    const auto program = workshop::compile(model, arithmetic, executor);
    fill(*program);
    if (!cell.stream) {
      workshop::Plain<S> plain(model, *program);
      auto expected = plain.run(spikes, false);
      workshop::drop_last_state(expected, model);
      EXPECT_EQ(workshop::as_trial(model, *program, trials, 1), expected);
      if (!cell.rule.empty()) expect_changes(model, trials, plain, *program);
      return;
    }
    const tyto::Model probed = workshop::streaming(model);
    workshop::Plain<S> plain(model, *program);
    const auto expected = plain.run(spikes);
    for (const std::size_t window : {1U, 7U, 1000U}) {
      const auto stream = workshop::compile(probed, arithmetic, executor);
      workshop::copy_arrays(*program, *stream);
      EXPECT_EQ(workshop::as_stream(probed, *stream, spikes, window), expected) << window;
      for (std::size_t k = 0; k < stream->arrays().size(); ++k)
        EXPECT_EQ(stream->get(k), std::vector<double>(plain.arrays()[k].begin(), plain.arrays()[k].end()))
            << stream->arrays()[k].path();
    }
  }

  /// What a rule would change in a trial is kept as the gradient, with the other sign.
  template <class S>
  static void expect_changes(const tyto::Model& model, const tyto::TrialSet& trials, workshop::Plain<S>& plain,
                             tyto::Program& program) {
    tyto::Objective objective;
    objective.classes = 3;
    objective.bind(trials.target_info());
    const std::uint32_t trial = 1;
    const auto result = program.learn({&trials, {&trial, 1}, {}}, {&objective, 0.25});
    EXPECT_EQ(result.reward, static_cast<double>(result.correct));
    for (std::size_t layer = 0; layer < model.layers.size(); ++layer)
      for (std::size_t k = 0; k < model.layers[layer].inputs.size(); ++k) {
        const auto& input = model.layers[layer].inputs[k];
        if (!input.learning) continue;
        if (input.learning->rule->needs().reward) plain.reward(input, result.reward - 0.25);
        const auto& changes = plain.changes(input);
        const auto gradient = program.gradient(program.arrays().of_input(layer, k).first);
        for (std::size_t i = 0; i < changes.size(); ++i) EXPECT_EQ(gradient[i], -static_cast<double>(changes[i])) << i;
      }
  }
};

TEST_P(Matrix, IsRightOrRefused) {
  std::size_t right = 0, refused = 0;
  const auto all = cells();
  // Sanitizers look at a part of them, with each of all things.
  const std::size_t stride = workshop::sanitized ? 3 : 1;
  for (std::size_t k = 0; k < all.size(); k += stride) {
    const Cell& cell = all[k];
    SCOPED_TRACE((cell.stream ? "stream\n" : "trials\n") + cell.layers());
    std::string faults;
    const auto model = read(cell, faults);
    if (!model) {
      EXPECT_NE(faults.find("error: "), std::string::npos) << faults;
      ++refused;
      continue;
    }
    ++right;
    if (GetParam() == tyto::Precision::float64)
      expect_right<double>(cell, *model, GetParam());
    else
      expect_right<float>(cell, *model, GetParam());
    if (HasFailure()) break;
  }
  RecordProperty("right", std::to_string(right));
  RecordProperty("refused", std::to_string(refused));
  EXPECT_GT(right, 200U / stride);
  EXPECT_GT(refused, 200U / stride);
}
INSTANTIATE_TEST_SUITE_P(Every, Matrix, testing::Values(tyto::Precision::float32, tyto::Precision::float64),
                         [](const auto& one) { return one.param == tyto::Precision::float32 ? "float32" : "float64"; });

}  // namespace

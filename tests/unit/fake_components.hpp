/// Components that live in the test itself, for tests of what reads specifications.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tyto/analysis.hpp>
#include <tyto/backend.hpp>
#include <tyto/layer.hpp>
#include <tyto/learning_rule.hpp>
#include <tyto/optimizer.hpp>
#include <tyto/plugin.hpp>
#include <tyto/stimulus.hpp>
#include <tyto/surrogate.hpp>

#include "plugin/registry.hpp"

namespace tyto::test {

struct Tone final : Stimulus {
  double frequency_hz = 0;
  double duration_s = 0;
  double rate_max_hz = 0;
  int fibres = 0;
  bool noisy = false;
  static auto parameters() {
    return tyto::parameters<Tone>("A tone")
        .frequency("frequency", &Tone::frequency_hz, "50 Hz", "of the tone")
        .positive()
        .time("duration", &Tone::duration_s, "100 ms", "of a trial")
        .positive()
        .frequency("rate_max", &Tone::rate_max_hz, "600 Hz", "highest firing rate")
        .non_negative()
        .integer("fibres", &Tone::fibres, "100", "fibres per ear")
        .range(1, 100000)
        .boolean("noisy", &Tone::noisy, "false", "adds noise")
        .check([](const Tone& tone) -> std::optional<Problem> {
          if (tone.rate_max_hz * 1e-3 <= 1) return std::nullopt;
          return Problem{"rate_max", "rate_max times dt is a probability, which cannot exceed 1"};
        });
  }
  [[nodiscard]] TrialShape shape() const override {
    return {static_cast<std::size_t>(duration_s * 1000 + 0.5), 2 * static_cast<std::size_t>(fibres), 1e-3};
  }
  [[nodiscard]] std::vector<TargetInfo> targets() const override {
    return {{"ipd", "phase difference", Dimension::angle, -1.5, 1.5}};
  }
  void make(const TrialKey&, const MutableSpikes&, std::span<double>) const override {}
};

struct Neurons final : Layer {
  double tau_s = 0;
  int reset = 0;
  static auto parameters() {
    return tyto::parameters<Neurons>("Neurons")
        .time("tau", &Neurons::tau_s, "2 ms", "membrane time constant")
        .positive()
        .choice("reset", &Neurons::reset, {{"zero", 0}, {"subtract", 1}}, "zero", "after a spike");
  }
};

struct Dense final : Layer {
  double gain = 0;
  static auto parameters() {
    return tyto::parameters<Dense>("All to all").number("gain", &Dense::gain, "1", "factor on the weights");
  }
  [[nodiscard]] std::vector<ArrayInfo> arrays(std::size_t from, std::size_t to) const override {
    ArrayInfo w;
    w.name = "w";
    w.shape = {from, to};
    w.axes = {"from", "to"};
    return {w};
  }
};

struct Sigmoid {
  double slope = 0;
  static auto parameters() {
    return tyto::parameters<Sigmoid>("Derivative of a sigmoid")
        .number("slope", &Sigmoid::slope, "5", "at 0")
        .positive();
  }
  template <class S>
  S derivative(S u) const {
    return u;
  }
  [[nodiscard]] double primitive(double u) const { return slope * u; }
};

struct Adam final : Optimizer {
  double learning_rate = 0;
  static auto parameters() {
    return tyto::parameters<Adam>("Adam")
        .number("learning_rate", &Adam::learning_rate, "0.001", "step size")
        .positive();
  }
  [[nodiscard]] std::size_t slots() const override { return 2; }
  void update(std::span<float>, std::span<const float>, std::span<float>, const Update&) const override {}
  void update(std::span<double>, std::span<const double>, std::span<double>, const Update&) const override {}
};

struct Gradient final : LearningRule {
  std::shared_ptr<const Surrogate> surrogate;
  std::shared_ptr<const Optimizer> optimizer;
  std::optional<RatePenalty> penalty;
  static auto parameters() {
    return tyto::parameters<Gradient>("Gradient descent")
        .component("surrogate", &Gradient::surrogate, "sigmoid", "of the spike")
        .component("optimizer", &Gradient::optimizer, "adam", "makes the steps")
        .group("rate_penalty", &Gradient::penalty,
               tyto::parameters<RatePenalty>("Penalty on rates")
                   .frequency("minimum", &RatePenalty::minimum_hz, "100 Hz", "no penalty below")
                   .frequency("maximum", &RatePenalty::maximum_hz, "200 Hz", "full penalty here")
                   .check([](const RatePenalty& p) -> std::optional<Problem> {
                     if (p.minimum_hz < p.maximum_hz) return std::nullopt;
                     return Problem{"minimum", "minimum must lie below maximum"};
                   }),
               "keeps rates low");
  }
  [[nodiscard]] std::vector<Need> needs() const override {
    return {{Need::Of::every_layer, capability::jacobian},
            {Need::Of::every_spiking_layer, capability::surrogate},
            {Need::Of::backend, capability::backpropagation}};
  }
  BatchResult learn(Program&, const Batch&, const Objective&) override { return {}; }
};

struct NoRule final : LearningRule {
  static auto parameters() { return tyto::parameters<NoRule>("Evaluates only"); }
  [[nodiscard]] std::vector<Need> needs() const override { return {}; }
  [[nodiscard]] bool trains() const override { return false; }
  BatchResult learn(Program&, const Batch&, const Objective&) override { return {}; }
};

struct PlainBackend final : Backend {
  int lanes = 0;
  static auto parameters() {
    return tyto::parameters<PlainBackend>("A backend").integer("lanes", &PlainBackend::lanes, "4", "width").at_least(1);
  }
  [[nodiscard]] std::unique_ptr<Program> compile(const Model&, Precision, Executor&) const override { return {}; }
};

struct Tuning final : Analysis {
  std::string layer;
  std::optional<int> bins;
  static auto parameters() {
    return tyto::parameters<Tuning>("Tuning curves")
        .text("layer", &Tuning::layer, "", "which layer")
        .integer("bins", &Tuning::bins, "", "of the target")
        .optional()
        .range(2, 1000);
  }
  void check(const Model& model, const Objective&) const override {
    for (const auto& known : model.layers)
      if (layer.empty() || known.name == layer) return;
    throw Error("there is no layer '" + layer + "'");
  }
  void run(const FinishedRun&, Table&) const override {}
};

/// An analysis that needs a stimulus with probabilities.
struct Observer final : Analysis {
  int grid = 0;
  static auto parameters() {
    return tyto::parameters<Observer>("An observer").integer("grid", &Observer::grid, "10", "values");
  }
  [[nodiscard]] std::vector<std::string_view> needs_of_stimulus() const override { return {capability::likelihood}; }
  void run(const FinishedRun&, Table&) const override {}
};

/// A stand-in for the registry of plugins.
class FakeComponents final : public plugin::Components, private Registrar {
 public:
  FakeComponents() {
    add<Tone>("tone");
    using namespace capability;
    add<Neurons>("lif", {population, spiking, surrogate, jacobian});
    add<Neurons>("leaky_integrator", {population, jacobian});
    add<Neurons>("rough", {population, spiking});
    add<Dense>("dense", {projection});
    add_definition("sigmoid", &SurrogateOf<Sigmoid>::definition, {}, std::source_location::current());
    add<Adam>("adam");
    add<Gradient>("gradient");
    add<NoRule>("none");
    add<PlainBackend>("cpu", {backpropagation});
    add<PlainBackend>("forward_only", {});
    add<Tone>("known_tone", {likelihood});
    add<Tuning>("tuning");
    add<Observer>("observer");
  }
  [[nodiscard]] std::vector<std::string> names(Kind kind) const override {
    std::vector<std::string> found;
    for (const auto& [key, info] : known_)
      if (key.first == kind) found.push_back(key.second);
    return found;
  }
  [[nodiscard]] const ComponentInfo* find(Kind kind, std::string_view name) const override {
    const auto at = known_.find({kind, std::string(name)});
    return at == known_.end() ? nullptr : &at->second;
  }
  const ComponentInfo& load(Kind kind, std::string_view name) override {
    if (name == broken) throw Error("plugin 'x' is broken");
    return *find(kind, name);
  }

  std::string broken;  ///< a component whose library cannot be opened

 protected:
  void stage(ComponentInfo info) override {
    info.plugin = "fakes";
    auto key = std::pair(info.kind, info.name);
    known_.emplace(std::move(key), std::move(info));
  }

 private:
  std::map<std::pair<Kind, std::string>, ComponentInfo> known_;
};

/// What a call that throws InvalidInput says, one line for each fault.
template <class Call>
std::string faults_of(Call call) {
  try {
    call();
  } catch (const InvalidInput& error) {
    return error.what();
  }
  return "no fault";
}

}  // namespace tyto::test

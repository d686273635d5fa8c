#include "spec/experiment.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "fake_components.hpp"

namespace tyto::spec {
namespace {

using test::FakeComponents;
using test::faults_of;

constexpr const char* good = R"(tyto: 1
title: A test
seed: 7
stimulus: {type: tone, fibres: 10}
objective: {target: ipd, classes: 12, readout: mean, loss: cross_entropy}
model:
  layers:
    hidden: {type: lif, size: 8, tau: 5 ms, input: dense}
    output: {type: leaky_integrator, input: {type: dense, gain: 2}}
learning: {rule: gradient, epochs: 3, batch_size: 16, trials: {train: 100, test: 50}}
analyses: [tuning, {tuning: {layer: hidden, as: hidden_tuning}}]
)";

constexpr const char* good_model = R"(parameters:
  hidden: 8
  tau: 2 ms
layers:
  hidden: {type: lif, size: $hidden, tau: $tau, input: dense}
  output: {type: leaky_integrator, tau: $tau, input: dense}
)";

/// A folder with an experiment, a model and whatever else a test needs.
class ExperimentTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("tyto-experiment-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_ / "models");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void file(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }
  Experiment load(const std::string& text, const Overrides& overrides = {}) {
    file("e.yaml", text);
    return load_experiment(read_document(folder_ / "e.yaml"), overrides, components_);
  }
  /// What is wrong, without the folder's name.
  std::string faults(const std::string& text, const Overrides& overrides = {}) {
    std::string all = faults_of([&] { static_cast<void>(load(text, overrides)); });
    const std::string prefix = folder_.string() + '/';
    for (std::size_t at = 0; (at = all.find(prefix)) != std::string::npos;) all.erase(at, prefix.size());
    return all;
  }
  /// The good experiment with one piece replaced.
  static std::string with(const std::string& old_piece, const std::string& new_piece) {
    std::string text = good;
    const std::size_t at = text.find(old_piece);
    EXPECT_NE(at, std::string::npos) << old_piece;
    return text.replace(at, old_piece.size(), new_piece);
  }
  static std::string with_model(const std::string& model) {
    std::string text = good;
    const std::size_t from = text.find("model:");
    return text.replace(from, text.find("learning:") - from, "model: " + model + "\n");
  }

  std::filesystem::path folder_;
  FakeComponents components_;
};

TEST_F(ExperimentTest, IsCompletelyRead) {
  const Experiment e = load(good);
  EXPECT_EQ(e.title, "A test");
  EXPECT_EQ(e.seeds.trials, 7U);
  EXPECT_EQ(e.precision, Precision::float32);
  EXPECT_EQ(e.backend_name, "cpu");
  EXPECT_EQ(e.epochs, 3);
  EXPECT_EQ(e.batch_size, 16);
  EXPECT_EQ(e.train_trials, 100);
  EXPECT_EQ(e.test_trials, 50);
  EXPECT_EQ(e.source, good);
  EXPECT_EQ(e.objective.target_info().name, "ipd");
  EXPECT_EQ(e.model.input.channels, 20U);
  ASSERT_EQ(e.model.layers.size(), 2U);
  const ModelLayer& hidden = e.model.layers[0];
  EXPECT_EQ(hidden.type, "lif");
  EXPECT_EQ(hidden.size, 8U);
  EXPECT_TRUE(hidden.spiking);
  ASSERT_EQ(hidden.inputs.size(), 1U);
  EXPECT_EQ(hidden.inputs[0].from, ModelInput::stimulus);
  ASSERT_EQ(hidden.inputs[0].arrays.size(), 1U);
  EXPECT_EQ(hidden.inputs[0].arrays[0].shape, (std::vector<std::size_t>{20, 8}));
  const ModelLayer& output = e.model.layers[1];
  EXPECT_EQ(output.size, 12U);
  EXPECT_FALSE(output.spiking);
  EXPECT_EQ(output.inputs[0].from, 0U);
  ASSERT_EQ(e.analyses.size(), 2U);
  EXPECT_EQ(e.analyses[0].name, "tuning");
  EXPECT_EQ(e.analyses[1].name, "hidden_tuning");
  EXPECT_EQ(e.components.size(), 9U);
}

TEST_F(ExperimentTest, TheResolvedConfigurationIsAnExperimentThatResolvesToItself) {
  const Experiment first = load(good);
  const Experiment second = load(first.resolved);
  EXPECT_EQ(second.resolved, first.resolved);
  EXPECT_EQ(second.model.layers[1].inputs[0].arrays[0].shape, first.model.layers[1].inputs[0].arrays[0].shape);
  EXPECT_NE(first.resolved.find("tau: 5 ms"), std::string::npos);
  EXPECT_NE(first.resolved.find("learning_rate: 0.001"), std::string::npos);
}

TEST_F(ExperimentTest, TakesAModelFromAFile) {
  file("models/m.yaml", good_model);
  const Experiment e = load(with_model("{use: models/m.yaml, with: {hidden: 5}}"));
  EXPECT_EQ(e.model.layers[0].size, 5U);
  EXPECT_NE(e.resolved.find("size: 5"), std::string::npos);
  EXPECT_EQ(e.resolved.find("use:"), std::string::npos);
  EXPECT_EQ(load(with_model("{use: models/m.yaml}"), {{"model.hidden=6"}, {}, {}, {}}).model.layers[0].size, 6U);
}

TEST_F(ExperimentTest, ReportsFaultsOfAModelFileWhereTheyAre) {
  file("models/m.yaml", good_model);
  EXPECT_EQ(faults(with_model("{use: models/m.yaml, with: {hiden: 5}}")),
            "e.yaml:6:36: error: the model has no parameter 'hiden'; did you mean 'hidden'?");
  EXPECT_EQ(faults(with_model("{use: models/m.yaml, with: {tau: 5}}")),
            "e.yaml:6:41: error: tau: needs a unit of time (s, ms, us, ns, min), as in '2 ms'");
  EXPECT_EQ(faults(with_model("{use: models/none.yaml}")),
            "e.yaml:6:14: error: there is no model file 'models/none.yaml'");
  file(
      "models/bad.yaml",
      "parameters: {a: 1, b: }\nlayers:\n  x: {type: lif, size: $aa, input: dense}\n  y: {type: lif, input: [dense}\n");
  EXPECT_EQ(faults(with_model("{use: models/bad.yaml}")), "models/bad.yaml:4:31: error: this bracket closes nothing");
  file("models/bad.yaml",
       "parameters: {aa: 1, b: , c: 1}\nlayers:\n  x: {type: lif, size: $ab, input: $a, tau: $b}\n  y: {type: lif, "
       "input: dense}\n");
  EXPECT_EQ(faults(with_model("{use: models/bad.yaml}")),
            "e.yaml:6:14: error: the model's parameter 'b' needs a value\n"
            "models/bad.yaml:3:24: error: unknown model parameter '$ab'; did you mean 'aa'?\n"
            "models/bad.yaml:3:36: error: unknown model parameter '$a'; known are aa, b, c");
  std::string unused = good_model;
  file("models/bad.yaml", unused.insert(unused.find("  tau:"), "  spare: 1\n"));
  EXPECT_EQ(faults(with_model("{use: models/bad.yaml}")),
            "models/bad.yaml:3:3: error: no layer uses the parameter 'spare', as '$spare'");
}

TEST_F(ExperimentTest, RefusesModelsThatAreNoGraph) {
  EXPECT_EQ(faults(with_model("{use: m.yaml, layers: {}}")),
            "e.yaml:6:8: error: the model has both 'use' and 'layers'; one of them is needed");
  EXPECT_EQ(faults(with_model("{layers: {}}")), "e.yaml:6:17: error: layers: a map with at least one layer is needed");
  EXPECT_EQ(
      faults(with("8, tau: 5 ms, input: dense", "8, input: {type: dense, from: output}")),
      "e.yaml:8:20: error: nothing of the stimulus arrives at layer 'hidden', directly or by way of other layers");
  EXPECT_EQ(faults(with("{type: dense, gain: 2}", "{type: dense, from: hiden}")),
            "e.yaml:9:65: error: unknown layer 'hiden'; did you mean 'hidden'?");
  EXPECT_EQ(faults(with("{type: dense, gain: 2}", "[dense, {type: dense, from: stimulus}, dense]")),
            "e.yaml:9:84: error: two connections into layer 'output' are named 'hidden'; 'name' tells them apart");
  EXPECT_EQ(faults(with("type: lif, size: 8", "type: dense, size: 8")),
            "e.yaml:8:20: error: the layer 'dense' is no population; known are leaky_integrator, lif, rough");
  EXPECT_EQ(faults(with("input: dense", "input: lif")),
            "e.yaml:8:52: error: the layer 'lif' is no projection; known are dense");
  EXPECT_EQ(faults(with("size: 8, ", "")), "e.yaml:8:13: error: layer 'hidden' has no 'size'");
  EXPECT_EQ(faults(with(", input: {type: dense, gain: 2}", ", size: 10, input: dense")),
            "e.yaml:9:44: error: the output layer must have 12 neurons, one for each class, not 10");
  EXPECT_EQ(faults(with(", input: {type: dense, gain: 2}", "")),
            "e.yaml:9:13: error: layer 'output' has no 'input' (a projection, as in 'input: dense')");
  EXPECT_EQ(faults(with("    hidden:", "    hid-den:")),
            "e.yaml:8:5: error: the name of a layer is made of letters, digits and underscores, and is not 'stimulus'");
}

TEST_F(ExperimentTest, ChecksSizes) {
  EXPECT_EQ(faults(with("size: 8", "size: 0")), "e.yaml:8:31: error: size: must be at least 1");
  EXPECT_EQ(faults(with("size: 8", "size: -8")), "e.yaml:8:31: error: size: must be at least 1");
  EXPECT_EQ(faults(with("size: 8", "size: 1000000000000")), "e.yaml:8:31: error: size: must be at most 1000000");
  EXPECT_EQ(faults(with("size: 8", "size: 1e12")),
            "e.yaml:8:31: error: size: '1e12' is not a whole number written in digits, as in '16384'");
  const auto large = [this](const std::string& stimulus, const std::string& piece, const std::string& new_piece) {
    std::string text = with("fibres: 10", stimulus);
    return faults(text.replace(text.find(piece), piece.size(), new_piece));
  };
  EXPECT_EQ(large("fibres: 100000, duration: 100 s", "train: 100", "train: 100000000"),
            "e.yaml:10:63: error: the trials of 100000 steps and 200000 channels need 250 PB of memory, more than this "
            "machine has");
  EXPECT_EQ(large("fibres: 100000", "size: 8", "size: 1000000"),
            "e.yaml:8:58: error: the weights from 200000 to 1000000 neurons need 3.2 TB of memory, more than this "
            "machine has");
}

TEST_F(ExperimentTest, MatchesCapabilities) {
  EXPECT_EQ(faults(with("type: lif", "type: rough")),
            "e.yaml:8:20: error: the rule 'gradient' needs layers that offer 'local Jacobian', which layer 'hidden' of "
            "type 'rough' does not\n"
            "e.yaml:8:20: error: the rule 'gradient' needs layers that offer 'surrogate derivative', which layer "
            "'hidden' of type 'rough' does not");
  EXPECT_EQ(faults(good, {{}, {}, {}, "forward_only"}),
            "--backend forward_only: error: the rule 'gradient' needs a backend that offers 'backpropagation', which "
            "'forward_only' does not");
}

TEST_F(ExperimentTest, MatchesWhatAnAnalysisNeedsOfTheStimulus) {
  const std::string tuning = "analyses: [tuning, {tuning: {layer: hidden, as: hidden_tuning}}]";
  EXPECT_EQ(faults(with(tuning, "analyses: [tuning, observer]")),
            "e.yaml:11:20: error: the analysis 'observer' needs a stimulus that offers 'likelihood', which 'tone' does "
            "not");
  std::string known = with(tuning, "analyses: [tuning, observer]");
  known.replace(known.find("type: tone"), 10, "type: known_tone");
  EXPECT_EQ(faults(known), "no fault");
}

TEST_F(ExperimentTest, ARuleThatDoesNotTrainHasNoTrainingTrials) {
  const std::string learning = "learning: {rule: gradient, epochs: 3, batch_size: 16, trials: {train: 100, test: 50}}";
  const Experiment e = load(with(learning, "learning: {rule: none, trials: {test: 50}}"));
  EXPECT_EQ(e.train_trials, 0);
  EXPECT_EQ(e.epochs, 0);
  EXPECT_EQ(e.test_trials, 50);
  EXPECT_EQ(load(with(learning, "learning: none")).test_trials, 4096);
  EXPECT_EQ(load(e.resolved).resolved, e.resolved);
  EXPECT_EQ(faults(with("rule: gradient", "rule: none")),
            "e.yaml:10:24: error: the rule 'none' does not train: leave out 'epochs'\n"
            "e.yaml:10:60: error: the rule 'none' does not train: leave out 'train'");
  EXPECT_EQ(faults(with("epochs: 3", "epoch: 3")), "e.yaml:10:28: error: unknown key 'epoch'; did you mean 'epochs'?");
}

TEST_F(ExperimentTest, ChecksTheWeightsFile) {
  file("w.h5", "x");
  const Experiment e = load(std::string(good) + "weights: {from: w.h5, scale: 2}\n");
  ASSERT_TRUE(e.weights.has_value());
  EXPECT_EQ(e.weights->file, (folder_ / "w.h5").string());
  EXPECT_EQ(e.weights->scale, 2);
  EXPECT_EQ(faults(std::string(good) + "weights: {from: v.h5}\n"),
            "e.yaml:12:17: error: there is no weights file 'v.h5'");
}

TEST_F(ExperimentTest, ChecksAnalyses) {
  EXPECT_EQ(faults(with("as: hidden_tuning", "as: tuning")),
            "e.yaml:11:21: error: another analysis is named 'tuning' already; give this one another name, as in "
            "'tuning: {as: tuning_2}'");
  EXPECT_EQ(faults(with("layer: hidden", "layer: hiden")), "e.yaml:11:21: error: there is no layer 'hiden'");
  EXPECT_EQ(faults(with("[tuning,", "[tunning,")),
            "e.yaml:11:12: error: unknown analysis 'tunning'; did you mean 'tuning'?");
  EXPECT_EQ(faults(with("[tuning,", "[{tuning: {}, other: {}},")),
            "e.yaml:11:12: error: an analysis is written as its name, or as 'name: {parameter: value}'");
  EXPECT_EQ(faults(with("analyses: [tuning, {tuning: {layer: hidden, as: hidden_tuning}}]", "analyses: tuning")),
            "e.yaml:11:11: error: analyses: a list is needed, as in [confusion, weights]");
}

TEST_F(ExperimentTest, TheCommandLineChangesIt) {
  const Experiment e = load(
      good, {{"learning.epochs=9", "stimulus.fibres=20", "learning.surrogate={type: sigmoid, slope: 3}"}, {}, 11, {}});
  EXPECT_EQ(e.epochs, 9);
  EXPECT_EQ(e.seeds.weights, 11U);
  EXPECT_EQ(e.model.input.channels, 40U);
  EXPECT_NE(e.resolved.find("slope: 3"), std::string::npos);
  EXPECT_EQ(faults(good, {{"learning.surrogate.slope=3"}, {}, {}, {}}),
            "--set learning.surrogate.slope=3: error: 'type' is missing: the name of a surrogate");
}

TEST_F(ExperimentTest, ReportsFaultsOfTheCommandLineToo) {
  EXPECT_EQ(faults(good, {{"stimulus.fibers=3", "seed", "learning.epochs=0"}, {}, {}, {}}),
            "--set seed: error: a setting is written as key=value, as in stimulus.frequency='50 Hz'\n"
            "--set stimulus.fibers=3: error: unknown key 'fibers'; did you mean 'fibres'?\n"
            "--set learning.epochs=0: error: epochs: must be at least 1");
}

TEST_F(ExperimentTest, ReportsEveryFaultAtOnce) {
  EXPECT_EQ(faults("tyto: 1\nsead: 1\nstimulus: {type: tone, frequency: 50}\nobjective: {classes: 1}\n"
                   "model: {layers: {h: {type: lif, size: 0, input: dens}}}\n"
                   "learning: {rule: gradient, optimizer: {type: adam, learning_rate: -1}}\n"),
            "e.yaml:2:1: error: unknown key 'sead'; did you mean 'seed'?\n"
            "e.yaml:3:35: error: frequency: needs a unit of frequency (Hz, mHz, kHz), as in '50 Hz'\n"
            "e.yaml:4:22: error: classes: must be at least 2\n"
            "e.yaml:5:39: error: size: must be at least 1\n"
            "e.yaml:5:49: error: unknown layer 'dens'; did you mean 'dense'?\n"
            "e.yaml:6:67: error: learning_rate: must be greater than 0");
}

TEST_F(ExperimentTest, RefusesWhatIsNoExperiment) {
  EXPECT_EQ(faults(""), "e.yaml: error: this file is empty; an experiment is needed");
  EXPECT_EQ(faults("- a\n"), "e.yaml:1:1: error: an experiment is a map of keys and values, as in 'tyto: 1'");
  EXPECT_EQ(faults("tyto: 2\nfoo: 1\n"),
            "e.yaml:1:7: error: tyto: this program reads version 1 of the experiment language, not '2'");
  EXPECT_EQ(faults("title: x\n"),
            "e.yaml:1:1: error: 'tyto' is missing (version of the experiment language, 1)\n"
            "e.yaml:1:1: error: 'stimulus' is missing (what the network is shown)\n"
            "e.yaml:1:1: error: 'objective' is missing (readout, loss and target)\n"
            "e.yaml:1:1: error: 'model' is missing (a graph of layers, as in 'model: {use: file}' or 'model: {layers: "
            "{...}}')\n"
            "e.yaml:1:1: error: 'learning' is missing (a learning rule, as in 'learning: {rule: none}')");
  const auto missing =
      faults_of([&] { static_cast<void>(load_experiment(read_document(folder_ / "none.yaml"), {}, components_)); });
  EXPECT_EQ(missing, (folder_ / "none.yaml").string() + ": error: cannot open this file: No such file or directory");
  EXPECT_EQ(faults_of([&] { static_cast<void>(load_experiment(read_document(folder_), {}, components_)); }),
            folder_.string() + ": error: this is a folder, not a file");
}

TEST_F(ExperimentTest, StandsOnAnother) {
  file("base.yaml", good);
  const Experiment same = load("tyto: 1\nbase: base.yaml\n");
  EXPECT_EQ(same.resolved, load(good).resolved);
  EXPECT_EQ(load("tyto: 1\nbase: base.yaml\n").files.size(), 1U) << "the base is an input of the run";
  const Experiment changed = load(R"(tyto: 1
base: base.yaml
stimulus: {fibres: 20}
model: {layers: {hidden: {size: 9}}}
learning: {trials: {train: 99}}
analyses: []
)");
  const Experiment written = load(R"(tyto: 1
title: A test
seed: 7
stimulus: {type: tone, fibres: 20}
objective: {target: ipd, classes: 12, readout: mean, loss: cross_entropy}
model:
  layers:
    hidden: {type: lif, size: 9, tau: 5 ms, input: dense}
    output: {type: leaky_integrator, input: {type: dense, gain: 2}}
learning: {rule: gradient, epochs: 3, batch_size: 16, trials: {train: 99, test: 50}}
analyses: []
)");
  EXPECT_EQ(changed.resolved, written.resolved);
  // Names of files are relative to where they stand.
  std::filesystem::create_directories(folder_ / "other");
  file("other/net.yaml", good_model);
  file("other/base.yaml", with_model("{use: net.yaml, with: {hidden: 5}}"));
  EXPECT_EQ(load("tyto: 1\nbase: other/base.yaml\nmodel: {with: {tau: 3 ms}}\n").model.layers[0].size, 5U);
}

TEST_F(ExperimentTest, MergesShortFormsWithLongOnes) {
  file("base.yaml", good);
  EXPECT_EQ(load("tyto: 1\nbase: base.yaml\nseed: {weights: 3}\n").seeds.weights, 3U);
  EXPECT_EQ(load("tyto: 1\nbase: base.yaml\nseed: {weights: 3}\n").seeds.trials, 7U);
  const Experiment gain = load("tyto: 1\nbase: base.yaml\nmodel: {layers: {hidden: {input: {gain: 3}}}}\n");
  EXPECT_NE(gain.resolved.find("gain: 3"), std::string::npos) << gain.resolved;
  file("models/net.yaml", good_model);
  EXPECT_EQ(load("tyto: 1\nbase: base.yaml\nmodel: {use: models/net.yaml, with: {hidden: 5}}\n").model.layers[0].size,
            5U);
  file("upper.yaml", with_model("{use: models/net.yaml}"));
  EXPECT_EQ(load("tyto: 1\nbase: upper.yaml\nanalyses: []\nmodel: {layers: {output: {type: leaky_integrator, input: "
                 "dense}}}\n")
                .model.layers.size(),
            1U);
}

TEST_F(ExperimentTest, AParameterMayLoseItsPlaceFromOutside) {
  const std::string text = with("tau: 5 ms, input: dense}", "tau: $tau, input: dense}") + "parameters: {tau: 5 ms}\n";
  Overrides overrides;
  overrides.set = {"model.layers.hidden.tau=3 ms"};
  static_cast<void>(load(text, overrides));
  file("base.yaml", text);
  static_cast<void>(load("tyto: 1\nbase: base.yaml\nmodel: {layers: {hidden: {tau: 3 ms}}}\n"));
  EXPECT_NE(faults(with("title: A test", "title: $b") + "parameters: {a: x, b: $a}\n").find("has a value of its own"),
            std::string::npos);
}

TEST_F(ExperimentTest, RefusesABaseThatCannotBe) {
  file("base.yaml", good);
  EXPECT_EQ(faults("tyto: 1\nbase: none.yaml\n"), "e.yaml:2:7: error: base: there is no experiment file 'none.yaml'");
  EXPECT_EQ(faults("tyto: 1\nbase: [1]\n"), "e.yaml:2:7: error: base: the name of an experiment file is needed");
  EXPECT_EQ(faults("tyto: 1\nbase: e.yaml\n"),
            "e.yaml:2:7: error: base: more than 8 experiments stand on each other, or they do so in a circle");
  EXPECT_EQ(
      faults("tyto: 1\nbase: base.yaml\nmodel: {layers: {second: {type: lif, size: 3, input: dense}}}\n"),
      "e.yaml:3:18: error: where among the layers of the base 'second' comes is not said; name all of them in their "
      "order, as in 'hidden: {}'");
  const Experiment more = load(
      "tyto: 1\nbase: base.yaml\nmodel: {layers: {hidden: {}, second: {type: lif, size: 3, input: "
      "dense}, output: {}}}\n");
  ASSERT_EQ(more.model.layers.size(), 3U);
  EXPECT_EQ(more.model.layers[1].name, "second");
  // A fault in the base is reported where it stands.
  file("base.yaml", with("fibres: 10", "fibres: x"));
  EXPECT_TRUE(faults("tyto: 1\nbase: base.yaml\n").starts_with("base.yaml:4:32: error: fibres"));
}

TEST_F(ExperimentTest, HasParametersOfItsOwn) {
  const std::string text = with("hidden: {type: lif, size: 8, tau: 5 ms, input: dense}",
                                "hidden: {type: lif, size: $n, tau: $tau, input: dense}");
  const std::string own = text + "parameters: {n: 8, tau: 5 ms}\n";
  EXPECT_EQ(load(own).resolved, load(good).resolved);
  Overrides overrides;
  overrides.set = {"parameters.n=4"};
  EXPECT_EQ(load(own, overrides).model.layers[0].size, 4U);
  EXPECT_EQ(faults(text + "parameters: {n: 8}\n"), "e.yaml:8:40: error: unknown parameter '$tau'; known is n");
  EXPECT_EQ(faults(text + "parameters: {n: 8, tau: 5 ms, more: 1}\n"),
            "e.yaml:12:31: error: nothing uses the parameter 'more', as '$more'");
}

TEST_F(ExperimentTest, ObjectiveAndStimulusMustFit) {
  const std::string all = faults(with("target: ipd", "target: itd"));
  EXPECT_TRUE(all.starts_with("e.yaml:5:21: error: ")) << all;
  EXPECT_NE(all.find("itd"), std::string::npos) << all;
}

}  // namespace
}  // namespace tyto::spec

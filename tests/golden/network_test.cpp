/// Spikes, membranes, losses, gradients and optimizer steps against vectors computed by PyTorch's autograd.
#include <algorithm>
#include <cmath>

#include "layer/dropout/dropout.hpp"
#include "support/finite_differences.hpp"
#include "support/golden.hpp"

namespace {

using workshop::Arithmetic;

/// Largest difference, relative to the largest expected magnitude.
double difference(const std::vector<double>& actual, const std::vector<double>& expected) {
  EXPECT_EQ(actual.size(), expected.size());
  double largest = 0;
  double scale = 0;
  for (std::size_t i = 0; i < std::min(actual.size(), expected.size()); ++i) {
    largest = std::max(largest, std::abs(actual[i] - expected[i]));
    scale = std::max(scale, std::abs(expected[i]));
  }
  return scale > 0 ? largest / scale : largest;
}

/// A golden file's input as a data set; `target` is the label, or the regression target.
tyto::TrialSet trials_of(const golden::File& file, tyto::TargetInfo info, const std::vector<double>& targets) {
  const auto input = file.array("spikes_in");
  const tyto::TrialShape shape{input.shape[1], input.shape[2], file.attribute_number("dt")};
  tyto::TrialSet trials(shape, {std::move(info)}, input.shape[0]);
  std::size_t at = 0;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    trials.targets(i)[0] = targets[i];
    for (std::size_t t = 0; t < shape.steps; ++t)
      for (std::size_t c = 0; c < shape.channels; ++c)
        if (input.values[at++] != 0) trials.spikes(i).set(t, c);
  }
  return trials;
}

tyto::TrialSet classified_trials(const golden::File& file, std::size_t classes) {
  auto labels = file.values("labels");
  for (double& label : labels) label += 0.5;
  return trials_of(file, {"label", "", tyto::Dimension::none, 0, static_cast<double>(classes)}, labels);
}

tyto::Objective classification(std::size_t classes, const tyto::TrialSet& trials) {
  tyto::Objective objective;
  objective.classes = static_cast<int>(classes);
  objective.bind(trials.target_info());
  return objective;
}

std::vector<std::uint32_t> everything(const tyto::TrialSet& trials) {
  std::vector<std::uint32_t> index(trials.size());
  for (std::size_t i = 0; i < index.size(); ++i) index[i] = static_cast<std::uint32_t>(i);
  return index;
}

std::string tau_of(const golden::File& file) {
  return tyto::format_quantity(file.attribute_number("tau"), tyto::Dimension::time);
}

/// Hidden LIF layer and leaky-integrator readout with the file's sizes and constants.
tyto::Model lif_model(const golden::File& file, const tyto::TrialSet& trials, std::size_t hidden, std::size_t outputs) {
  const std::string threshold =
      file.has_attribute("threshold") ? std::to_string(file.attribute_number("threshold")) : "1";
  return workshop::chain(
      trials.shape(),
      {{"hidden", hidden, "{type: lif, timing: next_step, tau: " + tau_of(file) + ", threshold: " + threshold + "}"},
       {"output", outputs, "{type: leaky_integrator, timing: next_step, tau: " + tau_of(file) + "}"}});
}

class Golden : public testing::TestWithParam<Arithmetic> {
 protected:
  [[nodiscard]] double tolerance() const { return GetParam().is_double() ? 1e-10 : 1e-4; }
  tyto::Executor executor{2};
};

class GoldenLif : public Golden {
 protected:
  void check(const std::string& name) {
    const golden::File file(name);
    const auto w_ih = file.array("w_ih");
    const auto w_ho = file.array("w_ho");
    const std::size_t hidden = w_ih.shape[1];
    const std::size_t classes = w_ho.shape[1];
    const auto trials = classified_trials(file, classes);
    const auto network = workshop::compile(lif_model(file, trials, hidden, classes), GetParam(), executor);
    network->set(0, w_ih.values);
    network->set(1, w_ho.values);
    check_forward(file, trials, *network);

    const auto objective = classification(classes, trials);
    const auto surrogate = workshop::surrogate(file.attribute_text("surrogate"));
    const auto index = everything(trials);
    tyto::Backpropagation request;
    request.objective = &objective;
    request.surrogate = surrogate.get();
    request.detach_reset = file.attribute_number("detach_reset") != 0;
    request.input_gradient = true;
    const auto result = network->backpropagate({&trials, index, {}}, request);
    EXPECT_NEAR(result.loss, file.number("loss"), tolerance() * file.number("loss"));
    EXPECT_LE(difference(network->gradient(0), file.values("grad_w_ih")), tolerance());
    EXPECT_LE(difference(network->gradient(1), file.values("grad_w_ho")), tolerance());
    EXPECT_LE(difference(result.input_gradient, file.values("grad_spikes_in")), tolerance());
  }

  void check_forward(const golden::File& file, const tyto::TrialSet& trials, tyto::Program& network) {
    std::vector<double> spikes, hidden_v, output_v;
    for (std::size_t i = 0; i < trials.size(); ++i) {
      const auto hidden = network.record(trials, i, 0);
      const auto output = network.record(trials, i, 1);
      ASSERT_EQ(hidden.state_names, std::vector<std::string>{"v"});
      spikes.insert(spikes.end(), hidden.output.begin(), hidden.output.end());
      hidden_v.insert(hidden_v.end(), hidden.states[0].begin(), hidden.states[0].end());
      output_v.insert(output_v.end(), output.output.begin(), output.output.end());
    }
    EXPECT_EQ(spikes, file.values("hidden_spikes"));
    EXPECT_LE(difference(hidden_v, file.values("hidden_v")), tolerance());
    EXPECT_LE(difference(output_v, file.values("output_v")), tolerance());
  }
};

TEST_P(GoldenLif, Sigmoid) { check("lif_li_sigmoid"); }
TEST_P(GoldenLif, SigmoidDetachedReset) { check("lif_li_sigmoid_detached_reset"); }
TEST_P(GoldenLif, SuperSpike) { check("lif_li_superspike"); }
TEST_P(GoldenLif, SuperSpikeDetachedReset) { check("lif_li_superspike_detached_reset"); }

TEST_P(Golden, MembraneOnly) {
  const golden::File file("membrane_only");
  const auto w = file.array("w");
  const auto trials = classified_trials(file, w.shape[1]);
  const auto network = workshop::compile(
      workshop::chain(
          trials.shape(),
          {{"output", w.shape[1],
            "{type: leaky_integrator, timing: next_step, input_scale: one_minus_decay, tau: " + tau_of(file) + "}"}}),
      GetParam(), executor);
  network->set(0, w.values);
  auto objective = classification(w.shape[1], trials);
  objective.readout = tyto::Readout::sum;
  objective.factor = 0.01;
  const auto surrogate = workshop::surrogate("sigmoid");
  const auto index = everything(trials);
  tyto::Backpropagation request;
  request.objective = &objective;
  request.surrogate = surrogate.get();
  const auto result = network->backpropagate({&trials, index, {}}, request);
  EXPECT_NEAR(result.loss, file.number("loss"), tolerance() * file.number("loss"));
  EXPECT_LE(difference(network->gradient(0), file.values("grad_w")), tolerance());
  std::vector<double> output_v;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const auto output = network->record(trials, i, 0);
    output_v.insert(output_v.end(), output.output.begin(), output.output.end());
  }
  EXPECT_LE(difference(output_v, file.values("output_v")), tolerance());
}

TEST_P(Golden, FiringRateRegulariser) {
  const golden::File file("firing_rate_regulariser");
  const auto w_ih = file.array("w_ih");
  const auto w_ho = file.array("w_ho");
  const auto trials = classified_trials(file, w_ho.shape[1]);
  const auto network = workshop::compile(lif_model(file, trials, w_ih.shape[1], w_ho.shape[1]), GetParam(), executor);
  network->set(0, w_ih.values);
  network->set(1, w_ho.values);
  const auto objective = classification(w_ho.shape[1], trials);
  const auto surrogate = workshop::surrogate(file.attribute_text("surrogate"));
  const auto index = everything(trials);
  tyto::Backpropagation request;
  request.objective = &objective;
  request.surrogate = surrogate.get();
  request.rate_penalties = {{0, file.attribute_number("rate_min_hz"), file.attribute_number("rate_max_hz"),
                             file.attribute_number("coefficient")}};
  const auto result = network->backpropagate({&trials, index, {}}, request);
  EXPECT_NEAR(result.penalty, file.number("reg"), tolerance() * file.number("reg"));
  EXPECT_NEAR(result.loss, file.number("loss"), tolerance() * file.number("loss"));
  EXPECT_LE(difference(network->gradient(0), file.values("grad_w_ih")), tolerance());
  EXPECT_LE(difference(network->gradient(1), file.values("grad_w_ho")), tolerance());
}

TEST_P(Golden, Regression) {
  const golden::File file("regression_mse");
  const auto w_ih = file.array("w_ih");
  const auto w_ho = file.array("w_ho");
  const auto trials = trials_of(file, {"angle", "", tyto::Dimension::angle, -2, 2}, file.values("target_rad"));
  const auto network = workshop::compile(lif_model(file, trials, w_ih.shape[1], 1), GetParam(), executor);
  network->set(0, w_ih.values);
  network->set(1, w_ho.values);
  tyto::Objective objective;
  objective.loss = tyto::Loss::mean_squared_error;
  objective.bind(trials.target_info());
  const auto index = everything(trials);
  EXPECT_LE(difference(network->evaluate({&trials, index, {}}, objective, false).scores, file.values("prediction")),
            tolerance());
  const auto surrogate = workshop::surrogate(file.attribute_text("surrogate"));
  tyto::Backpropagation request;
  request.objective = &objective;
  request.surrogate = surrogate.get();
  const auto result = network->backpropagate({&trials, index, {}}, request);
  EXPECT_NEAR(result.loss, file.number("loss"), tolerance() * file.number("loss"));
  EXPECT_LE(difference(network->gradient(0), file.values("grad_w_ih")), tolerance());
  EXPECT_LE(difference(network->gradient(1), file.values("grad_w_ho")), tolerance());
}

/// Row `k` of a stack of matrices.
std::vector<double> slice(const golden::Array& stack, std::size_t k) {
  const std::size_t size = stack.shape[1] * stack.shape[2];
  const auto begin = stack.values.begin() + static_cast<std::ptrdiff_t>(k * size);
  return {begin, begin + static_cast<std::ptrdiff_t>(size)};
}

TEST_P(Golden, AdamTrajectory) {
  const golden::File file("adam_trajectory");
  const auto w_ih = file.array("w_ih");
  const auto w_ho = file.array("w_ho");
  const std::size_t classes = w_ho.shape[2];
  const auto trials = classified_trials(file, classes);
  const auto network = workshop::compile(lif_model(file, trials, w_ih.shape[2], classes), GetParam(), executor);
  network->set(0, slice(w_ih, 0));
  network->set(1, slice(w_ho, 0));
  const auto optimizer = workshop::make<tyto::Optimizer>(
      "{type: adam, learning_rate: " + std::to_string(file.attribute_number("lr")) + "}");
  const auto objective = classification(classes, trials);
  const auto surrogate = workshop::surrogate(file.attribute_text("surrogate"));
  const auto index = everything(trials);
  tyto::Backpropagation request;
  request.objective = &objective;
  request.surrogate = surrogate.get();
  const auto losses = file.values("loss");
  for (std::size_t k = 0; k < losses.size(); ++k) {
    const auto result = network->backpropagate({&trials, index, {}}, request);
    network->apply(*optimizer);
    EXPECT_NEAR(result.loss, losses[k], tolerance() * losses[k]) << "step " << k;
    EXPECT_LE(difference(network->get(0), slice(w_ih, k + 1)), tolerance()) << "step " << k;
    EXPECT_LE(difference(network->get(1), slice(w_ho, k + 1)), tolerance()) << "step " << k;
  }
}

tyto::Objective summed_classification(std::size_t classes, const tyto::TrialSet& trials) {
  auto objective = classification(classes, trials);
  objective.readout = tyto::Readout::sum;
  objective.factor = 0.01;
  return objective;
}

/// Effective weights |w| sign in both layers; the gradients are those of the stored w.
TEST_P(Golden, DaleAbsSign) {
  const golden::File file("dale_abs_sign");
  const auto w_ih = file.array("w_ih");
  const auto w_ho = file.array("w_ho");
  const auto trials = classified_trials(file, w_ho.shape[1]);
  const std::string dense = "{type: dense, dale: {method: mask}}";
  auto model = workshop::chain(
      trials.shape(),
      {{"hidden", w_ih.shape[1], "{type: lif, timing: next_step, tau: " + tau_of(file) + "}", dense},
       {"output", w_ho.shape[1], "{type: leaky_integrator, timing: next_step, tau: " + tau_of(file) + "}", dense}});
  const auto network = workshop::compile(model, GetParam(), executor);
  const auto set = [&](const std::string& path, const std::vector<double>& values) {
    for (std::size_t a = 0; a < network->arrays().size(); ++a)
      if (network->arrays()[a].path() == path) network->set(a, values);
  };
  const auto column = [](const golden::Array& signs) {
    std::vector<double> first;
    for (std::size_t i = 0; i < signs.shape[0]; ++i) first.push_back(signs.values[i * signs.shape[1]]);
    return first;
  };
  set("hidden/stimulus/w", w_ih.values);
  set("hidden/stimulus/sign", column(file.array("sign_ih")));
  set("output/hidden/w", w_ho.values);
  set("output/hidden/sign", column(file.array("sign_ho")));
  std::vector<double> spikes;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const auto hidden = network->record(trials, i, 0);
    spikes.insert(spikes.end(), hidden.output.begin(), hidden.output.end());
  }
  EXPECT_EQ(spikes, file.values("hidden_spikes"));
  const auto objective = summed_classification(w_ho.shape[1], trials);
  const auto surrogate = workshop::surrogate(file.attribute_text("surrogate"));
  const auto index = everything(trials);
  tyto::Backpropagation request;
  request.objective = &objective;
  request.surrogate = surrogate.get();
  const auto result = network->backpropagate({&trials, index, {}}, request);
  EXPECT_NEAR(result.loss, file.number("loss"), tolerance() * file.number("loss"));
  for (std::size_t a = 0; a < network->arrays().size(); ++a) {
    const std::string path = network->arrays()[a].path();
    if (!network->arrays()[a].info.trainable) continue;
    const auto expected = file.values(path == "hidden/stimulus/w" ? "grad_w_ih" : "grad_w_ho");
    EXPECT_LE(difference(network->gradient(a), expected), tolerance()) << path;
  }
}

/// Dropout's arithmetic under the masks of a golden file, [trial][step][channel].
template <class S>
class GivenMask final : public tyto::TransformKernel<S> {
 public:
  GivenMask(const golden::Array& keep, double p) : keep_(keep), scale_(static_cast<S>(1 / (1 - p))) {}
  [[nodiscard]] bool spikes(const tyto::Pass&) const override { return false; }
  void forward(const tyto::Signal<S>& input, std::span<const std::span<const S>>, const tyto::Pass& pass, S* values,
               std::uint64_t*) const override {
    const auto bits = mask(pass.trial);
    dropout::forward(input, {bits.data(), keep_.shape[1], keep_.shape[2]}, scale_, values);
  }
  void backward(const tyto::Signal<S>&, const tyto::Signal<S>&, std::span<const std::span<const S>>,
                const tyto::Pass& pass, const S* grad_output, std::span<const std::span<S>>,
                S* grad_input) const override {
    const auto bits = mask(pass.trial);
    dropout::add_kept(grad_output, {bits.data(), keep_.shape[1], keep_.shape[2]}, scale_, grad_input);
  }

 private:
  [[nodiscard]] std::vector<std::uint64_t> mask(std::uint64_t trial) const {
    const std::size_t steps = keep_.shape[1], channels = keep_.shape[2];
    std::vector<std::uint64_t> bits(steps * tyto::words_for(channels), 0);
    const tyto::MutableSpikes spikes{bits.data(), steps, channels};
    for (std::size_t cell = 0; cell < steps * channels; ++cell)
      if (keep_.values[trial * steps * channels + cell] != 0) spikes.set(cell / channels, cell % channels);
    return bits;
  }

  golden::Array keep_;
  S scale_;
};

class GivenDropout final : public tyto::Layer {
 public:
  GivenDropout(golden::Array keep, double p) : keep_(std::move(keep)), p_(p) {}
  [[nodiscard]] std::unique_ptr<tyto::TransformKernel<float>> transform_f32(double) const override {
    return std::make_unique<GivenMask<float>>(keep_, p_);
  }
  [[nodiscard]] std::unique_ptr<tyto::TransformKernel<double>> transform_f64(double) const override {
    return std::make_unique<GivenMask<double>>(keep_, p_);
  }

 private:
  golden::Array keep_;
  double p_;
};

TEST_P(Golden, DropoutGivenMask) {
  const golden::File file("dropout_given_mask");
  const auto w_ih = file.array("w_ih");
  const auto w_ho = file.array("w_ho");
  const auto trials = classified_trials(file, w_ho.shape[1]);
  auto model = lif_model(file, trials, w_ih.shape[1], w_ho.shape[1]);
  workshop::insert_transform(model, 0, "dropout",
                             std::make_shared<GivenDropout>(file.array("keep"), file.attribute_number("p")));
  const auto network = workshop::compile(model, GetParam(), executor);
  network->set(0, w_ih.values);
  network->set(1, w_ho.values);
  const auto objective = summed_classification(w_ho.shape[1], trials);
  const auto surrogate = workshop::surrogate("sigmoid");
  const auto index = everything(trials);
  tyto::Backpropagation request;
  request.objective = &objective;
  request.surrogate = surrogate.get();
  const auto result = network->backpropagate({&trials, index, {}}, request);
  EXPECT_NEAR(result.loss, file.number("loss"), tolerance() * file.number("loss"));
  EXPECT_LE(difference(network->gradient(0), file.values("grad_w_ih")), tolerance());
  EXPECT_LE(difference(network->gradient(1), file.values("grad_w_ho")), tolerance());
}

std::string by_name(const testing::TestParamInfo<Arithmetic>& info) { return workshop::name_of(info.param); }
INSTANTIATE_TEST_SUITE_P(Every, Golden, testing::ValuesIn(workshop::arithmetics()), by_name);
INSTANTIATE_TEST_SUITE_P(Every, GoldenLif, testing::ValuesIn(workshop::arithmetics()), by_name);

}  // namespace

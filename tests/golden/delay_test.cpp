/// The delay layer against vectors computed by PyTorch's autograd.
#include <algorithm>
#include <cmath>

#include "support/golden.hpp"
#include "support/transformed.hpp"

namespace {

using workshop::Arithmetic;

constexpr double ms_per_second = 1e3;

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

tyto::TrialSet trials_of(const golden::File& file, std::size_t classes) {
  const auto input = file.array("spikes_in");
  const auto labels = file.values("labels");
  const tyto::TrialShape shape{input.shape[1], input.shape[2], file.attribute_number("dt")};
  tyto::TrialSet trials(shape, {{"label", "", tyto::Dimension::none, 0, static_cast<double>(classes)}}, input.shape[0]);
  std::size_t at = 0;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    trials.targets(i)[0] = labels[i] + 0.5;
    for (std::size_t t = 0; t < shape.steps; ++t)
      for (std::size_t c = 0; c < shape.channels; ++c)
        if (input.values[at++] != 0) trials.spikes(i).set(t, c);
  }
  return trials;
}

class GoldenDelay : public testing::TestWithParam<Arithmetic> {
 protected:
  [[nodiscard]] double tolerance() const { return GetParam().is_double() ? 1e-10 : 1e-4; }

  /// The file's network, with its weights and delays.
  std::unique_ptr<tyto::Program> network_of(const golden::File& file, const tyto::TrialSet& trials,
                                            const std::string& options) {
    const double dt_s = file.attribute_number("dt");
    const auto w_ih = file.array("w_ih");
    const auto w_ho = file.array("w_ho");
    const auto seconds = [](double value) { return tyto::format_quantity(value, tyto::Dimension::time); };
    const std::string tau = seconds(file.attribute_number("tau"));
    const auto model = workshop::transformed_chain(
        trials.shape(),
        "{type: delay, method: interpolated, max: " + seconds(file.attribute_number("max_delay_steps") * dt_s) + ", " +
            options + "}",
        {{"hidden", w_ih.shape[1], "{type: lif, timing: next_step, tau: " + tau + "}"},
         {"output", w_ho.shape[1], "{type: leaky_integrator, timing: next_step, tau: " + tau + "}"}});
    auto network = workshop::compile(model, GetParam(), executor);
    auto delays_ms = file.values("delays_steps");
    for (double& delay : delays_ms) delay *= dt_s * ms_per_second;
    network->set(0, delays_ms);
    network->set(1, w_ih.values);
    network->set(2, w_ho.values);
    return network;
  }

  static std::vector<double> outputs_of(tyto::Program& network, const tyto::TrialSet& trials, std::size_t layer) {
    std::vector<double> all;
    for (std::size_t i = 0; i < trials.size(); ++i) {
      const auto recording = network.record(trials, i, layer);
      all.insert(all.end(), recording.output.begin(), recording.output.end());
    }
    return all;
  }

  void check(const std::string& name) {
    const golden::File file(name);
    const std::size_t classes = file.array("w_ho").shape[1];
    const auto trials = trials_of(file, classes);
    const auto network = network_of(file, trials, "output: trimmed, evaluation: as_trained");
    EXPECT_LE(difference(outputs_of(*network, trials, 0), file.values("shifted")), tolerance());
    if (GetParam().is_double()) {
      EXPECT_EQ(outputs_of(*network, trials, 1), file.values("hidden_spikes"));
    }

    tyto::Objective objective;
    objective.classes = static_cast<int>(classes);
    objective.bind(trials.target_info());
    const auto surrogate = workshop::surrogate("sigmoid");
    tyto::Backpropagation request;
    request.objective = &objective;
    request.surrogate = surrogate.get();
    std::vector<std::uint32_t> index(trials.size());
    for (std::size_t i = 0; i < index.size(); ++i) index[i] = static_cast<std::uint32_t>(i);
    tyto::Pass pass;
    pass.training = true;
    const auto result = network->backpropagate({&trials, index, pass}, request);
    EXPECT_NEAR(result.loss, file.number("loss"), tolerance() * file.number("loss"));
    auto by_delay = network->gradient(0);
    for (double& value : by_delay) value *= file.attribute_number("dt") * ms_per_second;
    EXPECT_LE(difference(by_delay, file.values("grad_delays")), tolerance());
    EXPECT_LE(difference(network->gradient(1), file.values("grad_w_ih")), tolerance());
    EXPECT_LE(difference(network->gradient(2), file.values("grad_w_ho")), tolerance());
  }

  tyto::Executor executor{2};
};

TEST_P(GoldenDelay, Fractional) { check("delay_interpolated_fractional"); }
TEST_P(GoldenDelay, Whole) { check("delay_interpolated_whole"); }

/// Delays of whole steps are the same whether they are rounded or not, but rounded ones keep spikes as spikes.
TEST_P(GoldenDelay, WholeDelaysRoundedForEvaluation) {
  const golden::File file("delay_interpolated_whole");
  const auto trials = trials_of(file, file.array("w_ho").shape[1]);
  const auto network = network_of(file, trials, "output: trimmed, evaluation: rounded");
  EXPECT_EQ(outputs_of(*network, trials, 0), file.values("shifted"));
  if (GetParam().is_double()) {
    EXPECT_EQ(outputs_of(*network, trials, 1), file.values("hidden_spikes"));
  }
}

std::string by_name(const testing::TestParamInfo<Arithmetic>& info) { return workshop::name_of(info.param); }
INSTANTIATE_TEST_SUITE_P(Every, GoldenDelay, testing::ValuesIn(workshop::arithmetics()), by_name);

}  // namespace

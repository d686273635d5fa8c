/// Ensembles, decoded connections, synapses and PES against vectors computed by Nengo.
#include <algorithm>
#include <cmath>
#include <map>

#include "support/golden.hpp"
#include "support/simulations.hpp"

namespace {

using workshop::run;

workshop::MadeSimulation make(const std::string& layers, const std::string& probes, double dt_s) {
  return workshop::simulation(layers, probes, dt_s);
}

std::string seconds(const golden::File& file, const std::string& name) {
  return tyto::format_quantity(file.attribute_number(name), tyto::Dimension::time);
}

/// An ensemble with as many neurons as the file says.
std::string ensemble(const golden::File& file, const std::string& name, const std::string& input) {
  return name + ": {type: ensemble, size: " + std::to_string(file.values("gain_" + name).size()) +
         ", radius: " + tyto::format_quantity(file.attribute_number("radius"), tyto::Dimension::none) +
         ", neurons: {type: nef_lif, tau_rc: " + seconds(file, "tau_rc") + ", tau_ref: " + seconds(file, "tau_ref") +
         "}, input: " + input + "}\n";
}

void set_ensemble(const workshop::MadeSimulation& made, const golden::File& file, const std::string& name) {
  made.set(name + "/encoders", file.values("encoders_" + name));
  made.set(name + "/gain", file.values("gain_" + name));
  made.set(name + "/bias", file.values("bias_" + name));
  made.set(name + "/initial_voltage", file.values("voltage_initial_" + name));
}

double difference(const std::vector<double>& actual, const std::vector<double>& expected) {
  EXPECT_EQ(actual.size(), expected.size());
  double largest = 0;
  for (std::size_t i = 0; i < std::min(actual.size(), expected.size()); ++i)
    largest = std::max(largest, std::abs(actual[i] - expected[i]));
  return largest;
}

/// Nengo's spikes are 1/dt, ours 1.
std::vector<double> spikes(const golden::File& file, const std::string& name) {
  auto values = file.values(name);
  for (double& value : values) value = value > 0 ? 1 : 0;
  return values;
}

constexpr double tolerance = 1e-9;

const char* const spike_probes =
    "pre_spikes: {of: pre}\npost_spikes: {of: post}\npre_v: {of: pre, what: v}\npost_v: {of: post, what: v}\n";

void expect_spikes_and_voltages(std::map<std::string, std::vector<double>>& samples, const golden::File& file) {
  EXPECT_EQ(samples["pre_spikes"], spikes(file, "pre_spikes"));
  EXPECT_EQ(samples["post_spikes"], spikes(file, "post_spikes"));
  EXPECT_LE(difference(samples["pre_v"], file.values("pre_v")), tolerance);
  EXPECT_LE(difference(samples["post_v"], file.values("post_v")), tolerance);
  EXPECT_LE(difference(samples["pre_decoded"], file.values("pre_decoded")), tolerance);
  EXPECT_LE(difference(samples["post_decoded"], file.values("post_decoded")), tolerance);
}

TEST(GoldenNengo, Feedforward) {
  const golden::File file("nengo_feedforward");
  const std::string synapse = seconds(file, "synapse_tau"), readout = seconds(file, "readout_tau");
  const auto made = make(ensemble(file, "pre", "{type: direct, from: stimulus}") +
                             ensemble(file, "post", "{type: decoded, from: pre, synapse: " + synapse + "}"),
                         std::string(spike_probes) + "pre_decoded: {from: pre, type: decoded, synapse: " + readout +
                             "}\npost_decoded: {from: post, type: decoded, synapse: " + readout + "}",
                         file.attribute_number("dt"));
  set_ensemble(made, file, "pre");
  set_ensemble(made, file, "post");
  made.set("post/pre/decoders", file.values("decoders_square"));
  made.set("probe_pre_decoded/pre/decoders", file.values("decoders_pre_identity"));
  made.set("probe_post_decoded/post/decoders", file.values("decoders_post_identity"));
  auto samples = run(made, file.values("u"));
  expect_spikes_and_voltages(samples, file);
}

TEST(GoldenNengo, Pes) {
  const golden::File file("nengo_pes");
  const std::string synapse = seconds(file, "synapse_tau"), readout = seconds(file, "readout_tau");
  const std::string rule = "{rule: pes, error: error, learning_rate: " +
                           tyto::format_quantity(file.attribute_number("pes_learning_rate"), tyto::Dimension::none) +
                           ", tau: " + seconds(file, "pes_pre_synapse_tau") + "}";
  const auto made =
      make(ensemble(file, "pre", "{type: direct, from: stimulus}") +
               ensemble(file, "post", "{type: decoded, from: pre, synapse: " + synapse + ", learn: " + rule + "}") +
               "error: {type: node, size: 1, input: [{type: decoded, from: pre, synapse: " + readout +
               "}, {type: decoded, from: post, synapse: " + readout + "}]}",
           std::string(spike_probes) + "pre_decoded: {from: pre, type: decoded, synapse: " + readout +
               "}\npost_decoded: {from: post, type: decoded, synapse: " + readout +
               "}\nerror: {of: error}\ndecoders: {of: post, what: decoders, every: " +
               seconds(file, "decoders_sampled_every") + "}",
           file.attribute_number("dt"));
  set_ensemble(made, file, "pre");
  set_ensemble(made, file, "post");
  made.set("post/pre/decoders", file.values("decoders_initial"));
  made.set("error/pre/decoders", file.values("decoders_error_pre_square"));
  made.set("error/post/decoders", file.values("decoders_error_post_identity"));
  made.set("probe_pre_decoded/pre/decoders", file.values("decoders_pre_identity"));
  made.set("probe_post_decoded/post/decoders", file.values("decoders_post_identity"));
  auto samples = run(made, file.values("u"));
  expect_spikes_and_voltages(samples, file);
  EXPECT_LE(difference(samples["error"], file.values("error")), tolerance);
  const auto expected = file.values("decoders");
  const double scale = std::abs(*std::max_element(expected.begin(), expected.end(),
                                                  [](double a, double b) { return std::abs(a) < std::abs(b); }));
  EXPECT_LE(difference(samples["decoders"], expected), tolerance * scale);
}

/// Gains and biases are what Nengo makes of the same rates and intercepts.
TEST(GoldenNengo, GainsAndBiasesComeFromRatesAndIntercepts) {
  const golden::File file("nengo_feedforward");
  const auto list = [&](const std::string& name, const std::string& unit) {
    std::string text;
    for (const double value : file.values(name))
      text += (text.empty() ? "" : ", ") + tyto::format_quantity(value, tyto::Dimension::none) + unit;
    return "[" + text + "]";
  };
  const auto made = make("pre: {type: ensemble, size: " + std::to_string(file.values("gain_pre").size()) +
                             ", max_rates: {values: " + list("max_rates_pre", " Hz") +
                             "}, intercepts: {values: " + list("intercepts_pre", "") + "}}",
                         "{}", file.attribute_number("dt"));
  tyto::initialise(*made.simulation, 1);
  EXPECT_LE(difference(made.simulation->get(1), file.values("gain_pre")), 1e-12 * 100);
  EXPECT_LE(difference(made.simulation->get(2), file.values("bias_pre")), 1e-12 * 100);
}

}  // namespace

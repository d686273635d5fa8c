/// Makes simulations for tests from the YAML of layers and probes.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <tyto/backend.hpp>

#include "spec/model.hpp"
#include "support/workshop.hpp"

namespace workshop {

struct MadeSimulation {
  tyto::Model model;
  std::unique_ptr<tyto::Program> simulation;

  [[nodiscard]] std::size_t index(const std::string& path) const {
    const auto found = simulation->arrays().find(path);
    EXPECT_TRUE(found) << path;
    return found.value_or(0);
  }
  void set(const std::string& path, const std::vector<double>& values) const { simulation->set(index(path), values); }
  [[nodiscard]] std::vector<double> get(const std::string& path) const { return simulation->get(index(path)); }
};

/// `channels` of the stimulus; arrays are all zero.
inline MadeSimulation simulation(const std::string& layers, const std::string& probes, double dt_s,
                                 std::size_t channels = 1,
                                 const Arithmetic& arithmetic = {"cpu", tyto::Precision::float64}) {
  tyto::spec::Reader reader(registry());
  const tyto::spec::ModelSurroundings around{true, channels > 0, {0, channels, dt_s, true}, {}, false};
  const auto node = tyto::spec::parse(probes, "probes");
  auto built = tyto::spec::build_model(tyto::spec::parse(layers, "layers"), &node, around, reader);
  reader.finish();
  MadeSimulation made;
  static tyto::Executor executor(1);
  made.simulation = make<tyto::Backend>(arithmetic.backend)->compile(built.model, arithmetic.precision, executor);
  made.model = std::move(built.model);
  return made;
}

/// All samples of every probe, by name; the stimulus has one channel.
inline std::map<std::string, std::vector<double>> run(const MadeSimulation& made, const std::vector<double>& stimulus) {
  std::map<std::string, std::vector<double>> samples;
  made.simulation->start(0);
  made.simulation->advance({stimulus.size(), 1, nullptr, stimulus.data()},
                           [&](std::size_t probe, std::uint64_t, auto sample) {
                             auto& all = samples[made.model.probes[probe].name];
                             all.insert(all.end(), sample.begin(), sample.end());
                           });
  return samples;
}

}  // namespace workshop

/// Which synapses do something else when steps are shorter.
#include <gmock/gmock.h>

#include <tyto/synapse.hpp>

#include "spec/step_dependence.hpp"
#include "support/workshop.hpp"

namespace tyto {
namespace {

std::shared_ptr<const Synapse> synapse(const std::string& yaml) { return workshop::make<Synapse>(yaml); }

TEST(StepDependence, WhatIsChosenByWhatItConnectsDoesNotDependOnTheStep) {
  for (const std::string type : {"exponential", "alpha"})
    for (const std::string tau : {"1 ms", "5 ms", "30 s"})
      for (const double dt_s : {1e-3, 1e-4, 1e-5})
        for (const auto input : {SynapticInput::values, SynapticInput::spikes, SynapticInput::charges})
          EXPECT_FALSE(spec::step_dependent(*synapse("{type: " + type + ", tau: " + tau + "}"), input, dt_s))
              << type << ' ' << tau << ' ' << dt_s << ' ' << static_cast<int>(input);
}

TEST(StepDependence, AFixedScaleFitsSomeInputsAlone) {
  for (const std::string type : {"exponential", "alpha"}) {
    const auto area = synapse("{type: " + type + ", scale: area}"), peak = synapse("{type: " + type + ", scale: peak}");
    EXPECT_FALSE(spec::step_dependent(*area, SynapticInput::values, 1e-3));
    EXPECT_FALSE(spec::step_dependent(*area, SynapticInput::charges, 1e-3));
    EXPECT_TRUE(spec::step_dependent(*area, SynapticInput::spikes, 1e-3));
    EXPECT_TRUE(spec::step_dependent(*peak, SynapticInput::values, 1e-3));
    EXPECT_TRUE(spec::step_dependent(*peak, SynapticInput::charges, 1e-3));
    EXPECT_FALSE(spec::step_dependent(*peak, SynapticInput::spikes, 1e-3));
  }
}

}  // namespace
}  // namespace tyto

#include "training.hpp"

#include <cmath>
#include <numbers>

#include <tyto/math.hpp>

namespace tyto::spec {

namespace {
constexpr double most_epochs = 1e6;
}

Parameters<EarlyStopping> EarlyStopping::parameters() {
  return tyto::parameters<EarlyStopping>("Ends the training when it makes no progress any more")
      .integer("patience", &EarlyStopping::patience, "5", "epochs without a new best value after which training ends")
      .range(1, most_epochs)
      .choice("monitor", &EarlyStopping::monitor, {{"loss", Monitor::loss}, {"accuracy", Monitor::accuracy}}, "loss",
              "what progress is measured by: on the validation trials, or, if there are none, on the training trials")
      .boolean("restore_best", &EarlyStopping::restore_best, "true",
               "whether the network goes back to the weights after the best epoch");
}

Parameters<RateSchedule> RateSchedule::parameters() {
  return tyto::parameters<RateSchedule>("A factor on all learning rates over the course of the training")
      .choice("shape", &RateSchedule::shape,
              {{"constant", Shape::constant}, {"cosine", Shape::cosine}, {"step", Shape::step}}, "constant",
              "constant: always 1; cosine: half a wave from 1 to final_factor; step: falls by step_factor again and "
              "again")
      .number("final_factor", &RateSchedule::final_factor, "0", "factor at the end of the shape cosine")
      .range(0, 1)
      .integer("step_epochs", &RateSchedule::step_epochs, "10", "epochs between the falls of the shape step")
      .range(1, most_epochs)
      .number("step_factor", &RateSchedule::step_factor, "0.1", "factor of each fall of the shape step")
      .above(0)
      .at_most(1);
}

double RateSchedule::factor(int epoch, double progress) const {
  switch (shape) {
    case Shape::constant:
      return 1;
    case Shape::cosine:
      return final_factor + (1 - final_factor) * 0.5 * (1 + tyto::cos(std::numbers::pi * progress));
    case Shape::step: {
      const int falls = (epoch - 1) / step_epochs;
      return tyto::pow(step_factor, falls);
    }
  }
  return 1;
}

}  // namespace tyto::spec

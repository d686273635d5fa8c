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
      .choice(
          "shape", &RateSchedule::shape,
          {{"constant", Shape::constant},
           {"linear", Shape::linear},
           {"cosine", Shape::cosine},
           {"one_cycle", Shape::one_cycle},
           {"step", Shape::step},
           {"plateau", Shape::plateau}},
          "constant",
          "constant: always 1; linear, cosine: from 1 to final_factor, along a line or half a wave; one_cycle: half a "
          "wave from start_factor up to 1, then one down to final_factor (Smith & Topin 2019); step: falls by "
          "step_factor every step_epochs; plateau: falls by step_factor when step_epochs have passed without a new "
          "best value of what early stopping looks at, the loss unless that says otherwise")
      .number("final_factor", &RateSchedule::final_factor, "0", "factor at the end of linear, cosine and one_cycle")
      .range(0, 1)
      .number("start_factor", &RateSchedule::start_factor, "0.04", "factor with which one_cycle begins")
      .range(0, 1)
      .number("rising_part", &RateSchedule::rising_part, "0.3", "part of the training in which one_cycle rises")
      .above(0)
      .below(1)
      .number(
          "warmup_epochs", &RateSchedule::warmup_epochs, "0",
          "in which a further factor rises to 1 along a line, whatever the shape: in an update it is the epochs that "
          "will then be done over these")
      .non_negative()
      .integer("step_epochs", &RateSchedule::step_epochs, "10", "see step and plateau")
      .range(1, most_epochs)
      .number("step_factor", &RateSchedule::step_factor, "0.1", "factor of each fall of step and plateau")
      .above(0)
      .at_most(1);
}

namespace {

/// Half a wave from one value to another.
double wave(double from, double to, double part) {
  return to + (from - to) * 0.5 * (1 + tyto::cos(std::numbers::pi * part));
}

}  // namespace

double RateSchedule::factor(const Moment& moment) const {
  const double progress = moment.progress;
  const auto of_shape = [&] {
    switch (shape) {
      case Shape::constant:
        break;
      case Shape::linear:
        return 1 + (final_factor - 1) * progress;
      case Shape::cosine:
        return wave(1, final_factor, progress);
      case Shape::one_cycle:
        return progress < rising_part ? wave(start_factor, 1, progress / rising_part)
                                      : wave(1, final_factor, (progress - rising_part) / (1 - rising_part));
      case Shape::step: {
        const int so_far = (moment.epoch - 1) / step_epochs;
        return tyto::pow(step_factor, so_far);
      }
      case Shape::plateau:
        return tyto::pow(step_factor, moment.falls);
    }
    return 1.0;
  };
  return moment.epochs_after < warmup_epochs ? of_shape() * moment.epochs_after / warmup_epochs : of_shape();
}

}  // namespace tyto::spec

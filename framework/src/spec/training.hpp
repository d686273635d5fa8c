/// How a training goes on and when it ends, declared like the parameters of any component.
#pragma once

#include <tyto/parameters.hpp>

namespace tyto::spec {

/// Ends a training that makes no progress. Progress is measured on the validation trials or, without any, on the
/// training trials while they are learnt from.
struct EarlyStopping {
  enum class Monitor { loss, accuracy };

  int patience = 5;
  Monitor monitor = Monitor::loss;
  bool restore_best = true;

  [[nodiscard]] static Parameters<EarlyStopping> parameters();
};

/// A factor on every learning rate over the course of the training.
struct RateSchedule {
  enum class Shape { constant, linear, cosine, one_cycle, step, plateau };

  Shape shape = Shape::constant;
  double final_factor = 0;
  double start_factor = 0.04;
  double rising_part = 0.3;
  double warmup_epochs = 0;
  int step_epochs = 10;
  double step_factor = 0.1;

  [[nodiscard]] static Parameters<RateSchedule> parameters();
  /// Where in a training an update is.
  struct Moment {
    int epoch = 1;            ///< counted from 1
    double progress = 0;      ///< part of the training that is done before the update
    double epochs_after = 1;  ///< epochs that are done after it, with parts
    int falls = 0;            ///< epochs so far that were the last of a plateau
  };
  [[nodiscard]] double factor(const Moment& moment) const;
};

}  // namespace tyto::spec

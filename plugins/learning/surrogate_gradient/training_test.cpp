/// The training loop on real components: validation trials, early stopping, fresh trials, schedules, Dale's law.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "run/trainer.hpp"
#include "spec/experiment.hpp"
#include "support/workshop.hpp"

namespace {

using tyto::run::Training;

constexpr const char* text = R"(tyto: 1
seed: 3
stimulus: {type: itd, fibres_per_ear: 20, duration: 40 ms, frequency: 50 Hz}
objective: {classes: 4}
model:
  layers:
    hidden: {type: lif, size: 8, tau: 5 ms, input: {type: dense, scale: 3}}
    output: {type: leaky_integrator, tau: 5 ms, input: dense}
learning:
  rule: surrogate_gradient
  optimizer: {type: adam, learning_rate: 0.02}
  epochs: 6
  batch_size: 16
  trials: {train: 128, validation: 64, test: 16}
)";

class TrainingLoop : public testing::Test {
 protected:
  void SetUp() override {
    file_ = std::filesystem::temp_directory_path() / ("tyto-training-" + std::to_string(getpid()) + ".yaml");
    std::ofstream(file_) << text;
  }
  void TearDown() override { std::filesystem::remove(file_); }

  tyto::spec::Experiment load(const std::vector<std::string>& settings) {
    tyto::spec::Overrides overrides;
    overrides.set = settings;
    return tyto::spec::load_experiment(tyto::spec::read_document(file_), overrides, workshop::registry());
  }

  struct Result {
    Training training;
    std::vector<double> weights;
    std::vector<double> last_targets;  ///< of the training trials of the last epoch
    double validation_loss = 0;        ///< with the weights at the end
  };
  Result train(const std::vector<std::string>& settings, std::size_t threads = 2) {
    const auto experiment = load(settings);
    tyto::Executor executor(threads);
    const auto make = [&](tyto::Split split, int count) {
      return tyto::make_trials(*experiment.stimulus, experiment.seeds.trials, split, static_cast<std::size_t>(count),
                               executor);
    };
    auto trials = make(tyto::Split::train, experiment.train_trials);
    const auto validation = make(tyto::Split::validation, experiment.validation_trials);
    const auto network = experiment.backend->compile(experiment.model, experiment.precision, executor);
    tyto::initialise(*network, experiment.seeds.weights);
    tyto::run::Progress progress(stderr, tyto::run::Progress::Style::quiet);
    Result result;
    result.training = tyto::run::train(experiment, *network, {trials, validation, executor}, progress, {});
    result.weights = network->get(0);
    for (std::size_t i = 0; i < trials.size(); ++i) result.last_targets.push_back(trials.targets(i)[0]);
    std::vector<std::uint32_t> all(validation.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint32_t>(i);
    for (const double loss : network->evaluate({&validation, all, {}}, experiment.objective, false).losses)
      result.validation_loss += loss / static_cast<double>(all.size());
    return result;
  }

 private:
  std::filesystem::path file_;
};

TEST_F(TrainingLoop, ValidatesAfterEveryEpoch) {
  const auto result = train({});
  ASSERT_EQ(result.training.epochs.size(), 6U);
  EXPECT_DOUBLE_EQ(result.training.epochs.back().validation_loss, result.validation_loss);
  EXPECT_LT(result.training.epochs.back().validation_loss, result.training.epochs.front().validation_loss);
  EXPECT_GT(result.training.epochs.back().validation_accuracy, 0.25);
  EXPECT_FALSE(result.training.restored);
  const auto without = train({"learning.trials.validation=0"});
  EXPECT_EQ(without.weights, result.weights) << "validation must not change what is learnt";
  EXPECT_FALSE(without.training.best_epoch);
}

TEST_F(TrainingLoop, EarlyStoppingGoesBackToTheBestWeights) {
  // A learning rate that is far too large soon makes things worse.
  const std::vector<std::string> settings{"learning.optimizer.learning_rate=0.5", "learning.epochs=40",
                                          "learning.early_stopping.patience=3"};
  const auto result = train(settings);
  const auto& rows = result.training.epochs;
  ASSERT_LT(rows.size(), 40U);
  ASSERT_TRUE(result.training.best_epoch);
  const auto best = static_cast<std::size_t>(*result.training.best_epoch);
  EXPECT_EQ(rows.size(), best + 3);
  for (const auto& row : rows) EXPECT_GE(row.validation_loss, rows[best - 1].validation_loss);
  EXPECT_TRUE(result.training.restored);
  EXPECT_DOUBLE_EQ(result.validation_loss, rows[best - 1].validation_loss);
  auto kept = settings;
  kept.emplace_back("learning.early_stopping.restore_best=false");
  const auto last = train(kept);
  EXPECT_FALSE(last.training.restored);
  EXPECT_DOUBLE_EQ(last.validation_loss, last.training.epochs.back().validation_loss);
  EXPECT_NE(last.weights, result.weights);
}

TEST_F(TrainingLoop, EarlyStoppingCanGoByTrainingOrAccuracy) {
  const auto by_training = train({"learning.trials.validation=0", "learning.optimizer.learning_rate=0.5",
                                  "learning.epochs=40", "learning.early_stopping.patience=2"});
  const auto& rows = by_training.training.epochs;
  const auto best = static_cast<std::size_t>(by_training.training.best_epoch.value());
  EXPECT_LT(rows.size(), 40U);
  for (const auto& row : rows) EXPECT_GE(row.loss, rows[best - 1].loss);
  const auto by_accuracy = train({"learning.early_stopping.monitor=accuracy"});
  const auto& validated = by_accuracy.training.epochs;
  const auto highest = static_cast<std::size_t>(by_accuracy.training.best_epoch.value());
  for (const auto& row : validated) EXPECT_LE(row.validation_accuracy, validated[highest - 1].validation_accuracy);
}

TEST_F(TrainingLoop, FreshTrialsContinueTheSplit) {
  const auto fresh = train({"learning.trials.fresh=true", "learning.epochs=3"});
  const auto experiment = load({});
  tyto::Executor executor(1);
  const auto third =
      tyto::make_trials(*experiment.stimulus, experiment.seeds.trials, tyto::Split::train, 128, executor, 256);
  for (std::size_t i = 0; i < 128; ++i) ASSERT_EQ(fresh.last_targets[i], third.targets(i)[0]);
  EXPECT_NE(train({"learning.epochs=3"}).weights, fresh.weights);
  EXPECT_EQ(train({"learning.trials.fresh=true", "learning.epochs=3"}, 3).weights, fresh.weights);
}

TEST_F(TrainingLoop, SchedulesScaleTheLearningRate) {
  const auto plain = train({});
  EXPECT_NE(train({"learning.schedule.shape=cosine"}).weights, plain.weights);
  // Falls that leave everything as it is, and falls so deep that later epochs hardly learn.
  EXPECT_EQ(train({"learning.schedule={shape: step, step_epochs: 1, step_factor: 1}"}).weights, plain.weights);
  const auto one = train({"learning.epochs=1"});
  const auto stopped = train({"learning.schedule={shape: step, step_epochs: 1, step_factor: 1e-12}"});
  for (std::size_t i = 0; i < one.weights.size(); ++i) ASSERT_NEAR(stopped.weights[i], one.weights[i], 1e-6);
}

/// After two epochs without a better loss the rate falls so deep that nothing changes any more.
TEST_F(TrainingLoop, FallsOnAPlateau) {
  const std::vector<std::string> far{"learning.optimizer={type: sgd, learning_rate: 30}", "learning.epochs=12",
                                     "learning.schedule={shape: plateau, step_epochs: 2, step_factor: 1e-30}"};
  const auto& rows = train(far).training.epochs;
  ASSERT_EQ(rows.size(), 12U);
  std::size_t best = 0;
  for (std::size_t k = 1; k < rows.size() && k < best + 3; ++k)
    if (rows[k].loss < rows[best].loss) best = k;
  ASSERT_LT(best, 8U) << "with such steps the loss should not go on falling";
  for (std::size_t k = best + 4; k < rows.size(); ++k) EXPECT_NEAR(rows[k].loss, rows[best + 3].loss, 1e-4) << k;
}

TEST(RateSchedule, HasItsClosedForms) {
  tyto::spec::RateSchedule schedule;
  EXPECT_EQ(schedule.factor({7, 0.3, 3, 0}), 1);
  schedule.shape = tyto::spec::RateSchedule::Shape::cosine;
  schedule.final_factor = 0.2;
  EXPECT_DOUBLE_EQ(schedule.factor({1, 0, 0, 0}), 1);
  EXPECT_DOUBLE_EQ(schedule.factor({5, 0.5, 5, 0}), 0.6);
  EXPECT_NEAR(schedule.factor({10, 1, 10, 0}), 0.2, 1e-15);
  schedule.shape = tyto::spec::RateSchedule::Shape::step;
  schedule.step_epochs = 4;
  schedule.step_factor = 0.5;
  EXPECT_EQ(schedule.factor({4, 0.4, 4, 0}), 1);
  EXPECT_EQ(schedule.factor({5, 0.5, 5, 0}), 0.5);
  EXPECT_EQ(schedule.factor({13, 0.99, 9.9, 0}), 0.125);
  schedule.shape = tyto::spec::RateSchedule::Shape::plateau;
  EXPECT_EQ(schedule.factor({5, 0.5, 5, 3}), 0.125);
  schedule.shape = tyto::spec::RateSchedule::Shape::linear;
  EXPECT_DOUBLE_EQ(schedule.factor({5, 0.25, 2.5, 0}), 0.8);
  schedule.shape = tyto::spec::RateSchedule::Shape::one_cycle;
  EXPECT_NEAR(schedule.factor({1, 0, 0, 0}), 0.04, 1e-15);
  EXPECT_DOUBLE_EQ(schedule.factor({2, 0.15, 1.5, 0}), 0.52);
  EXPECT_DOUBLE_EQ(schedule.factor({3, 0.3, 3, 0}), 1);
  EXPECT_DOUBLE_EQ(schedule.factor({7, 0.65, 6.5, 0}), 0.6);
  EXPECT_NEAR(schedule.factor({10, 1, 10, 0}), 0.2, 1e-15);
  schedule.shape = tyto::spec::RateSchedule::Shape::constant;
  schedule.warmup_epochs = 2.5;
  EXPECT_DOUBLE_EQ(schedule.factor({1, 0, 0.5, 0}), 0.2);
  EXPECT_DOUBLE_EQ(schedule.factor({2, 0.1, 1, 0}), 0.4);
  EXPECT_EQ(schedule.factor({3, 0.25, 2.5, 0}), 1);
}

TEST_F(TrainingLoop, CountsSignViolationsWhereDaleHolds) {
  const auto none = train({});
  EXPECT_FALSE(none.training.epochs[0].sign_violations);
  for (const std::string method : {"mask", "projected", "exponentiated"}) {
    const auto result = train({"model.layers.hidden.input={type: dense, dale: {method: " + method + "}}"});
    for (const auto& row : result.training.epochs) EXPECT_EQ(row.sign_violations, std::optional<std::size_t>(0));
    EXPECT_LT(result.training.epochs.back().loss, result.training.epochs.front().loss) << method;
  }
}

TEST_F(TrainingLoop, DropoutLearnsAndHasTheSameBitsForAnyNumberOfThreads) {
  const std::vector<std::string> settings{
      "model.layers={hidden: {type: lif, size: 8, tau: 5 ms, input: dense}, drop: {type: dropout, p: 0.3}, "
      "output: {type: leaky_integrator, tau: 5 ms, input: dense}}"};
  const auto one = train(settings, 1);
  EXPECT_EQ(train(settings, 3).weights, one.weights);
  EXPECT_LT(one.training.epochs.back().loss, one.training.epochs.front().loss);
}

TEST_F(TrainingLoop, TableRecordsWhatHappened) {
  const auto experiment = load({"learning.early_stopping.patience=2", "learning.epochs=9"});
  const auto result = train({"learning.early_stopping.patience=2", "learning.epochs=9"});
  const auto table = tyto::run::training_table(result.training, experiment);
  std::vector<std::string> names;
  for (const auto& variable : table.variables) names.push_back(variable.name);
  EXPECT_EQ(names, (std::vector<std::string>{"loss", "penalty", "accuracy", "validation_loss", "validation_accuracy"}));
  const auto attribute = [&](const std::string& name) {
    for (const auto& candidate : table.attributes)
      if (candidate.name == name) return std::get<std::int64_t>(candidate.value);
    return std::int64_t{-1};
  };
  EXPECT_EQ(attribute("epochs_asked_for"), 9);
  EXPECT_EQ(attribute("epochs_run"), static_cast<std::int64_t>(result.training.epochs.size()));
  EXPECT_EQ(attribute("best_epoch"), result.training.best_epoch.value());
}

}  // namespace

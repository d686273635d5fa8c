/// A model run step by step on the CPU. The layers take their steps in the order in which they are written; then
/// samples are taken, filters move on, and connections learn.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <tyto/backend.hpp>

#include "arrays.hpp"
#include "filter.hpp"

namespace cpu {

template <class S>
class CpuSimulation final : public tyto::Simulation {
 public:
  explicit CpuSimulation(const tyto::Model& model);

  [[nodiscard]] const std::vector<tyto::NetworkArray>& arrays() const override { return arrays_.infos(); }
  [[nodiscard]] std::vector<double> get(std::size_t array) const override { return arrays_.get(array); }
  [[nodiscard]] std::optional<std::size_t> first_not_finite(std::size_t array) const override {
    return tyto::first_not_finite(std::span<const S>(arrays_.used(array)));
  }
  void set(std::size_t array, std::span<const double> values) override { arrays_.set(array, values); }
  void start() override;
  void advance(std::size_t steps, std::span<const double> stimulus, const tyto::ProbeSink& sink) override;
  [[nodiscard]] std::string not_finite() const override;
  [[nodiscard]] tyto::SimulationActivity activity() const override;

 private:
  struct Learning {
    std::unique_ptr<tyto::PlasticityKernel<S>> kernel;
    std::size_t error = tyto::ModelLearning::no_error;
    std::uint64_t from_step = 0;
    std::uint64_t until_step = std::numeric_limits<std::uint64_t>::max();
    bool uses_ensemble = false;
    std::vector<S> state;
    double squares = 0;        ///< sum over values and steps of the error since the call of advance began
    std::size_t errors = 0;    ///< their number
    std::size_t steps = 0;     ///< of learning, since the start
    double first_squares = 0;  ///< of the first steps
    std::size_t first_errors = 0;
    std::vector<double> error_rms;  ///< of the calls before

    [[nodiscard]] static double rms(double squares, std::size_t errors) {
      return errors == 0 ? 0 : std::sqrt(squares / static_cast<double>(errors));
    }
  };
  struct Connection {
    std::size_t from = tyto::ModelInput::stimulus;
    std::size_t layer = 0;  ///< that it reaches
    std::size_t to = 0;     ///< numbers that it hands on
    bool onto_neurons = true;
    std::unique_ptr<tyto::ProjectionKernel<S>> kernel;
    std::size_t first_array = 0;
    std::size_t array_count = 0;
    std::unique_ptr<Filter<S>> filter;  ///< null without a synapse
    std::vector<S> handed;              ///< what it hands on in this step, where a rule or a probe wants to know
    std::unique_ptr<Learning> learning;
  };
  struct Population {
    std::string name;
    std::unique_ptr<tyto::PopulationKernel<S>> kernel;
    bool spiking = false;
    bool ensemble = false;
    double radius = 1;
    std::size_t size = 0;
    std::size_t first_array = 0;
    std::size_t array_count = 0;
    std::size_t encoders = 0;  ///< index of an ensemble's array of that name
    std::size_t gain = 0;
    struct Initial {
      std::size_t state, array;
    };
    std::vector<Initial> initial;  ///< states that begin as arrays say
    std::vector<S> input;          ///< of an ensemble
    std::vector<S> current;        ///< of the neurons
    std::vector<S> state;
    std::vector<S> output;
    std::vector<std::uint64_t> bits;       ///< of spikes
    std::vector<std::uint64_t> spikes;     ///< of each neuron since the start
    std::uint64_t beyond_radius = 0;       ///< steps
    std::vector<std::size_t> connections;  ///< that reach it
  };
  struct Probe {
    tyto::ModelProbe::What what = tyto::ModelProbe::What::projection;
    std::size_t connection = 0;
    std::size_t layer = 0;
    std::size_t item = 0;  ///< index of the state or array
    std::size_t channels = 0;
    std::uint64_t every_steps = 1;
  };

  void add_population(const tyto::ModelLayer& layer, std::size_t& next_array);
  [[nodiscard]] Connection make_connection(const tyto::ModelInput& input, std::size_t layer, const std::string& name,
                                           std::size_t& next_array) const;
  void add_probe(const tyto::ModelProbe& probe, std::size_t& next_array);

  [[nodiscard]] tyto::Signal<S> signal_of(std::size_t layer) const;
  [[nodiscard]] std::span<const std::span<const S>> arrays_from(std::size_t first, std::size_t count) const {
    return std::span(views_).subspan(first, count);
  }
  /// What a connection's weights make of its source now, added to `values`.
  void project(const Connection& connection, std::span<S> values) const;
  /// Adds what comes out of a connection in this step.
  void add_to(const Connection& connection, std::span<S> values) const;
  /// Puts it into `handed`.
  void hand_on(Connection& connection) const;
  void step_population(Population& population);
  void sample(const Probe& probe, std::size_t index, const tyto::ProbeSink& sink);
  void learn(Connection& connection);
  void count(Population& population) const;
  void refresh_views();

  double dt_s_;
  std::uint64_t step_ = 0;
  Arrays<S> arrays_;
  std::vector<std::span<const S>> views_;  ///< of the arrays as they are used
  std::vector<S> stimulus_;                ///< of this step
  std::vector<Population> populations_;
  std::vector<Connection> connections_;
  std::vector<Probe> probes_;
  std::vector<double> sample_;  ///< that goes to a sink
};

extern template class CpuSimulation<float>;
extern template class CpuSimulation<double>;

}  // namespace cpu

/// Layers: populations of neurons, driven by currents; projections, which turn signals into currents; and
/// transforms, which turn signals into signals (delays, dropout). A layer hands out kernels; a backend runs them,
/// trial by trial, or step by step through a stream.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tyto/ensemble.hpp>
#include <tyto/export.hpp>
#include <tyto/optimizer.hpp>
#include <tyto/random.hpp>
#include <tyto/spikes.hpp>
#include <tyto/stimulus.hpp>
#include <tyto/surrogate.hpp>
#include <tyto/synapses.hpp>
#include <tyto/table.hpp>

namespace tyto {

/// What one pass of one trial is for.
struct Pass {
  bool training = false;
  std::uint64_t seed = 0;         ///< of the run
  std::uint64_t trial = 0;        ///< number of the trial in its data set
  std::uint32_t epoch = 0;        ///< counted from 1; 0 outside training
  double progress = 1;            ///< part of the training that is done, 0..1
  double rate_factor = 1;         ///< on every learning rate, by the schedule of the training
  std::string_view layer;         ///< name of the layer that is passed through
  std::optional<TrialKey> shown;  ///< the trial; none in a stream

  /// Numbers of this pass alone, from the stream "<name>".
  [[nodiscard]] Random random(std::string_view name) const { return Random(stream_key(seed, name), trial, epoch); }
  /// For numbers that belong to what is shown, a trial or a stream, and are the same whenever it is shown.
  [[nodiscard]] StreamKey stream(std::string_view name) const {
    return shown ? shown->stream(std::string(name) + "/" + std::to_string(shown->trial)) : stream_key(seed, name);
  }
};

/// Where something of its own kind arrives at neurons: a current, a conductance. Its texts live as long as the plugin.
struct Receptor {
  std::string_view name;       ///< "current" is where connections arrive that name none
  std::string_view doc;        ///< with the unit
  bool charges = false;        ///< as Layer::takes_charges(), of this receptor
  bool at_least_zero = false;  ///< as conductances are; weights below 0 are refused, and learning does not go there
};

/// Scalars per neuron and step of one trial, [step][neuron] unless said otherwise.
template <class S>
struct ForwardScan {
  std::size_t steps = 0;
  std::size_t neurons = 0;
  std::size_t row = 0;  ///< numbers from one step, variable or receptor to the next; 0: as many as there are neurons
  const S* current = nullptr;  ///< of neurons with receptors [step][receptor][neuron]
  S* output = nullptr;
  S* states = nullptr;                ///< if set: the state before each step, [step][variable][neuron]
  S* distances = nullptr;             ///< if set: what spike() was asked, i.e. distance to threshold
  const Surrogate* smooth = nullptr;  ///< if set: spikes are replaced by its primitive (for tests)
  S* carried =
      nullptr;  ///< if set: the state to begin with, [variable][neuron], which becomes that after the last step
  std::uint64_t first_step = 0;  ///< number of the first step in the trial or stream
  std::size_t first_neuron = 0;  ///< number of the first neuron in its layer
  const Pass* pass = nullptr;    ///< in streams, and of a trial where nothing arrives at the population

  [[nodiscard]] std::size_t row_length() const { return row != 0 ? row : neurons; }
};

template <class S>
struct BackwardScan {
  std::size_t steps = 0;
  std::size_t neurons = 0;
  const S* current = nullptr;      ///< as in the forward scan
  const S* states = nullptr;       ///< as recorded by the forward scan
  const S* psi = nullptr;          ///< surrogate derivative at the recorded distances
  const S* grad_output = nullptr;  ///< dL/d output
  S* grad_current = nullptr;       ///< receives dL/d current, laid out as that
  bool detach_reset = false;       ///< gradients do not flow through the reset
  const Surrogate* smooth = nullptr;
  S* adjoint = nullptr;  ///< if set: dL/d state after the last step, [variable][neuron]; becomes that before the first
};

/// What arrives at a population that has an input of its own beside the currents of its neurons, in some steps of some
/// lanes side by side.
template <class S>
struct PopulationDrive {
  std::size_t steps = 0;
  std::size_t lanes = 0;
  std::size_t neurons = 0;   ///< of a lane
  const S* input = nullptr;  ///< [step][lane][Layer::input_size()]
  S* current = nullptr;      ///< [step][lane][neuron]: what arrives at the neurons; becomes all of their current
};

/// One population's arithmetic in precision S.
template <class S>
class PopulationKernel {
 public:
  virtual ~PopulationKernel() = default;
  /// State variables per neuron.
  [[nodiscard]] virtual std::size_t state_size() const = 0;
  [[nodiscard]] virtual std::vector<std::string> state_names() const = 0;
  virtual void forward(const ForwardScan<S>& scan) const = 0;
  /// Needs capability::jacobian.
  virtual void backward(const BackwardScan<S>& scan) const = 0;
  /// Whether the way back needs neither currents nor states, which then stay null.
  [[nodiscard]] virtual bool linear() const { return false; }
  /// Whether several threads may each run forward() for some of the neurons at once: pointers are to the first of
  /// these, and all that lies in rows has rows of ForwardScan::row numbers. `carried` is set then, `distances` and
  /// `smooth` are not.
  [[nodiscard]] virtual bool divisible() const { return false; }

  /// The state at the beginning of a trial or a stream; `state` comes zeroed.
  virtual void rest([[maybe_unused]] std::span<const std::span<const S>> arrays,
                    [[maybe_unused]] std::span<S> state) const {}
  /// Turns what arrives at the layer into currents of its neurons, to be added to what arrives there, with the layer's
  /// own arrays. For populations with capability::ensemble.
  virtual void drive([[maybe_unused]] const PopulationDrive<S>& drive,
                     [[maybe_unused]] std::span<const std::span<const S>> arrays) const {}
};

/// Keeps an array within a law, e.g. Dale's: every row of weights has one sign. Beside the stored numbers, which an
/// optimizer changes, there are effective ones, which the network uses. Effective numbers that are stored stay what
/// they are.
template <class S>
struct ConstrainedArray {
  std::span<const S> stored;
  std::span<const S> companion;  ///< the array named by ArrayInfo::companion, e.g. a sign for each row
  std::span<const std::size_t> shape;
};
class TYTO_API Constraint {
 public:
  virtual ~Constraint() = default;
  /// Whether effective numbers are the stored ones. Only then can rules of single connections change them.
  [[nodiscard]] virtual bool uses_stored() const { return true; }
  /// Effective numbers from stored ones.
  virtual void effective(const ConstrainedArray<float>& array, std::span<float> effective) const = 0;
  virtual void effective(const ConstrainedArray<double>& array, std::span<double> effective) const = 0;
  /// Turns dL/d effective into dL/d stored, in place.
  virtual void chain(const ConstrainedArray<float>& array, std::span<float> gradient) const = 0;
  virtual void chain(const ConstrainedArray<double>& array, std::span<double> gradient) const = 0;
  /// Puts the stored numbers back within the law after an update.
  virtual void project(std::span<float> stored, const ConstrainedArray<float>& array) const = 0;
  virtual void project(std::span<double> stored, const ConstrainedArray<double>& array) const = 0;
  /// Brings numbers from outside, drawn or read from a file, within the law. Called whenever they or the companion,
  /// which is zero before it is known, have been set.
  virtual void admit([[maybe_unused]] std::span<float> stored,
                     [[maybe_unused]] const ConstrainedArray<float>& array) const {}
  virtual void admit([[maybe_unused]] std::span<double> stored,
                     [[maybe_unused]] const ConstrainedArray<double>& array) const {}
};

/// An array that a layer owns, e.g. weights "w" of shape (from, to).
struct ArrayInfo {
  std::string name;
  std::string doc;
  std::vector<std::size_t> shape;
  std::vector<std::string> axes;  ///< a name for each axis: "from", "to", ...
  std::string units = "1";
  bool trainable = true;
  bool whole = false;  ///< whole numbers, such as places of neurons, which results keep as integers
  std::shared_ptr<const Optimizer> optimizer;    ///< instead of the learning rule's; may be null
  std::shared_ptr<const Constraint> constraint;  ///< may be null
  std::string companion;                         ///< name of the array beside it that its constraint reads
  /// Draws initial values; called once per array with a stream of its own.
  std::function<void(Random& random, std::span<double> values)> initialise;
  /// The array beside it whose stream it draws from instead, so that both are made of the same random numbers.
  std::string stream;
};

/// Where a projection arrives: at the layer, i.e. in what an ensemble represents, or at its neurons, as their current.
/// For other populations both are the same.
enum class Port { layer, neurons };

/// What a projection with capability::decoding is told to find its weights.
struct DecodingTask {
  const Tuning& from;          ///< the ensemble whose rates it decodes
  const Tuning* to = nullptr;  ///< the ensemble that it reaches, if it reaches one
  std::size_t outputs = 0;     ///< values that it hands on
  std::size_t bringing = 1;    ///< connections, this one included, that decode currents for the same neurons
  std::uint64_t seed = 0;      ///< of the run
  std::string stream;          ///< name of the stream that belongs to it
};

/// One or more trials of a batch that are worked on together. Their signals are of one kind and shape.
template <class S>
struct Group {
  std::span<const Signal<S>> inputs;  ///< of each trial
  std::span<const Pass> passes;       ///< of each trial
  std::size_t shown = 0;              ///< on the way forward: steps of the past that the inputs begin with

  [[nodiscard]] std::size_t size() const { return inputs.size(); }
};

/// One projection's arithmetic in precision S.
template <class S>
class ProjectionKernel {
 public:
  virtual ~ProjectionKernel() = default;
  /// Called when its arrays have been set: the place to derive from them what no rule changes. A kernel serves one
  /// connection.
  virtual void start([[maybe_unused]] std::span<const std::span<const S>> arrays, [[maybe_unused]] std::size_t from,
                     [[maybe_unused]] std::size_t to) {}
  /// Steps of the past that it reads beside the present one. So many are handed to it before those that are wanted, if
  /// they do not begin with the first of all.
  [[nodiscard]] virtual std::size_t reach() const { return 0; }
  /// After start(): the synapses that its weights belong to, or would if its layer's connectivity() is none.
  [[nodiscard]] virtual Synapses synapses(std::size_t from, std::size_t to) const { return Synapses::matrix(from, to); }
  /// Asked after start() where a stream has many neurons, which threads may share: the targets bounds[p] ..
  /// bounds[p + 1] - 1 are slice p. Whether forward_slice() may be called. The arrays stay as they are until the next
  /// start(). Others may be called all the same.
  [[nodiscard]] virtual bool divide([[maybe_unused]] std::span<const std::span<const S>> arrays,
                                    [[maybe_unused]] std::span<const std::size_t> bounds) {
    return false;
  }
  /// What forward() adds to the targets of a slice, summed up in the same order; the rows of `current` are those of all
  /// targets, of which it writes no others. Several threads may call it at once, for different slices. For kernels with
  /// reach() 0.
  virtual void forward_slice([[maybe_unused]] const Signal<S>& input,
                             [[maybe_unused]] std::span<const std::span<const S>> arrays,
                             [[maybe_unused]] std::size_t slice, [[maybe_unused]] const Rows<S>& current) const {}
  /// current[step][to] += ...; arrays in the order of Layer::arrays().
  virtual void forward(const Signal<S>& input, std::span<const std::span<const S>> arrays, std::size_t to,
                       const Pass& pass, S* current) const = 0;
  /// grad_arrays[k] += ...; if grad_input is set, grad_input[step][from] += ...
  virtual void backward(const Signal<S>& input, std::span<const std::span<const S>> arrays, std::size_t to,
                        const Pass& pass, const S* grad_current, std::span<const std::span<S>> grad_arrays,
                        S* grad_input) const = 0;

  /// The same for every trial of a group, trials ascending. Kernels that can share work between trials do it here;
  /// by default they are worked on one by one. Rows of currents begin after the steps that are only shown.
  virtual void forward_group(const Group<S>& group, std::span<const std::span<const S>> arrays, std::size_t to,
                             std::span<const Rows<S>> currents) const;
  /// `grad_inputs` is empty if nobody wants them, and so is `grad_arrays`.
  virtual void backward_group(const Group<S>& group, std::span<const std::span<const S>> arrays, std::size_t to,
                              std::span<const Rows<const S>> grad_currents, std::span<const std::span<S>> grad_arrays,
                              std::span<const Rows<S>> grad_inputs) const;
};

namespace detail {

/// to[step][k] += from[step * width + k]
template <class S>
void add_rows(std::span<const S> from, std::size_t width, const Rows<S>& to) {
  for (std::size_t cell = 0, t = 0; cell < from.size(); cell += width, ++t)
    for (std::size_t k = 0; k < width; ++k) to[t][k] += from[cell + k];
}

}  // namespace detail

template <class S>
void ProjectionKernel<S>::forward_group(const Group<S>& group, std::span<const std::span<const S>> arrays,
                                        std::size_t to, std::span<const Rows<S>> currents) const {
  std::vector<S> current;
  for (std::size_t trial = 0; trial < group.size(); ++trial) {
    current.assign(group.inputs[trial].steps * to, S(0));
    forward(group.inputs[trial], arrays, to, group.passes[trial], current.data());
    detail::add_rows<S>(std::span<const S>(current).subspan(group.shown * to), to, currents[trial]);
  }
}

template <class S>
void ProjectionKernel<S>::backward_group(const Group<S>& group, std::span<const std::span<const S>> arrays,
                                         std::size_t to, std::span<const Rows<const S>> grad_currents,
                                         std::span<const std::span<S>> grad_arrays,
                                         std::span<const Rows<S>> grad_inputs) const {
  std::vector<S> grad_current, grad_input;
  // Who works on single trials need not know that only the gradients of the input may be wanted.
  std::vector<std::vector<S>> unwanted;
  std::vector<std::span<S>> all(grad_arrays.begin(), grad_arrays.end());
  if (all.empty())
    for (const auto& array : arrays) unwanted.emplace_back(array.size(), S(0));
  for (auto& gradient : unwanted) all.emplace_back(gradient);
  for (std::size_t trial = 0; trial < group.size(); ++trial) {
    const auto& input = group.inputs[trial];
    grad_current.resize(input.steps * to);
    for (std::size_t t = 0; t < input.steps; ++t)
      std::copy_n(grad_currents[trial][t], to, grad_current.begin() + static_cast<std::ptrdiff_t>(t * to));
    grad_input.assign(grad_inputs.empty() ? 0 : input.steps * input.channels, S(0));
    backward(input, arrays, to, group.passes[trial], grad_current.data(), all,
             grad_inputs.empty() ? nullptr : grad_input.data());
    if (!grad_inputs.empty()) detail::add_rows<S>(grad_input, input.channels, grad_inputs[trial]);
  }
}

/// One transform's arithmetic in precision S. The output may have fewer steps than the input.
template <class S>
class TransformKernel {
 public:
  virtual ~TransformKernel() = default;
  [[nodiscard]] virtual std::size_t output_steps(std::size_t input_steps) const { return input_steps; }
  /// As ProjectionKernel::reach().
  [[nodiscard]] virtual std::size_t reach() const { return 0; }
  /// Whether, given spikes, it hands on spikes in this pass; otherwise values.
  [[nodiscard]] virtual bool spikes(const Pass& pass) const = 0;
  /// Writes `values` [step][channel], or, if spikes(pass) and the input are spikes, `bits`, which come zeroed. The
  /// other of the two is null.
  virtual void forward(const Signal<S>& input, std::span<const std::span<const S>> arrays, const Pass& pass, S* values,
                       std::uint64_t* bits) const = 0;
  /// `output` is what the way forward made of the input. grad_arrays[k] += ...; if grad_input is set,
  /// grad_input[step][channel] += ...
  virtual void backward(const Signal<S>& input, const Signal<S>& output, std::span<const std::span<const S>> arrays,
                        const Pass& pass, const S* grad_output, std::span<const std::span<S>> grad_arrays,
                        S* grad_input) const = 0;
};

/// Interface of the plugin kind "layer". A component with capability::population hands out population
/// kernels, one with capability::projection projection kernels, one with capability::transform transform kernels; the
/// others stay null.
class TYTO_API Layer {
 public:
  virtual ~Layer() = default;
  /// Arrays between (or, for a population, on) `from` and `to` neurons.
  [[nodiscard]] virtual std::vector<ArrayInfo> arrays([[maybe_unused]] std::size_t from,
                                                      [[maybe_unused]] std::size_t to) const {
    return {};
  }
  [[nodiscard]] virtual std::unique_ptr<PopulationKernel<float>> population_f32([[maybe_unused]] double dt_s) const {
    return {};
  }
  [[nodiscard]] virtual std::unique_ptr<PopulationKernel<double>> population_f64([[maybe_unused]] double dt_s) const {
    return {};
  }
  /// Numbers that arrive at a population of so many neurons: one for each of them, or what an ensemble represents.
  [[nodiscard]] virtual std::size_t input_size(std::size_t neurons) const { return neurons; }
  /// Whether its output are spikes. A component that offers capability::spiking always spikes.
  [[nodiscard]] virtual bool spikes() const { return false; }
  /// Where connections arrive at its neurons; none where there is but one sort of input. An ensemble has none.
  [[nodiscard]] virtual std::span<const Receptor> receptors() const { return {}; }
  /// Whether its output counts spikes, several in a step if there are, which act as so many. If not, and if it does not
  /// spike, its output are values.
  [[nodiscard]] virtual bool counts_spikes() const { return spikes(); }
  /// Whether its neurons add what arrives at every step, however long a step is, so that a spike moves them by its
  /// weight. Others take what arrives for a current, which acts for as long as a step lasts.
  [[nodiscard]] virtual bool takes_charges() const { return false; }
  /// Half-width of what an ensemble represents.
  [[nodiscard]] virtual double radius() const { return 1; }
  /// Of neurons with capability::rate_curve; else null.
  [[nodiscard]] virtual const RateCurve* rate_curve() const { return nullptr; }
  /// Of a population with capability::ensemble, whose own arrays are given; else null. Lives no longer than they.
  [[nodiscard]] virtual std::unique_ptr<Tuning> tuning(
      [[maybe_unused]] std::span<const std::span<const double>> arrays) const {
    return {};
  }
  /// Of a projection: how the numbers of its first array belong to pairs of neurons. Rules that work on single
  /// connections change them if that is not none.
  [[nodiscard]] virtual Connectivity connectivity() const { return Connectivity::none; }
  /// Whether a projection's kernels have a way back, for gradients.
  [[nodiscard]] virtual bool runs_backward() const { return true; }
  /// Where a projection arrives.
  [[nodiscard]] virtual Port port() const { return Port::neurons; }
  /// Values that a projection hands on if nothing else says how many; its source represents so many.
  [[nodiscard]] virtual std::size_t outputs(std::size_t represented) const { return represented; }
  /// Throws Error if a projection cannot turn what its source represents into so many values.
  virtual void check_outputs([[maybe_unused]] std::size_t represented, [[maybe_unused]] std::size_t outputs) const {}
  /// For a projection with capability::decoding: finds the values of its arrays, in their order, and reports on them.
  [[nodiscard]] virtual Table solve(const DecodingTask& task, std::span<std::vector<double>> arrays) const;
  /// Steps of a transform's output; the same as its kernels say.
  [[nodiscard]] virtual std::size_t output_steps(std::size_t input_steps, [[maybe_unused]] double dt_s) const {
    return input_steps;
  }
  [[nodiscard]] virtual std::unique_ptr<TransformKernel<float>> transform_f32([[maybe_unused]] double dt_s) const {
    return {};
  }
  [[nodiscard]] virtual std::unique_ptr<TransformKernel<double>> transform_f64([[maybe_unused]] double dt_s) const {
    return {};
  }
  [[nodiscard]] virtual std::unique_ptr<ProjectionKernel<float>> projection_f32([[maybe_unused]] double dt_s) const {
    return {};
  }
  [[nodiscard]] virtual std::unique_ptr<ProjectionKernel<double>> projection_f64([[maybe_unused]] double dt_s) const {
    return {};
  }
};

}  // namespace tyto

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tyto/distribution.hpp>
#include <tyto/ensemble.hpp>
#include <tyto/error.hpp>
#include <tyto/layer.hpp>
#include <tyto/plugin.hpp>
#include <tyto/targets.hpp>

namespace {

enum class Bias { own, from_input };

/// Places of the arrays of an ensemble.
enum Array : std::size_t { encoders, gain, bias, initial_voltage };

/// J_i = gain_i / radius (encoder_i . x) + bias_i + current_i, then a step of the neurons.
template <class S>
class EnsembleKernel final : public tyto::PopulationKernel<S> {
 public:
  EnsembleKernel(std::unique_ptr<tyto::PopulationKernel<S>> neurons, double radius, Bias source)
      : neurons_(std::move(neurons)), radius_(static_cast<S>(radius)), own_bias_(source == Bias::own) {}

  [[nodiscard]] std::size_t state_size() const override { return neurons_->state_size(); }
  [[nodiscard]] std::vector<std::string> state_names() const override { return neurons_->state_names(); }
  void forward(const tyto::ForwardScan<S>& scan) const override { neurons_->forward(scan); }
  void backward(const tyto::BackwardScan<S>&) const override {
    throw tyto::Error("an ensemble cannot be run backwards");
  }

  void rest(std::span<const std::span<const S>> arrays, std::span<S> state) const override {
    neurons_->rest({}, state);
    if (!arrays.empty()) std::copy(arrays[initial_voltage].begin(), arrays[initial_voltage].end(), state.begin());
  }

  void drive(const tyto::PopulationDrive<S>& drive, std::span<const std::span<const S>> arrays) const override {
    const std::size_t n = drive.neurons, dimensions = arrays[encoders].size() / n;
    for (std::size_t row = 0; row < drive.steps * drive.lanes; ++row)
      add_currents(arrays[encoders].data(), arrays[gain].data(), own_bias_ ? arrays[bias].data() : nullptr, radius_,
                   drive.input + row * dimensions, dimensions, drive.current + row * n, n);
  }

 private:
  TYTO_MANY_TARGETS static void add_currents(const S* TYTO_RESTRICT encoder, const S* TYTO_RESTRICT gains,
                                             const S* TYTO_RESTRICT biases, S radius, const S* TYTO_RESTRICT point,
                                             std::size_t dimensions, S* TYTO_RESTRICT current, std::size_t n) {
    // A loop of its own, so that neurons go side by side.
    if (dimensions == 1)
      for (std::size_t i = 0; i < n; ++i) current[i] = gains[i] / radius * (encoder[i] * point[0]) + current[i];
    else
      for (std::size_t i = 0; i < n; ++i) {
        S along = S(0);
        for (std::size_t k = 0; k < dimensions; ++k) along += encoder[i * dimensions + k] * point[k];
        current[i] = gains[i] / radius * along + current[i];
      }
    if (biases == nullptr) return;
    for (std::size_t i = 0; i < n; ++i) current[i] += biases[i];
  }

  std::unique_ptr<tyto::PopulationKernel<S>> neurons_;
  S radius_;
  bool own_bias_;
};

class EnsembleTuning final : public tyto::Tuning {
 public:
  EnsembleTuning(const tyto::RateCurve& curve, double radius, Bias source,
                 std::span<const std::span<const double>> arrays)
      : curve_(curve), radius_(radius), own_bias_(source == Bias::own), arrays_(arrays.begin(), arrays.end()) {}

  [[nodiscard]] std::size_t neurons() const override { return arrays_[gain].size(); }
  [[nodiscard]] std::size_t dimensions() const override { return arrays_[encoders].size() / neurons(); }
  [[nodiscard]] double radius() const override { return radius_; }
  [[nodiscard]] double threshold_current() const override { return curve_.threshold_current(); }
  [[nodiscard]] double rate_hz(double current) const override { return curve_.rate_hz(current); }
  void currents(std::span<const double> point, std::span<double> currents) const override {
    const std::size_t d = dimensions();
    for (std::size_t i = 0; i < currents.size(); ++i) {
      double along = 0;
      for (std::size_t k = 0; k < d; ++k) along += arrays_[encoders][i * d + k] * point[k];
      currents[i] = arrays_[gain][i] / radius_ * along + arrays_[bias][i];
    }
  }
  [[nodiscard]] bool has_own_bias() const override { return own_bias_; }
  void rates_hz(std::span<const double> point, std::span<double> rates) const override {
    currents(point, rates);
    for (double& value : rates) value = curve_.rate_hz(value);
  }

 private:
  const tyto::RateCurve& curve_;
  double radius_;
  bool own_bias_;
  std::vector<std::span<const double>> arrays_;
};

class Ensemble final : public tyto::Layer {
 public:
  int dimensions = 1;
  double radius_of_space = 1;
  std::shared_ptr<const tyto::Layer> neurons;
  tyto::Distribution max_rates;
  tyto::Distribution intercepts;
  tyto::Distribution voltages;
  std::vector<double> given_encoders;
  Bias bias_source = Bias::own;

  static auto parameters() {
    using tyto::Dimension;
    constexpr double most_dimensions = 1024;
    return tyto::parameters<Ensemble>(
               "Population that represents a vector x by the rates of its neurons: neuron i gets the current gain_i "
               "encoder_i . x / radius + bias_i (Eliasmith and Anderson 2003)")
        .details(
            R"(With x[n] the sum of what arrives for the vector in step n, and I_i[n] the sum of what arrives at neuron
i itself:

    J_i[n]  = gain_i / radius (encoder_i . x[n]) + I_i[n] + bias_i
    S_i[n]  = the output of `neurons` for J_i[n], in the same step

    gain_i  = (current(max_rate_i) - current_0) / (1 - intercept_i)
    bias_i  = current_0 - gain_i intercept_i

current(r) is the steady current for the rate r of `neurons`, current_0 the one above which they fire (1 for `nef_lif`
and `rate_lif`). So neuron i begins to fire where encoder_i . x / radius is its intercept, and reaches max_rate_i where
that is 1. With `bias: from_input` bias_i is not added; what arrives at the neurons has to bring it. x is not limited
to the radius.

Encoders have length 1: drawn evenly from all directions, or given and brought to it. The membranes (the first state of
`neurons`) begin at `initial_voltages`. Currents are dimensionless, rates are in Hz, x and radius have one unit.)")
        .integer("dimensions", &Ensemble::dimensions, "1", "of the vector")
        .range(1, most_dimensions)
        .number("radius", &Ensemble::radius_of_space, "1", "length of the vectors that are represented well")
        .positive()
        .component("neurons", &Ensemble::neurons, "nef_lif",
                   "a population whose rate for a steady current is known: nef_lif or rate_lif")
        .group("max_rates", &Ensemble::max_rates,
               tyto::Distribution::parameters(Dimension::frequency, "200 Hz", "400 Hz",
                                              "Rates of the neurons at the end of their range", tyto::StepRole::firing),
               "rates that neurons reach where x points along their encoders with the length of the radius")
        .group("intercepts", &Ensemble::intercepts,
               tyto::Distribution::parameters(Dimension::none, "-1", "0.9", "Where neurons begin to fire"),
               "encoder . x / radius at which neurons begin to fire")
        .group("initial_voltages", &Ensemble::voltages,
               tyto::Distribution::parameters(Dimension::none, "0", "1", "Membranes at the start"),
               "membrane potentials at the start, relative to the threshold")
        .numbers("encoders", &Ensemble::given_encoders, "[]",
                 "preferred directions, neuron after neuron, brought to length 1; without any they are drawn evenly "
                 "from all directions")
        .choice("bias", &Ensemble::bias_source, {{"own", Bias::own}, {"from_input", Bias::from_input}}, "own",
                "where bias currents come from: the neurons' own, or what arrives at the neurons, which then has to "
                "bring them along")
        .check([](const Ensemble& e) -> std::optional<tyto::Problem> {
          if (e.neurons && e.neurons->rate_curve() == nullptr)
            return tyto::Problem{"neurons", "the rate of these neurons for a steady current is not known"};
          if (e.intercepts.greatest() >= 1)
            return tyto::Problem{"intercepts", "must be less than 1, where the range of a neuron ends"};
          try {
            for (const double rate_hz : {e.max_rates.least(), e.max_rates.greatest()})
              static_cast<void>(e.neurons->rate_curve()->current_at(rate_hz));
          } catch (const tyto::Error& error) {
            return tyto::Problem{"max_rates", error.what()};
          }
          return std::nullopt;
        });
  }

  [[nodiscard]] std::size_t input_size(std::size_t) const override { return static_cast<std::size_t>(dimensions); }
  [[nodiscard]] double radius() const override { return radius_of_space; }
  [[nodiscard]] bool spikes() const override { return neurons->spikes(); }

  [[nodiscard]] std::vector<tyto::ArrayInfo> arrays(std::size_t from, std::size_t to) const override {
    max_rates.check("max_rates", to);
    intercepts.check("intercepts", to);
    voltages.check("initial_voltages", to);
    if (!given_encoders.empty() && given_encoders.size() != from * to)
      throw tyto::Error("encoders: " + std::to_string(from * to) + " numbers are needed, not " +
                        std::to_string(given_encoders.size()));
    std::vector<tyto::ArrayInfo> infos(4);
    infos[encoders] = describe("encoders", "preferred directions", {to, from}, {"neuron", "dimension"});
    infos[encoders].initialise = [given = given_encoders, from](tyto::Random& random, std::span<double> values) {
      std::copy(given.begin(), given.end(), values.begin());
      for (std::size_t first = 0; first < values.size(); first += from)
        make_direction(random, values.subspan(first, from), given.empty());
    };
    infos[gain] = describe("gain", "current for a step of 1 along the encoder", {to}, {"neuron"});
    infos[gain].initialise = [own = *this](tyto::Random& random, std::span<double> values) {
      own.draw_currents(random, values, {});
    };
    infos[bias] = describe("bias", "current of the neurons where the vector is 0", {to}, {"neuron"});
    infos[bias].stream = "gain";
    infos[bias].initialise = [own = *this](tyto::Random& random, std::span<double> values) {
      std::vector<double> gains(values.size());
      own.draw_currents(random, gains, values);
    };
    infos[initial_voltage] = describe("initial_voltage", "membrane potential at the start", {to}, {"neuron"});
    infos[initial_voltage].initialise = [own = voltages](tyto::Random& random, std::span<double> values) {
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = own.draw(random, i);
    };
    return infos;
  }

  [[nodiscard]] std::unique_ptr<tyto::Tuning> tuning(std::span<const std::span<const double>> arrays) const override {
    return std::make_unique<EnsembleTuning>(*neurons->rate_curve(), radius_of_space, bias_source, arrays);
  }
  [[nodiscard]] std::unique_ptr<tyto::PopulationKernel<float>> population_f32(double dt_s) const override {
    return std::make_unique<EnsembleKernel<float>>(neurons->population_f32(dt_s), radius_of_space, bias_source);
  }
  [[nodiscard]] std::unique_ptr<tyto::PopulationKernel<double>> population_f64(double dt_s) const override {
    return std::make_unique<EnsembleKernel<double>>(neurons->population_f64(dt_s), radius_of_space, bias_source);
  }

 private:
  static tyto::ArrayInfo describe(std::string name, std::string doc, std::vector<std::size_t> shape,
                                  std::vector<std::string> axes) {
    tyto::ArrayInfo info;
    info.name = std::move(name);
    info.doc = std::move(doc);
    info.shape = std::move(shape);
    info.axes = std::move(axes);
    info.trainable = false;
    return info;
  }

  /// Draws a direction, or brings a given one to length 1.
  static void make_direction(tyto::Random& random, std::span<double> direction, bool draw) {
    double square = 0;
    do {
      square = 0;
      for (double& value : direction) {
        if (draw) value = random.normal();
        square += value * value;
      }
      if (!draw && square == 0) throw tyto::Error("encoders: a direction of length 0 is none");
    } while (square == 0);
    for (double& value : direction) value /= std::sqrt(square);
  }

  /// Gains and biases from max_rates and intercepts: the current is that of the threshold at the intercept, and that of
  /// the maximal rate at the end of the range.
  void draw_currents(tyto::Random& random, std::span<double> gains, std::span<double> biases) const {
    const tyto::RateCurve& curve = *neurons->rate_curve();
    for (std::size_t i = 0; i < gains.size(); ++i) {
      const double rate_hz = max_rates.draw(random, i);
      const double intercept = intercepts.draw(random, i);
      gains[i] = (curve.current_at(rate_hz) - curve.threshold_current()) / (1 - intercept);
      if (!biases.empty()) biases[i] = curve.threshold_current() - gains[i] * intercept;
    }
  }
};

}  // namespace

TYTO_PLUGIN(registrar) {
  registrar.add<Ensemble>("ensemble", {tyto::capability::population, tyto::capability::ensemble});
}

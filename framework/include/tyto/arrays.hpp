/// The arrays of a model: weights, delays, encoders and whatever else its components own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tyto/model.hpp>

namespace tyto {

/// One array of a model.
struct NetworkArray {
  /// What it belongs to: a layer itself, a connection, or the connection of a probe.
  enum class Owner { layer, connection, probe };
  Owner owner = Owner::connection;
  std::size_t index = 0;  ///< of the layer, or of the probe
  std::size_t input = 0;  ///< of a connection: index among the layer's inputs
  std::string group;      ///< "<layer>", "<layer>/<connection>" or "probe_<probe>/<connection>"
  ArrayInfo info;
  std::size_t size = 0;  ///< numbers in it
  bool frozen = false;   ///< a training leaves it as it is, whatever its layer says
  /// What its axes are called throughout the results: "hidden_neuron" for the neurons of a layer, whichever array they
  /// are in, "input_channel" for those of the stimulus, and "from_hidden_neuron" where a connection comes back.
  std::vector<std::string> axes = {};
  /// Name of the stream of random numbers that its initial values are drawn from: "weights/hidden/stimulus/w".
  [[nodiscard]] std::string stream() const {
    return "weights/" + (info.stream.empty() ? path() : group + "/" + info.stream);
  }
  /// Whether a training changes it.
  [[nodiscard]] bool learns() const { return info.trainable && !frozen; }
  /// What it is called everywhere: "hidden/stimulus/w".
  [[nodiscard]] std::string path() const { return group + "/" + info.name; }
};

/// Which arrays of a table belong to something; they stand side by side.
struct ArrayRange {
  std::size_t first = 0;
  std::size_t count = 0;
};

/// Every array of a model in the order in which backends keep them: layer by layer a layer's own, then those of its
/// inputs; then those of probes.
class TYTO_API ArrayTable {
 public:
  ArrayTable() = default;
  explicit ArrayTable(const Model& model);

  [[nodiscard]] std::size_t size() const { return arrays_.size(); }
  [[nodiscard]] const NetworkArray& operator[](std::size_t array) const { return arrays_[array]; }
  [[nodiscard]] auto begin() const { return arrays_.begin(); }
  [[nodiscard]] auto end() const { return arrays_.end(); }

  [[nodiscard]] ArrayRange of_layer(std::size_t layer) const { return layers_.at(layer); }
  [[nodiscard]] ArrayRange of_input(std::size_t layer, std::size_t input) const { return inputs_.at(layer).at(input); }
  [[nodiscard]] ArrayRange of_probe(std::size_t probe) const { return probes_.at(probe); }

  /// Index of the array of that path. Also finds the names that were used before connections stood in paths:
  /// "hidden/w", or "hidden/fast_w" where a layer has several inputs.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view path) const;
  /// The name of that kind of an array.
  [[nodiscard]] std::string earlier_path(std::size_t array) const;
  /// The array that the constraint of an array reads beside it.
  [[nodiscard]] std::optional<std::size_t> companion(std::size_t array) const;

 private:
  ArrayRange add(const NetworkArray& owner, const std::vector<ArrayInfo>& infos);
  template <class Names>
  void name_axes(ArrayRange range, Names&& names_of) {
    for (std::size_t k = range.first; k < range.first + range.count; ++k) arrays_[k].axes = names_of(arrays_[k].info);
  }

  std::vector<NetworkArray> arrays_;
  std::vector<ArrayRange> layers_, probes_;
  std::vector<std::vector<ArrayRange>> inputs_;
};

/// The path of an array of a connection.
[[nodiscard]] TYTO_API std::string array_path(const ModelLayer& layer, const ModelInput& input, std::string_view array);
/// The path of an array that a layer owns itself.
[[nodiscard]] TYTO_API std::string array_path(const ModelLayer& layer, std::string_view array);

/// The arrays of a compiled model.
class TYTO_API ArrayStore {
 public:
  virtual ~ArrayStore() = default;
  [[nodiscard]] virtual const ArrayTable& arrays() const = 0;
  /// The numbers that are used: effective ones, where a constraint tells them from the stored ones.
  [[nodiscard]] virtual std::vector<double> get(std::size_t array) const = 0;
  /// Sets the stored numbers.
  virtual void set(std::size_t array, std::span<const double> values) = 0;
  /// Index of the first number of an array that is infinite or none. Asked after every batch.
  [[nodiscard]] virtual std::optional<std::size_t> first_not_finite(std::size_t array) const;
};

/// Index of the first number that is infinite or none.
[[nodiscard]] TYTO_API std::optional<std::size_t> first_not_finite(std::span<const float> values);
[[nodiscard]] TYTO_API std::optional<std::size_t> first_not_finite(std::span<const double> values);

/// Draws every array's initial values from the seed's stream "weights/<path of the array>".
TYTO_API void initialise(ArrayStore& arrays, std::uint64_t seed);

}  // namespace tyto

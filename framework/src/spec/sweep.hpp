/// The key `sweep`: parameters to vary, a run for each combination of their values.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <tyto/table.hpp>

#include "experiment.hpp"
#include "node.hpp"

namespace tyto::spec {

/// One path of the experiment and the values that it takes along an axis.
struct SweptPath {
  std::string path;                 ///< as --set takes it
  Place place;                      ///< of the path in the file
  std::vector<Node> values;         ///< as they would stand in the experiment
  std::vector<std::string> labels;  ///< as a person reads them
  Values numbers;                   ///< the same as numbers in `units`, or as texts
  std::string units = "1";
};

/// An axis of the sweep: one path, or several whose values go together.
struct SweepAxis {
  std::string zip;  ///< the axis's name if it is zipped; empty for one path
  std::vector<SweptPath> paths;

  [[nodiscard]] std::size_t size() const { return paths.front().values.size(); }
};

struct Sweep {
  Place place;
  std::vector<SweepAxis> axes;  ///< in the order of the document; the last one varies fastest

  [[nodiscard]] std::size_t runs() const;
  /// The place of a run along each axis.
  [[nodiscard]] std::vector<std::size_t> position(std::size_t run) const;
  [[nodiscard]] std::vector<Setting> settings(const std::vector<std::size_t>& position) const;
  /// "model.tau = 2 ms, seed = 3"
  [[nodiscard]] std::string text(const std::vector<std::size_t>& position) const;
};

inline constexpr std::size_t most_runs = 100000;

/// The sweep of an experiment after the command line's changes, or nothing if it has none. Throws InvalidInput
/// with every fault of the sweep itself; whether its values suit the experiment shows when that is loaded with them.
[[nodiscard]] std::optional<Sweep> load_sweep(const Document& document, const Overrides& overrides,
                                              const plugin::Components& components);

/// A short name for each path, by axes: its last key, with keys before it where that is not enough to tell it from
/// the others and from the names in `taken`.
[[nodiscard]] std::vector<std::vector<std::string>> short_names(const Sweep& sweep, const std::set<std::string>& taken);

}  // namespace tyto::spec

/// Named numbers with axes, units and long names: what analyses write and what becomes a group of the
/// results file, readable as it stands by h5py and xarray.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <tyto/export.hpp>

namespace tyto {

using Values = std::variant<std::vector<double>, std::vector<float>, std::vector<std::int64_t>,
                            std::vector<std::int8_t>, std::vector<std::string>>;

/// A dimension with the values along it; becomes a dimension scale.
struct Axis {
  std::string name;
  Values values;
  std::string units;
  std::string long_name;
};

struct Variable {
  std::string name;
  std::vector<std::string> axes;  ///< names of axes of the same table, outermost first; empty: one number
  Values values;                  ///< row-major
  std::string units;
  std::string long_name;
  std::string missing = {};  ///< see nan_means()

  /// Where numbers may be missing, NaN stands in their places; this says when that is, as in "bins without trials". An
  /// analysis that writes NaN without having said so has failed.
  void nan_means(std::string when) { missing = std::move(when); }
};

struct Attribute {
  std::string name;
  std::variant<std::string, double, std::int64_t> value;
};

/// One group of the results file.
struct Table {
  std::vector<Axis> axes;
  std::vector<Variable> variables;
  std::vector<Attribute> attributes;

  void axis(std::string name, Values values, std::string units, std::string long_name) {
    axes.push_back({std::move(name), std::move(values), std::move(units), std::move(long_name)});
  }
  Variable& variable(std::string name, std::vector<std::string> along, Values values, std::string units,
                     std::string long_name) {
    return variables.emplace_back(
        Variable{std::move(name), std::move(along), std::move(values), std::move(units), std::move(long_name)});
  }
  void attribute(std::string name, std::variant<std::string, double, std::int64_t> value) {
    attributes.push_back({std::move(name), std::move(value)});
  }
};

[[nodiscard]] inline std::size_t size_of(const Values& values) {
  return std::visit([](const auto& items) { return items.size(); }, values);
}

}  // namespace tyto

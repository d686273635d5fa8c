/// Reads the golden files: small HDF5 files that pin what each model means.
///
///     const golden::File file("lif_li_sigmoid");
///     const golden::Array w = file.array("w_ih");             // w.shape, w.values
///     const double alpha = file.attribute_number("alpha");
///     const double power = file.attribute_number("case0/power");  // attribute of the group "case0"
///
/// Files come from the folder named by the environment variable TYTO_GOLDEN_DIR, else from this
/// repository's copy. Every failure throws tyto::Error, so that a test cannot pass without its file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "results/hdf5.hpp"

namespace golden {

/// The folder that golden files are read from.
std::filesystem::path folder();

struct Array {
  std::vector<std::size_t> shape;
  std::vector<double> values;  ///< row-major; integers and booleans converted
};

class File {
 public:
  /// `name` without the folder and ".h5".
  explicit File(const std::string& name);

  [[nodiscard]] bool has(const std::string& path) const;
  /// Data set by path, e.g. "w_ih" or "case0/ipd_rad".
  [[nodiscard]] Array array(const std::string& path) const;
  /// Its values alone.
  [[nodiscard]] std::vector<double> values(const std::string& path) const { return array(path).values; }
  /// A data set that holds one value.
  [[nodiscard]] double number(const std::string& path) const;
  /// Names of the members of a group, "/" being the root.
  [[nodiscard]] std::vector<std::string> members(const std::string& group = "/") const;

  /// Attributes: "name" of the file, "group/name" of a group or data set. Booleans are 0 or 1.
  [[nodiscard]] bool has_attribute(const std::string& path) const;
  [[nodiscard]] double attribute_number(const std::string& path) const;
  [[nodiscard]] std::string attribute_text(const std::string& path) const;

 private:
  std::filesystem::path path_;
  tyto::results::h5::Handle file_;
};

}  // namespace golden

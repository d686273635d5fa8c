/// What is in a results file, without its numbers. The file is not trusted, as in read_arrays().
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tyto::results {

struct Outline {
  struct Group {
    std::string path;
    std::vector<std::pair<std::string, std::string>> attributes;  ///< as texts
  };
  struct Item {
    std::string path;
    std::string element;  ///< as NumPy names numbers: "f8", "i4"; or "text", or "other"
    std::vector<std::size_t> shape;
    std::vector<std::string> axes;  ///< names of axes, empty where there is none
    std::string units, long_name;
    bool axis = false;  ///< has the values along an axis

    [[nodiscard]] bool is_number() const { return element != "text" && element != "other"; }
    [[nodiscard]] std::size_t size() const;
  };
  std::vector<Group> groups;  ///< "/" first
  std::vector<Item> items;    ///< data sets

  [[nodiscard]] const Item* find(const std::string& path) const;
  /// An attribute of a group; empty if there is none.
  [[nodiscard]] std::string attribute(const std::string& group, const std::string& name) const;
};

/// Throws Error: no such file, not an HDF5 file, unreadable.
[[nodiscard]] Outline read_outline(const std::filesystem::path& file);

/// The one text of a data set. Throws Error if there is none.
[[nodiscard]] std::string read_one_text(const std::filesystem::path& file, const std::string& path);

/// The group that a data set, or a group, lies in; "/" for those of the root.
[[nodiscard]] std::string group_of(const std::string& path);
/// The last part of a path.
[[nodiscard]] std::string name_of(const std::string& path);

}  // namespace tyto::results

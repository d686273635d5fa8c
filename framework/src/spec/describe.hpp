/// Reference text from parameter declarations, for the terminal and for reference pages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tyto/component.hpp>

namespace tyto::spec {

/// One line of a table of parameters.
struct ParameterRow {
  int depth = 0;  ///< 1 for a member of a group, and so on
  std::string name;
  std::string type;          ///< with units, range or choices
  std::string default_text;  ///< or "required", or "-" for what may be left out
  std::string doc;
};

/// A part of an experiment file that belongs to the framework: "experiment", "objective", ...
struct Block {
  std::string name;
  std::string doc;
  std::vector<ParameterRow> rows;
};

/// The framework's own parts, from the outside inwards.
[[nodiscard]] std::vector<Block> blocks();
/// The rows of a declaration, members of groups below their group.
[[nodiscard]] std::vector<ParameterRow> rows_of(const ParameterList& list);
/// "time [s, ms, us, ns, min] > 0", "whole number 1 .. 64", "mean | sum | last | max", ...
[[nodiscard]] std::string type_text(const ParameterInfo& info);

/// For a terminal. Works from a manifest's information.
[[nodiscard]] std::string describe(const ComponentInfo& component);
[[nodiscard]] std::string describe(const Block& block);
/// The same as Markdown, below a heading of the second level.
[[nodiscard]] std::string markdown(const ComponentInfo& component);
[[nodiscard]] std::string markdown(const Block& block);

}  // namespace tyto::spec

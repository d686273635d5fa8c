/// The values along an axis of a sweep: lists, and ranges such as {linspace: [1 ms, 30 ms, 8]}.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "node.hpp"
#include "sweep.hpp"

namespace tyto::spec {

/// Whether a path is that of a seed, or of one for some purpose.
[[nodiscard]] bool is_seed(std::string_view path);
/// Whether a node is written like a range: a map with one key, which names a range.
[[nodiscard]] bool is_range(const Node& node);
/// The values that a list or range stands for. Throws InvalidInput.
[[nodiscard]] std::vector<Node> swept_values(const Node& node, const std::string& path, std::uint64_t first_seed);
/// Fills in labels, numbers and units from the values. Throws InvalidInput if a value is there twice.
void describe_values(SweptPath& swept);

}  // namespace tyto::spec

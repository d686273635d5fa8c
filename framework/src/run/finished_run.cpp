#include "finished_run.hpp"

#include <fmt/format.h>

namespace tyto::run {

std::vector<double> TestedRun::array(std::string_view layer, std::string_view name) const {
  std::string known;
  for (std::size_t index = 0; index < network_.arrays().size(); ++index) {
    const auto& array = network_.arrays()[index];
    if (array.layer == layer && array.name == name) return network_.get(index);
    known += (known.empty() ? "" : ", ") + array.path();
  }
  throw Error(fmt::format("the network has no array {}/{}; it has {}", layer, name, known));
}

}  // namespace tyto::run

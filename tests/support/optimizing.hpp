/// An optimizer that follows given gradients.
#pragma once

#include <string>
#include <vector>

#include "support/workshop.hpp"

namespace optimizing {

/// Where one parameter that begins at 1 goes.
inline std::vector<double> follow(const std::string& yaml, const std::vector<double>& gradients) {
  const auto optimizer = workshop::make<tyto::Optimizer>(yaml);
  std::vector<double> parameter{1.0};
  std::vector<double> memory(optimizer->slots(), 0.0);
  std::vector<double> path;
  for (std::size_t k = 0; k < gradients.size(); ++k) {
    optimizer->update(parameter, std::span(gradients).subspan(k, 1), memory, static_cast<std::int64_t>(k + 1));
    path.push_back(parameter[0]);
  }
  return path;
}

}  // namespace optimizing

/// Optimizers against PyTorch's, from one update to the next (make_optimizers.py wrote the file).
#include <fstream>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/workshop.hpp"

namespace {

TEST(Optimizers, GoTheWayOfPyTorchs) {
  std::ifstream file(std::string(TYTO_GOLDEN_FOLDER) + "/optimizers.json");
  ASSERT_TRUE(file) << "the golden file is missing";
  const auto golden = nlohmann::json::parse(file);
  ASSERT_GE(golden["paths"].size(), 8U);
  for (const auto& path : golden["paths"]) {
    SCOPED_TRACE(path["optimizer"].get<std::string>());
    const auto optimizer = workshop::make<tyto::Optimizer>(path["optimizer"]);
    auto parameters = golden["start"].get<std::vector<double>>();
    std::vector<double> memory(optimizer->slots() * parameters.size(), 0.0);
    for (std::size_t k = 0; k < path["path"].size(); ++k) {
      const auto gradient = golden["gradients"][k].get<std::vector<double>>();
      optimizer->update(std::span(parameters), std::span<const double>(gradient), memory,
                        static_cast<std::int64_t>(k + 1));
      const auto expected = path["path"][k].get<std::vector<double>>();
      for (std::size_t i = 0; i < expected.size(); ++i)
        ASSERT_NEAR(parameters[i], expected[i], 1e-12 * std::max(1.0, std::abs(expected[i]))) << k << ", " << i;
    }
  }
}

}  // namespace

/// Weights that are found and not learnt: those of every connection that decodes an ensemble.
#pragma once

#include <set>
#include <string>

#include <tyto/backend.hpp>

#include "../results/results_file.hpp"

namespace tyto::run {

/// Solves for the arrays of every decoding connection whose first array is not in `given`, in the order of the model,
/// and writes what the solvers report to /solutions/<layer>/<source>.
void find_decoders(const Model& model, ArrayStore& store, std::uint64_t seed, const std::set<std::string>& given,
                   results::ResultsFile& file);

/// The tuning of an ensemble, which keeps the arrays that it is made of.
class KeptTuning final : public Tuning {
 public:
  /// Throws Error if the layer is no ensemble.
  KeptTuning(const Model& model, std::size_t layer, const ArrayStore& store);

  [[nodiscard]] std::size_t neurons() const override { return tuning_->neurons(); }
  [[nodiscard]] std::size_t dimensions() const override { return tuning_->dimensions(); }
  [[nodiscard]] double radius() const override { return tuning_->radius(); }
  [[nodiscard]] double threshold_current() const override { return tuning_->threshold_current(); }
  [[nodiscard]] double rate_hz(double current) const override { return tuning_->rate_hz(current); }
  void currents(std::span<const double> point, std::span<double> currents) const override {
    tuning_->currents(point, currents);
  }
  [[nodiscard]] bool has_own_bias() const override { return tuning_->has_own_bias(); }
  void rates_hz(std::span<const double> point, std::span<double> rates_hz) const override {
    tuning_->rates_hz(point, rates_hz);
  }

 private:
  std::vector<std::vector<double>> arrays_;
  std::unique_ptr<Tuning> tuning_;
};

}  // namespace tyto::run

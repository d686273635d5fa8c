/// Initial weights: drawn from the seed, or taken from a results file; and the group /weights.
#pragma once

#include <tyto/backend.hpp>

#include "../results/results_file.hpp"
#include "../spec/experiment.hpp"

namespace tyto::run {

/// Sets every array of the network from /weights/<layer>/<name> of a results file. Throws InvalidInput
/// at `place` if one is missing or has another shape.
void take_weights(Network& network, const spec::WeightSource& source, const Place& place);

/// Writes /weights/<layer> for every layer.
void write_weights(const Network& network, results::ResultsFile& file);

}  // namespace tyto::run

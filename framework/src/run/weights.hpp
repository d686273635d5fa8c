/// Initial weights: drawn from the seed, or taken from a results file; and the group /weights.
#pragma once

#include <set>
#include <string>

#include <tyto/backend.hpp>

#include "../results/results_file.hpp"
#include "../spec/experiment.hpp"

namespace tyto::run {

/// Sets every array of the network from /weights/<layer>/<name> of a results file. Throws InvalidInput
/// at `place` if one is missing or has another shape.
void take_weights(ArrayStore& network, const spec::WeightSource& source, const Place& place);

/// The same for a simulation, where arrays that the file lacks stay as they are, and so do those of ensembles unless the
/// source says otherwise. Returns the paths of the arrays that were set. Throws InvalidInput if there is none, or if a
/// shape differs.
std::set<std::string> take_some_weights(ArrayStore& network, const spec::WeightSource& source, const Place& place);

/// Writes /weights/<layer> for every layer.
void write_weights(const ArrayStore& network, results::ResultsFile& file);

}  // namespace tyto::run

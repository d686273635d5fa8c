/// Initial weights: drawn from the seed, or taken from a results file; and the group /weights.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <tyto/backend.hpp>

#include "../results/results_file.hpp"
#include "../spec/experiment.hpp"

namespace tyto::run {

/// Weights of finished stages, by the stage's name.
using Stages = std::map<std::string, std::vector<results::ReadArray>>;

/// Index of an array by its path; throws Error that names the arrays there are.
[[nodiscard]] std::size_t index_of(const ArrayStore& store, std::string_view path);

/// All arrays, as a results file would give them.
[[nodiscard]] std::vector<results::ReadArray> kept_weights(const ArrayStore& network);

/// Sets arrays of the network from the group /weights of a results file or a stage: all of them; in a simulation
/// those of connections, or those that `only` names, and with `ensembles` those of layers. Returns the paths of the
/// arrays that were set. Throws InvalidInput at `place` if one is missing or has another shape.
std::set<std::string> take_weights(ArrayStore& network, const spec::WeightSource& source, bool simulation,
                                   const Stages& stages, const Place& place);

/// The categories that the output neurons stand for, in /objective, so that weights are not taken for others.
void write_categories(const Objective& objective, results::ResultsFile& file);

/// Names and shapes in files of weights, each of which is read once.
using KnownFiles = std::map<std::string, std::vector<results::ReadArray>>;

/// Finds out before a run what take_weights() would find in it, in every stage. Throws InvalidInput.
void check_weights(const spec::Experiment& experiment, KnownFiles& known);
inline void check_weights(const spec::Experiment& experiment) {
  KnownFiles known;
  check_weights(experiment, known);
}

/// Writes /weights/<layer> for every layer, as the numbers that the network works with; of arrays that are left out, an
/// attribute says from which stream of random numbers they were drawn.
void write_weights(const ArrayStore& network, Precision precision, results::ResultsFile& file,
                   const std::set<std::size_t>& left_out = {});

}  // namespace tyto::run

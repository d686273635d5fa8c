/// The targets of recorded trials, and which of them are for what.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <tyto/stimulus.hpp>

namespace recorded {

enum class Meaning { by_type, categories, numbers };

/// One number for each trial of all files, and what it means.
struct Label {
  tyto::TargetInfo info;
  std::vector<double> values;
};

/// Arrays of the same name in each of the files, `counts[k]` trials in the k-th. `names`: what whole numbers stand for,
/// or the order of texts. Throws tyto::Error.
[[nodiscard]] Label read_label(const std::string& name, const std::vector<std::string>& files,
                               const std::vector<std::string>& paths, const std::vector<std::size_t>& counts,
                               Meaning meaning, const std::vector<std::string>& names);

/// Texts of an array with one value for each trial; whole numbers without a point.
[[nodiscard]] std::vector<std::string> read_words(const std::string& file, const std::string& path, std::size_t count);

/// What the trials of a file are used for.
struct Uses {
  double validation_part = 0, test_part = 0;                ///< of all, drawn
  std::string by;                                           ///< array that says it of each trial
  std::vector<std::string> validation_values, test_values;  ///< of that array; without them it has the words
  std::string validation_index, test_index;                 ///< arrays with the numbers of trials
};

/// Numbers of the trials of each split, in the order of tyto::Split.
using Sets = std::array<std::vector<std::uint32_t>, 3>;

/// What trials 0 .. count - 1 of a file are for; those that are drawn are the same for a seed. Throws tyto::Error.
[[nodiscard]] Sets sort_trials(const std::string& file, std::size_t count, const Uses& uses, std::uint64_t seed);

}  // namespace recorded

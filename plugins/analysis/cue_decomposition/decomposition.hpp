/// Parts of a variance: of a two-way table, and of a linear regression on two numbers.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace cues {

inline constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

struct TwoWay {
  double first = undefined;
  double second = undefined;
  double interaction = undefined;
};

/// Shares of the sum of squares of values [first][second][output] around their mean, added up over outputs. One value
/// for each pair and no noise, so that the three parts add up to 1. NaN if the values do not vary.
[[nodiscard]] inline TwoWay two_way(std::span<const double> values, std::size_t size, std::size_t outputs) {
  const auto count = static_cast<double>(size);
  double total = 0, first = 0, second = 0;
  for (std::size_t k = 0; k < outputs; ++k) {
    std::vector<double> row(size), column(size);
    double mean = 0;
    for (std::size_t i = 0; i < size; ++i)
      for (std::size_t j = 0; j < size; ++j) {
        const double value = values[(i * size + j) * outputs + k];
        row[i] += value / count;
        column[j] += value / count;
        mean += value / (count * count);
      }
    for (std::size_t i = 0; i < size; ++i) {
      first += count * (row[i] - mean) * (row[i] - mean);
      second += count * (column[i] - mean) * (column[i] - mean);
      for (std::size_t j = 0; j < size; ++j) {
        const double away = values[(i * size + j) * outputs + k] - mean;
        total += away * away;
      }
    }
  }
  if (!(total > 0)) return {};
  return {first / total, second / total, 1 - (first + second) / total};
}

struct Regression {
  double both = undefined;    ///< R^2 with both numbers
  double first = undefined;   ///< part of it that only the first number explains
  double second = undefined;  ///< part of it that only the second number explains
};

/// Linear regression of values [trial][output] on two numbers of each trial, explained sums of squares added up over
/// outputs. NaN if the values do not vary; a number that does not vary explains nothing.
[[nodiscard]] inline Regression regress(std::span<const double> values, std::size_t outputs, std::span<const double> a,
                                        std::span<const double> b) {
  const std::size_t trials = a.size();
  const auto count = static_cast<double>(trials);
  double mean_a = 0, mean_b = 0;
  for (std::size_t i = 0; i < trials; ++i) {
    mean_a += a[i] / count;
    mean_b += b[i] / count;
  }
  double aa = 0, bb = 0, ab = 0;
  for (std::size_t i = 0; i < trials; ++i) {
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
    ab += (a[i] - mean_a) * (b[i] - mean_b);
  }
  const double determinant = aa * bb - ab * ab;
  double total = 0, only_a = 0, only_b = 0, both = 0;
  for (std::size_t k = 0; k < outputs; ++k) {
    double mean = 0, ya = 0, yb = 0;
    for (std::size_t i = 0; i < trials; ++i) mean += values[i * outputs + k] / count;
    for (std::size_t i = 0; i < trials; ++i) {
      const double y = values[i * outputs + k] - mean;
      total += y * y;
      ya += y * (a[i] - mean_a);
      yb += y * (b[i] - mean_b);
    }
    const double by_a = aa > 0 ? ya * ya / aa : 0;
    const double by_b = bb > 0 ? yb * yb / bb : 0;
    only_a += by_a;
    only_b += by_b;
    // Numbers that are multiples of each other explain together what each explains alone.
    both += determinant > 1e-12 * aa * bb ? (ya * ya * bb + yb * yb * aa - 2 * ya * yb * ab) / determinant
                                          : (by_a > by_b ? by_a : by_b);
  }
  if (!(total > 0)) return {};
  return {both / total, (both - only_b) / total, (both - only_a) / total};
}

}  // namespace cues

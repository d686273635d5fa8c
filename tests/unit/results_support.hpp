/// What the tests of the results area share: a folder for each test, tables, and small files.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <tyto/error.hpp>
#include <tyto/table.hpp>

#include "results/results_file.hpp"

namespace results_support {

namespace fs = std::filesystem;
using tyto::Table;
using tyto::results::ResultsFile;

/// A folder of its own for each test, removed afterwards.
class TemporaryFolder : public testing::Test {
 protected:
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "tyto_results_XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    target = folder / "out.h5";
  }
  ~TemporaryFolder() override { fs::remove_all(folder); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder)) found.push_back(entry.path().filename().string());
    std::sort(found.begin(), found.end());
    return found;
  }

  fs::path folder;
  fs::path target;
};

inline std::string bytes_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline void put(const fs::path& file, const std::string& bytes) { std::ofstream(file, std::ios::binary) << bytes; }

/// The sentence of the Error that an action throws; a failure of the test if it throws none.
template <class Action>
std::string error_of(Action&& action) {
  try {
    action();
  } catch (const tyto::Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "no error was thrown";
  return {};
}

/// Noise, which deflate cannot shorten, so that most of the file is chunk data.
inline std::vector<double> noise(std::size_t size) {
  std::mt19937_64 random(1);
  std::vector<double> values(size);
  std::generate(values.begin(), values.end(), [&] { return std::uniform_real_distribution<double>(-1, 1)(random); });
  return values;
}

inline Table weights_table(std::size_t from, std::size_t to) {
  Table table;
  std::vector<std::int64_t> rows(from);
  std::vector<std::int64_t> columns(to);
  std::iota(rows.begin(), rows.end(), 0);
  std::iota(columns.begin(), columns.end(), 0);
  table.axis("from", rows, "", "index of the sending neuron");
  table.axis("to", columns, "", "index of the receiving neuron");
  table.variable("w", {"from", "to"}, noise(from * to), "", "weight");
  return table;
}

inline void write_weights(const fs::path& target, std::size_t from = 40, std::size_t to = 30) {
  ResultsFile file(target);
  file.write("/weights/hidden", weights_table(from, to));
  file.write("/weights/output", weights_table(to, 3));
  file.commit();
}

}  // namespace results_support

#include "results_file.hpp"

#include "read_process.hpp"

namespace tyto::results {
namespace {

bool take(Records& records, ReadArray& array) {
  if (!records.text(array.path) || !records.numbers(array.shape)) return false;
  std::size_t size = 1;
  for (const std::size_t extent : array.shape)
    if (__builtin_mul_overflow(size, extent, &size)) return false;
  if (size > records.left() / sizeof(double)) return false;
  array.values.resize(size);
  return records.take(array.values.data(), size * sizeof(double));
}

}  // namespace

std::vector<ReadArray> read_arrays(const std::filesystem::path& file, const std::string& group) {
  std::vector<ReadArray> arrays;
  read_untrusted({file, absolute(group), Extent::group},
                 [&](char kind, Records& records) { return kind == 'A' && take(records, arrays.emplace_back()); });
  return arrays;
}

}  // namespace tyto::results

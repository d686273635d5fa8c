/// The program tyto-read, which opens HDF5 files that nobody vouches for (tools/read.cpp), and what it sends.
///
/// It is a program and no fork of this one: other threads of this process may hold locks that no one would open in a
/// fork. Nothing that it sends is trusted either, since the file may have taken control of it.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "array_records.hpp"

namespace tyto::results {

/// Takes the reader's records apart; every step says whether the bytes are there.
class Records {
 public:
  explicit Records(std::span<const char> bytes) : bytes_(bytes) {}
  bool take(void* out, std::size_t size) {
    if (bytes_.size() < size) return false;
    if (size > 0) std::memcpy(out, bytes_.data(), size);
    bytes_ = bytes_.subspan(size);
    return true;
  }
  bool number(std::uint64_t& value) { return take(&value, sizeof value); }
  bool numbers(std::vector<std::size_t>& values) {
    std::uint64_t count = 0;
    if (!number(count) || count > bytes_.size() / sizeof(std::uint64_t)) return false;
    values.resize(count);
    return take(values.data(), count * sizeof(std::uint64_t));
  }
  bool text(std::string& value) {
    std::uint64_t size = 0;
    if (!number(size) || size > bytes_.size()) return false;
    value.assign(bytes_.data(), size);
    bytes_ = bytes_.subspan(size);
    return true;
  }
  bool texts(std::vector<std::string>& values) {
    std::uint64_t count = 0;
    if (!number(count) || count > bytes_.size() / sizeof(std::uint64_t)) return false;
    values.resize(count);
    for (auto& value : values)
      if (!text(value)) return false;
    return true;
  }
  [[nodiscard]] std::size_t left() const { return bytes_.size(); }

 private:
  static_assert(std::is_same_v<std::size_t, std::uint64_t>, "extents travel as 64 bits");
  std::span<const char> bytes_;
};

/// What is read of a file.
struct Request {
  std::filesystem::path file;
  std::string path;
  Extent extent;
  int values = -1;  ///< of Extent::array: the descriptor of a file that its numbers are put into
};

/// Calls visit(kind, records) for each record that tyto-read sends, until visit returns false, which means damage.
/// Throws Error: no such file, not an HDF5 file, what tyto-read says, or that the file is damaged.
void read_untrusted(const Request& request, const std::function<bool(char kind, Records& records)>& visit);

/// A path within a file, from its root on and without a slash at its end.
[[nodiscard]] std::string absolute(std::string path);

}  // namespace tyto::results

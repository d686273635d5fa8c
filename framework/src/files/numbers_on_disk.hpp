/// Numbers that lie in a file, one after the other, and are read when they are asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tyto/data_file.hpp>

namespace tyto {

class DataArray::Source {
 public:
  Content content = Content::real;
  std::vector<std::size_t> shape;
  std::size_t size = 0;
  std::size_t element_bytes = 0;   ///< of a number
  std::vector<std::size_t> rows;   ///< as DataArray::rows()
  std::vector<std::string> texts;  ///< of Content::text

  virtual ~Source() = default;
  virtual void read(std::size_t first, std::span<double> values) const = 0;
};

namespace files {

/// A descriptor that is closed when this goes.
class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  [[nodiscard]] int get() const { return descriptor_; }
  void close();

 private:
  int descriptor_;
};

/// How a number lies in a file, in this machine's byte order, by the names that NumPy has for them.
struct Element {
  enum class Kind : char { boolean = 'b', whole = 'i', natural = 'u', real = 'f' };
  Kind kind = Kind::real;
  std::size_t bytes = 8;

  [[nodiscard]] DataArray::Content content() const {
    return kind == Kind::real ? DataArray::Content::real : DataArray::Content::whole;
  }
};
/// From a word such as "f4"; nothing if there is no such number.
[[nodiscard]] std::optional<Element> element_of(std::string_view word);

/// Reads up to bytes.size() bytes from a place in a file; returns how many there were. Throws Error.
[[nodiscard]] std::size_t read_at(int descriptor, std::uint64_t offset, std::span<char> bytes);

[[nodiscard]] std::uint64_t size_of(const Descriptor& file);

/// A temporary file that has no name and is gone when it is closed. Throws Error.
[[nodiscard]] std::shared_ptr<Descriptor> temporary_file();
/// Bytes for which there is room in that file's folder.
[[nodiscard]] std::uint64_t room_beside(int descriptor);

/// Numbers from `offset` on. `name` is for messages. Throws Error if the file is too short.
[[nodiscard]] std::shared_ptr<DataArray::Source> numbers_on_disk(std::shared_ptr<const Descriptor> file,
                                                                 std::string name, std::uint64_t offset,
                                                                 Element element, std::vector<std::size_t> shape);
/// Texts that have been read.
[[nodiscard]] std::shared_ptr<DataArray::Source> texts_of(std::vector<std::size_t> shape,
                                                          std::vector<std::string> texts);

/// The product of all extents; throws Error, naming the array, if that is more than a machine can address.
[[nodiscard]] std::size_t count_of(const std::vector<std::size_t>& shape, const std::string& name);

}  // namespace files
}  // namespace tyto

#include "numbers_on_disk.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>
#include <utility>

#include <tyto/error.hpp>

namespace tyto::files {

namespace {

/// A number with a sign, five bits of exponent and ten of fraction, as NumPy's float16.
double half(std::uint16_t bits) {
  constexpr unsigned fraction_bits = 10, exponent_mask = 0x1F, fraction_mask = 0x3FF;
  const unsigned exponent = (bits >> fraction_bits) & exponent_mask;
  // In float32, eight bits of exponent and 23 of fraction.
  constexpr unsigned more_fraction = 13, float_fraction = 23, float_special = 0xFF, bias = 127 - 15;
  const double sign = (bits & 0x8000U) != 0 ? -1 : 1;
  if (exponent == 0) return sign * (bits & fraction_mask) * 0x1p-24;
  const std::uint32_t wide = ((exponent == exponent_mask ? float_special : exponent + bias) << float_fraction) |
                             ((bits & fraction_mask) << more_fraction);
  return sign * static_cast<double>(std::bit_cast<float>(wide));
}

template <class T>
void widen(std::span<const char> bytes, std::span<double> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    T value{};
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    values[i] = static_cast<double>(value);
  }
}

void widen(Element element, std::span<const char> bytes, std::span<double> values) {
  using Kind = Element::Kind;
  const bool natural = element.kind == Kind::natural;
  if (element.kind == Kind::real) {
    if (element.bytes == sizeof(double)) return widen<double>(bytes, values);
    if (element.bytes == sizeof(float)) return widen<float>(bytes, values);
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::uint16_t bits = 0;
      std::memcpy(&bits, bytes.data() + i * sizeof bits, sizeof bits);
      values[i] = half(bits);
    }
    return;
  }
  switch (element.bytes) {
    case 1:
      if (element.kind == Kind::boolean) {
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = bytes[i] != 0 ? 1 : 0;
        return;
      }
      return natural ? widen<std::uint8_t>(bytes, values) : widen<std::int8_t>(bytes, values);
    case 2:
      return natural ? widen<std::uint16_t>(bytes, values) : widen<std::int16_t>(bytes, values);
    case 4:
      return natural ? widen<std::uint32_t>(bytes, values) : widen<std::int32_t>(bytes, values);
    default:
      return natural ? widen<std::uint64_t>(bytes, values) : widen<std::int64_t>(bytes, values);
  }
}

class NumbersOnDisk final : public DataArray::Source {
 public:
  NumbersOnDisk(std::shared_ptr<const Descriptor> file, std::string name, std::uint64_t offset, Element element)
      : file_(std::move(file)), name_(std::move(name)), offset_(offset), element_(element) {}

  void read(std::size_t first, std::span<double> values) const override {
    constexpr std::size_t at_once = std::size_t{1} << 16U;
    thread_local std::vector<char> bytes;
    while (!values.empty()) {
      const std::size_t count = std::min(values.size(), at_once);
      bytes.resize(count * element_.bytes);
      if (read_at(file_->get(), offset_ + first * element_.bytes, bytes) != bytes.size())
        throw Error("cannot read " + name_ + ": it has become shorter");
      widen(element_, bytes, values.first(count));
      values = values.subspan(count);
      first += count;
    }
  }

 private:
  std::shared_ptr<const Descriptor> file_;
  std::string name_;
  std::uint64_t offset_;
  Element element_;
};

class Texts final : public DataArray::Source {
 public:
  void read(std::size_t, std::span<double>) const override { throw Error("texts are no numbers"); }
};

}  // namespace

void Descriptor::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

std::optional<Element> element_of(std::string_view word) {
  if (word.size() != 2) return std::nullopt;
  const Element element{static_cast<Element::Kind>(word[0]), static_cast<std::size_t>(word[1] - '0')};
  const std::size_t bytes = element.bytes;
  switch (element.kind) {
    case Element::Kind::boolean:
      return bytes == 1 ? std::optional(element) : std::nullopt;
    case Element::Kind::whole:
    case Element::Kind::natural:
      return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8 ? std::optional(element) : std::nullopt;
    case Element::Kind::real:
      return bytes == 2 || bytes == 4 || bytes == 8 ? std::optional(element) : std::nullopt;
  }
  return std::nullopt;
}

std::size_t read_at(int descriptor, std::uint64_t offset, std::span<char> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto got = ::pread(descriptor, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error(std::string("cannot read a file: ") + std::strerror(errno));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

std::uint64_t size_of(const Descriptor& file) {
  struct stat state {};
  return ::fstat(file.get(), &state) == 0 ? static_cast<std::uint64_t>(state.st_size) : 0;
}

std::shared_ptr<Descriptor> temporary_file() {
  std::error_code error;
  const auto folder = std::filesystem::temp_directory_path(error);
  const std::string where = error ? "/tmp" : folder.string();
  int descriptor = ::open(where.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor < 0) {  // Not every file system has files without names.
    std::string name = where + "/tyto-XXXXXX";
    descriptor = ::mkostemp(name.data(), O_CLOEXEC);
    if (descriptor >= 0) ::unlink(name.c_str());
  }
  if (descriptor < 0) throw Error("cannot make a temporary file in '" + where + "': " + std::strerror(errno));
  return std::make_shared<Descriptor>(descriptor);
}

std::uint64_t room_beside(int descriptor) {
  struct statvfs state {};
  if (::fstatvfs(descriptor, &state) != 0) return std::numeric_limits<std::uint64_t>::max();
  return static_cast<std::uint64_t>(state.f_bavail) * state.f_frsize;
}

std::shared_ptr<DataArray::Source> numbers_on_disk(std::shared_ptr<const Descriptor> file, std::string name,
                                                   std::uint64_t offset, Element element,
                                                   std::vector<std::size_t> shape) {
  const std::size_t count = count_of(shape, name);
  const std::uint64_t bytes = size_of(*file);
  if (offset > bytes || (bytes - offset) / element.bytes < count)
    throw Error(name + " is damaged: it is too short for the " + std::to_string(count) + " numbers of its shape");
  auto source = std::make_shared<NumbersOnDisk>(std::move(file), std::move(name), offset, element);
  source->content = element.content();
  source->element_bytes = element.bytes;
  source->shape = std::move(shape);
  source->size = count;
  return source;
}

std::shared_ptr<DataArray::Source> texts_of(std::vector<std::size_t> shape, std::vector<std::string> texts) {
  auto source = std::make_shared<Texts>();
  source->content = DataArray::Content::text;
  source->shape = std::move(shape);
  source->size = texts.size();
  source->texts = std::move(texts);
  return source;
}

std::size_t count_of(const std::vector<std::size_t>& shape, const std::string& name) {
  std::size_t count = 1;
  bool fits = true;
  for (const std::size_t extent : shape) fits = !__builtin_mul_overflow(count, extent, &count) && fits;
  constexpr std::size_t most = std::size_t{1} << 60U;  // bytes of it can be counted, too
  if (!fits || count > most) throw Error(name + " is damaged: its shape is too large");
  return count;
}

}  // namespace tyto::files

#include "npy.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <string_view>
#include <utility>

#include <tyto/error.hpp>

namespace tyto::files {

namespace {

constexpr std::string_view magic = "\x93NUMPY";

struct Header {
  std::string type;  ///< as in "<f4"
  bool fortran = false;
  std::vector<std::size_t> shape;
  std::uint64_t begin = 0;  ///< where the numbers begin
};

/// Reads the text {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }, whose keys may come in any order.
class HeaderText {
 public:
  explicit HeaderText(std::string_view text) : rest_(text) {}

  bool read(Header& header) {
    if (!take('{')) return false;
    bool type = false, order = false, shape = false;
    while (!take('}')) {
      std::string key;
      if (!word(key) || !take(':')) return false;
      if (key == "descr")
        type = word(header.type);
      else if (key == "fortran_order")
        order = truth(header.fortran);
      else if (key == "shape")
        shape = extents(header.shape);
      else
        return false;
      if (!take(',') && !rest_.starts_with('}')) return false;
    }
    return type && order && shape;
  }

 private:
  void skip() {
    while (!rest_.empty() && std::isspace(static_cast<unsigned char>(rest_.front())) != 0) rest_.remove_prefix(1);
  }
  bool take(char wanted) {
    skip();
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    skip();
    return true;
  }
  bool word(std::string& value) {
    skip();
    if (rest_.empty() || (rest_.front() != '\'' && rest_.front() != '"')) return false;
    const auto end = rest_.find(rest_.front(), 1);
    if (end == std::string_view::npos) return false;
    value = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return true;
  }
  bool truth(bool& value) {
    for (const auto& [text, truth] : {std::pair{std::string_view("True"), true}, {std::string_view("False"), false}})
      if (rest_.starts_with(text)) {
        rest_.remove_prefix(text.size());
        value = truth;
        return true;
      }
    return false;
  }
  bool extents(std::vector<std::size_t>& shape) {
    if (!take('(')) return false;
    while (!take(')')) {
      std::size_t extent = 0;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), extent);
      if (error != std::errc{}) return false;
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
      if (rest_.starts_with('L')) rest_.remove_prefix(1);  // as Python 2 wrote them
      shape.push_back(extent);
      if (!take(',') && !rest_.starts_with(')')) return false;
    }
    return true;
  }

  std::string_view rest_;
};

Header read_header(const Descriptor& file, const std::string& name) {
  constexpr std::size_t longest = std::size_t{1} << 16U;
  const Error damaged(name + " is damaged: it does not say which numbers it holds");
  std::array<char, 12> begin{};
  if (read_at(file.get(), 0, begin) < 10) throw damaged;
  const auto byte = [&](std::size_t i) { return std::size_t{static_cast<unsigned char>(begin[i])}; };
  Header header;
  std::size_t size = byte(8) | byte(9) << 8U;
  header.begin = 10;
  if (byte(6) > 1) {  // Later versions have four bytes for the length.
    size |= byte(10) << 16U | byte(11) << 24U;
    header.begin = 12;
  }
  if (size > longest) throw damaged;
  std::string text(size, '\0');
  if (read_at(file.get(), header.begin, text) != size || !HeaderText(text).read(header)) throw damaged;
  header.begin += size;
  return header;
}

/// A character beyond ASCII as UTF-8.
void append(std::string& text, std::uint32_t c) {
  const auto put = [&](std::uint32_t byte) { text += static_cast<char>(static_cast<unsigned char>(byte)); };
  const auto tail = [&](unsigned shift) { put(0x80U | ((c >> shift) & 0x3FU)); };
  if (c < 0x80) return put(c);
  if (c < 0x800) return put(0xC0U | (c >> 6U)), tail(0);
  if (c < 0x10000) return put(0xE0U | (c >> 12U)), tail(6), tail(0);
  if (c < 0x110000) return put(0xF0U | (c >> 18U)), tail(12), tail(6), tail(0);
  text += '?';
}

/// How long each text is, in characters. Throws Error if that is not said, or beyond all reason.
std::size_t characters_of(const Header& header, const std::string& name) {
  constexpr std::size_t most_characters = 10'000;
  const std::string_view digits = std::string_view(header.type).substr(2);
  std::size_t characters = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), characters);
  if (error != std::errc{} || end != digits.data() + digits.size() || characters > most_characters)
    throw Error(name + " is damaged, or has texts of more than 10000 characters");
  return characters;
}

/// Texts of so many characters each, in one byte (kind 'S') or four (kind 'U').
std::shared_ptr<DataArray::Source> read_texts(const Descriptor& file, const std::string& name, Header header) {
  constexpr std::size_t most_bytes = std::size_t{1} << 30U;
  const char kind = header.type[1];
  const std::size_t characters = characters_of(header, name), bytes_each = characters * (kind == 'U' ? 4 : 1);
  const std::size_t count = count_of(header.shape, name);
  if (count > most_bytes / (bytes_each + sizeof(std::string))) throw Error(name + " holds more than 1 GiB of texts");
  if (size_of(file) < header.begin + count * bytes_each) throw Error(name + " is damaged: it is too short");
  std::vector<char> all(count * bytes_each);
  if (read_at(file.get(), header.begin, all) != all.size()) throw Error(name + " is damaged: it is too short");
  std::vector<std::string> texts(count);
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t k = 0; k < characters; ++k) {
      const char* const at = all.data() + i * bytes_each + k * (kind == 'U' ? 4 : 1);
      const auto byte = [&](std::size_t b) { return std::uint32_t{static_cast<unsigned char>(at[b])}; };
      const std::uint32_t c = kind == 'U' ? byte(0) | byte(1) << 8U | byte(2) << 16U | byte(3) << 24U : byte(0);
      if (c == 0) break;
      if (kind == 'U')
        append(texts[i], c);
      else
        texts[i] += *at;
    }
  return texts_of(std::move(header.shape), std::move(texts));
}

}  // namespace

bool is_npy(const Descriptor& file) {
  std::array<char, magic.size()> found{};
  return read_at(file.get(), 0, found) == found.size() && std::string_view(found.data(), found.size()) == magic;
}

std::uint64_t npy_bytes(const Descriptor& file, const std::string& name) {
  if (!is_npy(file)) throw Error(name + " is no array of NumPy");
  const Header header = read_header(file, name);
  if (header.type.size() < 2) throw Error(name + " is damaged: it does not say which numbers it holds");
  const bool text = header.type[1] == 'U' || header.type[1] == 'S';
  const auto element = element_of(std::string_view(header.type).substr(1));
  // What cannot be read is refused in its own words, for which its beginning is enough.
  std::uint64_t bytes = 0;
  if (!text && !element) return 0;
  const std::uint64_t each = text ? characters_of(header, name) * (header.type[1] == 'U' ? 4 : 1) : element->bytes;
  if (__builtin_mul_overflow(count_of(header.shape, name), each, &bytes)) throw Error(name + " is damaged");
  return header.begin + bytes;
}

std::shared_ptr<DataArray::Source> read_npy(const std::shared_ptr<const Descriptor>& file, const std::string& name) {
  if (!is_npy(*file)) throw Error(name + " is no array of NumPy");
  Header header = read_header(*file, name);
  const std::string& type = header.type;
  if (type.size() < 2) throw Error(name + " is damaged: it does not say which numbers it holds");
  if (type[1] == 'O')
    throw Error(name + " holds objects of Python, which only Python can read; save numbers, and lists of different " +
                "lengths one behind the other, with an array that says which trial each number belongs to");
  if (type[0] == '>') throw Error(name + " has its bytes in the other order; save it with x.astype('<f8')");
  if (header.fortran && std::count_if(header.shape.begin(), header.shape.end(), [](auto n) { return n > 1; }) > 1)
    throw Error(name + " has its axes in Fortran's order; save it with np.ascontiguousarray(x)");
  if (type[1] == 'U' || type[1] == 'S') return read_texts(*file, name, std::move(header));
  const auto element = element_of(std::string_view(type).substr(1));
  if (!element)
    throw Error(name + " holds values of the type '" + type + "', and not numbers, truth values or texts; " +
                "save it with x.astype('f8')");
  return numbers_on_disk(file, name, header.begin, *element, std::move(header.shape));
}

}  // namespace tyto::files

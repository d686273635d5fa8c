/// tyto-read FILE PATH group|array|look|outline: reads the numbers of an HDF5 file that nobody vouches for, and sends
/// them over a pipe, or puts those of one array into a file. Damaged files have made the HDF5 library crash and loop
/// for ever; here that harms nobody.
#include <fcntl.h>
#include <hdf5.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <tyto/error.hpp>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "results/array_records.hpp"
#include "results/hdf5.hpp"
#include "results/read_table.hpp"

namespace tyto::results {
namespace {

// Processor time says that the library loops, on a busy machine too.
constexpr rlim_t cpu_limit_s = 10;
// Of one array, for as many bytes as even a slow machine unpacks in a second.
constexpr std::size_t bytes_in_a_second = std::size_t{20} << 20U;
constexpr std::size_t address_space_limit = std::size_t{4} << 30U;
constexpr std::size_t array_limit = 1000;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;  // Sanitizers reserve terabytes of addresses.
#else
constexpr bool sanitized = false;
#endif

/// Returns whether all of them could be written.
bool write_bytes(int descriptor, const void* data, std::size_t size) {
  const auto* next = static_cast<const char*>(data);
  while (size > 0) {
    const auto sent = ::write(descriptor, next, size);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    next += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

void send_bytes(const void* data, std::size_t size) {
  if (!write_bytes(records_descriptor, data, size)) ::_exit(1);  // Nobody waits for them any more.
}

void keep_values(const void* data, std::size_t size) {
  if (!write_bytes(values_descriptor, data, size))
    throw Error("its numbers find no room in a temporary file; set TMPDIR to a folder with more");
}

void send_mark(char kind) { send_bytes(&kind, 1); }

void send_number(std::uint64_t value) { send_bytes(&value, sizeof value); }

void send_text(std::string_view value) {
  send_number(value.size());
  send_bytes(value.data(), value.size());
}

void send_numbers(const std::vector<std::size_t>& values) {
  send_number(values.size());
  send_bytes(values.data(), values.size() * sizeof(std::size_t));
}

std::size_t address_space_in_use() {
  std::ifstream statm("/proc/self/statm");
  std::size_t pages = 0;
  statm >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// Lowers a limit; an administrator's lower one stays.
void limit(decltype(RLIMIT_CPU) resource, rlim_t value) {
  struct rlimit old {};
  ::getrlimit(resource, &old);
  value = std::min(value, old.rlim_max);
  const struct rlimit lowered { value, value };
  ::setrlimit(resource, &lowered);
}

/// One that can be raised again.
void limit_cpu(rlim_t seconds) {
  struct rlimit limits {};
  ::getrlimit(RLIMIT_CPU, &limits);
  limits.rlim_cur = std::min(seconds, limits.rlim_max);
  ::setrlimit(RLIMIT_CPU, &limits);
}

/// Cuts this process off from everything that it was started with but the pipe.
void confine() {
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  // Ctrl-C reaches the whole foreground group; the program that wants the arrays decides what it means.
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGTERM, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);
  const int nothing = ::open("/dev/null", O_RDWR);
  for (int descriptor = 0; descriptor < records_descriptor; ++descriptor) ::dup2(nothing, descriptor);
  ::close_range(values_descriptor + 1, std::numeric_limits<unsigned>::max(), 0);
  limit(RLIMIT_CORE, 0);
  limit_cpu(cpu_limit_s);
  // A file must not make the library load filter plugins.
  H5PLset_loading_state(0);
  if constexpr (!sanitized) limit(RLIMIT_AS, address_space_in_use() + address_space_limit);
}

void send_dataset(const h5::Handle& dataset, const std::string& path, std::size_t& total) {
  const h5::DatasetInfo info = h5::inspect(dataset);
  if (info.content != h5::Content::number) return;
  if (info.stored_elsewhere) throw Error("'" + path + "' keeps its values in another file");
  std::size_t bytes = sizeof(double);
  for (const std::size_t extent : info.shape)
    if (__builtin_mul_overflow(bytes, extent, &bytes)) throw Error("'" + path + "' is too large");
  total += bytes;
  if (bytes > bytes_limit || total > bytes_limit) throw Error("it holds more than 1 GiB of numbers");
  const std::vector<double> values = h5::read_numbers(dataset);
  send_mark('A');
  send_text(path);
  send_numbers(info.shape);
  send_bytes(values.data(), values.size() * sizeof(double));
}

/// Rows of an array that are read at a time.
std::size_t rows_at_once(std::size_t row_bytes) {
  constexpr std::size_t bytes_at_once = std::size_t{8} << 20U;
  return std::max<std::size_t>(bytes_at_once / std::max<std::size_t>(row_bytes, 1), 1);
}

/// Puts all numbers of an array into the file for values.
void keep_numbers(const h5::Handle& dataset, const h5::Shape& shape, const std::string& element) {
  const std::size_t bytes_each = static_cast<std::size_t>(element[1] - '0');
  std::size_t row_bytes = bytes_each;
  for (std::size_t axis = 1; axis < shape.size(); ++axis) row_bytes *= shape[axis];
  if (row_bytes == 0) return;
  if (row_bytes > bytes_limit) throw Error("a row of its first axis holds more than 1 GiB");
  const std::size_t step = rows_at_once(row_bytes);
  std::vector<char> bytes;
  for (std::size_t row = 0; row < shape[0]; row += step) {
    const std::size_t rows = std::min(step, shape[0] - row);
    bytes.resize(rows * row_bytes);
    h5::read_rows(dataset, row, rows, element, bytes.data());
    keep_values(bytes.data(), bytes.size());
  }
}

/// Puts the numbers of all lists into the file for values; returns where they begin and end.
std::vector<std::size_t> keep_lists(const h5::Handle& dataset, std::size_t lists, const std::string& element) {
  constexpr std::size_t lists_at_once = 64;
  std::vector<std::size_t> ends{0};
  for (std::size_t first = 0; first < lists; first += lists_at_once) {
    const auto bytes = h5::read_lists(dataset, first, std::min(lists_at_once, lists - first), element, ends);
    keep_values(bytes.data(), bytes.size());
  }
  return ends;
}

/// As much processor time as an array of that size may take.
void allow_time_for(std::size_t bytes) { limit_cpu(cpu_limit_s + static_cast<rlim_t>(bytes / bytes_in_a_second)); }

void send_array(const h5::Handle& file, const std::string& path) {
  const h5::Handle dataset = h5::open_for_pieces(file, path);
  const h5::DatasetInfo info = h5::inspect(dataset);
  if (info.stored_elsewhere) throw Error("'" + path + "' keeps its values in another file");
  std::size_t count = 1;
  for (const std::size_t extent : info.shape)
    if (__builtin_mul_overflow(count, extent, &count)) throw Error("'" + path + "' is too large");
  if (info.content == h5::Content::text) {
    if (count > bytes_limit / sizeof(std::string)) throw Error("it holds too many texts");
    const auto texts = h5::read_texts(dataset);
    send_mark('T');
    send_numbers(info.shape);
    send_number(texts.size());
    for (const auto& text : texts) send_text(text);
    return;
  }
  if (info.content == h5::Content::other) throw Error("'" + path + "' in it holds neither numbers nor texts");
  if (info.shape.empty() && info.content == h5::Content::number) {
    const auto number = h5::read_numbers(dataset);
    keep_values(number.data(), number.size() * sizeof(double));
    send_mark('D');
    send_text("f8");
    send_numbers({});
    send_numbers({});
    return;
  }
  const std::string element = h5::element_of(dataset);
  const bool lists = info.content == h5::Content::lists;
  if (info.shape.empty() || (lists && info.shape.size() != 1))
    throw Error("'" + path + "' in it is no array" + (lists ? " with one axis" : ""));
  std::size_t bytes = 0;
  struct statvfs disk {};
  const bool known = ::fstatvfs(values_descriptor, &disk) == 0;
  if (__builtin_mul_overflow(count, static_cast<std::size_t>(element[1] - '0'), &bytes) ||
      (known && bytes / disk.f_frsize > disk.f_bavail))
    throw Error("its numbers find no room in a temporary file; set TMPDIR to a folder with more");
  allow_time_for(lists ? bytes_limit : bytes);
  std::vector<std::size_t> rows;
  if (lists)
    rows = keep_lists(dataset, count, element);
  else
    keep_numbers(dataset, info.shape, element);
  send_mark('D');
  send_text(element);
  send_numbers(lists ? h5::Shape{rows.back()} : info.shape);
  send_numbers(rows);
}

void send_texts(const std::vector<std::string>& texts) {
  send_number(texts.size());
  for (const auto& text : texts) send_text(text);
}

std::string text_of(const Attribute& attribute) {
  if (const auto* text = std::get_if<std::string>(&attribute.value)) return *text;
  if (const auto* whole = std::get_if<std::int64_t>(&attribute.value)) return std::to_string(*whole);
  return fmt::format("{}", std::get<double>(attribute.value));
}

std::string attribute_text(const h5::Handle& object, const std::string& name) {
  return h5::has_attribute(object, name) ? h5::read_text_attribute(object, name) : "";
}

void send_outline_of(const h5::Handle& dataset, const std::string& path) {
  const h5::DatasetInfo info = h5::inspect(dataset);
  send_mark('S');
  send_text(path);
  send_text(info.content == h5::Content::number ? h5::element_of(dataset)
            : info.content == h5::Content::text ? "text"
                                                : "other");
  send_numbers(info.shape);
  send_texts(h5::scales_of(dataset));
  send_text(attribute_text(dataset, "units"));
  send_text(attribute_text(dataset, "long_name"));
  send_number(h5::is_scale(dataset) ? 1 : 0);
}

void send_outline(const h5::Handle& file) {
  constexpr std::size_t most = 100'000;
  std::size_t sent = 0;
  for (const auto& path : group_paths(file)) {
    const h5::Handle group = h5::open_group(file, path);
    std::vector<std::string> names = h5::attribute_names(group), texts;
    for (const auto& name : names) {
      try {
        texts.push_back(text_of(h5::read_attribute(group, name)));
      } catch (const Error&) {
        texts.emplace_back("...");  // nothing that this program writes
      }
    }
    send_mark('G');
    send_text(path);
    send_texts(names);
    send_texts(texts);
    const std::string above = path == "/" ? path : path + "/";
    for (const auto& name : h5::members(group)) {
      // What is reached by a link that may lead out of the file is left alone.
      if (!h5::exists(file, above + name) || h5::is_group(file, above + name)) continue;
      if (++sent > most) throw Error("it holds more than 100000 data sets");
      send_outline_of(h5::open_dataset(file, above + name), above + name);
    }
  }
  send_mark('Z');
}

void send(const std::filesystem::path& file, const std::string& group, std::string_view extent) {
  const bool one = extent != word_of(Extent::group);
  const std::string what = one ? "data set" : "group";
  const h5::Handle handle = h5::open_file(file);
  if (extent == word_of(Extent::outline)) {
    send_outline(handle);
    return;
  }
  const bool there = h5::exists(handle, group);
  if (extent == word_of(Extent::look)) {
    if (!there) send_mark('N');
    send_mark('Z');
    return;
  }
  if (!there) throw Error("there is no " + what + " '" + group + "' in it");
  if (h5::is_group(handle, group) == one) throw Error("'" + group + "' in it is not a readable " + what);
  if (one) {
    send_array(handle, group);
    send_mark('Z');
    return;
  }
  std::size_t total = 0;
  const h5::Handle place = h5::open_group(handle, group);
  const std::string above = group == "/" ? group : group + "/";
  for (const auto& name : h5::datasets_below(place, array_limit))
    send_dataset(h5::open_dataset(place, name), above + name, total);
  send_mark('Z');
}

}  // namespace
}  // namespace tyto::results

int main(int count, char** words) {
  using namespace tyto::results;
  if (count != 4 || ::fcntl(records_descriptor, F_GETFD) < 0) {
    std::fputs("tyto-read is started by Tyto, with a pipe for what it reads\n", stderr);
    return 2;
  }
  confine();
  try {
    send(words[1], words[2], words[3]);
  } catch (const std::exception& error) {
    send_mark('E');
    send_text(error.what());
  }
  ::_exit(0);  // A library that a damaged file has upset is not asked to tidy up.
}

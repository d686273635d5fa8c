/// tyto-read FILE PATH group|dataset: reads the numbers of an HDF5 file that nobody vouches for, and sends them over a
/// pipe. Damaged files have made the HDF5 library crash and loop for ever; here that harms nobody.
#include <fcntl.h>
#include <hdf5.h>
#include <sys/resource.h>
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
#include <vector>

#include "results/array_records.hpp"
#include "results/hdf5.hpp"

namespace tyto::results {
namespace {

// Processor time says that the library loops, on a busy machine too.
constexpr rlim_t cpu_limit_s = 10;
constexpr std::size_t address_space_limit = std::size_t{4} << 30U;
constexpr std::size_t array_limit = 1000;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;  // Sanitizers reserve terabytes of addresses.
#else
constexpr bool sanitized = false;
#endif

void send_bytes(const void* data, std::size_t size) {
  const auto* next = static_cast<const char*>(data);
  while (size > 0) {
    const auto sent = ::write(records_descriptor, next, size);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) ::_exit(1);  // Nobody waits for them any more.
    next += sent;
    size -= static_cast<std::size_t>(sent);
  }
}

void send_mark(char kind) { send_bytes(&kind, 1); }

void send_number(std::uint64_t value) { send_bytes(&value, sizeof value); }

void send_text(std::string_view value) {
  send_number(value.size());
  send_bytes(value.data(), value.size());
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

/// Cuts this process off from everything that it was started with but the pipe.
void confine() {
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  // Ctrl-C reaches the whole foreground group; the program that wants the arrays decides what it means.
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGTERM, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);
  const int nothing = ::open("/dev/null", O_RDWR);
  for (int descriptor = 0; descriptor < records_descriptor; ++descriptor) ::dup2(nothing, descriptor);
  ::close_range(records_descriptor + 1, std::numeric_limits<unsigned>::max(), 0);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, cpu_limit_s);
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
  send_number(info.shape.size());
  for (const std::size_t extent : info.shape) send_number(extent);
  send_bytes(values.data(), values.size() * sizeof(double));
}

void send(const std::filesystem::path& file, const std::string& group, bool one) {
  const std::string what = one ? "data set" : "group";
  const h5::Handle handle = h5::open_file(file);
  if (!h5::exists(handle, group)) throw Error("there is no " + what + " '" + group + "' in it");
  if (h5::is_group(handle, group) == one) throw Error("'" + group + "' in it is not a readable " + what);
  std::size_t total = 0;
  if (one) {
    send_dataset(h5::open_dataset(handle, group), group, total);
    send_mark('Z');
    return;
  }
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
    send(words[1], words[2], words[3] == word_of(Extent::dataset));
  } catch (const std::exception& error) {
    send_mark('E');
    send_text(error.what());
  }
  ::_exit(0);  // A library that a damaged file has upset is not asked to tidy up.
}

#include <fcntl.h>
#include <hdf5.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <exception>
#include <fstream>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tyto/dataset.hpp>
#include <tyto/error.hpp>

#include "hdf5.hpp"
#include "results_file.hpp"

// The child sends records over a pipe, in the machine's own byte order:
//   'A' path rank extent... values...   one array
//   'E' sentence                        it failed, and why
//   'Z'                                 all arrays have been sent
// where a text is its length (64 bits) and its bytes. The parent trusts none of it: the file may have
// taken control of the child.

namespace tyto::results {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// Damaged files have made the library loop for ever: processor time says so on a busy machine, too. Wall time is for a
// disk that does not answer.
constexpr rlim_t cpu_limit_s = 10;
constexpr std::chrono::seconds wall_limit{60};
constexpr std::size_t address_space_limit = std::size_t{4} << 30U;
constexpr std::size_t array_limit = 1000;
constexpr std::size_t bytes_limit = std::size_t{1} << 30U;
constexpr std::size_t stream_limit = bytes_limit + (std::size_t{16} << 20U);

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;  // Sanitizers reserve terabytes of addresses.
#else
constexpr bool sanitized = false;
#endif

std::string quoted(const fs::path& file) { return "'" + file.string() + "'"; }

// What can be told without the HDF5 library.

void check_is_regular(const fs::path& file) {
  struct stat state {};
  if (::stat(file.c_str(), &state) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) throw Error("there is no file " + quoted(file));
    throw Error("cannot read " + quoted(file) + ": " + std::strerror(errno));
  }
  if (S_ISDIR(state.st_mode)) throw Error(quoted(file) + " is a folder, not an HDF5 file");
  if (!S_ISREG(state.st_mode)) throw Error(quoted(file) + " is not a regular file");
}

/// The signature stands at byte 0, 512, 1024, 2048, ...
void check_signature(const fs::path& file) {
  constexpr std::string_view signature = "\x89HDF\r\n\x1a\n";
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw Error("cannot read " + quoted(file) + ": " + std::strerror(errno));
  std::array<char, signature.size()> found{};
  for (std::streamoff at = 0; at < (std::streamoff{1} << 40); at = at == 0 ? 512 : at * 2) {
    stream.seekg(at);
    if (!stream.read(found.data(), found.size())) break;
    if (std::string_view(found.data(), found.size()) == signature) return;
  }
  throw Error(quoted(file) + " is not an HDF5 file");
}

// The child.

class Sender {
 public:
  explicit Sender(int pipe) : pipe_(pipe) {}
  void bytes(const void* data, std::size_t size) const {
    const auto* next = static_cast<const char*>(data);
    while (size > 0) {
      const auto sent = ::write(pipe_, next, size);
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) ::_exit(1);  // The parent has given up.
      next += sent;
      size -= static_cast<std::size_t>(sent);
    }
  }
  void mark(char kind) const { bytes(&kind, 1); }
  void number(std::uint64_t value) const { bytes(&value, sizeof value); }
  void text(std::string_view value) const {
    number(value.size());
    bytes(value.data(), value.size());
  }

 private:
  int pipe_;
};

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

/// Cuts the child off from everything of the parent but the pipe, which becomes descriptor 3.
void confine(int pipe) {
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  // Ctrl-C reaches the whole foreground group; the parent decides what it means.
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGTERM, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);
  const int nothing = ::open("/dev/null", O_RDWR);
  for (int descriptor = 0; descriptor < 3; ++descriptor) ::dup2(nothing, descriptor);
  if (pipe != 3) ::dup2(pipe, 3);
  ::close_range(4, std::numeric_limits<unsigned>::max(), 0);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, cpu_limit_s);
  // A file must not make the library load filter plugins.
  H5PLset_loading_state(0);
  if constexpr (!sanitized) limit(RLIMIT_AS, address_space_in_use() + address_space_limit);
}

void send_dataset(const Sender& sender, const h5::Handle& dataset, const std::string& path, std::size_t& total) {
  const h5::DatasetInfo info = h5::inspect(dataset);
  if (info.content != h5::Content::number) return;
  if (info.stored_elsewhere) throw Error("'" + path + "' keeps its values in another file");
  std::size_t bytes = sizeof(double);
  for (const std::size_t extent : info.shape)
    if (__builtin_mul_overflow(bytes, extent, &bytes)) throw Error("'" + path + "' is too large");
  total += bytes;
  if (bytes > bytes_limit || total > bytes_limit) throw Error("it holds more than 1 GiB of numbers");
  const std::vector<double> values = h5::read_numbers(dataset);
  sender.mark('A');
  sender.text(path);
  sender.number(info.shape.size());
  for (const std::size_t extent : info.shape) sender.number(extent);
  sender.bytes(values.data(), values.size() * sizeof(double));
}

/// What is read of a file.
enum class Extent { group, dataset };

struct Request {
  fs::path file;
  std::string path;
  Extent extent;
};

void send(const Sender& sender, const Request& request) {
  const std::string& group = request.path;
  const bool one = request.extent == Extent::dataset;
  const std::string what = one ? "data set" : "group";
  const h5::Handle handle = h5::open_file(request.file);
  if (!h5::exists(handle, group)) throw Error("there is no " + what + " '" + group + "' in it");
  if (h5::is_group(handle, group) == one) throw Error("'" + group + "' in it is not a readable " + what);
  std::size_t total = 0;
  if (one) {
    send_dataset(sender, h5::open_dataset(handle, group), group, total);
    sender.mark('Z');
    return;
  }
  const h5::Handle place = h5::open_group(handle, group);
  const std::string above = group == "/" ? group : group + "/";
  for (const auto& name : h5::datasets_below(place, array_limit))
    send_dataset(sender, h5::open_dataset(place, name), above + name, total);
  sender.mark('Z');
}

[[noreturn]] void child(int pipe, const Request& request) noexcept {
  confine(pipe);
  const Sender sender(3);
  try {
    send(sender, request);
  } catch (const std::exception& error) {
    sender.mark('E');
    sender.text(error.what());
  }
  ::_exit(0);  // No exit handlers: what they would write or remove belongs to the parent.
}

// The parent.

/// Takes the child's records apart; every step says whether the bytes are there.
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
  bool text(std::string& value) {
    std::uint64_t size = 0;
    if (!number(size) || size > bytes_.size()) return false;
    value.assign(bytes_.data(), size);
    bytes_ = bytes_.subspan(size);
    return true;
  }
  bool array(ReadArray& array) {
    constexpr std::uint64_t rank_limit = 32;
    std::uint64_t rank = 0;
    if (!text(array.path) || !number(rank) || rank > rank_limit) return false;
    array.shape.resize(rank);
    std::size_t size = 1;
    for (auto& extent : array.shape)
      if (!number(extent) || __builtin_mul_overflow(size, extent, &size)) return false;
    if (size > bytes_.size() / sizeof(double)) return false;
    array.values.resize(size);
    return take(array.values.data(), size * sizeof(double));
  }

 private:
  static_assert(std::is_same_v<std::size_t, std::uint64_t>, "extents travel as 64 bits");
  std::span<const char> bytes_;
};

/// The child process: killed, if it still runs, and waited for when this goes.
class Child {
 public:
  Child(pid_t process, int pipe) : process_(process), pipe_(pipe) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    ::close(pipe_);
    ::kill(process_, SIGKILL);
    while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  /// All that it sends until it closes the pipe; nothing if it takes too long or sends too much.
  [[nodiscard]] std::optional<std::vector<char>> receive() const {
    const auto deadline = Clock::now() + wall_limit;
    std::vector<char> all;
    std::vector<char> buffer(std::size_t{1} << 16U);
    while (all.size() <= stream_limit) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      if (left <= 0) return std::nullopt;
      struct pollfd waiting {
        pipe_, POLLIN, 0
      };
      if (::poll(&waiting, 1, static_cast<int>(left)) <= 0) continue;  // Time is up, or a signal came.
      const auto got = ::read(pipe_, buffer.data(), buffer.size());
      if (got == 0) return all;
      if (got < 0 && errno != EINTR) return all;
      if (got > 0) all.insert(all.end(), buffer.data(), buffer.data() + got);
    }
    return std::nullopt;
  }

 private:
  pid_t process_;
  int pipe_;
};

std::vector<char> run_child(const Request& request) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw Error("cannot make a pipe: " + std::string(std::strerror(errno)));
  auto library = h5::exclusive();
  const pid_t process = ::fork();
  if (process == 0) child(pipe[1], request);
  const int fork_error = errno;
  library.unlock();
  ::close(pipe[1]);
  if (process < 0) {
    ::close(pipe[0]);
    throw Error("cannot start a process to read " + quoted(request.file) + ": " + std::strerror(fork_error));
  }
  auto records = Child(process, pipe[0]).receive();
  if (!records)
    throw Error("cannot read " + quoted(request.file) + ": it is too large, or its disk does not answer for a minute");
  return std::move(*records);
}

/// One line of at most 300 printable bytes, whatever the child sent.
std::string one_line(std::string text) {
  constexpr std::size_t longest = 300;
  if (text.size() > longest) text = text.substr(0, longest) + "...";
  for (char& c : text)
    if ((c >= 0 && c < ' ') || c == 127) c = '?';
  return text;
}

std::string absolute(std::string group) {
  while (group.size() > 1 && group.ends_with('/')) group.pop_back();
  return group.starts_with('/') ? group : "/" + group;
}

std::vector<ReadArray> read(const Request& request) {
  const fs::path& file = request.file;
  check_is_regular(file);
  check_signature(file);
  const std::vector<char> bytes = run_child(request);
  Records records(bytes);
  std::vector<ReadArray> arrays;
  for (char kind = 0; records.take(&kind, 1);) {
    if (kind == 'Z') return arrays;
    if (kind == 'E') {
      std::string sentence;
      if (!records.text(sentence)) break;
      // The library names the file itself where it cannot open it.
      const bool named = sentence.starts_with("cannot open " + quoted(file));
      throw Error((named ? "" : "cannot use " + quoted(file) + ": ") + one_line(sentence));
    }
    if (kind != 'A' || !records.array(arrays.emplace_back())) break;
  }
  throw Error(quoted(file) + " is damaged: the HDF5 library crashed or took too long while reading it");
}

}  // namespace

std::vector<ReadArray> read_arrays(const fs::path& file, const std::string& group) {
  return read({file, absolute(group), Extent::group});
}

}  // namespace tyto::results

namespace tyto {

Dataset read_dataset(const std::string& file, const std::string& path) {
  const std::string place = results::absolute(path);
  auto arrays = results::read({file, place, results::Extent::dataset});
  if (arrays.size() != 1) throw Error("cannot use '" + file + "': '" + place + "' in it holds no numbers");
  return {std::move(arrays[0].shape), std::move(arrays[0].values)};
}

}  // namespace tyto

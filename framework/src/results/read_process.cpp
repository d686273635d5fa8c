#include "read_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <optional>
#include <string_view>
#include <utility>

#include <tyto/error.hpp>

#include "../files/numbers_on_disk.hpp"
#include "../files/own_library.hpp"

namespace tyto::results {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// The reader limits its own processor time; wall time is for a disk that does not answer.
constexpr std::chrono::seconds wall_limit{120};
constexpr std::chrono::seconds wall_limit_of_values{3600};
constexpr std::size_t stream_limit = bytes_limit + (std::size_t{16} << 20U);

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

/// The reader's process: killed, if it still runs, and waited for when this goes.
class Child {
 public:
  explicit Child(pid_t process) : process_(process) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (process_ > 0) ::kill(process_, SIGKILL);
    static_cast<void>(wait());
  }
  /// Waits until it has ended; returns its status as waitpid() gives it.
  [[nodiscard]] int wait() {
    int status = 0;
    while (process_ > 0 && ::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    process_ = 0;
    return status;
  }

 private:
  pid_t process_;
};

/// All that comes until the other end is closed; nothing if that takes too long or is too much.
std::optional<std::vector<char>> receive(int pipe, std::chrono::seconds limit) {
  const auto deadline = Clock::now() + limit;
  std::vector<char> all;
  std::vector<char> buffer(std::size_t{1} << 16U);
  while (all.size() <= stream_limit) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return std::nullopt;
    struct pollfd waiting {
      pipe, POLLIN, 0
    };
    if (::poll(&waiting, 1, static_cast<int>(left)) <= 0) continue;  // Time is up, or a signal came.
    const auto got = ::read(pipe, buffer.data(), buffer.size());
    if (got == 0) return all;
    if (got < 0 && errno != EINTR) return all;
    if (got > 0) all.insert(all.end(), buffer.data(), buffer.data() + got);
  }
  return std::nullopt;
}

/// Starts `program` to read what is asked for, with `pipe` for what it finds. Ctrl-C, which reaches it as well, means
/// nothing to it from its first instruction on. Returns 0, or the number of the error.
int start(const std::string& program, const Request& request, int given_pipe, pid_t& process) {
  // Neither may be where the other is put.
  const files::Descriptor moved_pipe(::fcntl(given_pipe, F_DUPFD_CLOEXEC, values_descriptor + 1));
  const files::Descriptor moved_values(
      request.values >= 0 ? ::fcntl(request.values, F_DUPFD_CLOEXEC, values_descriptor + 1) : -1);
  const int pipe = moved_pipe.get();
  if (pipe < 0 || (request.values >= 0 && moved_values.get() < 0)) return errno;
  std::array<std::string, 4> words{program, request.file.string(), request.path, std::string(word_of(request.extent))};
  std::array<char*, 5> arguments{};
  for (std::size_t i = 0; i < words.size(); ++i) arguments[i] = words[i].data();
  sigset_t blocked{};
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGINT);
  ::sigaddset(&blocked, SIGTERM);
  posix_spawnattr_t attributes{};
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setsigmask(&attributes, &blocked);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  posix_spawn_file_actions_t actions{};
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, pipe, records_descriptor);
  if (request.values >= 0) ::posix_spawn_file_actions_adddup2(&actions, moved_values.get(), values_descriptor);
  const int error = ::posix_spawn(&process, program.c_str(), &actions, &attributes, arguments.data(), ::environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  return error;
}

/// What the reader sends.
std::vector<char> run_reader(const Request& request) {
  const std::string program = (own_library().parent_path() / "tyto" / "tyto-read").string();
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw Error("cannot make a pipe: " + std::string(std::strerror(errno)));
  const files::Descriptor ours(pipe[0]);
  files::Descriptor theirs(pipe[1]);
  pid_t process = 0;
  const std::string what = " '" + program + "', which reads " + quoted(request.file);
  if (const int error = start(program, request, theirs.get(), process); error != 0)
    throw Error("cannot start" + what + ": " + std::strerror(error));
  Child child(process);
  theirs.close();
  auto records = receive(ours.get(), request.values >= 0 ? wall_limit_of_values : wall_limit);
  if (!records)
    throw Error("cannot read " + quoted(request.file) + ": it is too large, or its disk does not answer for minutes");
  if (const int status = child.wait(); WIFEXITED(status) && WEXITSTATUS(status) != 0)
    throw Error("cannot run" + what + ": it ended with exit code " + std::to_string(WEXITSTATUS(status)));
  return std::move(*records);
}

/// One line of at most 300 printable bytes, whatever the reader sent.
std::string one_line(std::string text) {
  constexpr std::size_t longest = 300;
  if (text.size() > longest) text = text.substr(0, longest) + "...";
  for (char& c : text)
    if ((c >= 0 && c < ' ') || c == 127) c = '?';
  return text;
}

}  // namespace

std::string absolute(std::string group) {
  while (group.size() > 1 && group.ends_with('/')) group.pop_back();
  return group.starts_with('/') ? group : "/" + group;
}

void read_untrusted(const Request& request, const std::function<bool(char kind, Records& records)>& visit) {
  const fs::path& file = request.file;
  check_is_regular(file);
  check_signature(file);
  const std::vector<char> bytes = run_reader(request);
  Records records(bytes);
  for (char kind = 0; records.take(&kind, 1);) {
    if (kind == 'Z') return;
    if (kind == 'E') {
      std::string sentence;
      if (!records.text(sentence)) break;
      // The library names the file itself where it cannot open it.
      const bool named = sentence.starts_with("cannot open " + quoted(file));
      throw Error((named ? "" : "cannot use " + quoted(file) + ": ") + one_line(sentence));
    }
    if (!visit(kind, records)) break;
  }
  throw Error(quoted(file) + " is damaged: the HDF5 library crashed or took too long while reading it");
}

}  // namespace tyto::results

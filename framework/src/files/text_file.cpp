#include "text_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <tyto/error.hpp>

namespace tyto::files {

namespace {

struct Open {
  int number;
  ~Open() { ::close(number); }
};

}  // namespace

std::string read_text_file(const std::filesystem::path& file, std::size_t most) {
  // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
  const int number = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (number < 0) throw Error(std::string("cannot open this file: ") + std::strerror(errno));
  const Open open{number};
  struct stat state {};
  if (::fstat(number, &state) != 0) throw Error(std::string("cannot read this file: ") + std::strerror(errno));
  if (S_ISDIR(state.st_mode)) throw Error("this is a folder, not a file");
  if (!S_ISREG(state.st_mode)) throw Error("this is not a regular file; copy what it gives into one");
  std::string text;
  std::array<char, 16384> block{};
  while (text.size() <= most) {
    const auto got = ::read(number, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error(std::string("cannot read this file: ") + std::strerror(errno));
    if (got == 0) return text;
    text.append(block.data(), static_cast<std::size_t>(got));
  }
  throw Error("the text is too large: more than " + std::to_string(most >> 20U) + " MiB");
}

}  // namespace tyto::files

#include "parts.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include <tyto/error.hpp>

#include "../files/text_file.hpp"
#include "../results/sha256.hpp"

namespace tyto::sweep {

namespace {

namespace fs = std::filesystem;

constexpr const char* lock_name = ".lock";
constexpr std::size_t key_length = 64;

fs::path folder_beside(const fs::path& out) {
  fs::path folder = out;
  if (folder.extension() == ".h5") folder.replace_extension();
  return folder.concat(".parts");
}

/// "<key>.h5", its checksum "<key>.sha256", or a temporary file of one, ".<key>.h5.<process>.<number>.tmp".
bool is_part(const std::string& name) {
  const std::size_t begin = name.starts_with('.') ? 1 : 0;
  if (name.size() < begin + key_length) return false;
  const auto key = name.substr(begin, key_length);
  const bool is_key =
      std::all_of(key.begin(), key.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  const std::string rest = name.substr(begin + key_length);
  return is_key && (begin == 0 ? rest == ".h5" || rest == ".sha256"
                               : (rest.starts_with(".h5.") || rest.starts_with(".sha256")) && rest.ends_with(".tmp"));
}

}  // namespace

Parts::Parts(const fs::path& out) : folder_(folder_beside(out)) {
  std::error_code error;
  fs::create_directory(folder_, error);
  if (error) throw Error("cannot make the folder '" + folder_.string() + "': " + error.message());
  lock_ = ::open((folder_ / lock_name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (lock_ < 0) throw Error("cannot write in the folder '" + folder_.string() + "': " + std::strerror(errno));
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    ::close(lock_);
    throw Error("another program is running this sweep: it has locked '" + folder_.string() + "'");
  }
}

bool Parts::begun(const fs::path& out) {
  std::error_code ignored;
  return fs::is_directory(folder_beside(out), ignored);
}

Parts::~Parts() {
  if (lock_ >= 0) ::close(lock_);
}

fs::path Parts::file(const std::string& key) const { return folder_ / (key + ".h5"); }

bool Parts::has(const std::string& key) const {
  std::error_code ignored;
  if (!fs::is_regular_file(file(key), ignored)) return false;
  // Nothing of a part is looked into before its checksum is known to be right.
  try {
    constexpr std::size_t most = 1000;
    return files::read_text_file(sum_file(key), most) == sum_of(key);
  } catch (const Error&) {
    return false;  // Not there or damaged, and made anew.
  }
}

std::string Parts::sum_of(const std::string& key) const {
  // The key is part of it, so that no part stands for another one.
  return results::sha256_text(key + ' ' + results::sha256_file(file(key))) + '\n';
}

fs::path Parts::sum_file(const std::string& key) const { return folder_ / (key + ".sha256"); }

void Parts::seal(const std::string& key) const {
  const fs::path sum = sum_file(key);
  const fs::path temporary = folder_ / ("." + sum.filename().string() + ".tmp");
  std::ofstream stream(temporary);
  stream << sum_of(key);
  stream.close();
  std::error_code error;
  if (stream) fs::rename(temporary, sum, error);
  if (!stream || error) throw Error("cannot write '" + sum.string() + "'");
}

void Parts::remove() {
  std::error_code ignored;
  std::vector<fs::path> parts;
  for (const auto& entry : fs::directory_iterator(folder_, ignored))
    if (is_part(entry.path().filename().string())) parts.push_back(entry.path());
  for (const auto& part : parts) fs::remove(part, ignored);
  fs::remove(folder_ / lock_name, ignored);
  fs::remove(folder_, ignored);  // Fails, as it should, if something else is in it.
}

}  // namespace tyto::sweep

#include "npz.hpp"

#include <unistd.h>
#include <zip.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include <tyto/error.hpp>

#include "npy.hpp"

namespace tyto::files {

namespace {

constexpr std::string_view ending = ".npy";

struct Discard {
  void operator()(zip_t* archive) const { ::zip_discard(archive); }
  void operator()(zip_file_t* file) const { ::zip_fclose(file); }
};
using Archive = std::unique_ptr<zip_t, Discard>;

Archive open_archive(const std::filesystem::path& file) {
  int code = 0;
  Archive archive(::zip_open(file.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &code));
  if (archive) return archive;
  zip_error_t error{};
  ::zip_error_init_with_code(&error, code);
  const std::string why = ::zip_error_strerror(&error);
  ::zip_error_fini(&error);
  throw Error("cannot use '" + file.string() + "': " + why);
}

void write_all(int descriptor, std::span<const char> bytes, const std::string& name) {
  while (!bytes.empty()) {
    const auto sent = ::write(descriptor, bytes.data(), bytes.size());
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) throw Error("cannot unpack " + name + " into a temporary file: " + std::strerror(errno));
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
}

/// The archive's own word for how large a member is, is not trusted: what is unpacked is no more than the array at its
/// beginning says that it has.
void unpack(zip_file_t* member, const Descriptor& target, const std::string& name) {
  std::vector<char> bytes(std::size_t{1} << 20U);
  std::uint64_t unpacked = 0, wanted = 0;
  for (;;) {
    const auto got = ::zip_fread(member, bytes.data(), bytes.size());
    if (got < 0) throw Error(name + " is damaged: " + ::zip_error_strerror(::zip_file_get_error(member)));
    if (got == 0) return;
    write_all(target.get(), std::span(bytes).first(static_cast<std::size_t>(got)), name);
    if (unpacked == 0) wanted = npy_bytes(target, name);
    unpacked += static_cast<std::uint64_t>(got);
    if (wanted == 0) return;
    if (unpacked > wanted) throw Error(name + " is damaged: it holds more than its shape says");
    if (wanted > unpacked && wanted - unpacked > room_beside(target.get()))
      throw Error("cannot unpack " + name +
                  ": the folder of temporary files has no room for it; set TMPDIR to another one");
  }
}

}  // namespace

bool is_zip(const Descriptor& file) {
  std::array<char, 4> found{};
  if (read_at(file.get(), 0, found) != found.size()) return false;
  const std::string_view begin(found.data(), found.size());
  return begin == std::string_view("PK\x03\x04", 4) || begin == std::string_view("PK\x05\x06", 4);
}

std::vector<std::string> names_in_npz(const std::filesystem::path& file) {
  const Archive archive = open_archive(file);
  std::vector<std::string> names;
  for (zip_int64_t k = 0; k < ::zip_get_num_entries(archive.get(), 0); ++k)
    if (const char* const name = ::zip_get_name(archive.get(), static_cast<zip_uint64_t>(k), 0)) {
      const std::string_view whole(name);
      if (whole.ends_with(ending)) names.emplace_back(whole.substr(0, whole.size() - ending.size()));
    }
  return names;
}

std::shared_ptr<DataArray::Source> read_npz(const std::filesystem::path& file, const std::string& name) {
  const Archive archive = open_archive(file);
  const std::string what = "'" + name + "' in '" + file.string() + "'";
  const std::unique_ptr<zip_file_t, Discard> member(
      ::zip_fopen(archive.get(), (name + std::string(ending)).c_str(), 0));
  if (!member) throw Error("cannot read " + what + ": " + ::zip_strerror(archive.get()));
  const auto target = temporary_file();
  unpack(member.get(), *target, what);
  return read_npy(target, what);
}

}  // namespace tyto::files

#include "target.hpp"

#include <algorithm>
#include <fstream>
#include <string_view>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include <tyto/error.hpp>

namespace tyto::results {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse(const std::string& sentence) { throw InvalidInput(Place{"--out"}, sentence); }

}  // namespace

bool is_results_file(const fs::path& file) {
  constexpr std::string_view signature = "\x89HDF\r\n\x1a\n", format = "tyto-results/";
  std::ifstream stream(file, std::ios::binary);
  std::vector<char> block(std::size_t{1} << 20U);
  std::string kept;  // the end of the block before, in which the name may begin
  for (bool first = true; stream; first = false) {
    stream.read(block.data(), static_cast<std::streamsize>(block.size()));
    const std::string_view read(block.data(), static_cast<std::size_t>(stream.gcount()));
    if (first && !read.starts_with(signature)) return false;
    kept += read;
    if (kept.find(format) != std::string::npos) return true;
    kept.erase(0, kept.size() - std::min(kept.size(), format.size() - 1));
  }
  return false;
}

void check_target(const fs::path& out, std::span<const std::string> inputs, bool replace) {
  std::error_code ignored;
  const std::string name = out.string();
  if (out.empty() || fs::is_directory(out, ignored))
    refuse(fmt::format("'{}' is a folder; name the results file", name));
  const fs::path folder = out.has_parent_path() ? out.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, ignored)) refuse(fmt::format("there is no folder '{}'", folder.string()));
  if (!fs::exists(out, ignored)) return;
  if (!fs::is_regular_file(out, ignored)) refuse(fmt::format("'{}' is not a regular file", name));
  for (const auto& input : inputs)
    if (fs::equivalent(out, input, ignored)) refuse(fmt::format("'{}' is read by this run; name another file", name));
  if (!is_results_file(out))
    refuse(fmt::format("'{}' is there and is no results file of Tyto; name another file", name));
  if (!replace) refuse(fmt::format("'{}' is there already; name another file, or replace it with --force", name));
}

fs::path free_name(const fs::path& file) {
  fs::path candidate = file;
  std::error_code ignored;
  for (int number = 2; fs::exists(candidate, ignored); ++number) {
    candidate = file;
    candidate.replace_filename(fmt::format("{}-{}{}", file.stem().string(), number, file.extension().string()));
  }
  return candidate;
}

}  // namespace tyto::results

#include "provenance.hpp"

#include <dlfcn.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <ctime>
#include <exception>
#include <fstream>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>

#include <hwy/highway.h>

#include <tyto/abi.hpp>
#include <tyto/error.hpp>

#include "../files/text_file.hpp"
#include "sha256.hpp"

namespace tyto::results {
namespace {

namespace fs = std::filesystem;

std::string trimmed(std::string text) {
  const auto blank = [](unsigned char c) { return std::isspace(c) != 0; };
  while (!text.empty() && blank(static_cast<unsigned char>(text.back()))) text.pop_back();
  const auto first = std::find_if_not(text.begin(), text.end(), blank);
  text.erase(text.begin(), first);
  return text;
}

/// Empty for what is not there, and for what is no ordinary file of its kind.
std::string text_of(const fs::path& file) {
  constexpr std::size_t most = std::size_t{16} << 20U;
  try {
    return files::read_text_file(file, most);
  } catch (const Error&) {
    return {};
  }
}

std::string first_line(const fs::path& file) {
  const std::string text = text_of(file);
  return trimmed(text.substr(0, text.find('\n')));
}

/// The rest of a line that starts with `key`, e.g. "ref: refs/heads/main".
std::optional<std::string> after(std::string_view key, const std::string& line) {
  if (!line.starts_with(key)) return std::nullopt;
  return trimmed(line.substr(key.size()));
}

std::string processor() {
  std::ifstream stream("/proc/cpuinfo");
  for (std::string line; std::getline(stream, line);)
    if (line.starts_with("model name"))
      if (const auto colon = line.find(':'); colon != std::string::npos) return trimmed(line.substr(colon + 1));
  return "unknown";
}

/// The repository's own folder for a `.git`, which in a linked worktree is a file that names it.
fs::path repository_folder(const fs::path& dot_git) {
  if (fs::is_directory(dot_git)) return dot_git;
  const auto named = after("gitdir:", first_line(dot_git));
  return named ? dot_git.parent_path() / *named : fs::path();
}

bool is_revision(const std::string& text) {
  return (text.size() == 40 || text.size() == 64) &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isxdigit(c) != 0; });
}

std::string packed_revision(const fs::path& repository, const std::string& reference) {
  std::istringstream stream(text_of(repository / "packed-refs"));
  for (std::string line; std::getline(stream, line);) {
    const auto blank = line.find(' ');
    if (blank != std::string::npos && trimmed(line.substr(blank + 1)) == reference) return line.substr(0, blank);
  }
  return {};
}

std::string revision_of(const fs::path& repository) {
  // A linked worktree has a HEAD of its own and shares the branches of the main repository.
  const std::string shared_name = first_line(repository / "commondir");
  const fs::path shared = shared_name.empty() ? repository : repository / shared_name;
  std::string found = first_line(repository / "HEAD");
  for (int depth = 0; depth < 5; ++depth) {
    const auto reference = after("ref:", found);
    if (!reference) break;
    found = first_line(repository / *reference);
    if (found.empty()) found = first_line(shared / *reference);
    if (found.empty()) found = packed_revision(shared, *reference);
  }
  return is_revision(found) ? found : std::string();
}

/// What the kernels' instructions are chosen by: Highway's name of the best set that the processor has, among those
/// that kernels are compiled for.
std::string instruction_set() {
  auto targets = static_cast<std::int64_t>(hwy::SupportedTargets());
  targets &= HWY_TARGETS & ~static_cast<std::int64_t>(HWY_SSSE3 | HWY_AVX3_DL);
  // Better ones have lower bits.
  return hwy::TargetName(static_cast<decltype(hwy::SupportedTargets())>(targets & -targets));
}

struct CloseLibrary {
  void operator()(void* library) const { ::dlclose(library); }
};

/// The version that an open plugin gives of itself; its manifest has been checked against it.
std::string version_of(const std::string& library) {
  const std::unique_ptr<void, CloseLibrary> open(::dlopen(library.c_str(), RTLD_NOLOAD | RTLD_LAZY | RTLD_LOCAL));
  if (!open) return "unknown";
  const auto* plugin = static_cast<const tyto_plugin_descriptor*>(::dlsym(open.get(), "tyto_plugin"));
  return plugin == nullptr || plugin->version == nullptr ? "unknown" : plugin->version;
}

void add_plugins(Table& table, const std::vector<PluginUse>& plugins) {
  const auto column = [&](std::string PluginUse::*member) {
    std::vector<std::string> values;
    values.reserve(plugins.size());
    for (const auto& plugin : plugins) values.push_back(plugin.*member);
    return values;
  };
  table.axis("plugin", column(&PluginUse::name), "", "plugin that took part in the run");
  table.variable("plugin_version", {"plugin"}, column(&PluginUse::version), "", "version of the plugin");
  table.variable("plugin_library", {"plugin"}, column(&PluginUse::library), "", "shared library of the plugin");
  table.variable("plugin_sha256", {"plugin"}, column(&PluginUse::sha256), "", "SHA-256 of the shared library");
}

fs::path absolute_of(const fs::path& path) {
  std::error_code error;
  auto found = fs::absolute(path.empty() ? "." : path, error).lexically_normal();
  return error ? path : found;
}

void add_inputs(Table& table, const Provenance& provenance) {
  if (provenance.inputs.empty()) return;
  std::vector<std::string> paths, sums;
  for (const auto& input : provenance.inputs) {
    paths.push_back(provenance.origin.named ? input.path : fs::path(input.path).filename().string());
    sums.push_back(input.sha256);
  }
  table.axis("input", std::move(paths), "", "file that was read");
  table.variable("input_sha256", {"input"}, std::move(sums), "", "SHA-256 of the file");
}

}  // namespace

Table provenance_table(const Provenance& provenance) {
  Table table;
  struct utsname system {};
  ::uname(&system);
  table.attribute("tyto_version", std::string(TYTO_VERSION));
  const Origin& origin = provenance.origin;
  table.attribute("tyto_revision", origin.build_revision);
  if (origin.named) table.attribute("command_line", origin.command_line);
  table.attribute("experiment_file",
                  (origin.named ? origin.experiment_file : origin.experiment_file.filename()).string());
  // What names of files in the experiment are relative to.
  if (origin.named) table.attribute("experiment_folder", absolute_of(origin.folder).string());
  table.attribute("git_revision", git_revision(origin.folder));
  table.attribute("started", provenance.started);
  table.attribute("finished", provenance.finished);
  if (origin.named) table.attribute("host", std::string(system.nodename));
  table.attribute("operating_system", std::string(system.sysname) + " " + system.release + " " + system.machine);
  table.attribute("processor", processor());
  table.attribute("instruction_set", instruction_set());
  table.attribute("backend", provenance.backend);
  table.attribute("threads", static_cast<std::int64_t>(provenance.threads));
  table.variable("source_yaml", {}, std::vector{provenance.source_yaml}, "", "experiment as given");
  table.variable("resolved_yaml", {}, std::vector{provenance.resolved_yaml}, "",
                 "whole configuration, defaults included");
  add_plugins(table, provenance.plugins);
  add_inputs(table, provenance);
  if (!origin.settings.empty())
    table.axis("setting", origin.settings, "", "option of the command line that changed the experiment");
  if (provenance.simulation_s)
    table.variable("simulation_s", {}, std::vector{*provenance.simulation_s}, "s", "wall time of the steps");
  else
    table.variable("trials_s", {}, std::vector{provenance.trials_s}, "s", "wall time of making the trials");
  if (!provenance.epoch_s.empty()) {
    std::vector<std::int64_t> epochs(provenance.epoch_s.size());
    std::iota(epochs.begin(), epochs.end(), 1);
    table.axis("epoch", std::move(epochs), "", "epoch, counted from 1");
    table.variable("epoch_s", {"epoch"}, provenance.epoch_s, "s", "wall time of the epoch");
  }
  return table;
}

std::vector<PluginUse> plugins_of(std::span<const ComponentInfo* const> components) {
  std::map<std::string, std::string> library_of;
  for (const auto* component : components)
    if (component != nullptr) library_of.emplace(component->plugin, component->library);
  std::vector<PluginUse> plugins;
  plugins.reserve(library_of.size());
  for (const auto& [name, library] : library_of)
    plugins.push_back({name, version_of(library), fs::path(library).filename().string(), sha256_file(library)});
  return plugins;
}

std::vector<InputUse> inputs_of(std::span<const std::string> files) {
  std::vector<InputUse> inputs;
  for (const auto& file : std::set<std::string>(files.begin(), files.end()))
    inputs.push_back({absolute_of(file).string(), sha256_file(file)});
  return inputs;
}

std::string utc_now() {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

std::string git_revision(const fs::path& folder) noexcept {
  try {
    for (fs::path at = fs::canonical(folder.empty() ? "." : folder); !at.empty(); at = at.parent_path()) {
      if (fs::exists(at / ".git")) return revision_of(repository_folder(at / ".git"));
      if (at == at.root_path()) break;
    }
  } catch (const std::exception&) {
    // A repository that cannot be read is no reason to lose a run.
  }
  return {};
}

}  // namespace tyto::results

#include "registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <map>
#include <tyto/error.hpp>

#include "library.hpp"
#include "manifest.hpp"
#include "results/sha256.hpp"

namespace tyto::plugin {
namespace {

namespace fs = std::filesystem;

/// A component's place: which plugin, and which of its components.
struct Located {
  std::size_t plugin;
  std::size_t component;
};

using Key = std::pair<Kind, std::string>;

/// All manifests below a folder, in an order that does not depend on the file system.
std::vector<fs::path> find_manifests(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code failed;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied, failed);
  for (; !failed && entry != fs::recursive_directory_iterator(); entry.increment(failed)) {
    std::error_code unknown;
    if (entry->path().filename().string().ends_with(manifest_suffix) && entry->is_regular_file(unknown))
      found.push_back(entry->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string name_from_file(const fs::path& manifest) {
  const std::string name = manifest.filename().string();
  return name.substr(0, name.size() - manifest_suffix.size());
}

std::string place(const ComponentInfo& info) {
  return fmt::format("plugin '{}' ({}, from {}:{})", info.plugin, info.library, info.file, info.line);
}

std::string names_of(const ComponentInfo& info) { return fmt::format("{} '{}'", to_string(info.kind), info.name); }

/// The component that `list` holds under the same kind and name; nullptr if none.
const ComponentInfo* same_name(const std::vector<ComponentInfo>& list, const ComponentInfo& wanted) {
  for (const auto& info : list)
    if (info.kind == wanted.kind && info.name == wanted.name) return &info;
  return nullptr;
}

/// Throws Error unless a library turned out to be what its manifest says.
void compare(const OpenedPlugin& opened, const PluginInfo& known) {
  const std::string who = fmt::format("plugin '{}' ({})", known.name, known.library.string());
  if (opened.name != known.name || opened.version != known.version)
    throw Error(fmt::format("{} calls itself '{}' {}, its manifest says '{}' {}: rebuild it", who, opened.name,
                            opened.version, known.name, known.version));
  for (const auto& info : opened.components) {
    const ComponentInfo* const described = same_name(known.components, info);
    if (described == nullptr)
      throw Error(fmt::format("{} registers {}, which its manifest does not list: rebuild it", who, names_of(info)));
    if (!same_declaration(info, *described))
      throw Error(fmt::format("{} declares {} otherwise than its manifest: rebuild it", who, names_of(info)));
  }
  for (const auto& info : known.components)
    if (same_name(opened.components, info) == nullptr)
      throw Error(fmt::format("{} does not register {}, which its manifest lists: rebuild it", who, names_of(info)));
}

}  // namespace

struct Registry::Impl {
  std::vector<PluginInfo> plugins;
  std::vector<Manifest> manifests;               ///< one for each plugin; empty where it is broken
  std::map<Key, std::vector<Located>> declared;  ///< by all manifests
  std::map<Key, ComponentInfo> loaded;           ///< nodes of a map stay where they are

  void add(const fs::path& file);
  void open(std::size_t index);
  void try_open(std::size_t index);
  void refuse_duplicates(const PluginInfo& plugin) const;
};

void Registry::Impl::add(const fs::path& file) {
  for (const auto& plugin : plugins)
    if (plugin.manifest == file) return;
  PluginInfo info;
  info.manifest = file;
  info.name = name_from_file(file);
  Manifest manifest;
  try {
    manifest = read_manifest(file);
    info.name = manifest.name;
    info.version = manifest.version;
    info.library = file.parent_path() / manifest.library;
    info.components = manifest.components;
    for (auto& component : info.components) component.library = info.library.string();
  } catch (const Error& error) {
    info.problem = error.what();
  }
  for (std::size_t i = 0; i < info.components.size(); ++i)
    declared[{info.components[i].kind, info.components[i].name}].push_back({plugins.size(), i});
  plugins.push_back(std::move(info));
  manifests.push_back(std::move(manifest));
}

void Registry::Impl::refuse_duplicates(const PluginInfo& plugin) const {
  for (const auto& info : plugin.components) {
    const auto& places = declared.at({info.kind, info.name});
    if (places.size() < 2) continue;
    const auto& first = plugins[places[0].plugin].components[places[0].component];
    const auto& second = plugins[places[1].plugin].components[places[1].component];
    throw Error(fmt::format("{} is provided twice, by {} and by {}: remove one of them", names_of(info), place(first),
                            place(second)));
  }
}

void Registry::Impl::open(std::size_t index) {
  PluginInfo& plugin = plugins[index];
  const Manifest& manifest = manifests[index];
  refuse_duplicates(plugin);
  // The manifest's word is enough to refuse a plugin; the descriptor's is needed to accept it.
  check_library_file(plugin.library, plugin.name);
  const std::string who = fmt::format("plugin '{}' ({})", plugin.name, plugin.library.string());
  check_build(who, manifest.api_version, manifest.fingerprint);
  if (results::sha256_file(plugin.library) != manifest.sha256)
    throw Error(fmt::format("{} is not the file that its manifest was written for: rebuild or reinstall it", who));
  OpenedPlugin opened = open_plugin(plugin.library, plugin.name);
  compare(opened, plugin);
  for (auto& component : opened.components) {
    const Key key{component.kind, component.name};
    loaded.emplace(key, std::move(component));
  }
  plugin.loaded = true;
}

/// As open(), but remembers a failure, so that it is the same sentence ever after.
void Registry::Impl::try_open(std::size_t index) {
  PluginInfo& plugin = plugins[index];
  if (plugin.loaded) return;
  if (!plugin.problem.empty()) throw Error(plugin.problem);
  try {
    open(index);
  } catch (const std::exception& error) {
    plugin.problem = error.what();
    throw Error(plugin.problem);
  }
}

Registry::Registry(const std::vector<fs::path>& folders) : impl_(std::make_unique<Impl>()) {
  for (const auto& folder : folders) {
    std::error_code failed;
    // One spelling for each folder, so that a folder given twice is no duplicate.
    const fs::path canonical = fs::canonical(folder, failed);
    if (failed) continue;
    for (const auto& manifest : find_manifests(canonical)) impl_->add(manifest);
  }
}

Registry::~Registry() = default;

const std::vector<PluginInfo>& Registry::plugins() const { return impl_->plugins; }

std::vector<std::string> Registry::names(Kind kind) const {
  std::vector<std::string> found;
  for (const auto& entry : impl_->declared)
    if (entry.first.first == kind) found.push_back(entry.first.second);
  return found;
}

const ComponentInfo* Registry::find(Kind kind, std::string_view name) const {
  const auto entry = impl_->declared.find({kind, std::string(name)});
  if (entry == impl_->declared.end()) return nullptr;
  const Located first = entry->second.front();
  return &impl_->plugins[first.plugin].components[first.component];
}

const ComponentInfo& Registry::load(Kind kind, std::string_view name) {
  const Key key{kind, std::string(name)};
  const auto entry = impl_->declared.find(key);
  if (entry == impl_->declared.end()) throw Error(fmt::format("there is no {} '{}'", to_string(kind), name));
  impl_->try_open(entry->second.front().plugin);
  return impl_->loaded.at(key);
}

void Registry::diagnose() {
  for (std::size_t i = 0; i < impl_->plugins.size(); ++i) {
    try {
      impl_->try_open(i);
    } catch (const Error&) {
      // try_open() has kept the sentence in PluginInfo::problem.
    }
  }
}

std::vector<fs::path> search_path(const fs::path& executable, const std::vector<std::string>& extra) {
  std::error_code failed;
  const fs::path program = fs::weakly_canonical(executable, failed);
  std::vector<fs::path> folders{program.parent_path().parent_path() / "lib" / "tyto" / "plugins"};
  const auto add = [&folders](const std::string& folder, std::string_view source) {
    std::error_code unknown;
    if (!fs::is_directory(folder, unknown))
      throw Error(fmt::format("there is no plugin folder '{}' ({})", folder, source));
    folders.emplace_back(folder);
  };
  const char* const variable = std::getenv("TYTO_PLUGIN_PATH");
  std::string_view rest = variable != nullptr ? variable : "";
  while (!rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    if (!folder.empty()) add(std::string(folder), "from TYTO_PLUGIN_PATH");
    rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
  }
  for (const auto& folder : extra) add(folder, "from --plugin-path");
  return folders;
}

}  // namespace tyto::plugin

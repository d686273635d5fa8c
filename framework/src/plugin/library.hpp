/// Opens the library of a plugin, as far as it can be trusted.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <tyto/component.hpp>

#include "manifest.hpp"

namespace tyto::plugin {

/// Throws Error unless the file is a whole shared library for this machine. Only headers are read: opening
/// a library that was cut off can end the process, so that this must come first.
void check_library_file(const std::filesystem::path& library, const std::string& plugin);

/// Throws Error, with a sentence of its own for each property, if a plugin of this API version and build does not fit
/// this Tyto. `who` names the plugin and its file.
void check_build(const std::string& who, std::uint32_t api_version, const Fingerprint& fingerprint);

/// Throws Error if a component is not well declared: names, defaults that cannot be read, and the like. What
/// passes can be listed, described and read from YAML.
void check_declaration(const ComponentInfo& component);

/// What an opened library says of itself.
struct OpenedPlugin {
  std::string name;
  std::string version;
  std::uint32_t api_version = 0;
  Fingerprint fingerprint;
  std::vector<ComponentInfo> components;  ///< ready for use
};

/// Checks the file, opens it, checks its descriptor and runs its entry function. The library stays open until the
/// process ends. Throws Error with one sentence for each way in which that can fail; then nothing was registered.
[[nodiscard]] OpenedPlugin open_plugin(const std::filesystem::path& library, const std::string& plugin);

}  // namespace tyto::plugin

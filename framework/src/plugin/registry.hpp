/// Knows every plugin from its manifest, and opens a library when one of its components is used.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tyto/component.hpp>

namespace tyto::plugin {

/// What is known of one plugin.
struct PluginInfo {
  std::string name;
  std::string version;
  std::filesystem::path manifest;
  std::filesystem::path library;
  std::vector<ComponentInfo> components;  ///< as the manifest describes them (without `make`)
  std::string problem;                    ///< why it cannot be used; empty if it can, as far as is known
  bool loaded = false;
};

/// Where components come from, as those who read specifications see it.
class Components {
 public:
  virtual ~Components() = default;
  /// Names of all known components of a kind, sorted.
  [[nodiscard]] virtual std::vector<std::string> names(Kind kind) const = 0;
  /// What is known of a component without running its code; nullptr if unknown.
  [[nodiscard]] virtual const ComponentInfo* find(Kind kind, std::string_view name) const = 0;
  /// The component ready for use. Throws Error with one sentence if it cannot be had. The reference
  /// stays valid as long as this object.
  virtual const ComponentInfo& load(Kind kind, std::string_view name) = 0;
};

class Registry final : public Components {
 public:
  /// Reads the manifests ("*.tyto.json") below each folder, in order. A broken manifest is kept as a
  /// PluginInfo with a problem; it is an error only when it is needed.
  explicit Registry(const std::vector<std::filesystem::path>& folders);
  ~Registry() override;
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  [[nodiscard]] const std::vector<PluginInfo>& plugins() const;
  /// Names of all known components of a kind, sorted.
  [[nodiscard]] std::vector<std::string> names(Kind kind) const override;
  /// What the manifests say of a component, without opening its library; nullptr if unknown.
  [[nodiscard]] const ComponentInfo* find(Kind kind, std::string_view name) const override;
  /// The component ready for use: its library is opened, checked and registered at first need. Throws
  /// Error with one sentence for each way in which that can fail.
  const ComponentInfo& load(Kind kind, std::string_view name) override;
  /// Opens every library and records what is wrong with it in PluginInfo::problem.
  void diagnose();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Build or install tree, then TYTO_PLUGIN_PATH, then `extra`. `executable` is the running program.
[[nodiscard]] std::vector<std::filesystem::path> search_path(const std::filesystem::path& executable,
                                                             const std::vector<std::string>& extra);

}  // namespace tyto::plugin

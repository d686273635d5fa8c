/// A plugin's manifest: what its build wrote down about it, so that plugins can be listed, described and
/// suggested without running their code.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <tyto/abi.hpp>
#include <tyto/component.hpp>

namespace tyto::plugin {

/// tyto_fingerprint as owned text.
struct Fingerprint {
  std::string compiler;
  std::string standard_library;
  std::string cxx_standard;
  std::string cxx_abi;
  std::string scalar_layout;
  std::string sanitizer;
  std::string cuda;
  std::string headers;
};

[[nodiscard]] Fingerprint to_owned(const tyto_fingerprint& fingerprint);
/// The fingerprint of this library.
[[nodiscard]] Fingerprint own_fingerprint();

struct Manifest {
  std::string name;
  std::string version;
  std::string library;  ///< file name, in the manifest's folder
  std::uint32_t api_version = TYTO_API_VERSION;
  Fingerprint fingerprint;
  std::string sha256;  ///< of the library, 64 hexadecimal digits
  std::vector<ComponentInfo> components;
};

/// The ending of a manifest's file name.
inline constexpr std::string_view manifest_suffix = ".tyto.json";

[[nodiscard]] std::string to_json(const Manifest& manifest);
/// Throws Error with a sentence that says where the text is not a manifest.
[[nodiscard]] Manifest manifest_from_json(std::string_view text);
/// Reads a file; its name stands in front of the sentences.
[[nodiscard]] Manifest read_manifest(const std::filesystem::path& file);

/// Whether two components are declared alike: kind, name, capabilities, source and parameters.
[[nodiscard]] bool same_declaration(const ComponentInfo& a, const ComponentInfo& b);

}  // namespace tyto::plugin

#include "manifest.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <tyto/error.hpp>

#include "../files/text_file.hpp"

namespace tyto::plugin {
namespace {

using Json = nlohmann::ordered_json;

constexpr int schema_version = 3;
/// Real manifests have a few kilobytes and two levels of groups; what is beyond is not a manifest.
constexpr std::size_t size_limit = std::size_t{4} << 20;
constexpr int depth_limit = 32;

constexpr std::pair<ParameterType, std::string_view> type_names[] = {
    {ParameterType::quantity, "quantity"}, {ParameterType::integer, "integer"}, {ParameterType::boolean, "boolean"},
    {ParameterType::text, "text"},         {ParameterType::choice, "choice"},   {ParameterType::component, "component"},
    {ParameterType::group, "group"}};

/// The fields of the fingerprint, named once for both directions.
constexpr std::pair<const char*, std::string Fingerprint::*> fingerprint_fields[] = {
    {"compiler", &Fingerprint::compiler},
    {"standard_library", &Fingerprint::standard_library},
    {"cxx_standard", &Fingerprint::cxx_standard},
    {"cxx_abi", &Fingerprint::cxx_abi},
    {"scalar_layout", &Fingerprint::scalar_layout},
    {"sanitizer", &Fingerprint::sanitizer},
    {"cuda", &Fingerprint::cuda},
    {"headers", &Fingerprint::headers}};

// --- writing ---

std::string_view type_name(ParameterType type) {
  for (const auto& [value, name] : type_names)
    if (value == type) return name;
  return "quantity";
}

Json write_list(const ParameterList& list);

Json write_parameter(const ParameterInfo& info) {
  Json json{{"name", info.name}, {"doc", info.doc}, {"type", type_name(info.type)}};
  if (info.type == ParameterType::quantity) json["dimension"] = to_string(info.dimension);
  if (info.list) json["list"] = true;
  if (info.default_text) json["default"] = *info.default_text;
  if (info.optional) json["optional"] = true;
  // JSON has no infinities: a bound that is not there is left out.
  if (std::isfinite(info.minimum)) json["minimum"] = info.minimum;
  if (std::isfinite(info.maximum)) json["maximum"] = info.maximum;
  if (info.minimum_excluded) json["minimum_excluded"] = true;
  if (info.maximum_excluded) json["maximum_excluded"] = true;
  if (!info.choices.empty()) json["choices"] = info.choices;
  if (info.type == ParameterType::component) {
    json["component_kind"] = to_string(info.component_kind);
    json["type_key"] = info.type_key;
  }
  if (info.type == ParameterType::group) json["members"] = write_list(info.members);
  return json;
}

Json write_list(const ParameterList& list) {
  Json items = Json::array();
  for (const auto& item : list.items) items.push_back(write_parameter(item));
  return Json{{"doc", list.doc}, {"parameters", std::move(items)}};
}

Json write_component(const ComponentInfo& info) {
  Json json{{"kind", to_string(info.kind)},      {"name", info.name}, {"doc", info.parameters.doc},
            {"capabilities", info.capabilities}, {"file", info.file}, {"line", info.line}};
  json["details"] = info.parameters.details;
  json["parameters"] = write_list(info.parameters)["parameters"];
  return json;
}

// --- reading ---

/// A value with its path in the document, e.g. "components[0].name", for messages.
struct At {
  const Json& json;
  std::string path;
};

[[noreturn]] void wrong(const std::string& path, std::string_view expected) {
  throw Error(fmt::format("'{}' must be {}", path, expected));
}

const Json* find(const At& at, const char* key) {
  if (!at.json.is_object()) wrong(at.path, "an object");
  const auto found = at.json.find(key);
  return found == at.json.end() ? nullptr : &*found;
}

std::string join(const std::string& path, const char* key) { return path.empty() ? key : path + "." + key; }

At member(const At& at, const char* key) {
  const Json* const found = find(at, key);
  if (found == nullptr) throw Error(fmt::format("'{}' is missing", join(at.path, key)));
  return {*found, join(at.path, key)};
}

std::string text(const At& at) {
  if (!at.json.is_string()) wrong(at.path, "a text");
  return at.json.get<std::string>();
}

std::int64_t whole_number(const At& at) {
  if (!at.json.is_number_integer()) wrong(at.path, "a whole number");
  return at.json.get<std::int64_t>();
}

bool flag(const At& at, const char* key) {
  const Json* const found = find(at, key);
  if (found == nullptr) return false;
  if (!found->is_boolean()) wrong(join(at.path, key), "true or false");
  return found->get<bool>();
}

double bound(const At& at, const char* key, double absent) {
  const Json* const found = find(at, key);
  if (found == nullptr) return absent;
  if (!found->is_number()) wrong(join(at.path, key), "a number");
  return found->get<double>();
}

template <class Read>
auto list(const At& at, Read read) {
  if (!at.json.is_array()) wrong(at.path, "a list");
  std::vector<decltype(read(at))> items;
  for (std::size_t i = 0; i < at.json.size(); ++i)
    items.push_back(read({at.json[i], fmt::format("{}[{}]", at.path, i)}));
  return items;
}

/// Reads a word by a function of the framework that throws Error for an unknown one.
template <class Convert>
auto word(const At& at, Convert convert) {
  const std::string name = text(at);
  try {
    return convert(name);
  } catch (const Error& error) {
    throw Error(fmt::format("'{}': {}", at.path, error.what()));
  }
}

ParameterType type_from(std::string_view name) {
  for (const auto& [value, known] : type_names)
    if (known == name) return value;
  throw Error(fmt::format("'{}' is not a type of parameter", name));
}

ParameterInfo read_parameter(const At& at, int depth) {
  if (depth > depth_limit) wrong(at.path, fmt::format("nested at most {} groups deep", depth_limit));
  ParameterInfo info;
  info.name = text(member(at, "name"));
  info.doc = text(member(at, "doc"));
  info.type = word(member(at, "type"), type_from);
  if (info.type == ParameterType::quantity) info.dimension = word(member(at, "dimension"), dimension_from);
  info.list = flag(at, "list");
  if (find(at, "default") != nullptr) info.default_text = text(member(at, "default"));
  info.optional = flag(at, "optional");
  info.minimum = bound(at, "minimum", info.minimum);
  info.maximum = bound(at, "maximum", info.maximum);
  info.minimum_excluded = flag(at, "minimum_excluded");
  info.maximum_excluded = flag(at, "maximum_excluded");
  if (find(at, "choices") != nullptr) info.choices = list(member(at, "choices"), text);
  if (info.type == ParameterType::component) {
    info.component_kind = word(member(at, "component_kind"), kind_from);
    info.type_key = text(member(at, "type_key"));
  }
  if (info.type == ParameterType::group) {
    const At members = member(at, "members");
    info.members.doc = text(member(members, "doc"));
    info.members.items =
        list(member(members, "parameters"), [depth](const At& item) { return read_parameter(item, depth + 1); });
  }
  return info;
}

ComponentInfo read_component(const At& at) {
  ComponentInfo info;
  info.kind = word(member(at, "kind"), kind_from);
  info.name = text(member(at, "name"));
  info.parameters.doc = text(member(at, "doc"));
  info.parameters.details = text(member(at, "details"));
  info.capabilities = list(member(at, "capabilities"), text);
  info.file = text(member(at, "file"));
  info.line = static_cast<int>(whole_number(member(at, "line")));
  info.parameters.items = list(member(at, "parameters"), [](const At& item) { return read_parameter(item, 0); });
  return info;
}

std::string library_name(const At& at) {
  std::string name = text(at);
  // The library lies beside the manifest; a path could lead anywhere.
  if (name.empty() || name.find('/') != std::string::npos || name.front() == '.')
    wrong(at.path, "the name of a file in the manifest's folder");
  return name;
}

Fingerprint read_fingerprint(const At& at) {
  Fingerprint fingerprint;
  for (const auto& [key, field] : fingerprint_fields) fingerprint.*field = text(member(at, key));
  return fingerprint;
}

Json parse(std::string_view text) {
  if (text.size() > size_limit) throw Error("is too large for a manifest");
  // Refusing depth while parsing keeps every later step, recursive ones included, within bounds.
  const auto limit_depth = [](int level, Json::parse_event_t, const Json&) {
    if (level > 8 * depth_limit) throw Error("is nested too deeply for a manifest");
    return true;
  };
  try {
    return Json::parse(text, limit_depth);
  } catch (const Json::parse_error& error) {
    throw Error(fmt::format("is not valid JSON, or was cut off (at byte {} of {})", error.byte, text.size()));
  }
}

}  // namespace

Fingerprint to_owned(const tyto_fingerprint& raw) {
  const auto owned = [](const char* text) { return std::string(text != nullptr ? text : ""); };
  return {owned(raw.compiler),      owned(raw.standard_library), owned(raw.cxx_standard), owned(raw.cxx_abi),
          owned(raw.scalar_layout), owned(raw.sanitizer),        owned(raw.cuda),         owned(raw.headers)};
}

Fingerprint own_fingerprint() {
  const tyto_fingerprint own = TYTO_FINGERPRINT;
  return to_owned(own);
}

std::string to_json(const Manifest& manifest) {
  Json fingerprint = Json::object();
  for (const auto& [key, field] : fingerprint_fields) fingerprint[key] = manifest.fingerprint.*field;
  Json components = Json::array();
  for (const auto& component : manifest.components) components.push_back(write_component(component));
  const Json json{{"tyto_manifest", schema_version},     {"name", manifest.name},
                  {"version", manifest.version},         {"library", manifest.library},
                  {"api_version", manifest.api_version}, {"fingerprint", std::move(fingerprint)},
                  {"sha256", manifest.sha256},           {"components", std::move(components)}};
  return json.dump(2) + "\n";
}

Manifest manifest_from_json(std::string_view source) {
  const Json json = parse(source);
  const At root{json, ""};
  if (!json.is_object()) throw Error("is not a manifest: it must be an object");
  if (const std::int64_t version = whole_number(member(root, "tyto_manifest")); version != schema_version)
    throw Error(
        fmt::format("has manifest version {}, this Tyto reads {}: rebuild the plugin", version, schema_version));
  Manifest manifest;
  manifest.name = text(member(root, "name"));
  manifest.version = text(member(root, "version"));
  manifest.library = library_name(member(root, "library"));
  manifest.api_version = static_cast<std::uint32_t>(whole_number(member(root, "api_version")));
  manifest.fingerprint = read_fingerprint(member(root, "fingerprint"));
  manifest.sha256 = text(member(root, "sha256"));
  manifest.components = list(member(root, "components"), read_component);
  for (auto& component : manifest.components) component.plugin = manifest.name;
  return manifest;
}

Manifest read_manifest(const std::filesystem::path& file) {
  constexpr std::size_t most = std::size_t{16} << 20U;
  try {
    return manifest_from_json(files::read_text_file(file, most));
  } catch (const Error& error) {
    throw Error(fmt::format("manifest {}: {}", file.string(), error.what()));
  }
}

bool same_declaration(const ComponentInfo& a, const ComponentInfo& b) {
  return write_component(a) == write_component(b);
}

}  // namespace tyto::plugin

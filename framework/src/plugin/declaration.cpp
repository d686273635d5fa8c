#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <tyto/error.hpp>

#include "library.hpp"

namespace tyto::plugin {
namespace {

bool is_word(const std::string& name) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto rest = [&](char c) { return lower(c) || (c >= '0' && c <= '9') || c == '_'; };
  return !name.empty() && lower(name.front()) && std::all_of(name.begin(), name.end(), rest);
}

bool in_range(const ParameterInfo& info, double value) {
  const bool above = info.minimum_excluded ? value > info.minimum : value >= info.minimum;
  const bool below = info.maximum_excluded ? value < info.maximum : value <= info.maximum;
  return above && below;
}

/// What is wrong with the default value; empty if nothing is.
std::string fault_of_default(const ParameterInfo& info) {
  const std::string& text = *info.default_text;
  if (info.list) return "";  // read by the reader alone, which knows YAML
  if (info.type == ParameterType::quantity) {
    try {
      return in_range(info, parse_quantity(text, info.dimension)) ? "" : "is out of range";
    } catch (const Error& error) {
      return error.what();
    }
  }
  if (info.type == ParameterType::integer) {
    std::int64_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc{} || end != text.data() + text.size()) return "is not a whole number";
    return in_range(info, static_cast<double>(value)) ? "" : "is out of range";
  }
  if (info.type == ParameterType::boolean && text != "true" && text != "false") return "is not true or false";
  if (info.type == ParameterType::choice && std::count(info.choices.begin(), info.choices.end(), text) == 0)
    return "is not one of the choices";
  return "";
}

void check_list(const ParameterList& list, const std::string& where) {
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    const ParameterInfo& info = list.items[i];
    const std::string what = fmt::format("{}: parameter '{}'", where, info.name);
    if (!is_word(info.name))
      throw Error(
          fmt::format("{}: '{}' is not a parameter name: use lower-case letters, digits and _", where, info.name));
    for (std::size_t earlier = 0; earlier < i; ++earlier)
      if (list.items[earlier].name == info.name) throw Error(what + " is declared twice");
    if (info.doc.empty()) throw Error(what + " has no documentation");
    if (!(info.minimum <= info.maximum)) throw Error(what + " has an empty range");
    if (info.type == ParameterType::choice && info.choices.empty()) throw Error(what + " has no choices");
    if (info.default_text)
      if (const std::string fault = fault_of_default(info); !fault.empty())
        throw Error(fmt::format("{} has the default '{}': {}", what, *info.default_text, fault));
    if (info.type == ParameterType::group) check_list(info.members, what);
  }
}

/// Keys that the framework has beside those of a component.
std::vector<std::string_view> reserved_names(const ComponentInfo& component) {
  switch (component.kind) {
    case Kind::layer:
      if (component.offers(capability::population)) return {"type", "size", "input", "initial"};
      if (component.offers(capability::projection))
        return {"type", "size", "input", "from", "name", "delay", "synapse", "receptor", "learn"};
      return {"type", "size", "input", "from"};
    case Kind::learning_rule:
      return {"rule", "epochs", "batch_size", "trials", "early_stopping", "schedule"};
    case Kind::plasticity:
      return {"rule", "error", "from", "until"};
    case Kind::analysis:
      return {"as"};
    default:
      return {"type"};
  }
}

}  // namespace

void check_declaration(const ComponentInfo& component) {
  const std::string what = fmt::format("{} '{}'", to_string(component.kind), component.name);
  if (!is_word(component.name))
    throw Error(fmt::format("{} is not a component name: use lower-case letters, digits and _", what));
  if (component.parameters.doc.empty()) throw Error(what + " has no documentation");
  check_list(component.parameters, what);
  const auto reserved = reserved_names(component);
  for (const auto& info : component.parameters.items)
    if (std::find(reserved.begin(), reserved.end(), info.name) != reserved.end())
      throw Error(
          fmt::format("{}: parameter '{}' has the name of a key that the framework reads itself", what, info.name));
}

}  // namespace tyto::plugin

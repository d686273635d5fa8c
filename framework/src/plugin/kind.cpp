#include <tyto/component.hpp>
#include <tyto/error.hpp>

#include <array>
#include <utility>

namespace tyto {
namespace {

constexpr auto kind_names = std::to_array<std::pair<Kind, std::string_view>>({{Kind::stimulus, "stimulus"},
                                                                              {Kind::layer, "layer"},
                                                                              {Kind::synapse, "synapse"},
                                                                              {Kind::solver, "solver"},
                                                                              {Kind::learning_rule, "learning rule"},
                                                                              {Kind::plasticity, "plasticity"},
                                                                              {Kind::optimizer, "optimizer"},
                                                                              {Kind::surrogate, "surrogate"},
                                                                              {Kind::analysis, "analysis"},
                                                                              {Kind::backend, "backend"}});

}  // namespace

std::string_view to_string(Kind kind) {
  for (const auto& [value, name] : kind_names)
    if (value == kind) return name;
  return "unknown kind";
}

Kind kind_from(std::string_view name) {
  std::string known;
  for (const auto& [value, word] : kind_names) {
    if (word == name) return value;
    known.append(known.empty() ? "" : ", ").append(word);
  }
  throw Error("'" + std::string(name) + "' is not a kind of component; the kinds are " + known);
}

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = [] {
    std::vector<Kind> values;
    values.reserve(kind_names.size());
    for (const auto& entry : kind_names) values.push_back(entry.first);
    return values;
  }();
  return all;
}

}  // namespace tyto

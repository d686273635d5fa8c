#include <algorithm>
#include <iostream>

#include <fmt/format.h>

#include <tyto/component.hpp>
#include <tyto/error.hpp>

#include "commands.hpp"
#include "options.hpp"
#include "plugin/registry.hpp"

namespace tyto::cli {
namespace {

void list_kind(const plugin::Registry& registry, Kind kind) {
  const auto names = registry.names(kind);
  if (names.empty()) return;
  std::cout << to_string(kind) << '\n';
  for (const auto& name : names)
    std::cout << fmt::format("  {:<20} {}\n", name, registry.find(kind, name)->parameters.doc);
}

Kind wanted_kind(const std::string& word) {
  try {
    return kind_from(word);
  } catch (const Error& error) {
    throw InvalidInput(Place{"tyto list"}, error.what());
  }
}

}  // namespace

int list(const Call& call) {
  const Options options(call, "tyto list [KIND] [options]", common_options(), 0, 1);
  if (!options.ready()) return exit_done;
  const plugin::Registry registry(plugin::search_path(call.executable, options.all("plugin-path")));
  if (!options.operands().empty()) {
    list_kind(registry, wanted_kind(options.operands()[0]));
    return exit_done;
  }
  for (const Kind kind : kinds()) list_kind(registry, kind);
  return exit_done;
}

int plugins(const Call& call) {
  auto described = common_options();
  described.add_options()("diagnose", "open every library and say what is wrong with it");
  const Options options(call, "tyto plugins [--diagnose] [options]", described, 0, 0);
  if (!options.ready()) return exit_done;
  const auto path = plugin::search_path(call.executable, options.all("plugin-path"));
  plugin::Registry registry(path);
  if (options.has("diagnose")) {
    for (const auto& folder : path) std::cout << "folder " << folder.string() << '\n';
    registry.diagnose();
  }
  bool sound = true;
  for (const auto& plugin : registry.plugins()) {
    std::cout << fmt::format("{} {}  {}\n", plugin.name, plugin.version, plugin.library.string());
    for (const auto& component : plugin.components)
      std::cout << fmt::format("  {} '{}'\n", to_string(component.kind), component.name);
    if (plugin.problem.empty()) continue;
    sound = false;
    std::cout << "  problem: " << plugin.problem << '\n';
  }
  return sound ? exit_done : exit_failed;
}

}  // namespace tyto::cli

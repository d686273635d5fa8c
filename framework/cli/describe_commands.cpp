#include <filesystem>
#include <fstream>
#include <iostream>

#include <fmt/format.h>

#include <tyto/component.hpp>
#include <tyto/error.hpp>

#include "commands.hpp"
#include "options.hpp"
#include "plugin/registry.hpp"
#include "spec/describe.hpp"
#include "spec/reader.hpp"
#include "spec/schema.hpp"

namespace tyto::cli {

namespace {

/// Every component of that name, of whatever kind.
std::vector<const ComponentInfo*> components_named(const plugin::Registry& registry, const std::string& name) {
  std::vector<const ComponentInfo*> found;
  for (const Kind kind : kinds())
    if (const auto* info = registry.find(kind, name)) found.push_back(info);
  return found;
}

[[noreturn]] void unknown_name(const plugin::Registry& registry, const std::string& name) {
  std::vector<std::string> known;
  for (const Kind kind : kinds())
    for (const auto& component : registry.names(kind)) known.push_back(component);
  for (const auto& block : spec::blocks()) known.push_back(block.name);
  throw InvalidInput(Place{"command line"}, fmt::format("there is no component or part of an experiment called '{}'{}",
                                                        name, spec::suggestion(name, known)));
}

void write_page(const std::filesystem::path& file, const std::string& text) {
  std::ofstream stream(file);
  stream << text;
  stream.close();
  if (!stream) throw Error(fmt::format("cannot write {}", file.string()));
}

}  // namespace

int describe(const Call& call) {
  const Options options(call, "tyto describe NAME [options]", common_options(), 1, 1);
  if (!options.ready()) return exit_done;
  const plugin::Registry registry(plugin::search_path(call.executable, options.all("plugin-path")));
  const std::string& name = options.operands()[0];
  const auto found = components_named(registry, name);
  for (const auto* info : found) std::cout << spec::describe(*info);
  if (!found.empty()) return exit_done;
  for (const auto& block : spec::blocks())
    if (block.name == name) {
      std::cout << spec::describe(block);
      return exit_done;
    }
  unknown_name(registry, name);
}

int schema(const Call& call) {
  const Options options(call, "tyto schema [model] [options]", common_options(), 0, 1);
  if (!options.ready()) return exit_done;
  auto what = spec::SchemaOf::experiment;
  if (!options.operands().empty()) {
    if (options.operands()[0] != "model")
      throw InvalidInput(Place{"command line"},
                         fmt::format("there is no schema of '{}'; 'tyto schema' is that of experiment files, "
                                     "'tyto schema model' that of model files",
                                     options.operands()[0]));
    what = spec::SchemaOf::model_file;
  }
  const plugin::Registry registry(plugin::search_path(call.executable, options.all("plugin-path")));
  std::cout << spec::schema(registry, what) << '\n';
  return exit_done;
}

int reference(const Call& call) {
  const Options options(call, "tyto reference FOLDER [options]", common_options(), 1, 1);
  if (!options.ready()) return exit_done;
  const plugin::Registry registry(plugin::search_path(call.executable, options.all("plugin-path")));
  const std::filesystem::path folder = options.operands()[0];
  std::filesystem::create_directories(folder);
  std::string text =
      "# Experiment files\n\nWritten by `tyto reference`. The parts that belong to the framework; "
      "everything else is a component.\n\n";
  for (const auto& block : spec::blocks()) text += spec::markdown(block) + '\n';
  write_page(folder / "experiment.md", text);
  for (const Kind kind : kinds()) {
    std::string name(to_string(kind));
    text = fmt::format("# Components of the kind \"{}\"\n\nWritten by `tyto reference`.\n\n", name);
    for (const auto& component : registry.names(kind)) text += spec::markdown(*registry.find(kind, component)) + '\n';
    for (char& c : name)
      if (c == ' ') c = '_';
    write_page(folder / (name + ".md"), text);
  }
  return exit_done;
}

}  // namespace tyto::cli

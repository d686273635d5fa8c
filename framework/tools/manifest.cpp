/// tyto-manifest LIBRARY MANIFEST: opens a plugin as the framework would and writes down what it provides. The
/// build of every plugin ends with it, so that a plugin that cannot be used is an error of its build.
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <tyto/error.hpp>

#include "plugin/library.hpp"
#include "plugin/manifest.hpp"
#include "results/sha256.hpp"

namespace {

namespace fs = std::filesystem;

/// The plugin's name as its file says, for messages before the library itself can say it.
std::string name_from_library(const fs::path& library) {
  const std::string stem = library.stem().string();
  return stem.starts_with("lib") ? stem.substr(3) : stem;
}

tyto::plugin::Manifest describe(const fs::path& library) {
  tyto::plugin::OpenedPlugin opened = tyto::plugin::open_plugin(library, name_from_library(library));
  tyto::plugin::Manifest manifest;
  manifest.name = std::move(opened.name);
  manifest.version = std::move(opened.version);
  manifest.library = library.filename().string();
  manifest.api_version = opened.api_version;
  manifest.fingerprint = std::move(opened.fingerprint);
  manifest.sha256 = tyto::results::sha256_file(library);
  manifest.components = std::move(opened.components);
  return manifest;
}

/// A reader sees the old manifest or the new one, never half of one.
void write_whole(const fs::path& target, const std::string& text) {
  const fs::path partial = target.string() + "." + std::to_string(::getpid());
  {
    std::ofstream stream(partial, std::ios::binary | std::ios::trunc);
    stream << text;
    stream.close();
    if (!stream) throw tyto::Error("cannot write " + partial.string());
  }
  fs::rename(partial, target);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    std::fputs("usage: tyto-manifest LIBRARY MANIFEST\n", stderr);
    return 2;
  }
  try {
    const fs::path library = arguments[1];
    write_whole(arguments[2], to_json(describe(library)));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tyto-manifest: error: %s\n", error.what());
    return 1;
  }
}

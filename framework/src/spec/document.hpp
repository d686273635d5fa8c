/// The text of an experiment, and the tree that it makes with the experiments that it stands on.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "../plugin/registry.hpp"
#include "node.hpp"

namespace tyto::spec {

/// A file, or what a results file keeps of one.
struct Document {
  std::string name;  ///< stands in front of places
  std::string text;
  std::filesystem::path folder;  ///< what names of files in it are relative to
};

/// Throws InvalidInput (unreadable, too large).
[[nodiscard]] Document read_document(const std::filesystem::path& file);

/// Folders that names of files are relative to, by the document that they stand in.
using Folders = std::map<std::string, std::filesystem::path, std::less<>>;

/// The keys of a document upon those of its `base`, and of that one's: maps are merged key by key, and all else is
/// replaced. Where another type is named, keys that only the former one has are left out.
struct Tree {
  Node root;
  Folders folders;
  std::vector<std::string> bases;  ///< files that were read for it
};

/// Throws InvalidInput (not YAML, a base that cannot be read).
[[nodiscard]] Tree read_tree(const Document& document, const plugin::Components& components);

/// Takes out of a map what a component of the type that it named before has, and that of its type now has not.
void leave_out_keys_of(const std::string& former_type, const std::string& type, Node& map,
                       const plugin::Components& components);

}  // namespace tyto::spec

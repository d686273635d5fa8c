/// YAML as a checked tree: every scalar, key and collection knows its place, aliases are expanded,
/// duplicates and oversized or cyclic documents are refused.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tyto/error.hpp>

namespace tyto::spec {

struct Node {
  enum class Type { null, scalar, sequence, map };
  struct Entry;

  Type type = Type::null;
  Place place;
  std::string text;            ///< of a scalar
  bool quoted = false;         ///< the scalar stood in quotes: it is text, never a number
  std::vector<Node> items;     ///< of a sequence
  std::vector<Entry> entries;  ///< of a map, in the order of the document

  [[nodiscard]] bool is_map() const { return type == Type::map; }
  [[nodiscard]] bool is_scalar() const { return type == Type::scalar; }
  [[nodiscard]] bool is_sequence() const { return type == Type::sequence; }
  /// The value of a key; nullptr if there is none or this is no map.
  [[nodiscard]] const Node* find(std::string_view key) const;
  [[nodiscard]] Node* find(std::string_view key);
};

struct Node::Entry {
  std::string key;
  Place place;  ///< of the key
  Node value;
};

/// Reads one document. `name` stands in front of places. Throws InvalidInput.
[[nodiscard]] Node parse(std::string_view text, const std::string& name);
/// Reads a file. Throws InvalidInput (unreadable, too large, not YAML).
[[nodiscard]] Node parse_file(const std::string& path);
/// The text of a file, as parse() takes it. Throws InvalidInput (unreadable, too large).
[[nodiscard]] std::string read_text(const std::string& path);
/// Writes YAML that parse() reads back to an equal tree.
[[nodiscard]] std::string write(const Node& node);
/// The same with a comment behind each value.
[[nodiscard]] std::string write(const Node& node, const std::function<std::string(const Node& value)>& comment);

/// True if a text can stand without quotes and is a text to every YAML reader.
[[nodiscard]] bool reads_as_text(std::string_view text);
[[nodiscard]] Node make_scalar(std::string text, const Place& place, bool quoted = false);
/// A scalar that is quoted where it must be to stay a text.
[[nodiscard]] Node make_text(std::string text, const Place& place);
[[nodiscard]] Node make_map(const Place& place);

}  // namespace tyto::spec

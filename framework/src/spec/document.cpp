#include "document.hpp"

#include <algorithm>

#include <tyto/component.hpp>
#include <tyto/error.hpp>

#include "settings.hpp"
#include "words.hpp"

namespace tyto::spec {

namespace {

bool declares(const ComponentInfo& info, const std::string& key) {
  return std::any_of(info.parameters.items.begin(), info.parameters.items.end(),
                     [&](const auto& parameter) { return parameter.name == key; });
}

bool names_a_type(const std::string& key) { return key == "type" || key == "rule"; }

class Merger {
 public:
  explicit Merger(const plugin::Components& components) : components_(components) {}

  /// `path` ends with the key of both.
  void merge(const Node& upper, Node& lower, const std::string& path) {
    if (upper.is_map() && lower.is_scalar() && !names_itself(upper)) lower = long_form(key_of(path), lower);
    if (!upper.is_map() || !lower.is_map()) {
      lower = upper;
      return;
    }
    for (const auto& entry : upper.entries)
      if (const Node* const former = lower.find(entry.key); former != nullptr && names_a_type(entry.key) &&
                                                            former->is_scalar() && entry.value.is_scalar() &&
                                                            former->text != entry.value.text)
        leave_out_keys_of(std::string(former->text), entry.value.text, lower, components_);
    // A model is in a file, or written in place.
    if (path == "model.")
      for (const auto& [own, other] : {std::pair{"layers", "use"}, {"layers", "with"}, {"use", "layers"}})
        if (upper.find(own) != nullptr)
          std::erase_if(lower.entries, [&, key = std::string_view(other)](const auto& e) { return e.key == key; });
    check_order(upper, lower, path);
    const std::size_t own = lower.entries.size();
    for (const auto& entry : upper.entries) {
      if (Node* const known = lower.find(entry.key)) {
        merge(entry.value, *known, path + entry.key + ".");
        std::find_if(lower.entries.begin(), lower.entries.end(), [&](const auto& e) {
          return e.key == entry.key;
        })->place = entry.place;
      } else {
        lower.entries.push_back(entry);
      }
    }
    if (names_all(upper, lower, own)) put_in_order(upper, lower);
  }

 private:
  /// The last key of "a.b.".
  static std::string key_of(const std::string& path) {
    if (path.empty()) return {};
    const std::string whole = path.substr(0, path.size() - 1);
    return whole.substr(whole.rfind('.') + 1);
  }
  static bool names_itself(const Node& map) { return map.find("type") != nullptr || map.find("rule") != nullptr; }
  static bool names_all(const Node& upper, const Node& lower, std::size_t own) {
    return std::all_of(lower.entries.begin(), lower.entries.begin() + static_cast<std::ptrdiff_t>(own),
                       [&](const auto& entry) { return upper.find(entry.key) != nullptr; });
  }
  static void put_in_order(const Node& upper, Node& lower) {
    const auto place_of = [&](const Node::Entry& entry) {
      return std::find_if(upper.entries.begin(), upper.entries.end(),
                          [&](const auto& other) { return other.key == entry.key; }) -
             upper.entries.begin();
    };
    std::stable_sort(lower.entries.begin(), lower.entries.end(),
                     [&](const auto& a, const auto& b) { return place_of(a) < place_of(b); });
  }
  /// Signals pass layers in their order, which a new one alone does not say.
  static void check_order(const Node& upper, const Node& lower, const std::string& path) {
    if (!path.ends_with("layers.") || names_all(upper, lower, lower.entries.size())) return;
    for (const auto& entry : upper.entries)
      if (lower.find(entry.key) == nullptr)
        throw InvalidInput(entry.place, "where among the layers of the base " + quote(entry.key) +
                                            " comes is not said; name all of them in their order, as in '" +
                                            lower.entries.front().key + ": {}'");
  }

  const plugin::Components& components_;
};

Node tree_of(const Document& document, const plugin::Components& components, std::size_t depth, Tree& tree) {
  constexpr std::size_t deepest = 8;
  Node root = parse(document.text, document.name);
  tree.folders[document.name] = document.folder;
  if (!root.is_map()) return root;
  const auto base =
      std::find_if(root.entries.begin(), root.entries.end(), [](const auto& entry) { return entry.key == "base"; });
  if (base == root.entries.end()) return root;
  const Node name = base->value;
  root.entries.erase(base);
  if (name.type == Node::Type::null) return root;
  if (!name.is_scalar() || name.text.empty())
    throw InvalidInput(name.place, "base: the name of an experiment file is needed");
  if (depth == deepest)
    throw InvalidInput(name.place, "base: more than 8 experiments stand on each other, or they do so in a circle");
  const auto file = (document.folder / name.text).lexically_normal();
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored))
    throw InvalidInput(name.place, "base: there is no experiment file " + quote(name.text));
  tree.bases.push_back(file.string());
  Node lower = tree_of(read_document(file), components, depth + 1, tree);
  if (!lower.is_map()) throw InvalidInput(name.place, "base: " + quote(name.text) + " is no experiment");
  Merger(components).merge(root, lower, "");
  lower.place = root.place;
  return lower;
}

}  // namespace

Document read_document(const std::filesystem::path& file) {
  return {file.string(), read_text(file.string()), file.parent_path()};
}

void leave_out_keys_of(const std::string& former_type, const std::string& type, Node& map,
                       const plugin::Components& components) {
  // A name may be one of several kinds: what one of them still has is kept.
  std::erase_if(map.entries, [&](const auto& entry) {
    bool had = false, has = false;
    for (const Kind kind : kinds()) {
      const ComponentInfo* const former = components.find(kind, former_type);
      const ComponentInfo* const now = components.find(kind, type);
      if (former == nullptr || now == nullptr) continue;
      had = had || declares(*former, entry.key);
      has = has || declares(*now, entry.key);
    }
    return had && !has;
  });
}

Tree read_tree(const Document& document, const plugin::Components& components) {
  Tree tree;
  tree.root = tree_of(document, components, 0, tree);
  return tree;
}

}  // namespace tyto::spec

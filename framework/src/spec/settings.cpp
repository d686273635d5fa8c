#include "settings.hpp"

#include <charconv>
#include <vector>

#include "words.hpp"

namespace tyto::spec {

namespace {

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> keys;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t dot = std::min(path.find('.', at), path.size());
    keys.emplace_back(path.substr(at, dot - at));
    at = dot + 1;
  }
  return keys;
}

/// Lines and columns of a command line's word mean nothing.
void set_place(Node& node, const Place& place) {
  node.place = place;
  for (auto& item : node.items) set_place(item, place);
  for (auto& entry : node.entries) {
    entry.place = place;
    set_place(entry.value, place);
  }
}

Node parse_value(const std::string& text, const Place& place) {
  try {
    Node value = parse(text, place.file);
    set_place(value, place);
    return value;
  } catch (const InvalidInput& error) {
    throw InvalidInput(place, error.diagnostics().front().message);
  }
}

Node& item_at(Node& list, const std::string& key, const Place& place) {
  std::size_t index = 0;
  const auto [end, status] = std::from_chars(key.data(), key.data() + key.size(), index);
  if (status != std::errc{} || end != key.data() + key.size())
    throw InvalidInput(place, quote(key) + " must be the index of an item, since it belongs to a list");
  if (index > list.items.size())
    throw InvalidInput(
        place, "there is no item " + key + ": the list has " + std::to_string(list.items.size()) + ", counted from 0");
  if (index == list.items.size()) list.items.emplace_back().place = place;
  return list.items[index];
}

/// The place of a key below a node. A name alone stands for a map, {type: name} or, in a list of
/// named things, {name: {}}, and becomes that map when something is set in it.
Node& step_into(Node& node, const std::string& own_key, const std::string& key, const Place& place) {
  if (node.is_sequence()) return item_at(node, key, place);
  if (!node.is_map()) node = node.is_scalar() && node.text != key ? long_form(own_key, node) : make_map(place);
  if (Node* known = node.find(key)) return *known;
  Node& made = node.entries.emplace_back(Node::Entry{key, place, Node{}}).value;
  made.place = place;
  return made;
}

std::string joined(const std::vector<std::string>& keys, std::size_t first) {
  std::string path;
  for (std::size_t i = first; i < keys.size(); ++i) path += (i == first ? "" : ".") + keys[i];
  return path;
}

/// The keys of the sweep are paths themselves, so that what stands after "sweep." is one key.
std::vector<std::string> keys_in_sweep(const std::vector<std::string>& keys) {
  if (keys[1] == "zip" && keys.size() > 2) return {keys[0], keys[1], joined(keys, 2)};
  if (keys[1] == "seed" && keys.back() == "count")
    return {keys[0], joined(std::vector(keys.begin(), keys.end() - 1), 1), "count"};
  return {keys[0], joined(keys, 1)};
}

std::vector<std::string> checked_keys(const Node& root, std::string_view path, const Place& place) {
  std::vector<std::string> keys = split(path);
  for (const auto& key : keys)
    if (key.empty()) throw InvalidInput(place, "a key is empty; a setting is written as a.b=value");
  constexpr std::size_t deepest = 32;
  if (keys.size() > deepest) throw InvalidInput(place, "this names too many keys within keys");
  if (keys[0] == "sweep" && keys.size() > 1) return keys_in_sweep(keys);
  const Node* model = root.find("model");
  if (keys[0] == "model" && keys.size() > 1 && keys[1] != "use" && keys[1] != "with" && model != nullptr &&
      model->find("use") != nullptr)
    keys.insert(keys.begin() + 1, "with");
  return keys;
}

std::optional<TypeChange> put(Node& root, const std::vector<std::string>& keys, Node value, const Place& place) {
  // A stage without seeds of its own has those of the whole.
  const Node* const shared = root.find("seed");
  const Node seed = shared != nullptr && shared->type != Node::Type::null ? *shared : make_scalar("1", place);
  Node* node = &root;
  Node* map = nullptr;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    map = node;
    const bool purpose = i > 0 && keys[i - 1] == "seed" && keys[0] != "sweep";
    if (purpose && node->type == Node::Type::null) *node = seed;
    node = &step_into(*node, i > 0 && keys[0] != "sweep" ? keys[i - 1] : "", keys[i], place);
  }
  const bool names_type = (keys.back() == "type" || keys.back() == "rule") && keys[0] != "sweep" &&
                          keys[0] != "parameters" && node->is_scalar() && value.is_scalar();
  std::optional<TypeChange> change;
  if (names_type && node->text != value.text) change = TypeChange{map, node->text, value.text};
  *node = std::move(value);
  return change;
}

}  // namespace

std::optional<TypeChange> apply_setting(Node& root, const Setting& setting) {
  return put(root, checked_keys(root, setting.path, setting.place), setting.value, setting.place);
}

Node long_form(const std::string& key, const Node& value) {
  Node map = make_map(value.place);
  const auto add = [&](const char* name, const Node& node) { map.entries.push_back({name, value.place, node}); };
  const bool number = !value.text.empty() && std::string_view("0123456789.").find(value.text[0]) != std::string::npos;
  if (key == "seed") {
    for (const auto* purpose : {"trials", "weights", "order"}) add(purpose, value);
  } else if (key == "synapse" && number) {
    add("type", make_scalar("exponential", value.place));
    add("tau", value);
  } else {
    add(key == "learn" || key == "learning" ? "rule" : "type", value);
  }
  return map;
}

std::string full_path(const Node& root, const std::string& path) { return joined(checked_keys(root, path, {}), 0); }

std::optional<TypeChange> apply_setting(Node& root, const std::string& setting, const std::string& option) {
  const Place place{option + ' ' + setting, 0, 0};
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos || equals == 0)
    throw InvalidInput(place, "a setting is written as key=value, as in stimulus.frequency='50 Hz'");
  const auto keys = checked_keys(root, std::string_view(setting).substr(0, equals), place);
  return put(root, keys, parse_value(setting.substr(equals + 1), place), place);
}

}  // namespace tyto::spec

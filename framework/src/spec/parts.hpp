/// What the readers of an experiment's parts share.
#pragma once

#include <exception>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "node.hpp"
#include "reader.hpp"

namespace tyto::spec {

/// Runs plugin code, whose errors are faults at `place`.
template <class Call>
void guarded(Reader& reader, const Place& place, Call call) {
  try {
    call();
  } catch (const std::exception& error) {
    reader.fault(place, error.what());
  }
}

/// The place of root.a.b as far as it is written.
[[nodiscard]] inline Place place_of(const Node& root, std::initializer_list<std::string_view> path) {
  const Node* node = &root;
  for (const auto key : path) {
    const Node* below = node->find(key);
    if (below == nullptr) break;
    node = below;
  }
  return node->place;
}

/// Sets the value of a key, which takes its old place or comes last.
inline void put(Node& map, const std::string& key, Node value) {
  const Place place = value.place;
  if (Node* known = map.find(key))
    *known = std::move(value);
  else
    map.entries.push_back({key, place, std::move(value)});
}

}  // namespace tyto::spec

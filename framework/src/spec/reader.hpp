/// Reads maps into objects by their parameter declarations, collecting every fault.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tyto/component.hpp>
#include <tyto/error.hpp>

#include "../plugin/registry.hpp"
#include "node.hpp"

namespace tyto::spec {

/// A component made from YAML, with the configuration it ended up with.
struct Configured {
  const ComponentInfo* info = nullptr;
  std::shared_ptr<void> interface;
  Node resolved;  ///< {type: name, every parameter with its value}

  template <class Interface>
  [[nodiscard]] std::shared_ptr<Interface> as() const {
    return std::static_pointer_cast<Interface>(interface);
  }
};

class Reader {
 public:
  explicit Reader(plugin::Registry& registry) : registry_(registry) {}

  /// Reads `node` (a map) into `object`. Keys in `ignored` belong to somebody else. Returns the resolved
  /// configuration: every parameter, defaults included. Faults are collected, not thrown.
  Node read(const Node& node, const ParameterList& list, void* object, const std::vector<std::string>& ignored = {});
  template <class T>
  Node read(const Node& node, const Parameters<T>& list, T& object, const std::vector<std::string>& ignored = {}) {
    return read(node, list.list(), &object, ignored);
  }

  /// Reads a component: its name alone, or a map in which `type_key` names it. nullptr info on a fault.
  Configured component(const Node& node, Kind kind, std::string_view type_key = "type",
                       const std::vector<std::string>& ignored = {});

  void fault(const Place& place, std::string message) { faults_.push_back({place, std::move(message)}); }
  [[nodiscard]] const std::vector<Diagnostic>& faults() const { return faults_; }
  /// Throws InvalidInput with all faults, if there are any.
  void finish() const;

 private:
  plugin::Registry& registry_;
  std::vector<Diagnostic> faults_;
};

/// `word` with the nearest of `known`, as "; did you mean 'x'?" or "" if none is near.
[[nodiscard]] std::string suggestion(std::string_view word, const std::vector<std::string>& known);

}  // namespace tyto::spec

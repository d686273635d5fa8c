/// Reads maps into objects by their parameter declarations, collecting every fault.
#pragma once

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tyto/component.hpp>
#include <tyto/error.hpp>

#include "../plugin/registry.hpp"
#include "document.hpp"
#include "node.hpp"

namespace tyto::spec {

/// A component made from YAML, with the configuration it ended up with.
struct Configured {
  const ComponentInfo* info = nullptr;  ///< known as soon as the name is; null for an unknown name
  std::shared_ptr<void> interface;      ///< null if there was a fault
  Place place;                          ///< of the name
  Node resolved;                        ///< {type: name, every parameter with its value}

  template <class Interface>
  [[nodiscard]] std::shared_ptr<Interface> as() const {
    return std::static_pointer_cast<Interface>(interface);
  }
};

/// Which component is wanted.
struct Wanted {
  Kind kind{};
  std::string_view type_key = "type";  ///< the key that names it
  std::string_view capability = {};    ///< what it must offer, if anything
};

/// Something that works, but probably not as it is meant. `name` is what silences it.
struct Warning {
  std::string name;
  Place place;
  std::string message;
};

/// Names of all warnings.
[[nodiscard]] const std::vector<std::string>& warning_names();
/// `file:line:column: warning: message (silence: name)`
[[nodiscard]] std::string to_string(const Warning& warning);

/// A time or a frequency that was read, to be compared with the time step once that is known.
struct TimedValue {
  Place place;
  std::string name;
  StepRole role = StepRole::none;
  double value = 0;
};

class Reader {
 public:
  /// `folder`: what names of files are relative to, unless they stand in a document of `folders`.
  explicit Reader(plugin::Components& components, std::filesystem::path folder = {}, Folders folders = {})
      : components_(components), folder_(std::move(folder)), folders_(std::move(folders)) {}

  /// Reads `node` (a map) into `object`. Keys in `ignored` belong to somebody else. Returns the resolved
  /// configuration: every parameter, defaults included. Faults are collected, not thrown.
  Node read(const Node& node, const ParameterList& list, void* object, const std::vector<std::string>& ignored = {});
  template <class T>
  Node read(const Node& node, const Parameters<T>& list, T& object, const std::vector<std::string>& ignored = {}) {
    return read(node, list.list(), &object, ignored);
  }

  /// Reads a component: its name alone, or a map in which `type_key` names it.
  Configured component(const Node& node, const Wanted& wanted, const std::vector<std::string>& ignored = {});
  /// The same where the name stands apart from the map of its parameters.
  Configured component(const Node& name, const Node& parameters, const Wanted& wanted,
                       const std::vector<std::string>& ignored = {});

  void fault(const Place& place, std::string message) { faults_.push_back({place, std::move(message)}); }
  [[nodiscard]] const std::vector<Diagnostic>& faults() const { return faults_; }
  void warn(std::string name, const Place& place, std::string message) {
    warnings_.push_back({std::move(name), place, std::move(message)});
  }
  /// Since this was asked for the last time.
  [[nodiscard]] std::vector<Warning> take_warnings() { return std::exchange(warnings_, {}); }
  [[nodiscard]] std::size_t count_of_timed_values() const { return timed_values_.size(); }
  /// Leaves out those of a role that were read after the first `kept`.
  void forget_timed_values(StepRole role, std::size_t kept) {
    timed_values_.erase(std::remove_if(timed_values_.begin() + static_cast<std::ptrdiff_t>(kept), timed_values_.end(),
                                       [role](const TimedValue& value) { return value.role == role; }),
                        timed_values_.end());
  }
  /// For a time that more than one role concerns.
  void add_timed_value(TimedValue value) { timed_values_.push_back(std::move(value)); }
  [[nodiscard]] std::vector<TimedValue> take_timed_values() { return std::exchange(timed_values_, {}); }
  /// Throws InvalidInput with all faults in the order of the input, if there are any.
  void finish() const;

  /// Reports once more what is known to be wrong at a place; false if nothing is.
  bool repeat_fault_at(const Place& place);

  /// The file that a node names.
  [[nodiscard]] std::string path_of(const Node& name) const;
  /// How that file is named from the folder of the whole, in which the resolved configuration is read again.
  [[nodiscard]] std::string name_of(const Node& name) const;
  /// One that is read beside those that parameters name.
  void add_file(std::string file) { files_.push_back(std::move(file)); }

  [[nodiscard]] const plugin::Components& components() const { return components_; }
  /// Every component that was made, each once.
  [[nodiscard]] const std::vector<const ComponentInfo*>& used() const { return used_; }
  /// Every file that was named.
  [[nodiscard]] const std::vector<std::string>& files() const { return files_; }

 private:
  void refuse_unknown_keys(const Node& node, const ParameterList& list, const std::vector<std::string>& ignored);
  std::optional<Node> parameter(const Node& map, const ParameterInfo& info, void* object);
  std::optional<Node> value(const Node& node, const ParameterInfo& info, void* object);
  void note_time(const Place& place, const ParameterInfo& info, const ParameterValue& value);
  std::optional<Node> list(const Node& node, const ParameterInfo& info, void* object);
  const ComponentInfo* find(const Node& name, const Wanted& wanted);
  void make(Configured& made, const Node& parameters, const Wanted& wanted, const std::vector<std::string>& ignored);

  plugin::Components& components_;
  std::filesystem::path folder_;
  Folders folders_;
  std::vector<Diagnostic> faults_;
  std::vector<Warning> warnings_;
  std::vector<TimedValue> timed_values_;
  std::vector<std::string> groups_;  ///< that are being read, outermost first
  std::vector<const ComponentInfo*> used_;
  std::vector<std::string> files_;
  int depth_ = 0;  ///< components within components
};

/// `word` with the nearest of `known`, as "; did you mean 'x'?" or "" if none is near.
[[nodiscard]] std::string suggestion(std::string_view word, const std::vector<std::string>& known);

}  // namespace tyto::spec

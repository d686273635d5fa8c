/// How a plugin registers its components.
///
///     struct Click final : tyto::Stimulus { static auto parameters() {...} ... };
///     TYTO_PLUGIN(registrar) { registrar.add<tyto::Stimulus, Click>(tyto::Kind::stimulus, "click"); }
///
/// Name and version of the plugin come from tyto_add_plugin() in CMake (TYTO_PLUGIN_NAME,
/// TYTO_PLUGIN_VERSION).
#pragma once

#include <cstring>
#include <exception>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tyto/abi.hpp>
#include <tyto/component.hpp>
#include <tyto/error.hpp>
#include <tyto/export.hpp>
#include <tyto/parameters.hpp>

namespace tyto {

/// Collects what one plugin registers. Nothing takes effect unless the whole entry function succeeds.
class TYTO_API Registrar {
 public:
  virtual ~Registrar() = default;

  /// Registers class `Component`, derived from the kind's `Interface`, with a static parameters().
  template <class Interface, class Component>
  void add(Kind kind, std::string name, std::vector<std::string_view> capabilities = {},
           std::source_location where = std::source_location::current()) {
    add_held<Interface, Component>(
        kind, std::move(name), [](Component& component) -> void* { return &component; }, std::move(capabilities),
        Component::parameters().list(), where);
  }

  /// Registers an adapter `Component` that holds the author's plain struct `Definition` in a member;
  /// the parameters are the struct's. TYTO_NEURON and its like are made of it.
  template <class Interface, class Component, class Definition>
  void add_definition(Kind kind, std::string name, Definition Component::*member,
                      std::vector<std::string_view> capabilities, std::source_location where) {
    add_held<Interface, Component>(
        kind, std::move(name), [member](Component& component) -> void* { return &(component.*member); },
        std::move(capabilities), Definition::parameters().list(), where);
  }

 protected:
  virtual void stage(ComponentInfo info) = 0;

 private:
  template <class Interface, class Component, class Storage>
  void add_held(Kind kind, std::string name, Storage storage, std::vector<std::string_view> capabilities,
                ParameterList list, std::source_location where) {
    ComponentInfo info;
    info.kind = kind;
    info.name = std::move(name);
    info.capabilities.assign(capabilities.begin(), capabilities.end());
    info.parameters = std::move(list);
    info.make = [storage] {
      auto component = std::make_shared<Component>();
      void* const members = storage(*component);
      std::shared_ptr<Interface> interface = std::move(component);
      return ComponentInfo::Instance{std::shared_ptr<void>(std::move(interface)), members};
    };
    info.file = where.file_name();
    info.line = static_cast<int>(where.line());
    stage(std::move(info));
  }
};

namespace detail {
/// Runs an entry function and turns its exceptions into a sentence: none crosses the C border.
template <class Entry>
int enter_plugin(Entry entry, void* registrar, char* message, size_t capacity) noexcept {
  const char* sentence = "an exception of an unknown type";
  std::string text;
  try {
    entry(*static_cast<Registrar*>(registrar));
    return 0;
  } catch (const std::exception& error) {
    text = error.what();
    sentence = text.c_str();
  } catch (...) {
  }
  if (capacity > 0) {
    std::strncpy(message, sentence, capacity - 1);
    message[capacity - 1] = '\0';
  }
  return 1;
}
}  // namespace detail

}  // namespace tyto

#ifndef TYTO_PLUGIN_NAME
#define TYTO_PLUGIN_NAME "unnamed"
#endif
#ifndef TYTO_PLUGIN_VERSION
#define TYTO_PLUGIN_VERSION "0"
#endif

/// Defines the plugin's C symbol; followed by the body of the entry function.
#define TYTO_PLUGIN(registrar)                                                                                    \
  static void tyto_plugin_body(::tyto::Registrar& registrar);                                                     \
  static int tyto_plugin_enter(void* registrar_pointer, char* message, size_t capacity) {                         \
    return ::tyto::detail::enter_plugin(&tyto_plugin_body, registrar_pointer, message, capacity);                 \
  }                                                                                                               \
  extern "C" TYTO_API const tyto_plugin_descriptor tyto_plugin;                                                   \
  extern "C" const tyto_plugin_descriptor tyto_plugin = {                                                         \
      TYTO_ABI_MAGIC,      TYTO_API_VERSION,  sizeof(tyto_plugin_descriptor), TYTO_FINGERPRINT, TYTO_PLUGIN_NAME, \
      TYTO_PLUGIN_VERSION, &tyto_plugin_enter};                                                                   \
  static void tyto_plugin_body(::tyto::Registrar& registrar)

/// How a plugin registers its components.
///
///     struct Click final : tyto::Stimulus { static auto parameters() {...} ... };
///     TYTO_PLUGIN(registrar) { registrar.add<Click>("click"); }
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
#include <type_traits>
#include <utility>
#include <vector>

#include <tyto/abi.hpp>
#include <tyto/component.hpp>
#include <tyto/error.hpp>
#include <tyto/export.hpp>
#include <tyto/parameters.hpp>

namespace tyto {

namespace detail {
// Overloads find the interface that a class is derived from, and the compiler says so if there are none or two.
Stimulus* interface_of(Stimulus*);
Layer* interface_of(Layer*);
Synapse* interface_of(Synapse*);
Solver* interface_of(Solver*);
LearningRule* interface_of(LearningRule*);
Plasticity* interface_of(Plasticity*);
Optimizer* interface_of(Optimizer*);
Surrogate* interface_of(Surrogate*);
Analysis* interface_of(Analysis*);
Backend* interface_of(Backend*);
}  // namespace detail

/// A class derived from the interface of one kind of component: Stimulus, Layer, ...
template <class T>
concept Component = requires(T* component) {
  detail::interface_of(component);
};

/// Collects what one plugin registers. Nothing takes effect unless the whole entry function succeeds.
class TYTO_API Registrar {
 public:
  virtual ~Registrar() = default;

  /// Registers class `T` with a static parameters(); its kind is that of the interface it is derived from.
  template <Component T>
  void add(std::string name, std::vector<std::string_view> capabilities = {},
           std::source_location where = std::source_location::current()) {
    add_held<T>(
        std::move(name), [](T& component) -> void* { return &component; }, std::move(capabilities),
        T::parameters().list(), where);
  }

  /// Registers an adapter `T` that holds the author's plain struct `Definition` in a member; the parameters are the
  /// struct's. TYTO_NEURON and its like are made of it.
  template <Component T, class Definition>
  void add_definition(std::string name, Definition T::*member, std::vector<std::string_view> capabilities,
                      std::source_location where) {
    add_held<T>(
        std::move(name), [member](T& component) -> void* { return &(component.*member); }, std::move(capabilities),
        Definition::parameters().list(), where);
  }

 protected:
  virtual void stage(ComponentInfo info) = 0;

 private:
  template <class T, class Storage>
  void add_held(std::string name, Storage storage, std::vector<std::string_view> capabilities, ParameterList list,
                std::source_location where) {
    using Interface = std::remove_pointer_t<decltype(detail::interface_of(static_cast<T*>(nullptr)))>;
    ComponentInfo info;
    info.kind = kind_of<Interface>;
    info.name = std::move(name);
    info.capabilities.assign(capabilities.begin(), capabilities.end());
    info.parameters = std::move(list);
    info.make = [storage] {
      auto component = std::make_shared<T>();
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

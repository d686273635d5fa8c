/// One declaration for each parameter: name, type, dimension, default, range, documentation. Parsing,
/// unit conversion, checks, `tyto describe`, the reference pages, the JSON Schema and the resolved
/// configuration in the results all come from it.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <tyto/export.hpp>
#include <tyto/units.hpp>

namespace tyto {

/// Kinds of component. See component.hpp for names.
enum class Kind {
  stimulus,
  layer,
  synapse,
  solver,
  learning_rule,
  plasticity,
  optimizer,
  surrogate,
  analysis,
  backend
};

class Stimulus;
class Layer;
class Synapse;
class Solver;
class LearningRule;
class Plasticity;
class Optimizer;
class Surrogate;
class Analysis;
class Backend;

/// The kind whose components have the base class `Interface`: kind_of<Stimulus> is Kind::stimulus. Every kind has one.
template <class Interface>
inline constexpr Kind kind_of = [] {
  static_assert(sizeof(Interface) == 0, "this class is the interface of no kind of component");
  return Kind{};
}();
template <>
inline constexpr Kind kind_of<Stimulus> = Kind::stimulus;
template <>
inline constexpr Kind kind_of<Layer> = Kind::layer;
template <>
inline constexpr Kind kind_of<Synapse> = Kind::synapse;
template <>
inline constexpr Kind kind_of<Solver> = Kind::solver;
template <>
inline constexpr Kind kind_of<LearningRule> = Kind::learning_rule;
template <>
inline constexpr Kind kind_of<Plasticity> = Kind::plasticity;
template <>
inline constexpr Kind kind_of<Optimizer> = Kind::optimizer;
template <>
inline constexpr Kind kind_of<Surrogate> = Kind::surrogate;
template <>
inline constexpr Kind kind_of<Analysis> = Kind::analysis;
template <>
inline constexpr Kind kind_of<Backend> = Kind::backend;

enum class ParameterType {
  quantity,   ///< a number with a unit, or a plain number (Dimension::none)
  integer,    ///< a whole number
  boolean,    ///< true or false
  text,       ///< any text
  choice,     ///< one of a list of words
  component,  ///< another component: its name, or {type: name, parameter: value, ...}
  group       ///< a map of further parameters
};

/// What a time or a frequency has to do with the time step, or with the length of a simulation. Whoever knows both
/// compares them when an experiment is read.
enum class StepRole {
  none,
  resolved,    ///< a time constant, or a largest delay: a step that is longer cannot resolve it
  rounded,     ///< acts as a whole number of steps
  wave,        ///< a frequency within a signal; steps hold none above 1 / (2 dt)
  firing,      ///< a rate of single neurons, which fire once a step at most
  within_run,  ///< a length of time that a simulation has to be at least as long as
  before_end   ///< a time of a simulation at which something begins
};

/// What a setter receives: a quantity in base units, a whole number, a truth value, a text or choice,
/// a component's interface pointer, or a list of quantities or texts.
using ParameterValue = std::variant<double, std::int64_t, bool, std::string, std::shared_ptr<void>, std::vector<double>,
                                    std::vector<std::string>>;

struct ParameterInfo;

/// A fault that a cross-parameter check found: the parameter to blame, and a sentence.
struct Problem {
  std::string parameter;
  std::string message;
};

/// The parameters of one component or of one group, in the order of declaration.
struct ParameterList {
  std::string doc;      ///< one line: what the component is
  std::string details;  ///< Markdown below it: equations, the order of updates, units, the source
  std::vector<ParameterInfo> items;
  /// Checks over several parameters, run when each alone is in order. Empty when read from a manifest.
  std::vector<std::function<std::optional<Problem>(const void* object)>> checks;
};

struct ParameterInfo {
  std::string name;
  std::string doc;
  ParameterType type = ParameterType::quantity;
  Dimension dimension = Dimension::none;
  /// Several quantities or texts: a list in YAML, or one of them alone. The range is that of each.
  bool list = false;
  /// A text that names a file, relative to the experiment file. The object gets a path that can be opened.
  bool file = false;
  /// As a user would write it in YAML. Read through the same path as the user's own text. Without a
  /// value the parameter is required, or if `optional` is set, may be left out and then stays as the
  /// object was constructed.
  std::optional<std::string> default_text;
  bool optional = false;
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
  bool minimum_excluded = false;
  bool maximum_excluded = false;
  StepRole step_role = StepRole::none;
  std::string unused_with;  ///< name of the list beside it that takes its place where it is not empty
  std::vector<std::string> choices;
  Kind component_kind = Kind::stimulus;
  ParameterList members;          ///< of a group
  std::string type_key = "type";  ///< for a component: the key that names it

  /// Stores a value into the object. Empty when read from a manifest and for groups.
  std::function<void(void* object, const ParameterValue& value)> set;
  /// For a group: makes the member (engages an optional) and returns its address.
  std::function<void*(void* object)> enter;

  [[nodiscard]] bool required() const { return !optional && !default_text; }
};

/// Builds a ParameterList for objects of type T. Each call declares one parameter; the refinements
/// (positive, at_least, ...) apply to the parameter declared last.
///
///     static auto parameters() {
///       return tyto::parameters<Lif>("Leaky integrate-and-fire neuron")
///           .time("tau", &Lif::tau_s, "2 ms", "membrane time constant").positive()
///           .number("threshold", &Lif::threshold, "1", "spike threshold");
///     }
template <class T>
class Parameters {
 public:
  explicit Parameters(std::string doc) { list_.doc = std::move(doc); }

  /// A plain number; any arithmetic member.
  template <class M>
  Parameters& number(std::string name, M T::*member, std::string default_text, std::string doc) {
    return quantity(std::move(name), member, Dimension::none, std::move(default_text), std::move(doc));
  }
  /// Written with a unit of time, stored in seconds.
  template <class M>
  Parameters& time(std::string name, M T::*member, std::string default_text, std::string doc) {
    return quantity(std::move(name), member, Dimension::time, std::move(default_text), std::move(doc));
  }
  /// Written with a unit of frequency, stored in hertz.
  template <class M>
  Parameters& frequency(std::string name, M T::*member, std::string default_text, std::string doc) {
    return quantity(std::move(name), member, Dimension::frequency, std::move(default_text), std::move(doc));
  }
  /// Written with a unit of angle, stored in radians.
  template <class M>
  Parameters& angle(std::string name, M T::*member, std::string default_text, std::string doc) {
    return quantity(std::move(name), member, Dimension::angle, std::move(default_text), std::move(doc));
  }
  template <class M>
  Parameters& quantity(std::string name, M T::*member, Dimension dimension, std::string default_text, std::string doc) {
    auto& info = add(std::move(name), ParameterType::quantity, std::move(default_text), std::move(doc));
    info.dimension = dimension;
    info.set = [member](void* object, const ParameterValue& value) {
      static_cast<T*>(object)->*member = static_cast<Held<M>>(std::get<double>(value));
    };
    return *this;
  }
  template <class M>
  Parameters& integer(std::string name, M T::*member, std::string default_text, std::string doc) {
    auto& info = add(std::move(name), ParameterType::integer, std::move(default_text), std::move(doc));
    info.minimum = static_cast<double>(std::numeric_limits<std::int32_t>::min());
    info.maximum = static_cast<double>(std::numeric_limits<std::int32_t>::max());
    info.set = [member](void* object, const ParameterValue& value) {
      static_cast<T*>(object)->*member = static_cast<Held<M>>(std::get<std::int64_t>(value));
    };
    return *this;
  }
  Parameters& boolean(std::string name, bool T::*member, std::string default_text, std::string doc) {
    auto& info = add(std::move(name), ParameterType::boolean, std::move(default_text), std::move(doc));
    info.set = [member](void* object, const ParameterValue& value) {
      static_cast<T*>(object)->*member = std::get<bool>(value);
    };
    return *this;
  }
  Parameters& text(std::string name, std::string T::*member, std::string default_text, std::string doc) {
    auto& info = add(std::move(name), ParameterType::text, std::move(default_text), std::move(doc));
    info.set = [member](void* object, const ParameterValue& value) {
      static_cast<T*>(object)->*member = std::get<std::string>(value);
    };
    return *this;
  }
  /// A file that is read: written relative to the experiment file.
  Parameters& file(std::string name, std::string T::*member, std::string default_text, std::string doc) {
    text(std::move(name), member, std::move(default_text), std::move(doc));
    return last().file = true, *this;
  }
  /// A list of quantities; one alone needs no brackets.
  Parameters& quantities(std::string name, std::vector<double> T::*member, Dimension dimension,
                         std::string default_text, std::string doc) {
    auto& info = add(std::move(name), ParameterType::quantity, std::move(default_text), std::move(doc));
    info.dimension = dimension;
    info.list = true;
    info.set = [member](void* object, const ParameterValue& value) {
      static_cast<T*>(object)->*member = std::get<std::vector<double>>(value);
    };
    return *this;
  }
  /// A list of plain numbers.
  Parameters& numbers(std::string name, std::vector<double> T::*member, std::string default_text, std::string doc) {
    return quantities(std::move(name), member, Dimension::none, std::move(default_text), std::move(doc));
  }
  /// A list of texts; one alone needs no brackets.
  Parameters& texts(std::string name, std::vector<std::string> T::*member, std::string default_text, std::string doc) {
    auto& info = add(std::move(name), ParameterType::text, std::move(default_text), std::move(doc));
    info.list = true;
    info.set = [member](void* object, const ParameterValue& value) {
      static_cast<T*>(object)->*member = std::get<std::vector<std::string>>(value);
    };
    return *this;
  }
  /// One of a list of words, each standing for a value of the member's (usually enumeration) type.
  template <class M>
  Parameters& choice(std::string name, M T::*member, std::vector<std::pair<std::string, std::type_identity_t<M>>> words,
                     std::string default_text, std::string doc) {
    auto& info = add(std::move(name), ParameterType::choice, std::move(default_text), std::move(doc));
    for (const auto& word : words) info.choices.push_back(word.first);
    info.set = [member, words = std::move(words)](void* object, const ParameterValue& value) {
      for (const auto& word : words)
        if (word.first == std::get<std::string>(value)) static_cast<T*>(object)->*member = word.second;
    };
    return *this;
  }
  /// Another component, of the kind that has the base class `Interface`.
  template <class Interface>
  Parameters& component(std::string name, std::shared_ptr<Interface> T::*member, std::string default_text,
                        std::string doc) {
    auto& info = add(std::move(name), ParameterType::component, std::move(default_text), std::move(doc));
    info.component_kind = kind_of<std::remove_const_t<Interface>>;
    info.set = [member](void* object, const ParameterValue& value) {
      static_cast<T*>(object)->*member =
          std::static_pointer_cast<std::remove_const_t<Interface>>(std::get<std::shared_ptr<void>>(value));
    };
    return *this;
  }
  /// A map of further parameters; its own defaults apply when it is left out.
  template <class G>
  Parameters& group(std::string name, G T::*member, Parameters<G> inner, std::string doc) {
    auto& info = add(std::move(name), ParameterType::group, "{}", std::move(doc));
    info.members = std::move(inner).list();
    info.enter = [member](void* object) -> void* { return &(static_cast<T*>(object)->*member); };
    return *this;
  }
  /// A map of further parameters that is absent unless written.
  template <class G>
  Parameters& group(std::string name, std::optional<G> T::*member, Parameters<G> inner, std::string doc) {
    auto& info = add(std::move(name), ParameterType::group, "", std::move(doc));
    info.default_text.reset();
    info.optional = true;
    info.members = std::move(inner).list();
    info.enter = [member](void* object) -> void* { return &(static_cast<T*>(object)->*member).emplace(); };
    return *this;
  }

  /// Markdown for the component's page: its equations, the order in which they are worked out, units, and where they
  /// come from.
  Parameters& details(std::string text) { return list_.details = std::move(text), *this; }

  // --- refinements of the parameter declared last ---
  Parameters& positive() { return above(0); }
  Parameters& non_negative() { return at_least(0); }
  Parameters& at_least(double bound) { return last().minimum = bound, *this; }
  Parameters& at_most(double bound) { return last().maximum = bound, *this; }
  Parameters& above(double bound) { return last().minimum = bound, last().minimum_excluded = true, *this; }
  Parameters& below(double bound) { return last().maximum = bound, last().maximum_excluded = true, *this; }
  Parameters& range(double low, double high) { return at_least(low).at_most(high); }
  /// For quantities alone: a time, or a frequency.
  Parameters& compared(StepRole role) {
    if (last().type != ParameterType::quantity) throw std::logic_error(last().name + " is no quantity to be compared");
    return last().step_role = role, *this;
  }
  /// Has no meaning where the list of that name is not empty.
  Parameters& unused_with(const std::string& list) { return last().unused_with = list, *this; }
  /// No default: must be written.
  Parameters& required() { return last().default_text.reset(), *this; }
  /// May be left out, and then stays as the object was constructed (e.g. an empty std::optional).
  Parameters& optional() { return last().default_text.reset(), last().optional = true, *this; }

  /// A check over several parameters: `std::optional<Problem>(const T&)`.
  template <class Check>
  Parameters& check(Check rule) {
    list_.checks.push_back([rule = std::move(rule)](const void* object) -> std::optional<Problem> {
      return rule(*static_cast<const T*>(object));
    });
    return *this;
  }

  [[nodiscard]] const ParameterList& list() const& { return list_; }
  [[nodiscard]] ParameterList list() && { return std::move(list_); }

 private:
  template <class M>
  struct Unwrap {
    using type = M;
  };
  template <class M>
  struct Unwrap<std::optional<M>> {
    using type = M;
  };
  template <class M>
  using Held = typename Unwrap<M>::type;

  ParameterInfo& add(std::string name, ParameterType type, std::string default_text, std::string doc) {
    auto& info = list_.items.emplace_back();
    info.name = std::move(name);
    info.type = type;
    info.default_text = std::move(default_text);
    info.doc = std::move(doc);
    return info;
  }
  ParameterInfo& last() { return list_.items.back(); }

  ParameterList list_;
};

/// A member of a base as one of the class derived from it, for parameters that several components have in common:
/// `.time("tau", tyto::member<T>(&Membrane::tau_s), ...)`.
template <class T, class Base, class M>
[[nodiscard]] M T::*member(M Base::*pointer) {
  return pointer;
}

template <class T>
[[nodiscard]] Parameters<T> parameters(std::string doc) {
  return Parameters<T>(std::move(doc));
}

}  // namespace tyto

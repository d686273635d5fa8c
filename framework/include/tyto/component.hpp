/// What a plugin can provide, and what the framework knows of it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tyto/export.hpp>
#include <tyto/parameters.hpp>

namespace tyto {

/// "stimulus", "layer", "learning rule", ...
[[nodiscard]] TYTO_API std::string_view to_string(Kind kind);
/// The kind by its name, as printed by to_string(); throws Error for another word.
[[nodiscard]] TYTO_API Kind kind_from(std::string_view name);
/// All kinds, in the order in which they are listed.
[[nodiscard]] TYTO_API const std::vector<Kind>& kinds();

/// What a component offers to others. A learning rule states what it needs; both are matched when an
/// experiment is validated. Plugins may add their own words.
namespace capability {
inline constexpr std::string_view population = "population";           ///< layer of neurons driven by currents
inline constexpr std::string_view projection = "projection";           ///< layer that turns signals into currents
inline constexpr std::string_view transform = "transform";             ///< layer that turns signals into signals
inline constexpr std::string_view source = "source";                   ///< population at which nothing arrives
inline constexpr std::string_view spiking = "spiking";                 ///< output is 0 or 1
inline constexpr std::string_view surrogate = "surrogate derivative";  ///< spike() is differentiable by a surrogate
inline constexpr std::string_view jacobian = "local Jacobian";         ///< derivative of one step is available
inline constexpr std::string_view rate_curve = "rate curve";           ///< neurons' rate for a steady current is known
inline constexpr std::string_view ensemble = "ensemble";               ///< population that represents a vector
inline constexpr std::string_view decoding = "decoding";               ///< projection that finds its weights itself
inline constexpr std::string_view trials =
    "trials";  ///< stimulus makes trials, or analysis of runs with trials; need not be said by those of nothing else
inline constexpr std::string_view stream = "stream";  ///< stimulus gives values without an end
inline constexpr std::string_view simulation =
    "simulation";  ///< backend can run a model step by step; analysis of that; projection for nothing else
inline constexpr std::string_view likelihood = "likelihood";  ///< stimulus knows the probability of its spikes
inline constexpr std::string_view local_rules =
    "local rules";  ///< learning rule that lets connections learn by rules of their own; backend can do so in trials
inline constexpr std::string_view backpropagation = "backpropagation";  ///< backend can run a model backwards
}  // namespace capability

/// A component as its plugin registers it, or as its plugin's manifest describes it.
struct ComponentInfo {
  Kind kind{};
  std::string name;                       ///< the word written in YAML
  std::vector<std::string> capabilities;  ///< see tyto::capability
  ParameterList parameters;
  /// Makes an object with every parameter unset; empty in information read from a manifest. The
  /// pointer is to the kind's interface (Stimulus, Layer, ...), its owner keeps the whole object.
  /// `parameters` set members of the object that `storage` points to.
  struct Instance {
    std::shared_ptr<void> interface;  ///< points to the kind's base class
    void* storage = nullptr;          ///< what the parameter setters expect
  };
  std::function<Instance()> make;
  std::string plugin;   ///< name of the plugin
  std::string library;  ///< file of the plugin
  std::string file;     ///< source file of the registration
  int line = 0;         ///< its line

  [[nodiscard]] bool offers(std::string_view capability) const {
    for (const auto& have : capabilities)
      if (have == capability) return true;
    return false;
  }
};

}  // namespace tyto

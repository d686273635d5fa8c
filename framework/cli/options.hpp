/// Reading the words of a command, with Boost.Program_options.
#pragma once

#include <string>
#include <vector>

#include <boost/program_options.hpp>

#include "commands.hpp"

namespace tyto::cli {

/// Parsed words of one command. `--help` prints the usage, and then ready() is false.
class Options {
 public:
  /// `usage` is the first line of the help, e.g. "tyto run FILE [options]"; `operands` names what may stand
  /// without a dash, at most `most` of them.
  Options(const Call& call, const std::string& usage, const boost::program_options::options_description& described,
          std::size_t least, std::size_t most);

  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] const std::vector<std::string>& operands() const { return operands_; }
  [[nodiscard]] bool has(const std::string& name) const { return values_.count(name) != 0; }
  template <class T>
  [[nodiscard]] const T& get(const std::string& name) const {
    return values_[name].as<T>();
  }
  /// All values of an option that may be given many times.
  [[nodiscard]] std::vector<std::string> all(const std::string& name) const {
    return has(name) ? get<std::vector<std::string>>(name) : std::vector<std::string>{};
  }

 private:
  boost::program_options::variables_map values_;
  std::vector<std::string> operands_;
  bool ready_ = false;
};

/// An empty set of options that knows --plugin-path and --help.
[[nodiscard]] boost::program_options::options_description common_options();

}  // namespace tyto::cli

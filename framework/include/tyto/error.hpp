/// Errors that a user sees. Every one is a plain sentence, with the place in the input where there is one.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tyto/export.hpp>

namespace tyto {

/// A place in an input file. `line` and `column` count from 1; 0 means "no line known".
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
};

/// `file:line:column`, or as much of it as is known; empty for an unknown place.
[[nodiscard]] TYTO_API std::string to_string(const Place& place);

/// Something failed while running (exit code 1). The only exception type, with its
/// descendants, that may cross a plugin border.
class TYTO_API Error : public std::runtime_error {
 public:
  explicit Error(const std::string& sentence) : std::runtime_error(sentence) {}
};

/// Numbers became infinite or none where a run needs finite ones. What was sound until then is kept in the results.
class TYTO_API Diverged : public Error {
 public:
  explicit Diverged(const std::string& sentence) : Error(sentence) {}
};

/// One fault in the input.
struct Diagnostic {
  Place place;
  std::string message;
};

/// `file:line:column: error: message`
[[nodiscard]] TYTO_API std::string to_string(const Diagnostic& diagnostic);

/// The input is wrong (exit code 2). Holds every fault found, in the order of the input.
class TYTO_API InvalidInput : public Error {
 public:
  explicit InvalidInput(std::vector<Diagnostic> diagnostics);
  InvalidInput(Place place, std::string message);
  [[nodiscard]] const std::vector<Diagnostic>& diagnostics() const noexcept { return diagnostics_; }

 private:
  std::vector<Diagnostic> diagnostics_;
};

/// The user stopped the run (exit code 130).
class TYTO_API Interrupted : public Error {
 public:
  Interrupted() : Error("interrupted") {}
};

}  // namespace tyto

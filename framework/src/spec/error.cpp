#include <tyto/error.hpp>

namespace tyto {

std::string to_string(const Place& place) {
  std::string text = place.file;
  if (place.line > 0) {
    if (!text.empty()) text += ':';
    text += std::to_string(place.line);
    if (place.column > 0) text += ':' + std::to_string(place.column);
  }
  return text;
}

std::string to_string(const Diagnostic& diagnostic) {
  const std::string place = to_string(diagnostic.place);
  return (place.empty() ? "" : place + ": ") + "error: " + diagnostic.message;
}

namespace {
std::string lines_of(const std::vector<Diagnostic>& diagnostics) {
  std::string text;
  for (const auto& diagnostic : diagnostics) {
    if (!text.empty()) text += '\n';
    text += to_string(diagnostic);
  }
  return text;
}
}  // namespace

InvalidInput::InvalidInput(std::vector<Diagnostic> diagnostics)
    : Error(lines_of(diagnostics)), diagnostics_(std::move(diagnostics)) {}

InvalidInput::InvalidInput(Place place, std::string message)
    : InvalidInput(std::vector<Diagnostic>{{std::move(place), std::move(message)}}) {}

}  // namespace tyto

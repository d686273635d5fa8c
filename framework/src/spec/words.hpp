/// Small pieces of which messages are made.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tyto::spec {

/// The word between quotation marks, shortened if long and without control characters, so that
/// nothing in a file can confuse a terminal.
[[nodiscard]] std::string quote(std::string_view word);

/// A text as a terminal may show it: control characters, and those that turn the direction of writing, as "\x1b" and
/// "\u202e". Line ends stay.
[[nodiscard]] std::string escaped(std::string_view text);

/// "a, b, c", or "a, b, ... (17 more)" for a long list.
[[nodiscard]] std::string enumerate(const std::vector<std::string>& words);

/// suggestion(), or what is known if nothing is near: "; known are a, b, c".
[[nodiscard]] std::string suggestion_or_known(std::string_view word, const std::vector<std::string>& known);

/// Letters, digits and underscores, at most 64 of them: fit for the name of a layer or a group.
[[nodiscard]] bool is_name(std::string_view word);

}  // namespace tyto::spec

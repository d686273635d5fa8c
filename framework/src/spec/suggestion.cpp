#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "reader.hpp"
#include "words.hpp"

namespace tyto::spec {

namespace {

/// Edits (insert, delete, replace, swap of neighbours) that lead from one word to the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::string lower(std::string_view word) {
  std::string text(word);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string shown;
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = [&](std::size_t k) {
      return at + k < text.size() ? static_cast<unsigned char>(text[at + k]) : 0U;
    };
    // Code points of one to three bytes; longer ones hold nothing that a terminal obeys.
    const unsigned two = (byte(0) & 0x1fU) << 6U | (byte(1) & 0x3fU);
    const unsigned three = (byte(0) & 0x0fU) << 12U | (byte(1) & 0x3fU) << 6U | (byte(2) & 0x3fU);
    const bool is_two = (byte(0) & 0xe0U) == 0xc0, is_three = (byte(0) & 0xf0U) == 0xe0;
    const bool turns = three == 0x200e || three == 0x200f || (three >= 0x2028 && three <= 0x202e) ||
                       (three >= 0x2066 && three <= 0x2069);
    if ((byte(0) < 0x20 && text[at] != '\n' && text[at] != '\t') || byte(0) == 0x7f) {
      shown += fmt::format("\\x{:02x}", byte(0));
      at += 1;
    } else if (is_two && ((two >= 0x80 && two < 0xa0) || two == 0x061c)) {
      shown += fmt::format("\\u{:04x}", two);
      at += 2;
    } else if (is_three && turns) {
      shown += fmt::format("\\u{:04x}", three);
      at += 3;
    } else {
      shown += text[at++];
    }
  }
  return shown;
}

std::string quote(std::string_view word) {
  constexpr std::size_t longest = 60;
  std::string text = "'";
  for (const char c : word.substr(0, longest)) text += c == '\n' ? ' ' : c;
  if (word.size() > longest) {
    // A character of several bytes must not be cut in its middle.
    while (text.size() > 1 && (static_cast<unsigned char>(word[text.size() - 1]) & 0xc0U) == 0x80) text.pop_back();
    text += "...";
  }
  return escaped(text + "'");
}

std::string enumerate(const std::vector<std::string>& words) {
  constexpr std::size_t most = 24;
  std::string text;
  for (std::size_t i = 0; i < std::min(words.size(), most); ++i) {
    if (i > 0) text += ", ";
    text += words[i];
  }
  if (words.size() > most) text += ", ... (" + std::to_string(words.size() - most) + " more)";
  return text;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
  constexpr std::size_t longest = 64;
  if (word.size() > longest) return "";
  const std::string sought = lower(word);
  std::size_t best = (word.size() + 1) / 3;
  const std::string* nearest = nullptr;
  for (const auto& candidate : known) {
    if (candidate.size() > longest) continue;
    const std::size_t distance = edit_distance(sought, lower(candidate));
    if (distance > best || (nearest != nullptr && distance == best)) continue;
    best = distance;
    nearest = &candidate;
  }
  return nearest == nullptr ? "" : "; did you mean " + quote(*nearest) + "?";
}

std::string suggestion_or_known(std::string_view word, const std::vector<std::string>& known) {
  std::string near = suggestion(word, known);
  if (!near.empty()) return near;
  return known.empty() ? "" : "; known " + std::string(known.size() == 1 ? "is " : "are ") + enumerate(known);
}

bool is_name(std::string_view word) {
  return !word.empty() && word.size() <= 64 && std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) != 0 || c == '_');
  });
}

}  // namespace tyto::spec

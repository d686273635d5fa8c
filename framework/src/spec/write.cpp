#include <array>

#include "node.hpp"
#include "words.hpp"

namespace tyto::spec {

namespace {

std::string in_quotes(const std::string& text) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += digits[byte >> 4U];
      out += digits[byte & 15U];
    } else {
      out += c;
    }
  }
  return out + '"';
}

/// A plain scalar may hold line breaks; within it a blank line stands for each.
std::string plain(const std::string& text, std::size_t indent) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text[i] == '\n' && (i + 1 == text.size() || text[i + 1] != '\n')) out += '\n' + std::string(indent, ' ');
  }
  return out;
}

std::string scalar(const Node& node, std::size_t indent) {
  // Within brackets a lone '-' or '?' is a word; in a block it would begin an item or a key.
  const bool is_sign = node.text == "-" || node.text == "?" || node.text == ":";
  return node.quoted || is_sign ? in_quotes(node.text) : plain(node.text, indent);
}

using Comment = std::function<std::string(const Node&)>;

void write_block(const Node& node, std::size_t indent, const Comment& comment, std::string& out);

std::string end_of_line(const Node& node, const Comment& comment) {
  if (!comment) return "\n";
  std::string text = "  # " + comment(node);
  for (char& c : text)
    if (c == '\n') c = ' ';
  return text + '\n';
}

/// The value after "key:" or "-": on the same line if it is short, else below.
void write_value(const Node& node, std::size_t indent, bool item, const Comment& comment, std::string& out) {
  if (node.type == Node::Type::null) {
    out += " null" + end_of_line(node, comment);
  } else if (node.is_scalar()) {
    out += ' ' + scalar(node, indent) + end_of_line(node, comment);
  } else if (node.items.empty() && node.entries.empty()) {
    out += (node.is_map() ? " {}" : " []") + end_of_line(node, comment);
  } else if (item) {
    // The first line of the block stands on the line of the dash.
    std::string block;
    write_block(node, indent, comment, block);
    out += ' ' + block.substr(indent);
  } else {
    out += '\n';
    write_block(node, indent, comment, out);
  }
}

void write_block(const Node& node, std::size_t indent, const Comment& comment, std::string& out) {
  const std::string margin(indent, ' ');
  for (const auto& item : node.items) {
    out += margin + '-';
    write_value(item, indent + 2, true, comment, out);
  }
  for (const auto& entry : node.entries) {
    out += margin + (reads_as_text(entry.key) ? entry.key : in_quotes(entry.key)) + ':';
    write_value(entry.value, indent + 2, false, comment, out);
  }
}

}  // namespace

bool reads_as_text(std::string_view text) {
  if (text.empty() || text.size() > 256) return false;
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (!is_letter(text.front()) && text.front() != '_') return false;
  for (const char c : text)
    if (!is_letter(c) && !(c >= '0' && c <= '9') && std::string_view("_-./").find(c) == std::string_view::npos)
      return false;
  // Words that YAML readers take for something else.
  static constexpr std::array<std::string_view, 11> other{"true", "false", "null", "yes", "no", "on",
                                                          "off",  "y",     "n",    "nan", "inf"};
  std::string lower(text);
  for (auto& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  for (const auto& word : other)
    if (lower == word) return false;
  return true;
}

Node make_scalar(std::string text, const Place& place, bool quoted) {
  Node node;
  node.type = Node::Type::scalar;
  node.text = std::move(text);
  node.place = place;
  node.quoted = quoted;
  return node;
}

Node make_text(std::string text, const Place& place) {
  const bool quoted = !reads_as_text(text);
  return make_scalar(std::move(text), place, quoted);
}

Node make_map(const Place& place) {
  Node node;
  node.type = Node::Type::map;
  node.place = place;
  return node;
}

std::string write(const Node& node) { return write(node, {}); }

std::string write(const Node& node, const Comment& comment) {
  std::string out;
  if (node.type == Node::Type::null) return "null\n";
  if (node.is_scalar()) return scalar(node, 2) + '\n';
  if (node.items.empty() && node.entries.empty()) return node.is_map() ? "{}\n" : "[]\n";
  write_block(node, 0, comment, out);
  return out;
}

}  // namespace tyto::spec

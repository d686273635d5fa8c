#include "node.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/node/node.h>  // the Node that parser.h only names; clang-tidy looks for it, and finds ours instead
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <optional>
#include <sstream>
#include <unordered_map>

#include "../files/text_file.hpp"
#include "words.hpp"

namespace tyto::spec {

namespace {

constexpr std::size_t most_text = std::size_t{1} << 20;
constexpr std::size_t most_nodes = 100'000;
constexpr std::size_t most_depth = 64;

std::size_t count_nodes(const Node& node) {
  std::size_t count = 1;
  for (const auto& item : node.items) count += count_nodes(item);
  for (const auto& entry : node.entries) count += count_nodes(entry.value);
  return count;
}

std::size_t depth_of(const Node& node) {
  std::size_t below = 0;
  for (const auto& item : node.items) below = std::max(below, depth_of(item));
  for (const auto& entry : node.entries) below = std::max(below, depth_of(entry.value));
  return below + 1;
}

/// Builds the tree from yaml-cpp's events, so that every limit holds while the text is being read and
/// before anything large exists.
class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(const std::string& name) : name_(name) {}

  /// The finished tree.
  [[nodiscard]] Node take() {
    if (key_fault_) throw InvalidInput(key_fault_->place, key_fault_->message);
    return std::move(root_);
  }
  [[nodiscard]] Place place(const YAML::Mark& mark) const { return {name_, mark.line + 1, mark.column + 1}; }
  /// Where the innermost collection begins that is still open.
  [[nodiscard]] std::optional<Place> open_place() const {
    return open_.empty() ? std::nullopt : std::optional(open_.back().node.place);
  }
  [[nodiscard]] int last_line() const { return last_line_; }

  void OnDocumentStart(const YAML::Mark& mark) override { root_.place = place(mark); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node = start(mark, Node::Type::null);
    finish(std::move(node), anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node = start(mark, Node::Type::scalar);
    node.text = value;
    node.quoted = check_tag(tag, node.place);
    finish(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const Place where = place(mark);
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw InvalidInput(where, "this alias stands inside the node that it names");
    count(where, found->second.nodes);
    check_depth(where, open_.size() + found->second.depth);
    Node node = found->second.node;
    node.place = where;
    add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Type::sequence);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Type::map);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Node node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    std::string key;
    Place key_place;
    std::unordered_map<std::string, int> line_of_key;
  };
  struct Anchored {
    Node node;
    std::size_t nodes = 0;
    std::size_t depth = 0;
  };

  void count(const Place& where, std::size_t nodes) {
    nodes_ += nodes;
    if (nodes_ > most_nodes)
      throw InvalidInput(where, "the document is too large: more than 100000 nodes, aliases counted as what they name");
  }
  static void check_depth(const Place& where, std::size_t depth) {
    if (depth > most_depth) throw InvalidInput(where, "the document is nested too deeply: more than 64 levels");
  }
  Node start(const YAML::Mark& mark, Node::Type type) {
    Node node;
    node.type = type;
    node.place = place(mark);
    last_line_ = node.place.line;
    count(node.place, 1);
    return node;
  }
  /// True if the tag makes the scalar a text.
  static bool check_tag(const std::string& tag, const Place& where) {
    if (tag.empty() || tag == "?") return false;
    if (tag == "!") return true;
    static constexpr std::string_view standard = "tag:yaml.org,2002:";
    static constexpr std::array<std::string_view, 7> known{"str", "int", "float", "bool", "null", "map", "seq"};
    const bool is_standard = tag.starts_with(standard);
    const std::string_view word = is_standard ? std::string_view(tag).substr(standard.size()) : std::string_view(tag);
    if (!is_standard || std::find(known.begin(), known.end(), word) == known.end())
      throw InvalidInput(where, "the tag " + quote(tag) + " is not supported");
    return word == "str";
  }
  [[nodiscard]] bool awaits_key() const {
    return !open_.empty() && open_.back().node.is_map() && !open_.back().has_key;
  }
  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Type type) {
    Frame frame;
    frame.node = start(mark, type);
    frame.anchor = anchor;
    check_tag(tag, frame.node.place);
    if (awaits_key()) refuse_key(frame.node.place, "a key must be a word, not a list or a map");
    check_depth(frame.node.place, open_.size() + 1);
    open_.push_back(std::move(frame));
  }
  void close() {
    Frame frame = std::move(open_.back());
    open_.pop_back();
    finish(std::move(frame.node), frame.anchor);
  }
  /// Keeps what has an anchor for its aliases; the copy counts, so that anchors within anchors stay small.
  void finish(Node node, YAML::anchor_t anchor) {
    if (anchor != 0) {
      Anchored kept{node, count_nodes(node), depth_of(node)};
      count(node.place, kept.nodes);
      anchors_.insert_or_assign(anchor, std::move(kept));
    }
    add(std::move(node));
  }
  void add(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = open_.back();
    if (frame.node.is_sequence()) {
      frame.node.items.push_back(std::move(node));
    } else if (frame.has_key) {
      frame.has_key = false;
      frame.node.entries.push_back({std::move(frame.key), std::move(frame.key_place), std::move(node)});
    } else {
      take_key(frame, std::move(node));
    }
  }
  /// A bracket that is never closed looks like a key for a while, so that this fault is kept until the
  /// parser has seen the end.
  void refuse_key(const Place& where, const char* sentence) {
    if (!key_fault_) key_fault_ = Diagnostic{where, sentence};
  }
  void take_key(Frame& frame, Node key) {
    if (!key.is_scalar()) {
      refuse_key(key.place, "a key must be a word");
      frame.has_key = true;
      return;
    }
    if (key.text == "<<" && !key.quoted) throw InvalidInput(key.place, "merge keys ('<<') are not supported");
    const auto [known, is_new] = frame.line_of_key.try_emplace(key.text, key.place.line);
    if (!is_new)
      throw InvalidInput(key.place,
                         "the key " + quote(key.text) + " is there already, in line " + std::to_string(known->second));
    frame.has_key = true;
    frame.key = std::move(key.text);
    frame.key_place = std::move(key.place);
  }

  const std::string& name_;
  Node root_;
  std::vector<Frame> open_;
  std::unordered_map<YAML::anchor_t, Anchored> anchors_;
  std::optional<Diagnostic> key_fault_;
  std::size_t nodes_ = 0;
  int last_line_ = 1;
};

/// Bytes of the UTF-8 character at the start of `text`; 0 if there is no valid one.
std::size_t character_length(std::string_view text) {
  const auto byte = [text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0U) != 0x80) return 0;
  // Longer forms than necessary, surrogates and numbers beyond Unicode.
  const unsigned second = byte(1);
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) ||
      (first == 0xf4 && second > 0x8f))
    return 0;
  return length;
}

/// yaml-cpp passes over bytes that are no text, and takes tabs in indentation now one way, now another.
void check_characters(std::string_view text, const std::string& name) {
  Place place{name, 1, 1};
  bool indentation = true;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    const auto byte = static_cast<unsigned char>(c);
    const std::size_t length = character_length(text.substr(at));
    if (length == 0 || (byte < 0x20 && c != '\n' && c != '\r' && c != '\t') || byte == 0x7f)
      throw InvalidInput(place, "this is not text: it holds bytes that are not UTF-8, or control characters");
    if (c == '\t' && indentation) {
      const std::size_t next = text.find_first_not_of(" \t", at);
      const bool blank = next == std::string_view::npos || std::string_view("\r\n#").find(text[next]) < 3;
      if (!blank) throw InvalidInput(place, "a tab cannot indent YAML; use spaces");
    }
    indentation = c == '\n' || (indentation && (c == ' ' || c == '\t'));
    place.line += c == '\n' ? 1 : 0;
    place.column = c == '\n' ? 1 : place.column + static_cast<int>(length);
    at += length;
  }
}

/// A sentence for the parser's terse words, to which versions of yaml-cpp add what they speak of.
std::string sentence_for(const std::string& message) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 9> sentences{{
      {"illegal map value", "a ':' cannot stand here: check the indentation, or put the text in quotes"},
      {"illegal map key", "a key cannot stand here: check the indentation"},
      {"illegal block entry", "a list item cannot stand here: check the indentation"},
      {"end of map not found", "this does not fit in here: check the indentation, and that every key has its ':'"},
      {"end of sequence not found",
       "this does not fit in here: check the indentation, and that every item has its '-'"},
      {"illegal flow end", "this bracket closes nothing"},
      {"illegal EOF in scalar", "the text ends within quotes: a closing quotation mark is missing"},
      {"the referenced anchor is not defined", "this alias names an anchor that is not there"},
      {"unknown token", "no value can begin like this; put the text in quotes"},
  }};
  for (const auto& [terse, sentence] : sentences)
    if (message.starts_with(terse)) return std::string(sentence);
  return "this is not valid YAML: " + message;
}

[[noreturn]] void refuse(const YAML::Exception& error, const Builder& builder, const std::string& name, int lines) {
  if (error.msg == "end of map flow not found" || error.msg == "end of sequence flow not found") {
    const Place place = builder.open_place().value_or(Place{name, 0, 0});
    const bool map = error.msg == "end of map flow not found";
    throw InvalidInput(place, std::string("the '") + (map ? '{' : '[') +
                                  "' that opens here is not closed, or a comma is missing within");
  }
  Place place = error.mark.is_null() ? Place{name, 0, 0} : builder.place(error.mark);
  if (place.line > lines) place = {name, lines, 1};
  throw InvalidInput(place, sentence_for(error.msg));
}

/// Where a second document begins, as far as the first one's last line tells.
Place second_document(std::string_view text, const std::string& name, int last_line) {
  std::istringstream lines{std::string(text)};
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number)
    if (number > last_line && (line.starts_with("---") || line.starts_with("..."))) return {name, number, 1};
  return {name, last_line, 1};
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const auto& entry : entries)
    if (entry.key == key) return &entry.value;
  return nullptr;
}

Node* Node::find(std::string_view key) {
  for (auto& entry : entries)
    if (entry.key == key) return &entry.value;
  return nullptr;
}

Node parse(std::string_view text, const std::string& name) {
  if (text.size() > most_text) throw InvalidInput({name, 0, 0}, "the text is too large: more than 1 MiB");
  check_characters(text, name);
  const int lines = 1 + static_cast<int>(std::count(text.begin(), text.end(), '\n')) - (text.ends_with('\n') ? 1 : 0);
  // A comment that no line end follows: yaml-cpp reports an unclosed quotation mark only if the text
  // ends in the middle of a line.
  std::istringstream stream(std::string(text) + (text.ends_with('\n') ? "#" : "\n#"));
  Builder builder(name);
  bool more = false;
  try {
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    more = static_cast<bool>(parser);
  } catch (const YAML::Exception& error) {
    refuse(error, builder, name, lines);
  }
  if (more)
    throw InvalidInput(second_document(text, name, builder.last_line()),
                       "the document has ended before this; a file holds one document");
  Node root = builder.take();
  if (root.place.file.empty()) root.place = {name, 1, 1};
  return root;
}

std::string read_text(const std::string& path) {
  try {
    return files::read_text_file(path, most_text);
  } catch (const Error& error) {
    throw InvalidInput({path, 0, 0}, error.what());
  }
}

Node parse_file(const std::string& path) { return parse(read_text(path), path); }

}  // namespace tyto::spec

#include "spec/node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "fake_components.hpp"
#include "spec/settings.hpp"

namespace tyto::spec {
namespace {

using test::faults_of;

std::string fault(std::string_view text) {
  return faults_of([&] { static_cast<void>(parse(text, "f.yaml")); });
}

bool equal(const Node& a, const Node& b) {
  if (a.type != b.type || a.text != b.text || a.quoted != b.quoted || a.items.size() != b.items.size() ||
      a.entries.size() != b.entries.size())
    return false;
  for (std::size_t i = 0; i < a.items.size(); ++i)
    if (!equal(a.items[i], b.items[i])) return false;
  for (std::size_t i = 0; i < a.entries.size(); ++i)
    if (a.entries[i].key != b.entries[i].key || !equal(a.entries[i].value, b.entries[i].value)) return false;
  return true;
}

std::string repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(Node, KnowsTheTypeTheTextAndThePlaceOfEverything) {
  const Node root = parse("# comment\na: 2 ms\nb: {c: 'x', d: [1, ~]}\n", "f.yaml");
  ASSERT_TRUE(root.is_map());
  EXPECT_EQ(to_string(root.place), "f.yaml:2:1");
  EXPECT_EQ(root.find("a")->text, "2 ms");
  EXPECT_FALSE(root.find("a")->quoted);
  EXPECT_EQ(to_string(root.find("a")->place), "f.yaml:2:4");
  EXPECT_TRUE(root.find("b")->find("c")->quoted);
  EXPECT_EQ(to_string(root.entries[1].value.entries[1].place), "f.yaml:3:13");
  const Node& list = *root.find("b")->find("d");
  ASSERT_EQ(list.items.size(), 2U);
  EXPECT_EQ(list.items[1].type, Node::Type::null);
  EXPECT_EQ(root.find("z"), nullptr);
  EXPECT_EQ(parse("", "f.yaml").type, Node::Type::null);
  EXPECT_EQ(parse("# nothing\n", "f.yaml").type, Node::Type::null);
}

TEST(Node, ExpandsAliases) {
  const Node root = parse("a: &x {b: 1}\nc: *x\nd: [*x, *x]\n", "f.yaml");
  EXPECT_EQ(root.find("c")->find("b")->text, "1");
  EXPECT_EQ(to_string(root.find("c")->place), "f.yaml:2:4");
  EXPECT_EQ(root.find("d")->items.size(), 2U);
  EXPECT_EQ(fault("a: &x [*x]\n"), "f.yaml:1:8: error: this alias stands inside the node that it names");
  EXPECT_EQ(fault("a: *x\n"), "f.yaml:1:4: error: this alias names an anchor that is not there");
}

TEST(Node, RefusesWhatIsNoPlainTree) {
  EXPECT_EQ(fault("a: 1\nb: 2\na: 3\n"), "f.yaml:3:1: error: the key 'a' is there already, in line 1");
  EXPECT_EQ(fault("a: !thing 1\n"), "f.yaml:1:4: error: the tag '!thing' is not supported");
  EXPECT_EQ(fault("a: !!binary xx\n"), "f.yaml:1:4: error: the tag 'tag:yaml.org,2002:binary' is not supported");
  EXPECT_EQ(fault("? [1]\n: 2\n"), "f.yaml:1:3: error: a key must be a word, not a list or a map");
  EXPECT_EQ(fault("~: 2\n"), "f.yaml:1:1: error: a key must be a word");
  EXPECT_EQ(fault("a: &x {b: 1}\nc: {<<: *x}\n"), "f.yaml:2:5: error: merge keys ('<<') are not supported");
  EXPECT_EQ(fault("a: 1\n---\nb: 2\n"),
            "f.yaml:2:1: error: the document has ended before this; a file holds one document");
  // yaml-cpp 0.9 sees for itself that this is no document.
  EXPECT_THAT(fault(","),
              testing::AnyOf("f.yaml:1:1: error: the document has ended before this; a file holds one document",
                             testing::StartsWith("f.yaml:1:1: error: this is not valid YAML: ")));
}

TEST(Node, RefusesBrokenSyntaxWithItsPlace) {
  EXPECT_EQ(fault("a: b: c\n"),
            "f.yaml:1:5: error: a ':' cannot stand here: check the indentation, or put the text in quotes");
  EXPECT_EQ(fault("a: {b: 1\nc: 2\n"),
            "f.yaml:1:4: error: the '{' that opens here is not closed, or a comma is missing within");
  EXPECT_EQ(fault("a: [1, 2\n"),
            "f.yaml:1:4: error: the '[' that opens here is not closed, or a comma is missing within");
  EXPECT_EQ(fault("{a: 1"), "f.yaml:1:1: error: the '{' that opens here is not closed, or a comma is missing within");
  EXPECT_EQ(fault("a: 'x\n"), "f.yaml:1:1: error: the text ends within quotes: a closing quotation mark is missing");
  EXPECT_EQ(fault("a: \"x\nb: 1\n"),
            "f.yaml:2:1: error: the text ends within quotes: a closing quotation mark is missing");
  EXPECT_EQ(fault("a: @x\n"), "f.yaml:1:4: error: no value can begin like this; put the text in quotes");
  EXPECT_EQ(fault("a: ]\n"), "f.yaml:1:4: error: this bracket closes nothing");
  EXPECT_EQ(fault("a:\n\tb: 1\n"), "f.yaml:2:1: error: a tab cannot indent YAML; use spaces");
  EXPECT_EQ(fault("a: 1 # a tab\tin a comment\n\t\n\t# and a blank line\n"), "no fault");
}

TEST(Node, RefusesWhatIsNotText) {
  const std::string sentence = "error: this is not text: it holds bytes that are not UTF-8, or control characters";
  EXPECT_EQ(fault("\x89HDF\r\n\x1a\n"), "f.yaml:1:1: " + sentence);
  EXPECT_EQ(fault(std::string_view("a: \0", 4)), "f.yaml:1:4: " + sentence);
  EXPECT_EQ(fault("a: 1\nb: \xc3("), "f.yaml:2:4: " + sentence);
  EXPECT_EQ(fault("a: \xc0\xaf"), "f.yaml:1:4: " + sentence);
  EXPECT_EQ(fault("a: \xed\xa0\x80"), "f.yaml:1:4: " + sentence);
  EXPECT_EQ(fault("a: \xc3\xa4 \xe2\x82\xac \xf0\x9f\xa6\x89\n"), "no fault");
  EXPECT_EQ(fault("\xef\xbb\xbf"
                  "a: 1\r\nb: 2\r\n"),
            "no fault");
}

TEST(Node, RefusesWhatIsTooLargeQuickly) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(fault(repeat("[", 1000) + repeat("]", 1000)),
            "f.yaml:1:65: error: the document is nested too deeply: more than 64 levels");
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += repeat(" ", i) + "a:\n";
  EXPECT_NE(fault(deep).find("nested too deeply"), std::string::npos);
  EXPECT_EQ(fault(repeat("[", 64) + repeat("]", 64)), "no fault");
  EXPECT_EQ(fault(repeat("a", 2 << 20)), "f.yaml: error: the text is too large: more than 1 MiB");
  EXPECT_NE(fault("[" + repeat("1,", 200000) + "]").find("more than 100000 nodes"), std::string::npos);
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + repeat(before + ", ", 8) + before + "]\n";
  }
  EXPECT_NE(fault(bomb).find("aliases counted as what they name"), std::string::npos);
  std::string many;
  for (int i = 0; i < 60000; ++i) many += "k" + std::to_string(i) + ": 1\n";
  EXPECT_NE(fault(many).find("more than 100000 nodes"), std::string::npos);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(Node, WhatIsWrittenIsReadBackEqual) {
  for (const std::string text :
       {"a: 1\nb: 'x y'\nc: [1, [2, 3], {d: e, f: []}, {}]\n", "a:\n  - b: {c: d}\n    e: ~\n  - 2 ms\n",
        "a: \"line\\nbreak \\\"quoted\\\" \\\\ \\t\\x01\"\n\"odd key: #\": '# no comment'\n'true': ''\n",
        "- a\n- - b\n  - c\n",
        "a: plain text, with [brackets] and\n  a second line\n\n  and a third\nb: |\n  block\n  text\n", "{}", "[]",
        "~", "word", "'quoted'", "a: \xc3\xa4\xe2\x82\xac\n"}) {
    const Node root = parse(text, "f.yaml");
    const std::string written = write(root);
    EXPECT_TRUE(equal(root, parse(written, "g.yaml"))) << text << "\n->\n" << written;
    EXPECT_EQ(write(parse(written, "g.yaml")), written);
  }
}

TEST(Node, TextsThatLookLikeSomethingElseAreQuoted) {
  EXPECT_EQ(parse(write(parse("a: [-, b]", "f.yaml")), "g.yaml").find("a")->items[0].text, "-");
  for (const auto* text : {"true", "Null", "12", "1e3", "a: b", "# c", "", "- x", "*a", "yes", "two words"}) {
    EXPECT_TRUE(make_text(text, {}).quoted) << text;
    const Node back = parse("k: " + write(make_text(text, {})), "f.yaml");
    EXPECT_EQ(back.find("k")->text, text);
  }
  EXPECT_FALSE(make_text("per_trial", {}).quoted);
}

TEST(Settings, ChangeAddAndReach) {
  Node root = parse("a: {b: 1}\nlist: [x, y]\nmodel: {use: m.yaml}\nbackend: cpu\n", "f.yaml");
  for (const auto* setting : {"a.b=2 ms", "new.deep.key={x: [1, 2]}", "list.1=z", "list.2=w", "model.tau=5 ms",
                              "model.use=n.yaml", "backend.lanes=8", "list.0.x.layer=h"})
    apply_setting(root, setting);
  EXPECT_EQ(
      write(root),
      "a:\n  b: 2 ms\nlist:\n  - x:\n      layer: h\n  - z\n  - w\nmodel:\n  use: n.yaml\n  with:\n    tau: 5 ms\n"
      "backend:\n  type: cpu\n  lanes: 8\nnew:\n  deep:\n    key:\n      x:\n        - 1\n        - 2\n");
  EXPECT_EQ(to_string(root.find("a")->find("b")->place), "--set a.b=2 ms");
}

TEST(Settings, RefuseWhatIsNoSetting) {
  Node root = parse("list: [x]\n", "f.yaml");
  const auto complaint = [&](const std::string& setting) { return faults_of([&] { apply_setting(root, setting); }); };
  EXPECT_EQ(complaint("foo"), "--set foo: error: a setting is written as key=value, as in stimulus.frequency='50 Hz'");
  EXPECT_EQ(complaint("a..b=1"), "--set a..b=1: error: a key is empty; a setting is written as a.b=value");
  EXPECT_EQ(complaint("list.5=1"), "--set list.5=1: error: there is no item 5: the list has 1, counted from 0");
  EXPECT_EQ(complaint("list.a=1"),
            "--set list.a=1: error: 'a' must be the index of an item, since it belongs to a list");
  EXPECT_EQ(complaint("a={b"),
            "--set a={b: error: the '{' that opens here is not closed, or a comma is missing within");
}

}  // namespace
}  // namespace tyto::spec

#include "plugin/manifest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <tyto/error.hpp>

namespace {

using tyto::plugin::Manifest;
using tyto::plugin::manifest_from_json;
using tyto::plugin::to_json;
using Json = nlohmann::json;

struct Inner {
  int count = 0;
  bool on = false;
};

struct Outer {
  double tau_s = 0;
  double gain = 0;
  std::string label;
  int mode = 0;
  Inner inner;
  std::optional<Inner> maybe;
  std::shared_ptr<tyto::Optimizer> part;
};

tyto::Parameters<Inner> inner_parameters() {
  return tyto::parameters<Inner>("Inner block")
      .integer("count", &Inner::count, "3", "how many")
      .range(1, 10)
      .boolean("on", &Inner::on, "true", "whether it is on");
}

/// A component that uses every type of parameter and every refinement.
tyto::ComponentInfo sample_component() {
  tyto::ComponentInfo info;
  info.kind = tyto::Kind::learning_rule;
  info.name = "sample";
  info.capabilities = {"one", "two words"};
  info.file = "plugins/learning/sample.cpp";
  info.line = 17;
  info.parameters = tyto::parameters<Outer>("All there is: \"quotes\" and \u00b5")
                        .time("tau", &Outer::tau_s, "2 ms", "time constant")
                        .positive()
                        .number("gain", &Outer::gain, "0.1", "gain")
                        .above(-0.1)
                        .below(1e300)
                        .text("label", &Outer::label, "", "a label")
                        .choice("mode", &Outer::mode, {{"fast", 1}, {"slow", 2}}, "slow", "the mode")
                        .component("part", &Outer::part, "adam", "a part")
                        .group("inner", &Outer::inner, inner_parameters(), "always there")
                        .group("maybe", &Outer::maybe, inner_parameters(), "there if written")
                        .number("needed", &Outer::gain, "", "has no default")
                        .required()
                        .list();
  return info;
}

Manifest sample() {
  Manifest manifest;
  manifest.name = "sample";
  manifest.version = "1.2.3";
  manifest.library = "libsample.so";
  manifest.fingerprint = tyto::plugin::own_fingerprint();
  manifest.sha256 = std::string(64, 'a');
  manifest.components = {sample_component()};
  return manifest;
}

std::string error_of(const std::string& text) {
  try {
    static_cast<void>(manifest_from_json(text));
  } catch (const tyto::Error& error) {
    return error.what();
  }
  return "no error";
}

/// The error for the sample manifest after a change.
std::string error_after(const std::function<void(Json&)>& change) {
  Json json = Json::parse(to_json(sample()));
  change(json);
  return error_of(json.dump());
}

TEST(Manifest, ReadsBackWhatItWrote) {
  const Manifest written = sample();
  const Manifest read = manifest_from_json(to_json(written));
  EXPECT_EQ(to_json(read), to_json(written));
  EXPECT_EQ(read.name, "sample");
  EXPECT_EQ(read.version, "1.2.3");
  EXPECT_EQ(read.library, "libsample.so");
  EXPECT_EQ(read.fingerprint.compiler, written.fingerprint.compiler);
  ASSERT_EQ(read.components.size(), 1U);
  EXPECT_TRUE(tyto::plugin::same_declaration(read.components[0], written.components[0]));
  EXPECT_EQ(read.components[0].plugin, "sample");
  EXPECT_EQ(read.components[0].line, 17);
  EXPECT_TRUE(read.components[0].offers("two words"));
}

TEST(Manifest, KeepsTheDeclarationsOfParameters) {
  const auto items = manifest_from_json(to_json(sample())).components.at(0).parameters.items;
  ASSERT_EQ(items.size(), 8U);
  EXPECT_EQ(items[0].name, "tau");
  EXPECT_EQ(items[0].dimension, tyto::Dimension::time);
  EXPECT_EQ(items[0].default_text, "2 ms");
  EXPECT_EQ(items[0].minimum, 0);
  EXPECT_TRUE(items[0].minimum_excluded);
  EXPECT_EQ(items[0].maximum, std::numeric_limits<double>::infinity());
  EXPECT_EQ(items[1].minimum, -0.1);
  EXPECT_EQ(items[1].maximum, 1e300);
  EXPECT_EQ(items[2].default_text, "");
  EXPECT_THAT(items[3].choices, testing::ElementsAre("fast", "slow"));
  EXPECT_EQ(items[4].component_kind, tyto::Kind::optimizer);
  EXPECT_EQ(items[5].members.doc, "Inner block");
  ASSERT_EQ(items[5].members.items.size(), 2U);
  EXPECT_EQ(items[5].members.items[0].type, tyto::ParameterType::integer);
  EXPECT_EQ(items[5].members.items[0].maximum, 10);
  EXPECT_FALSE(items[5].optional);
  EXPECT_TRUE(items[6].optional);
  EXPECT_FALSE(items[6].required());
  EXPECT_TRUE(items[7].required());
}

TEST(Manifest, TellsDeclarationsApart) {
  const tyto::ComponentInfo one = sample_component();
  EXPECT_TRUE(tyto::plugin::same_declaration(one, sample_component()));
  tyto::ComponentInfo other = sample_component();
  other.parameters.items[5].members.items[0].maximum = 11;
  EXPECT_FALSE(tyto::plugin::same_declaration(one, other));
  other = sample_component();
  other.capabilities.pop_back();
  EXPECT_FALSE(tyto::plugin::same_declaration(one, other));
}

TEST(Manifest, EveryCutIsAnError) {
  const std::string whole = to_json(sample());
  for (std::size_t length = 0; length + 2 < whole.size(); length += 7)
    EXPECT_THAT(error_of(whole.substr(0, length)), testing::HasSubstr("is not valid JSON, or was cut off")) << length;
}

TEST(Manifest, NamesWhatIsWrong) {
  EXPECT_EQ(error_of("[]"), "is not a manifest: it must be an object");
  EXPECT_EQ(error_of("{}"), "'tyto_manifest' is missing");
  EXPECT_EQ(error_after([](Json& j) { j["tyto_manifest"] = 7; }),
            "has manifest version 7, this Tyto reads 3: rebuild the plugin");
  EXPECT_EQ(error_after([](Json& j) { j["name"] = 3; }), "'name' must be a text");
  EXPECT_EQ(error_after([](Json& j) { j.erase("sha256"); }), "'sha256' is missing");
  EXPECT_EQ(error_after([](Json& j) { j["fingerprint"].erase("cuda"); }), "'fingerprint.cuda' is missing");
  EXPECT_EQ(error_after([](Json& j) { j["fingerprint"] = "gcc"; }), "'fingerprint' must be an object");
  EXPECT_EQ(error_after([](Json& j) { j["api_version"] = 1.5; }), "'api_version' must be a whole number");
  EXPECT_EQ(error_after([](Json& j) { j["components"] = Json::object(); }), "'components' must be a list");
  EXPECT_EQ(error_after([](Json& j) { j["components"][0]["kind"] = "song"; }),
            "'components[0].kind': 'song' is not a kind of component; the kinds are stimulus, layer, synapse, solver, "
            "learning rule, "
            "plasticity, optimizer, surrogate, analysis, backend");
  EXPECT_EQ(error_after([](Json& j) { j["components"][0]["parameters"][0]["type"] = "colour"; }),
            "'components[0].parameters[0].type': 'colour' is not a type of parameter");
  EXPECT_EQ(error_after([](Json& j) { j["components"][0]["parameters"][0]["minimum"] = "low"; }),
            "'components[0].parameters[0].minimum' must be a number");
  EXPECT_EQ(error_after([](Json& j) { j["components"][0]["parameters"][5]["members"]["parameters"][1]["doc"] = {}; }),
            "'components[0].parameters[5].members.parameters[1].doc' must be a text");
}

TEST(Manifest, TheLibraryLiesBesideIt) {
  for (const char* const name : {"", "/usr/lib/libc.so", "../libsample.so", ".."})
    EXPECT_EQ(error_after([&](Json& j) { j["library"] = name; }),
              "'library' must be the name of a file in the manifest's folder")
        << name;
}

TEST(Manifest, RefusesWhatIsTooDeepOrTooLarge) {
  EXPECT_EQ(error_of(std::string(100000, '[')), "is nested too deeply for a manifest");
  EXPECT_EQ(error_of(std::string(std::size_t{5} << 20, ' ')), "is too large for a manifest");
}

TEST(Manifest, FilesAreNamedInErrors) {
  const auto file = std::filesystem::path(testing::TempDir()) / "tyto_manifest_test.tyto.json";
  std::filesystem::remove(file);
  const auto error = [&] {
    try {
      static_cast<void>(tyto::plugin::read_manifest(file));
    } catch (const tyto::Error& caught) {
      return std::string(caught.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(error(), "manifest " + file.string() + ": cannot open this file: No such file or directory");
  std::ofstream(file) << "{";
  EXPECT_THAT(error(), testing::StartsWith("manifest " + file.string() + ": is not valid JSON"));
  std::ofstream(file) << to_json(sample());
  EXPECT_EQ(tyto::plugin::read_manifest(file).name, "sample");
  std::filesystem::remove(file);
}

TEST(Kind, NamesAreReadBack) {
  EXPECT_EQ(tyto::kinds().size(), 10U);
  for (const tyto::Kind kind : tyto::kinds()) EXPECT_EQ(tyto::kind_from(to_string(kind)), kind);
  EXPECT_THROW(static_cast<void>(tyto::kind_from("Layer")), tyto::Error);
}

}  // namespace

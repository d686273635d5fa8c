#include "spec/schema.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>

#include "fake_components.hpp"
#include "spec/describe.hpp"

namespace tyto::spec {
namespace {

using Json = nlohmann::json;
using test::FakeComponents;

Json schema_of(SchemaOf what) { return Json::parse(schema(FakeComponents(), what)); }

/// What a choice of components says of the one called `name`: all that its references lead to.
struct Branch {
  Json properties = Json::object();
  std::vector<std::string> keys;
  bool found = false;
};
Branch branch(const Json& choice, const std::string& type_key, const std::string& name, const Json& root) {
  Branch made;
  for (const auto& one : choice.at("then").at("allOf")) {
    if (one["if"]["properties"][type_key]["const"] != name) continue;
    made.found = true;
    made.keys = one["then"]["propertyNames"]["enum"].get<std::vector<std::string>>();
    for (const auto& part : one["then"]["allOf"])
      made.properties.update(root.at(Json::json_pointer(part["$ref"].get<std::string>().substr(1)))["properties"]);
  }
  return made;
}

bool has(const std::vector<std::string>& keys, const std::string& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

/// Every reference of a schema must lead somewhere.
void check_references(const Json& json, const Json& root) {
  if (json.is_object() && json.contains("$ref")) {
    const auto path = json["$ref"].get<std::string>();
    EXPECT_TRUE(root.contains(Json::json_pointer(path.substr(1)))) << path;
  }
  for (const auto& part : json)
    if (part.is_structured()) check_references(part, root);
}

TEST(Schema, HasEveryDeclarationOfAComponent) {
  const Json root = schema_of(SchemaOf::experiment);
  check_references(root, root);
  EXPECT_EQ(root["$schema"], "http://json-schema.org/draft-07/schema#");
  const Branch tone = branch(root["definitions"]["stimulus"], "type", "tone", root);
  ASSERT_TRUE(tone.found);
  EXPECT_TRUE(has(tone.keys, "frequency") && has(tone.keys, "type") && !has(tone.keys, "frequencies"));
  const Json& frequency = tone.properties["frequency"];
  EXPECT_EQ(frequency["default"], "50 Hz");
  EXPECT_EQ(frequency["description"], "of the tone");
  EXPECT_EQ(frequency["allOf"][0]["$ref"], "#/definitions/frequency");
  const std::regex pattern(root["definitions"]["frequency"]["pattern"].get<std::string>());
  for (const auto* text : {"50 Hz", "0.5kHz", "-1e3 mHz", "$frequency"})
    EXPECT_TRUE(std::regex_search(text, pattern)) << text;
  for (const auto* text : {"50", "50 ms", "Hz", "50 Hz x"}) EXPECT_FALSE(std::regex_search(text, pattern)) << text;
  const Json& fibres = tone.properties["fibres"];
  EXPECT_EQ(fibres["type"], Json({"integer", "string"})) << "a number, or $name";
  EXPECT_EQ(fibres["minimum"], 1);
  EXPECT_EQ(fibres["maximum"], 100000);
  EXPECT_EQ(fibres["default"], 100);
  const Branch sigmoid = branch(root["definitions"]["surrogate"], "type", "sigmoid", root);
  EXPECT_EQ(sigmoid.properties["slope"]["exclusiveMinimum"], 0);
}

TEST(Schema, HasTheFrameworksOwnKeys) {
  const Json root = schema_of(SchemaOf::experiment);
  const Json& experiment = root["definitions"]["experiment"];
  EXPECT_EQ(experiment["required"], Json({"tyto", "stimulus", "objective", "model", "learning"}));
  const Branch rule = branch(root["definitions"]["keys"]["properties"]["learning"], "rule", "gradient", root);
  for (const auto* key : {"rule", "surrogate", "epochs", "batch_size", "trials"})
    EXPECT_TRUE(has(rule.keys, key)) << key;
  const Json& layer = root["definitions"]["layer"];
  const Branch lif = branch(layer, "type", "lif", root);
  EXPECT_TRUE(has(lif.keys, "size") && has(lif.keys, "initial"));
  EXPECT_EQ(layer["then"]["required"], Json::array({"type"}));
  EXPECT_FALSE(branch(layer, "type", "dense", root).found);
  const Branch dense = branch(root["definitions"]["connection"], "type", "dense", root);
  for (const auto* key : {"from", "name", "synapse", "learn"}) EXPECT_TRUE(has(dense.keys, key)) << key;
  EXPECT_EQ(root["definitions"]["experiment_file"]["if"]["required"], Json::array({"base"}));
}

TEST(Schema, IsOneOfModelFilesToo) {
  const Json root = schema_of(SchemaOf::model_file);
  check_references(root, root);
  EXPECT_EQ(root["allOf"][0]["$ref"], "#/definitions/model_file");
}

TEST(Describe, ShowsEverythingThatWasDeclared) {
  const FakeComponents components;
  const std::string tone = describe(*components.find(Kind::stimulus, "tone"));
  EXPECT_NE(tone.find("tone: stimulus\n  A tone\n"), std::string::npos) << tone;
  EXPECT_NE(tone.find("frequency [Hz, mHz, kHz] > 0"), std::string::npos) << tone;
  EXPECT_NE(tone.find("whole number 1 .. 100000"), std::string::npos) << tone;
  const std::string rule = describe(*components.find(Kind::learning_rule, "gradient"));
  EXPECT_NE(rule.find("\n    minimum "), std::string::npos) << rule;
  const std::string page = markdown(*components.find(Kind::learning_rule, "gradient"));
  EXPECT_NE(page.find("| `rate_penalty.minimum` | frequency [Hz, mHz, kHz] | `100 Hz` | no penalty below |"),
            std::string::npos)
      << page;
}

TEST(Describe, HasTheFrameworksOwnParts) {
  std::vector<std::string> names;
  for (const auto& block : blocks()) {
    names.push_back(block.name);
    EXPECT_FALSE(block.rows.empty());
    EXPECT_NE(describe(block).find(block.doc), std::string::npos);
    EXPECT_NE(markdown(block).find("| `" + block.rows.front().name + "` |"), std::string::npos);
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"experiment", "objective", "model", "model file", "layer", "input", "learning",
                                      "trials", "analysis", "sweep", "stage", "simulation", "learn", "probe"}));
}

}  // namespace
}  // namespace tyto::spec

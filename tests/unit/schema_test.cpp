#include "spec/schema.hpp"

#include <gtest/gtest.h>

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

/// The alternative of a oneOf whose key `type_key` is the constant `name`.
Json alternative(const Json& choice, const std::string& type_key, const std::string& name) {
  for (const auto& one : choice.at("oneOf"))
    if (one.contains("properties") && one["properties"].contains(type_key) &&
        one["properties"][type_key].value("const", "") == name)
      return one;
  return {};
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
  const Json tone = alternative(root["definitions"]["stimulus"], "type", "tone");
  ASSERT_TRUE(tone.is_object());
  EXPECT_EQ(tone["additionalProperties"], false);
  const Json& frequency = tone["properties"]["frequency"];
  EXPECT_EQ(frequency["default"], "50 Hz");
  EXPECT_EQ(frequency["description"], "of the tone");
  const std::regex pattern(frequency["pattern"].get<std::string>());
  for (const auto* text : {"50 Hz", "0.5kHz", "-1e3 mHz"}) EXPECT_TRUE(std::regex_search(text, pattern)) << text;
  for (const auto* text : {"50", "50 ms", "Hz", "50 Hz x"}) EXPECT_FALSE(std::regex_search(text, pattern)) << text;
  const Json& fibres = tone["properties"]["fibres"];
  EXPECT_EQ(fibres["type"], "integer");
  EXPECT_EQ(fibres["minimum"], 1);
  EXPECT_EQ(fibres["maximum"], 100000);
  EXPECT_EQ(fibres["default"], 100);
  const Json sigmoid = alternative(root["definitions"]["surrogate"], "type", "sigmoid");
  EXPECT_EQ(sigmoid["properties"]["slope"]["exclusiveMinimum"], 0);
}

TEST(Schema, HasTheFrameworksOwnKeys) {
  const Json root = schema_of(SchemaOf::experiment);
  const Json& experiment = root["definitions"]["experiment"];
  EXPECT_EQ(experiment["required"], Json({"tyto", "stimulus", "objective", "model", "learning"}));
  const Json rule = alternative(experiment["properties"]["learning"], "rule", "gradient");
  for (const auto* key : {"rule", "surrogate", "epochs", "batch_size", "trials"})
    EXPECT_TRUE(rule["properties"].contains(key)) << key;
  const Json lif = alternative(root["definitions"]["layer"], "type", "lif");
  EXPECT_TRUE(lif["properties"].contains("size"));
  EXPECT_TRUE(lif["properties"].contains("initial"));
  EXPECT_EQ(lif["required"], Json::array({"type"}));
  EXPECT_TRUE(alternative(root["definitions"]["layer"], "type", "dense").is_null());
  const Json dense = alternative(root["definitions"]["connection"], "type", "dense");
  for (const auto* key : {"from", "name", "synapse", "learn"}) EXPECT_TRUE(dense["properties"].contains(key)) << key;
}

TEST(Schema, OnlyModelFilesHaveReferences) {
  const Json root = schema_of(SchemaOf::model_file);
  check_references(root, root);
  EXPECT_EQ(root["allOf"][0]["$ref"], "#/definitions/model_file");
  const auto has_reference = [](const Json& json) {
    return json.dump().find("^\\\\$[A-Za-z0-9_]+$") != std::string::npos;
  };
  EXPECT_TRUE(has_reference(root["definitions"]["model_layer"]));
  EXPECT_FALSE(has_reference(root["definitions"]["layer"]));
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

/// What is refused when a plugin is built: declarations that no experiment could use as they are meant.
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include <tyto/component.hpp>
#include <tyto/error.hpp>
#include <tyto/parameters.hpp>

#include "plugin/library.hpp"

namespace tyto::plugin {
namespace {

struct Thing {
  double value = 0;
};

/// The fault of a component with one parameter; empty if there is none.
std::string fault_of(Kind kind, const std::string& parameter, const std::vector<std::string>& capabilities = {}) {
  ComponentInfo info;
  info.kind = kind;
  info.name = "thing";
  info.capabilities = capabilities;
  info.parameters = parameters<Thing>("A thing").number(parameter, &Thing::value, "1", "a number").list();
  try {
    check_declaration(info);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Declaration, ParametersDoNotHaveTheNamesOfTheFrameworksKeys) {
  using testing::HasSubstr;
  const std::string population(capability::population), projection(capability::projection);
  for (const auto* name : {"type", "size", "input", "initial"})
    EXPECT_THAT(fault_of(Kind::layer, name, {population}), HasSubstr("a key that the framework reads itself")) << name;
  for (const auto* name : {"type", "from", "synapse", "learn"})
    EXPECT_THAT(fault_of(Kind::layer, name, {projection}), HasSubstr("a key that the framework reads itself")) << name;
  for (const auto* name : {"rule", "epochs", "batch_size", "trials"})
    EXPECT_THAT(fault_of(Kind::learning_rule, name), HasSubstr("a key that the framework reads itself")) << name;
  EXPECT_THAT(fault_of(Kind::plasticity, "error"), HasSubstr("a key that the framework reads itself"));
  EXPECT_THAT(fault_of(Kind::analysis, "as"), HasSubstr("a key that the framework reads itself"));
  EXPECT_THAT(fault_of(Kind::stimulus, "type"), HasSubstr("a key that the framework reads itself"));
  EXPECT_EQ(fault_of(Kind::layer, "initial", {projection}), "");
  EXPECT_EQ(fault_of(Kind::stimulus, "size"), "");
}

TEST(Declaration, NamesAreWords) {
  EXPECT_THAT(fault_of(Kind::stimulus, "Size"), testing::HasSubstr("is not a parameter name"));
  EXPECT_THAT(fault_of(Kind::stimulus, "a-b"), testing::HasSubstr("is not a parameter name"));
}

TEST(Declaration, OnlyQuantitiesAreComparedWithTheStep) {
  struct Word {
    std::string text;
  };
  EXPECT_THROW(parameters<Word>("A word").text("text", &Word::text, "", "a word").compared(StepRole::wave),
               std::logic_error);
}

}  // namespace
}  // namespace tyto::plugin

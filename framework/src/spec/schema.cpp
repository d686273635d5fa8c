#include "schema.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "blocks.hpp"

namespace tyto::spec {

namespace {

using Json = nlohmann::ordered_json;

/// Definitions are made as they are needed. `$name` may stand for any value.
struct Schema {
  const plugin::Components& components;
  Json definitions = Json::object();
};

constexpr const char* reference_pattern = "^\\$\\w+$";
constexpr const char* name_pattern = "^[A-Za-z0-9_]{1,64}$";
constexpr const char* number_pattern = "[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]+)?";

Json reference_to(const std::string& definition) { return {{"$ref", "#/definitions/" + definition}}; }

std::string quantity_pattern(Dimension dimension) {
  std::string names;
  for (const auto& unit : units())
    if (unit.dimension == dimension) names += (names.empty() ? "" : "|") + std::string(unit.name);
  return std::string("^") + number_pattern + "[ \\t]*(" + names + ")$";
}

void add_range(Json& json, const ParameterInfo& info) {
  const auto number = [&info](double bound) {
    return info.type == ParameterType::integer ? Json(static_cast<std::int64_t>(bound)) : Json(bound);
  };
  if (std::isfinite(info.minimum)) json[info.minimum_excluded ? "exclusiveMinimum" : "minimum"] = number(info.minimum);
  if (std::isfinite(info.maximum)) json[info.maximum_excluded ? "exclusiveMaximum" : "maximum"] = number(info.maximum);
}

/// A number with a unit, defined once.
Json quantity(Schema& schema, Dimension dimension) {
  const std::string name(to_string(dimension));
  if (!schema.definitions.contains(name))
    schema.definitions[name] = {{"type", "string"}, {"pattern", quantity_pattern(dimension) + "|" + reference_pattern}};
  return reference_to(name);
}

Json component_choice(Schema& schema, Kind kind, const std::string& type_key);
Json object_of(Schema& schema, const ParameterList& list);

Json value_of(Schema& schema, const ParameterInfo& info) {
  Json json;
  switch (info.type) {
    case ParameterType::quantity:
      if (info.dimension == Dimension::none) {
        json["type"] = "number";
        add_range(json, info);
      } else {
        json = quantity(schema, info.dimension);
      }
      break;
    case ParameterType::integer:
      json["type"] = "integer";
      add_range(json, info);
      break;
    case ParameterType::boolean:
      json["type"] = "boolean";
      break;
    case ParameterType::text:
      // Words such as 2024 are texts to Tyto and numbers to other readers of YAML.
      json["type"] = {"string", "number", "boolean"};
      break;
    case ParameterType::choice:
      json["enum"] = info.choices;
      break;
    case ParameterType::component:
      json = component_choice(schema, info.component_kind, info.type_key);
      break;
    case ParameterType::group:
      json = object_of(schema, info.members);
      break;
  }
  return json;
}

/// A default as JSON: numbers and truth values as such, everything else as it is written.
Json default_of(const ParameterInfo& info) {
  const bool bare = info.list || (info.type == ParameterType::quantity && info.dimension == Dimension::none) ||
                    info.type == ParameterType::integer || info.type == ParameterType::boolean;
  if (!bare) return *info.default_text;
  Json parsed = Json::parse(*info.default_text, nullptr, false);
  return parsed.is_discarded() ? Json(*info.default_text) : parsed;
}

/// Lets a value be of a further type as well; what it is otherwise restricted by does not concern that type.
void allow(Json& json, const char* type) {
  Json& types = json["type"];
  if (!types.is_array()) types = Json::array({types});
  if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
}

/// A value, or the name of a parameter that stands for it.
Json or_reference(Json json, const ParameterInfo& info) {
  const bool quantity = info.type == ParameterType::quantity && info.dimension != Dimension::none;
  if (quantity || info.type == ParameterType::text || info.type == ParameterType::component) return json;
  if (!json.contains("type")) return {{"anyOf", {std::move(json), reference_to("reference")}}};
  allow(json, "string");
  json["pattern"] = reference_pattern;
  return json;
}

Json parameter(Schema& schema, const ParameterInfo& info) {
  Json value = or_reference(value_of(schema, info), info);
  Json alternatives = Json::array({value});
  if (info.list) alternatives.push_back({{"type", "array"}, {"items", std::move(value)}});
  if (info.optional && alternatives[0].contains("type") && !info.list)
    allow(alternatives[0], "null");
  else if (info.optional)
    alternatives.push_back({{"type", "null"}});
  Json json;
  json["description"] = info.doc;
  if (info.default_text && info.type != ParameterType::group) json["default"] = default_of(info);
  if (alternatives.size() > 1)
    json["anyOf"] = std::move(alternatives);
  else if (alternatives[0].contains("$ref"))
    json["allOf"] = std::move(alternatives);
  else
    json.update(alternatives[0]);
  return json;
}

void add_parameters(Schema& schema, Json& object, const ParameterList& list) {
  for (const auto& info : list.items) {
    object["properties"][info.name] = parameter(schema, info);
    if (info.required()) object["required"].push_back(info.name);
  }
}

Json empty_object() {
  Json json;
  json["type"] = "object";
  json["properties"] = Json::object();
  json["required"] = Json::array();
  json["additionalProperties"] = false;
  return json;
}

Json object_of(Schema& schema, const ParameterList& list) {
  Json json = empty_object();
  if (!list.doc.empty()) json["description"] = list.doc;
  add_parameters(schema, json, list);
  return json;
}

bool needs_parameters(const ParameterList& list) {
  for (const auto& info : list.items)
    if (info.required()) return true;
  return false;
}

std::vector<const ComponentInfo*> all_of(const Schema& schema, Kind kind, std::string_view capability = {}) {
  std::vector<const ComponentInfo*> found;
  for (const auto& name : schema.components.names(kind)) {
    const ComponentInfo* info = schema.components.find(kind, name);
    if (info != nullptr && (capability.empty() || info->offers(capability))) found.push_back(info);
  }
  return found;
}

/// The parameters of a component, kept once for all places where it may stand.
Json parameters_of(Schema& schema, const ComponentInfo& info) {
  std::string name = std::string(to_string(info.kind)) + "." + info.name;
  std::replace(name.begin(), name.end(), ' ', '_');
  if (!schema.definitions.contains(name)) {
    // The entry exists before it is filled, so that a kind within itself ends.
    schema.definitions[name] = Json::object();
    Json json = object_of(schema, info.parameters);
    json.erase("additionalProperties");
    json.erase("type");
    schema.definitions[name] = std::move(json);
  }
  return reference_to(name);
}

/// Components that may stand in a place, and the keys of the framework beside their own.
struct Choices {
  std::vector<const ComponentInfo*> components;
  Json further = Json::object();
};

/// {type: name, parameters}, or the name alone where that is enough, or one of `others`. The type comes first, and what
/// may stand beside it follows from it, so that an editor speaks of the one key that is wrong.
Json choice_of(Schema& schema, const std::string& type_key, const std::vector<Choices>& choices,
               Json others = Json::array()) {
  Json names = Json::array(), alone = Json::array(), branches = Json::array();
  for (const auto& choice : choices)
    for (const auto* info : choice.components) {
      names.push_back(info->name);
      if (!needs_parameters(info->parameters)) alone.push_back(info->name);
      Json keys = Json::array({type_key});
      for (const auto& parameter : info->parameters.items) keys.push_back(parameter.name);
      for (const auto& [key, value] : choice.further.items()) keys.push_back(key);
      Json then{{"allOf", Json::array({parameters_of(schema, *info)})}};
      if (!choice.further.empty()) then["properties"] = choice.further;
      then["propertyNames"] = {{"enum", std::move(keys)}};
      branches.push_back(
          {{"if", {{"required", Json::array({type_key})}, {"properties", {{type_key, {{"const", info->name}}}}}}},
           {"then", std::move(then)}});
    }
  if (!alone.empty()) others.push_back({{"enum", std::move(alone)}});
  others.push_back(reference_to("reference"));
  Json object{{"required", Json::array({type_key})},
              {"properties", {{type_key, {{"anyOf", {{{"enum", std::move(names)}}, reference_to("reference")}}}}}}};
  if (!branches.empty()) object["allOf"] = std::move(branches);
  return {{"if", {{"type", "object"}}}, {"then", std::move(object)}, {"else", {{"anyOf", std::move(others)}}}};
}

std::string definition_name(Kind kind, const std::string& type_key) {
  std::string name(to_string(kind));
  for (auto& c : name)
    if (c == ' ') c = '_';
  if (type_key != "type") name += "_by_" + type_key;
  return name;
}

Json component_choice(Schema& schema, Kind kind, const std::string& type_key) {
  const std::string name = definition_name(kind, type_key);
  if (!schema.definitions.contains(name)) {
    // The entry exists before it is filled, so that a kind within itself ends.
    schema.definitions[name] = Json::object();
    schema.definitions[name] = choice_of(schema, type_key, {{all_of(schema, kind)}});
  }
  return reference_to(name);
}

/// Every declared parameter as a property.
template <class Keys>
Json properties_of(Schema& schema) {
  Json properties = Json::object();
  for (const auto& info : Keys::parameters().list().items) properties[info.name] = parameter(schema, info);
  return properties;
}

/// Keys that a definition holds once.
Json shared(Schema& schema, const std::string& name, Json properties) {
  Json references = Json::object();
  for (const auto& [key, value] : properties.items())
    references[key] = reference_to(std::string(name).append("/properties/").append(key));
  schema.definitions[name] = {{"properties", std::move(properties)}};
  return references;
}

/// The keys of a connection beside those of its projection.
Json connection_keys(Schema& schema) {
  Json keys = properties_of<ConnectionKeys>(schema);
  // A bare time stands for an exponential synapse.
  keys["synapse"] = {
      {"description", keys["synapse"]["description"]},
      {"if", {{"type", {"object"}}}},
      {"then", component_choice(schema, Kind::synapse, "type")},
      {"else",
       {{"anyOf",
         {{{"type", "null"}}, quantity(schema, Dimension::time), component_choice(schema, Kind::synapse, "type")}}}}};
  keys["learn"] = choice_of(schema, "rule", {{all_of(schema, Kind::plasticity), properties_of<LearnKeys>(schema)}},
                            Json::array({{{"type", "null"}}}));
  keys["learn"]["description"] = "how the connection learns by a rule of its own";
  return shared(schema, "connection_keys", std::move(keys));
}

Json layers(Schema& schema) {
  const Json of_connection = connection_keys(schema);
  schema.definitions["connection"] =
      choice_of(schema, "type", {{all_of(schema, Kind::layer, capability::projection), of_connection}});
  const Json one = reference_to("connection");
  Json further = properties_of<LayerKeys>(schema);
  further["initial"] = {{"type", {"object", "null"}},
                        {"description", "state variables of the neurons at the start, by name"},
                        {"additionalProperties", object_of(schema, initial_state_parameters().list())}};
  further["input"] = {{"description", "connections into the layer"},
                      {"if", {{"type", "array"}}},
                      {"then", {{"items", one}}},
                      {"else", {{"if", {{"type", "null"}}}, {"else", one}}}};
  schema.definitions["layer"] = choice_of(
      schema, "type",
      {{all_of(schema, Kind::layer, capability::population), shared(schema, "layer_keys", std::move(further))},
       {all_of(schema, Kind::layer, capability::transform), {{"from", of_connection["from"]}}}});
  return {{"type", "object"},
          {"description", "the layers in the order in which signals pass through them"},
          {"minProperties", 1},
          {"propertyNames", {{"pattern", name_pattern}}},
          {"additionalProperties", reference_to("layer")}};
}

Json probes(Schema& schema) {
  const Json own = properties_of<ProbeKeys>(schema);
  Json of_layer = object_of(schema, LayerProbeKeys::parameters().list());
  for (const auto* key : {"every", "trials"}) of_layer["properties"][key] = own[key];
  Json further = connection_keys(schema);
  for (const auto* key : {"name", "receptor", "frozen"}) further.erase(key);
  for (const auto* key : {"every", "trials"}) further[key] = own[key];
  schema.definitions["probe"] = {
      {"if", {{"required", {"of"}}}},
      {"then", std::move(of_layer)},
      {"else", choice_of(schema, "type", {{all_of(schema, Kind::layer, capability::projection), further}})}};
  return {{"type", {"object", "null"}},
          {"description", "what is recorded, by name"},
          {"propertyNames", {{"pattern", name_pattern}}},
          {"additionalProperties", reference_to("probe")}};
}

Json model(Schema& schema, Json layers) {
  Json from_file = object_of(schema, ModelKeys::parameters().list());
  from_file["properties"]["with"] = {{"type", {"object", "null"}},
                                     {"description", "values for the model's parameters"}};
  Json inlined = empty_object();
  inlined["properties"]["layers"] = std::move(layers);
  inlined["required"].push_back("layers");
  return {{"description", "the network"},
          {"if", {{"required", {"use"}}}},
          {"then", std::move(from_file)},
          {"else", std::move(inlined)}};
}

/// The rule's parameters and the framework's keys side by side.
Json learning(Schema& schema) {
  Json further = Json::object();
  for (const auto& info : LearningKeys::parameters().list().items) further[info.name] = parameter(schema, info);
  Json json = choice_of(schema, "rule", {{all_of(schema, Kind::learning_rule), std::move(further)}});
  json["description"] = "how the network learns";
  return json;
}

Json analyses(Schema& schema) {
  const Json as = parameter(schema, AnalysisKeys::parameters().list().items.front());
  const auto known = all_of(schema, Kind::analysis);
  Json alternatives = Json::array();
  Json alone = Json::array();
  for (const auto* info : known)
    if (!needs_parameters(info->parameters)) alone.push_back(info->name);
  if (!alone.empty()) alternatives.push_back({{"enum", std::move(alone)}});
  for (const auto* info : known) {
    Json parameters = object_of(schema, info->parameters);
    parameters["properties"]["as"] = as;
    if (!needs_parameters(info->parameters)) parameters["type"] = {"object", "null"};
    Json json = empty_object();
    json["properties"][info->name] = std::move(parameters);
    json["required"].push_back(info->name);
    alternatives.push_back(std::move(json));
  }
  if (alternatives.empty()) alternatives.push_back(false);
  return {{"type", {"array", "null"}},
          {"description", "what to make of the finished run"},
          {"items", {{"oneOf", std::move(alternatives)}}}};
}

/// Paths are checked against the whole experiment, which is beyond a schema.
Json sweep() {
  return {
      {"type", {"object", "null"}},
      {"description", "parameters to vary, by path; a run for each combination"},
      {"additionalProperties", {{"anyOf", {{{"type", "array"}, {"minItems", 1}}, {{"type", {"object", "null"}}}}}}}};
}

Json own_parameters() {
  return {{"type", {"object", "null"}},
          {"description", "names and values; '$name' stands for the value"},
          {"propertyNames", {{"pattern", name_pattern}}}};
}

/// What any experiment may have.
void add_common(Json& json) {
  json["properties"]["base"] = {{"type", {"string", "null"}},
                                {"description", "an experiment file whose keys are taken where this one has none"}};
  json["properties"]["parameters"] = own_parameters();
  json["properties"]["sweep"] = sweep();
}

/// One number, or one for each purpose.
Json seeds(Schema& schema, const Json& one) {
  return {{"description", one.value("description", "")},
          {"anyOf", Json::array({one, object_of(schema, SeedKeys::parameters().list())})}};
}

/// Makes the keys of an experiment references to definitions that all sorts of experiments share.
void share_keys(Schema& schema, Json& json) {
  Json& known = schema.definitions["keys"]["properties"];
  for (auto& [key, value] : json["properties"].items()) {
    if (!known.contains(key)) known[key] = value;
    if (known[key] == value) value = reference_to("keys/properties/" + key);
  }
}

Json experiment_file(Schema& schema) {
  Json json = object_of(schema, ExperimentKeys::parameters().list());
  json["properties"]["seed"] = seeds(schema, json["properties"]["seed"]);
  json["properties"]["model"] = model(schema, layers(schema));
  json["properties"]["learning"] = learning(schema);
  json["properties"]["probes"] = probes(schema);
  json["properties"]["analyses"] = analyses(schema);
  add_common(json);
  json["required"].push_back("model");
  json["required"].push_back("learning");
  share_keys(schema, json);
  return json;
}

Json simulation_file(Schema& schema) {
  Json json = object_of(schema, SimulationExperimentKeys::parameters().list());
  json["properties"]["seed"] = seeds(schema, json["properties"]["seed"]);
  json["properties"]["model"] = model(schema, layers(schema));
  json["properties"]["probes"] = probes(schema);
  json["properties"]["analyses"] = analyses(schema);
  add_common(json);
  json["required"].push_back("model");
  share_keys(schema, json);
  return json;
}

/// Stages of either sort: each may have any key of an experiment, and so may what they share.
Json stages_file(Schema& schema, const Json& trials, const Json& simulation) {
  Json keys = trials["properties"];
  for (const auto& [name, value] : simulation["properties"].items())
    if (!keys.contains(name)) keys[name] = value;
  Json stage = object_of(schema, StageKeys::parameters().list());
  for (const auto& [name, value] : keys.items())
    if (name != "tyto" && name != "title" && name != "sweep" && name != "base" && name != "parameters")
      stage["properties"][name] = value;
  schema.definitions["stage"] = std::move(stage);
  Json json = empty_object();
  json["properties"] = std::move(keys);
  json["properties"]["stages"] = {
      {"type", "array"}, {"minItems", 1}, {"description", "runs in order"}, {"items", reference_to("stage")}};
  json["required"] = Json::array({"tyto", "stages"});
  return json;
}

/// Upon another experiment any key may be left out, and any part of a map.
Json based_file(const Json& stages) {
  Json json = empty_object();
  for (const auto& [name, value] : stages["properties"].items()) json["properties"][name] = Json::object();
  json["required"] = Json::array({"base"});
  return json;
}

Json model_file(Schema& schema) {
  Json json = empty_object();
  json["description"] = "A network for several experiments";
  json["properties"]["parameters"] = own_parameters();
  json["properties"]["layers"] = layers(schema);
  json["required"].push_back("layers");
  return json;
}

}  // namespace

std::string schema(const plugin::Components& components, SchemaOf what) {
  Schema schema{components};
  schema.definitions["reference"] = {{"type", "string"}, {"pattern", reference_pattern}};
  Json experiment = experiment_file(schema);
  Json simulation = simulation_file(schema);
  Json stages = stages_file(schema, experiment, simulation);
  Json model = model_file(schema);
  Json json;
  json["$schema"] = "http://json-schema.org/draft-07/schema#";
  json["title"] = what == SchemaOf::experiment ? "Tyto experiment" : "Tyto model file";
  json["allOf"] = Json::array({reference_to(what == SchemaOf::experiment ? "experiment_file" : "model_file")});
  json["definitions"] = std::move(schema.definitions);
  json["definitions"]["experiment_file"] = {{"if", {{"required", {"simulation"}}}},
                                            {"then", reference_to("simulation_experiment")},
                                            {"else", reference_to("experiment")}};
  json["definitions"]["experiment_file"] = {{"if", {{"required", {"stages"}}}},
                                            {"then", reference_to("staged_experiment")},
                                            {"else", std::move(json["definitions"]["experiment_file"])}};
  json["definitions"]["experiment_file"] = {{"if", {{"required", {"base"}}}},
                                            {"then", based_file(stages)},
                                            {"else", std::move(json["definitions"]["experiment_file"])}};
  json["definitions"]["staged_experiment"] = std::move(stages);
  json["definitions"]["experiment"] = std::move(experiment);
  json["definitions"]["simulation_experiment"] = std::move(simulation);
  json["definitions"]["model_file"] = std::move(model);
  return json.dump() + '\n';
}

}  // namespace tyto::spec

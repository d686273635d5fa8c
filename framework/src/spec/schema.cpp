#include "schema.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "blocks.hpp"

namespace tyto::spec {

namespace {

using Json = nlohmann::ordered_json;

/// Definitions are made as they are needed; in those of model files `$name` may stand for any value.
struct Schema {
  const plugin::Components& components;
  bool references = false;
  Json definitions = Json::object();
};

constexpr const char* reference_pattern = "^\\$[A-Za-z0-9_]+$";
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
        json["type"] = "string";
        json["pattern"] = quantity_pattern(info.dimension);
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

Json parameter(Schema& schema, const ParameterInfo& info) {
  Json alternatives = Json::array({value_of(schema, info)});
  if (info.list) {
    Json item = alternatives[0];
    if (schema.references) item = {{"anyOf", {item, {{"type", "string"}, {"pattern", reference_pattern}}}}};
    alternatives.push_back({{"type", "array"}, {"items", std::move(item)}});
  }
  if (schema.references) alternatives.push_back({{"type", "string"}, {"pattern", reference_pattern}});
  if (info.optional) alternatives.push_back({{"type", "null"}});
  Json json;
  json["description"] = info.doc;
  if (info.default_text && info.type != ParameterType::group) json["default"] = default_of(info);
  if (alternatives.size() > 1 || alternatives[0].contains("$ref"))
    json["anyOf"] = std::move(alternatives);
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

/// {type: name, parameters}, with further keys that stand beside the component's own.
Json component_object(Schema& schema, const ComponentInfo& info, const std::string& type_key,
                      const Json& further = Json::object(), const Json& further_required = Json::array()) {
  Json json = object_of(schema, info.parameters);
  Json properties = Json::object();
  properties[type_key] = {{"const", info.name}, {"description", info.parameters.doc}};
  for (const auto& [name, value] : json["properties"].items()) properties[name] = value;
  for (const auto& [name, value] : further.items()) properties[name] = value;
  json["properties"] = std::move(properties);
  Json required = Json::array({type_key});
  for (const auto& name : json["required"]) required.push_back(name);
  for (const auto& name : further_required) required.push_back(name);
  json["required"] = std::move(required);
  return json;
}

std::vector<const ComponentInfo*> all_of(const Schema& schema, Kind kind, std::string_view capability = {}) {
  std::vector<const ComponentInfo*> found;
  for (const auto& name : schema.components.names(kind)) {
    const ComponentInfo* info = schema.components.find(kind, name);
    if (info != nullptr && (capability.empty() || info->offers(capability))) found.push_back(info);
  }
  return found;
}

/// The name alone is enough for a component all of whose parameters have defaults.
void add_names(Json& alternatives, const std::vector<const ComponentInfo*>& components) {
  Json names = Json::array();
  for (const auto* info : components)
    if (!needs_parameters(info->parameters)) names.push_back(info->name);
  if (!names.empty()) alternatives.push_back({{"enum", names}});
}

std::string definition_name(const Schema& schema, Kind kind, const std::string& type_key) {
  std::string name(to_string(kind));
  for (auto& c : name)
    if (c == ' ') c = '_';
  if (type_key != "type") name += "_by_" + type_key;
  return (schema.references ? "model_" : "") + name;
}

Json component_choice(Schema& schema, Kind kind, const std::string& type_key) {
  const std::string name = definition_name(schema, kind, type_key);
  if (!schema.definitions.contains(name)) {
    // The entry exists before it is filled, so that a kind within itself ends.
    schema.definitions[name] = Json::object();
    const auto components = all_of(schema, kind);
    Json alternatives = Json::array();
    add_names(alternatives, components);
    for (const auto* info : components) alternatives.push_back(component_object(schema, *info, type_key));
    if (alternatives.empty()) alternatives.push_back(false);
    schema.definitions[name] = {{"oneOf", std::move(alternatives)}};
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

/// How a connection of a simulation learns.
Json plasticity(Schema& schema) {
  const Json further = properties_of<LearnKeys>(schema);
  Json alternatives = Json::array();
  for (const auto* info : all_of(schema, Kind::plasticity))
    alternatives.push_back(component_object(schema, *info, "rule", further));
  if (alternatives.empty()) alternatives.push_back(false);
  alternatives.push_back({{"type", "null"}});
  return {{"description", "in a simulation: how the connection learns"}, {"oneOf", std::move(alternatives)}};
}

/// Connections, with the keys in `further` beside those of the projection.
Json connection(Schema& schema, Json further) {
  // A bare time stands for an exponential synapse.
  further["synapse"]["anyOf"].push_back({{"type", "string"}, {"pattern", quantity_pattern(Dimension::time)}});
  further["learn"] = plasticity(schema);
  const auto projections = all_of(schema, Kind::layer, capability::projection);
  Json alternatives = Json::array();
  add_names(alternatives, projections);
  for (const auto* info : projections) alternatives.push_back(component_object(schema, *info, "type", further));
  if (schema.references) alternatives.push_back({{"type", "string"}, {"pattern", reference_pattern}});
  return {{"oneOf", std::move(alternatives)}};
}

Json layers(Schema& schema) {
  const std::string prefix = schema.references ? "model_" : "";
  const Json of_connection = properties_of<ConnectionKeys>(schema);
  schema.definitions[prefix + "connection"] = connection(schema, of_connection);
  const Json one = reference_to(prefix + "connection");
  Json further = properties_of<LayerKeys>(schema);
  further["initial"] = {{"type", {"object", "null"}},
                        {"description", "in a simulation: state variables of the neurons at the start, by name"},
                        {"additionalProperties", object_of(schema, initial_state_parameters().list())}};
  further["input"] = {{"description", "connections into the layer"},
                      {"anyOf", Json::array({one, {{"type", "array"}, {"items", one}}, {{"type", "null"}}})}};
  Json alternatives = Json::array();
  for (const auto* info : all_of(schema, Kind::layer, capability::population))
    alternatives.push_back(component_object(schema, *info, "type", further));
  for (const auto* info : all_of(schema, Kind::layer, capability::transform))
    alternatives.push_back(component_object(schema, *info, "type", {{"from", of_connection["from"]}}));
  // In a model file the type itself may be a parameter; what goes with it is then unknown here.
  if (schema.references)
    alternatives.push_back({{"type", "object"},
                            {"properties", {{"type", {{"type", "string"}, {"pattern", reference_pattern}}}}},
                            {"required", Json::array({"type"})}});
  if (alternatives.empty()) alternatives.push_back(false);
  schema.definitions[prefix + "layer"] = {{"oneOf", std::move(alternatives)}};
  return {{"type", "object"},
          {"description", "the layers in the order in which signals pass through them"},
          {"minProperties", 1},
          {"propertyNames", {{"pattern", name_pattern}}},
          {"additionalProperties", reference_to(prefix + "layer")}};
}

Json probes(Schema& schema) {
  const Json own = properties_of<ProbeKeys>(schema);
  Json of_layer = object_of(schema, LayerProbeKeys::parameters().list());
  for (const auto* key : {"every", "trials"}) of_layer["properties"][key] = own[key];
  Json further = properties_of<ConnectionKeys>(schema);
  for (const auto* key : {"name", "receptor", "frozen"}) further.erase(key);
  for (const auto* key : {"every", "trials"}) further[key] = own[key];
  schema.definitions["probe"] = {{"anyOf", Json::array({std::move(of_layer), connection(schema, further)})}};
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
  Json json;
  json["description"] = "the network";
  json["oneOf"] = Json::array({std::move(from_file), std::move(inlined)});
  return json;
}

/// The rule's parameters and the framework's keys side by side.
Json learning(Schema& schema) {
  Json further = Json::object();
  for (const auto& info : LearningKeys::parameters().list().items) further[info.name] = parameter(schema, info);
  const auto rules = all_of(schema, Kind::learning_rule);
  Json alternatives = Json::array();
  add_names(alternatives, rules);
  for (const auto* info : rules) alternatives.push_back(component_object(schema, *info, "rule", further));
  if (alternatives.empty()) alternatives.push_back(false);
  return {{"description", "how the network learns"}, {"oneOf", std::move(alternatives)}};
}

Json analyses(Schema& schema) {
  const Json as = parameter(schema, AnalysisKeys::parameters().list().items.front());
  const auto known = all_of(schema, Kind::analysis);
  Json alternatives = Json::array();
  add_names(alternatives, known);
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

/// One number, or one for each purpose.
Json seeds(Schema& schema, const Json& one) {
  return {{"description", one.value("description", "")},
          {"anyOf", Json::array({one, object_of(schema, SeedKeys::parameters().list())})}};
}

Json experiment_file(Schema& schema) {
  Json json = object_of(schema, ExperimentKeys::parameters().list());
  json["properties"]["seed"] = seeds(schema, json["properties"]["seed"]);
  json["properties"]["model"] = model(schema, layers(schema));
  json["properties"]["learning"] = learning(schema);
  json["properties"]["probes"] = probes(schema);
  json["properties"]["analyses"] = analyses(schema);
  json["properties"]["sweep"] = sweep();
  json["required"].push_back("model");
  json["required"].push_back("learning");
  return json;
}

Json simulation_file(Schema& schema) {
  Json json = object_of(schema, SimulationExperimentKeys::parameters().list());
  json["properties"]["seed"] = seeds(schema, json["properties"]["seed"]);
  json["properties"]["model"] = model(schema, layers(schema));
  json["properties"]["probes"] = probes(schema);
  json["properties"]["analyses"] = analyses(schema);
  json["properties"]["sweep"] = sweep();
  json["required"].push_back("model");
  return json;
}

/// Stages of either sort: each may have any key of an experiment, and so may what they share.
Json stages_file(Schema& schema, const Json& trials, const Json& simulation) {
  Json keys = trials["properties"];
  for (const auto& [name, value] : simulation["properties"].items())
    if (!keys.contains(name)) keys[name] = value;
  Json stage = object_of(schema, StageKeys::parameters().list());
  for (const auto& [name, value] : keys.items())
    if (name != "tyto" && name != "title" && name != "sweep") stage["properties"][name] = value;
  schema.definitions["stage"] = std::move(stage);
  Json json = empty_object();
  json["properties"] = std::move(keys);
  json["properties"]["stages"] = {
      {"type", "array"}, {"minItems", 1}, {"description", "runs in order"}, {"items", reference_to("stage")}};
  json["required"] = Json::array({"tyto", "stages"});
  return json;
}

Json model_file(Schema& schema) {
  schema.references = true;
  Json json = empty_object();
  json["description"] = "A network for several experiments";
  json["properties"]["parameters"] = {{"type", {"object", "null"}},
                                      {"description", "names and defaults; '$name' stands for the value"},
                                      {"propertyNames", {{"pattern", name_pattern}}}};
  json["properties"]["layers"] = layers(schema);
  json["required"].push_back("layers");
  schema.references = false;
  return json;
}

}  // namespace

std::string schema(const plugin::Components& components, SchemaOf what) {
  Schema schema{components};
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
  json["definitions"]["staged_experiment"] = std::move(stages);
  json["definitions"]["experiment"] = std::move(experiment);
  json["definitions"]["simulation_experiment"] = std::move(simulation);
  json["definitions"]["model_file"] = std::move(model);
  return json.dump(2) + '\n';
}

}  // namespace tyto::spec

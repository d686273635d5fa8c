#include "analyses.hpp"

#include <optional>
#include <set>

#include "blocks.hpp"
#include "parts.hpp"
#include "words.hpp"

namespace tyto::spec {

namespace {

/// One entry of `analyses`, cut into its name and its parameters.
struct AnalysisText {
  Node name;
  Node parameters;
};

std::optional<AnalysisText> cut_analysis(const Node& item, Reader& reader) {
  if (item.is_scalar()) return AnalysisText{item, make_map(item.place)};
  if (item.is_map() && item.entries.size() == 1) {
    const auto& entry = item.entries.front();
    if (entry.value.type == Node::Type::null)
      return AnalysisText{make_text(entry.key, entry.place), make_map(entry.place)};
    if (entry.value.is_map()) return AnalysisText{make_text(entry.key, entry.place), entry.value};
  }
  reader.fault(item.place, "an analysis is written as its name, or as 'name: {parameter: value}'");
  return std::nullopt;
}

/// Matches what an analysis needs of the stimulus with what that offers.
void match_stimulus(const Analysis& analysis, const std::string& name, const Place& place, Reader& reader) {
  for (const auto need : analysis.needs_of_stimulus())
    for (const ComponentInfo* info : reader.used())
      if (info->kind == Kind::stimulus && !info->offers(need))
        reader.fault(place, "the analysis " + quote(name) + " needs a stimulus that offers " +
                                quote(std::string(need)) + ", which " + quote(info->name) + " does not");
}

/// Reads one analysis. Returns its resolved configuration.
std::optional<Node> read_analysis(const Node& item, std::set<std::string>& groups, Reader& reader,
                                  Experiment& experiment, bool model_is_complete) {
  const auto text = cut_analysis(item, reader);
  if (!text) return std::nullopt;
  AnalysisKeys keys;
  Node own = make_map(text->parameters.place);
  if (const Node* as = text->parameters.find("as")) own.entries.push_back({"as", as->place, *as});
  Node resolved_keys = reader.read(own, AnalysisKeys::parameters(), keys);
  const Configured made = reader.component(text->name, text->parameters, {Kind::analysis, "type", {}}, {"as"});
  const std::string group = keys.group.empty() ? text->name.text : keys.group;
  if (!is_name(group))
    reader.fault(place_of(text->parameters, {"as"}), "as: a name of letters, digits and underscores is needed");
  else if (!groups.insert(group).second)
    reader.fault(text->name.place, "another analysis is named " + quote(group) +
                                       " already; give this one another name, as in '" + group + ": {as: " + group +
                                       "_2}'");
  if (made.interface == nullptr) return std::nullopt;
  const auto analysis = made.as<const Analysis>();
  const bool of_simulations = made.info->offers(capability::simulation);
  const bool of_trials = made.info->offers(capability::trials) || !of_simulations;
  if (!(experiment.simulation ? of_simulations : of_trials)) {
    reader.fault(made.place, "the analysis " + quote(made.info->name) +
                                 (experiment.simulation ? " is one of trials, and this is a simulation"
                                                        : " is one of simulations, and this experiment has trials"));
    return std::nullopt;
  }
  if (model_is_complete)
    guarded(reader, made.place, [&] {
      if (experiment.simulation)
        analysis->check(experiment.model);
      else
        analysis->check(experiment.model, experiment.objective);
    });
  match_stimulus(*analysis, made.info->name, made.place, reader);
  experiment.analyses.push_back({group, analysis});
  Node parameters = made.resolved;
  parameters.entries.erase(parameters.entries.begin());
  for (auto& entry : resolved_keys.entries) parameters.entries.push_back(std::move(entry));
  if (parameters.entries.empty()) return make_text(made.info->name, made.place);
  Node map = make_map(made.place);
  put(map, made.info->name, std::move(parameters));
  return map;
}

}  // namespace

Node read_analyses(const Node& root, Reader& reader, Experiment& experiment, bool model_is_complete) {
  Node list;
  list.type = Node::Type::sequence;
  const Node* node = root.find("analyses");
  list.place = node == nullptr ? root.place : node->place;
  if (node == nullptr || node->type == Node::Type::null) return list;
  if (!node->is_sequence()) {
    reader.fault(node->place, "analyses: a list is needed, as in [confusion, weights]");
    return list;
  }
  std::set<std::string> groups;
  for (const auto& item : node->items)
    if (auto resolved = read_analysis(item, groups, reader, experiment, model_is_complete))
      list.items.push_back(std::move(*resolved));
  return list;
}

}  // namespace tyto::spec

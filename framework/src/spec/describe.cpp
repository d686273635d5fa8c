#include "describe.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "blocks.hpp"
#include "words.hpp"

namespace tyto::spec {

namespace {

std::string bound_text(double bound, const ParameterInfo& info) {
  if (info.type == ParameterType::integer) return std::to_string(static_cast<std::int64_t>(bound));
  return bound == 0 ? "0" : format_quantity(bound, info.dimension);
}

/// " > 0", " 1 .. 64", or nothing.
std::string range_text(const ParameterInfo& info) {
  // A whole number's widest range is a matter of storage, not of meaning.
  constexpr double widest = 2147483647;
  const bool integer = info.type == ParameterType::integer;
  const bool low = std::isfinite(info.minimum) && !(integer && info.minimum <= -widest);
  const bool high = std::isfinite(info.maximum) && !(integer && info.maximum == widest);
  if (low && high && !info.minimum_excluded && !info.maximum_excluded)
    return ' ' + bound_text(info.minimum, info) + " .. " + bound_text(info.maximum, info);
  std::string text;
  if (low) text += (info.minimum_excluded ? " > " : " >= ") + bound_text(info.minimum, info);
  if (high)
    text += std::string(low ? "," : "") + (info.maximum_excluded ? " < " : " <= ") + bound_text(info.maximum, info);
  return text;
}

std::string units_text(Dimension dimension) {
  std::vector<std::string> names;
  for (const auto& unit : units())
    if (unit.dimension == dimension) names.emplace_back(unit.name);
  return '[' + enumerate(names) + ']';
}

std::string default_of(const ParameterInfo& info) {
  if (info.required()) return "required";
  if (info.optional) return "-";
  if (info.type == ParameterType::group) return "";
  return info.default_text->empty() ? "\"\"" : *info.default_text;
}

void add_rows(const ParameterList& list, int depth, std::vector<ParameterRow>& rows) {
  for (const auto& info : list.items) {
    rows.push_back({depth, info.name, type_text(info), default_of(info), info.doc});
    if (info.type == ParameterType::group) add_rows(info.members, depth + 1, rows);
  }
}

std::string indented(const ParameterRow& row) {
  return std::string(2 * static_cast<std::size_t>(row.depth), ' ') + row.name;
}

/// Characters, not bytes.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; }));
}

std::string padded(const std::string& text, std::size_t to) {
  return text + std::string(to > width(text) ? to - width(text) : 0, ' ');
}

std::string table_for_terminal(const std::vector<ParameterRow>& rows) {
  std::vector<std::array<std::string, 4>> cells{{"parameter", "type", "default", "meaning"}};
  for (const auto& row : rows) cells.push_back({indented(row), row.type, row.default_text, row.doc});
  std::array<std::size_t, 3> widths{};
  // One very long list of choices must not push everything else off the screen.
  constexpr std::size_t widest = 44;
  for (const auto& line : cells)
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], std::min(width(line[i]), widest));
  std::string text;
  for (const auto& line : cells) {
    std::string out = " ";
    for (std::size_t i = 0; i < widths.size(); ++i) out += ' ' + padded(line[i], widths[i]) + ' ';
    out += ' ' + line.back();
    out.erase(out.find_last_not_of(' ') + 1);
    text += out + '\n';
  }
  return text;
}

std::string for_markdown(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '<' || c == '*' || c == '_') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string table_for_markdown(const std::vector<ParameterRow>& rows) {
  if (rows.empty()) return "It has no parameters.\n";
  std::string text = "| parameter | type | default | meaning |\n|---|---|---|---|\n";
  std::vector<std::string> path;
  for (const auto& row : rows) {
    path.resize(static_cast<std::size_t>(row.depth));
    path.push_back(row.name);
    std::string name;
    for (const auto& part : path) name += (name.empty() ? "" : ".") + part;
    text += "| `" + name + "` | " + for_markdown(row.type) + " | " +
            (row.default_text.empty() ? "" : '`' + row.default_text + '`') + " | " + for_markdown(row.doc) + " |\n";
  }
  return text;
}

std::string source_of(const ComponentInfo& component) {
  std::string text = component.plugin;
  if (!component.file.empty()) text += ", " + component.file + ':' + std::to_string(component.line);
  return text;
}

ParameterRow row(std::string name, std::string type, std::string default_text, std::string doc) {
  return {0, std::move(name), std::move(type), std::move(default_text), std::move(doc)};
}

template <class Keys>
Block declared(std::string name) {
  const ParameterList list = Keys::parameters().list();
  return {std::move(name), list.doc, rows_of(list)};
}

/// What stands last in an experiment of either sort.
void add_common_rows(Block& block) {
  block.rows.push_back(row("analyses", "list", "[]", "what to make of the finished run; see 'analysis'"));
  block.rows.push_back(row("sweep", "map", "-", "parameters to vary, a run for each combination; see 'sweep'"));
  block.rows.push_back(
      row("base", "file", "-",
          "an experiment file whose keys are taken where this one has none; maps are merged, and where "
          "another type is named, keys that only the former one has are left out"));
  block.rows.push_back(
      row("parameters", "map", "-", "names and values; `$name` stands for the value in any other key"));
}

/// Puts rows in front of the one of a name.
void insert_before(Block& block, std::string_view name, const std::vector<ParameterRow>& rows) {
  const auto at = std::find_if(block.rows.begin(), block.rows.end(), [&](const auto& r) { return r.name == name; });
  block.rows.insert(at, rows.begin(), rows.end());
}

/// Puts the seeds by purpose behind the one for all.
void add_seeds(Block& block) {
  std::vector<ParameterRow> rows;
  for (auto& seed : rows_of(SeedKeys::parameters().list())) {
    seed.name = "seed." + seed.name;
    rows.push_back(std::move(seed));
  }
  insert_before(block, "precision", rows);
}

Block experiment_block() {
  Block block = declared<ExperimentKeys>("experiment");
  add_seeds(block);
  insert_before(block, "backend",
                {row("model", "map", "required", "the layers; see 'model'"),
                 row("learning", "learning rule", "required", "how the network learns; see 'learning'")});
  add_common_rows(block);
  return block;
}

Block sweep_block() {
  return {"sweep",
          "Parameters to vary: a run for each combination of the values, in the order in which they are written",
          {row("PATH", "list", "-", "values for a parameter, named as for --set, as in 'model.tau: [1 ms, 2 ms]'"),
           row("PATH", "{linspace: [FROM, TO, COUNT]}", "-", "values at equal distances, both ends included"),
           row("PATH", "{geometric: [FROM, TO, COUNT]}", "-", "values at equal ratios, both ends included"),
           row("PATH", "{logspace: [FROM, TO, COUNT, UNIT]}", "-",
               "the same with the ends as powers of ten; the unit may be left out"),
           row("seed", "{count: COUNT}", "-",
               "so many seeds, from the experiment's seed on; seed.trials, seed.weights or "
               "seed.order vary one purpose alone"),
           row("zip", "map", "-", "paths and values that go together, the first with the first and so on"),
           row("zip.NAME", "map", "-", "the same, with a name for the axis in the results")}};
}

Block learning_block() {
  Block block = declared<LearningKeys>("learning");
  block.rows.insert(block.rows.begin(), row("rule", "learning rule", "required", "the learning rule's name"));
  return block;
}

Block model_block() {
  Block block{"model", "The network: {use: file, with: {...}}, or {layers: {...}} written in place",
              rows_of(ModelKeys::parameters().list())};
  block.rows.push_back(row("with", "map", "-", "values for the model file's parameters"));
  block.rows.push_back(
      row("layers", "map", "-", "in place of 'use': a map of names and layers, in order; see 'layer'"));
  return block;
}

Block model_file_block() {
  return {"model file",
          "A network for several experiments",
          {row("parameters", "map", "-", "names and defaults; '$name' in a layer stands for the value"),
           row("layers", "map", "required", "a map of names and layers, in order; see 'layer'")}};
}

Block layer_block() {
  Block block = declared<LayerKeys>("layer");
  block.rows.insert(block.rows.begin(), row("type", "layer (population)", "required", "the population's name"));
  block.rows.push_back(
      row("input", "layer (projection)", "-",
          "a projection's name, a map, or a list of such; see 'input'; with trials every layer has one"));
  block.rows.push_back(
      row("initial", "map", "-", "state variables of the neurons at the start, as in '{v: {low: 0, high: 1}}'"));
  add_rows(initial_state_parameters().list(), 1, block.rows);
  return block;
}

Block input_block() {
  Block block = declared<ConnectionKeys>("input");
  block.rows.insert(block.rows.begin(), row("type", "layer (projection)", "required", "the projection's name"));
  block.rows.push_back(row("learn", "plasticity", "-", "in a simulation: how it learns; see 'learn'"));
  return block;
}

Block simulation_block() {
  Block block = declared<SimulationExperimentKeys>("simulation");
  add_seeds(block);
  block.doc =
      "An experiment that runs its model step by step through a stream has these keys at the top level, in the place "
      "of those of 'experiment'";
  insert_before(block, "backend",
                {row("model", "map", "required", "the layers, in the order in which they take their steps"),
                 row("probes", "map", "{}", "what is recorded, by name; see 'probe'")});
  add_common_rows(block);
  return block;
}

Block learn_block() {
  Block block = declared<LearnKeys>("learn");
  block.rows.insert(block.rows.begin(), row("rule", "plasticity", "required", "the rule's name"));
  return block;
}

Block probe_block() {
  Block block = declared<LayerProbeKeys>("probe");
  const auto every = rows_of(ProbeKeys::parameters().list());
  block.doc = ProbeKeys::parameters().list().doc;
  block.rows.insert(block.rows.end(), every.begin(), every.end());
  return block;
}

}  // namespace

std::string type_text(const ParameterInfo& info) {
  if (info.list) {
    ParameterInfo item = info;
    item.list = false;
    return "list of " + type_text(item);
  }
  switch (info.type) {
    case ParameterType::quantity:
      return (info.dimension == Dimension::none
                  ? "number"
                  : std::string(to_string(info.dimension)) + ' ' + units_text(info.dimension)) +
             range_text(info);
    case ParameterType::integer:
      return "whole number" + range_text(info);
    case ParameterType::boolean:
      return "true | false";
    case ParameterType::text:
      return "text";
    case ParameterType::choice: {
      std::string text;
      for (const auto& word : info.choices) text += (text.empty() ? "" : " | ") + word;
      return text;
    }
    case ParameterType::component:
      return std::string(to_string(info.component_kind));
    case ParameterType::group:
      return "map";
  }
  return "";
}

std::vector<ParameterRow> rows_of(const ParameterList& list) {
  std::vector<ParameterRow> rows;
  add_rows(list, 0, rows);
  return rows;
}

std::vector<Block> blocks() {
  return {experiment_block(),
          declared<Objective>("objective"),
          model_block(),
          model_file_block(),
          layer_block(),
          input_block(),
          learning_block(),
          declared<TrialCounts>("trials"),
          declared<AnalysisKeys>("analysis"),
          sweep_block(),
          declared<StageKeys>("stage"),
          simulation_block(),
          learn_block(),
          probe_block()};
}

std::string describe(const ComponentInfo& component) {
  std::string text = component.name + ": " + std::string(to_string(component.kind)) + '\n';
  if (!component.parameters.doc.empty()) text += "  " + component.parameters.doc + '\n';
  if (!component.parameters.details.empty()) text += '\n' + component.parameters.details + "\n\n";
  text += "  plugin:  " + source_of(component) + '\n';
  if (!component.library.empty()) text += "  library: " + component.library + '\n';
  if (!component.capabilities.empty()) text += "  offers:  " + enumerate(component.capabilities) + '\n';
  const auto rows = rows_of(component.parameters);
  return text + '\n' + (rows.empty() ? "  It has no parameters.\n" : table_for_terminal(rows));
}

std::string describe(const Block& block) {
  return block.name + ": part of an experiment\n  " + block.doc + "\n\n" + table_for_terminal(block.rows);
}

std::string markdown(const ComponentInfo& component) {
  std::string text = "## `" + component.name + "`\n\n";
  if (!component.parameters.doc.empty()) text += for_markdown(component.parameters.doc) + ".\n\n";
  if (text.ends_with("..\n\n")) text.erase(text.size() - 3, 1);
  if (!component.parameters.details.empty()) text += component.parameters.details + "\n\n";
  text += "Plugin " + for_markdown(source_of(component)) + '.';
  if (!component.capabilities.empty()) text += " Offers " + enumerate(component.capabilities) + '.';
  return text + "\n\n" + table_for_markdown(rows_of(component.parameters));
}

std::string markdown(const Block& block) {
  return "## `" + block.name + "`\n\n" + for_markdown(block.doc) + ".\n\n" + table_for_markdown(block.rows);
}

}  // namespace tyto::spec

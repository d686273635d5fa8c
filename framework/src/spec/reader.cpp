#include "reader.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <tuple>

#include "words.hpp"

namespace tyto::spec {

namespace {

std::string_view kind_of_node(Node::Type type) {
  switch (type) {
    case Node::Type::null:
      return "nothing";
    case Node::Type::scalar:
      return "a single value";
    case Node::Type::sequence:
      return "a list";
    case Node::Type::map:
      return "a map";
  }
  return "nothing";
}

std::string with_article(const std::string& noun) {
  return (std::string_view("aeiou").find(noun.front()) == std::string_view::npos ? "a " : "an ") + noun;
}

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// A bound as a user would write it; a bound of 0 needs no unit.
std::string bound_text(double bound, const ParameterInfo& info) {
  if (info.type == ParameterType::integer) return std::to_string(static_cast<std::int64_t>(bound));
  return bound == 0 ? "0" : format_quantity(bound, info.dimension);
}

void check_range(double value, const ParameterInfo& info) {
  const bool low = info.minimum_excluded ? value <= info.minimum : value < info.minimum;
  const bool high = info.maximum_excluded ? value >= info.maximum : value > info.maximum;
  if (low)
    throw Error((info.minimum_excluded ? "must be greater than " : "must be at least ") +
                bound_text(info.minimum, info));
  if (high)
    throw Error((info.maximum_excluded ? "must be less than " : "must be at most ") + bound_text(info.maximum, info));
}

/// What the text of a scalar means, and how it is written in the resolved configuration.
struct Meaning {
  ParameterValue value;
  Node resolved;
};

Meaning read_quantity(const Node& node, const ParameterInfo& info) {
  // "2 ms" is the same text with and without quotes to every YAML reader; a plain number is not.
  if (node.quoted && info.dimension == Dimension::none)
    throw Error(quote(node.text) + " is a text in quotes; a number is needed");
  const double value = parse_quantity(node.text, info.dimension);
  check_range(value, info);
  return {value, make_scalar(format_quantity(value, info.dimension), node.place)};
}

Meaning read_integer(const Node& node, const ParameterInfo& info) {
  if (node.quoted) throw Error(quote(node.text) + " is a text in quotes; a whole number is needed");
  const std::string_view text = node.text;
  const bool sign = text.starts_with('-') || text.starts_with('+');
  const std::string_view digits = text.substr(sign ? 1 : 0);
  const bool all_digits = !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
  if (!all_digits) {
    // Whatever is no number at all has its own sentence.
    static_cast<void>(parse_quantity(text, Dimension::none));
    throw Error(quote(text) + " is not a whole number written in digits, as in '16384'");
  }
  static_cast<void>(parse_quantity(text, Dimension::none));
  std::int64_t value = 0;
  const auto from = text.data() + (text.front() == '+' ? 1 : 0);
  const auto status = std::from_chars(from, text.data() + text.size(), value).ec;
  if (status == std::errc::result_out_of_range) {
    check_range(text.front() == '-' ? -1e300 : 1e300, info);
    throw Error(quote(text) + " is too large a number");
  }
  check_range(static_cast<double>(value), info);
  return {value, make_scalar(std::to_string(value), node.place)};
}

Meaning read_boolean(const Node& node) {
  if (node.quoted || (node.text != "true" && node.text != "false"))
    throw Error("must be true or false, not " + quote(node.text));
  return {node.text == "true", make_scalar(node.text, node.place)};
}

Meaning read_choice(const Node& node, const ParameterInfo& info) {
  if (!contains(info.choices, node.text))
    throw Error(quote(node.text) + " is not one of " + enumerate(info.choices) + suggestion(node.text, info.choices));
  return {node.text, make_text(node.text, node.place)};
}

Meaning read_scalar(const Node& node, const ParameterInfo& info) {
  switch (info.type) {
    case ParameterType::quantity:
      return read_quantity(node, info);
    case ParameterType::integer:
      return read_integer(node, info);
    case ParameterType::boolean:
      return read_boolean(node);
    case ParameterType::choice:
      return read_choice(node, info);
    default:
      return {node.text, make_text(node.text, node.place)};
  }
}

std::string what_is_needed(const ParameterInfo& info) {
  if (info.list) {
    const bool text = info.type == ParameterType::text;
    return "a list of " + (text                                ? "texts"
                           : info.dimension == Dimension::none ? "numbers"
                                                               : "values of " + std::string(to_string(info.dimension)));
  }
  switch (info.type) {
    case ParameterType::quantity:
      return info.dimension == Dimension::none ? "a number" : with_article(std::string(to_string(info.dimension)));
    case ParameterType::integer:
      return "a whole number";
    case ParameterType::boolean:
      return "true or false";
    case ParameterType::text:
      return "a text";
    case ParameterType::choice:
      return "one of " + enumerate(info.choices);
    case ParameterType::component:
      return with_article(std::string(to_string(info.component_kind)));
    case ParameterType::group:
      return "a map";
  }
  return "a value";
}

/// Values read one by one, as a setter of a list takes them.
ParameterValue list_of(const std::vector<ParameterValue>& values, ParameterType type) {
  const auto gather = [&]<class T>(std::vector<T> list) {
    for (const auto& value : values) list.push_back(std::get<T>(value));
    return ParameterValue(std::move(list));
  };
  return type == ParameterType::text ? gather(std::vector<std::string>()) : gather(std::vector<double>());
}

/// A `$name` of a model file that nothing stands for has been reported when the name was looked up;
/// what it leaves behind is no fault of its own.
bool is_reference(const Node& node) { return node.is_scalar() && !node.quoted && node.text.starts_with('$'); }

/// A default as a node, read like a user's text.
Node default_node(const ParameterInfo& info, const Place& place) {
  const bool is_word = info.type == ParameterType::text || info.type == ParameterType::choice;
  if (is_word && !info.list) return make_text(*info.default_text, place);
  Node node = parse(*info.default_text, "the default of " + info.name);
  node.place = place;
  return node;
}

/// Says of a resolved value that nobody wrote it.
void as_default(Node& node) {
  node.place = {"default", 0, 0};
  for (auto& item : node.items) as_default(item);
  for (auto& entry : node.entries) as_default(entry.value);
}

}  // namespace

const std::vector<std::string>& warning_names() {
  static const std::vector<std::string> names{"short_time",     "rounded_time", "high_rate",
                                              "step_dependent", "large_batch",  "other_trials"};
  return names;
}

std::string to_string(const Warning& warning) {
  return tyto::to_string(warning.place) + ": warning: " + warning.message + " (silence: " + warning.name + ")";
}

void Reader::refuse_unknown_keys(const Node& node, const ParameterList& list, const std::vector<std::string>& ignored) {
  std::vector<std::string> known;
  for (const auto& info : list.items) known.push_back(info.name);
  for (const auto& key : ignored) known.push_back(key);
  for (const auto& entry : node.entries)
    if (!contains(known, entry.key))
      fault(entry.place, "unknown key " + quote(entry.key) + suggestion_or_known(entry.key, known));
}

Node Reader::read(const Node& node, const ParameterList& list, void* object, const std::vector<std::string>& ignored) {
  Node resolved = make_map(node.place);
  if (!node.is_map()) {
    fault(node.place, "a map of parameters is needed, not " + std::string(kind_of_node(node.type)));
    return resolved;
  }
  const std::size_t faults_before = faults_.size();
  refuse_unknown_keys(node, list, ignored);
  for (const auto& info : list.items)
    if (auto value = parameter(node, info, object))
      resolved.entries.push_back({info.name, value->place, std::move(*value)});
  if (faults_.size() != faults_before) return resolved;
  for (const auto& check : list.checks)
    if (const auto problem = check(object)) {
      const Node* culprit = node.find(problem->parameter);
      const bool names_itself = problem->parameter.empty() || problem->message.starts_with(problem->parameter);
      fault(culprit != nullptr ? culprit->place : node.place,
            (names_itself ? "" : problem->parameter + ": ") + problem->message);
    }
  return resolved;
}

std::optional<Node> Reader::parameter(const Node& map, const ParameterInfo& info, void* object) {
  const Node* given = map.find(info.name);
  // `key: null` takes an optional parameter away, which a command line could not do otherwise.
  const bool absent = given == nullptr || (given->type == Node::Type::null && info.optional);
  if (absent && info.optional) return std::nullopt;
  if (!absent || info.default_text) {
    const std::size_t times = timed_values_.size();
    auto made = value(absent ? default_node(info, map.place) : *given, info, object);
    if (absent && made) as_default(*made);
    const Node* other = info.unused_with.empty() ? nullptr : map.find(info.unused_with);
    // One value alone needs no brackets.
    if (other != nullptr && (other->is_scalar() || !other->items.empty())) timed_values_.resize(times);
    return made;
  }
  fault(map.place, quote(info.name) + " is missing" + (info.doc.empty() ? "" : " (" + info.doc + ")"));
  return std::nullopt;
}

std::optional<Node> Reader::value(const Node& node, const ParameterInfo& info, void* object) {
  if (node.type == Node::Type::null) {
    fault(node.place, quote(info.name) + " has no value: " + what_is_needed(info) + " is needed");
    return std::nullopt;
  }
  if (is_reference(node) && repeat_fault_at(node.place)) return std::nullopt;
  if (info.type == ParameterType::component) {
    Configured made = component(node, {info.component_kind, info.type_key, {}});
    if (made.interface == nullptr) return std::nullopt;
    if (info.set) info.set(object, made.interface);
    return std::move(made.resolved);
  }
  if (info.list && node.is_sequence()) return list(node, info, object);
  const bool group = info.type == ParameterType::group;
  if (group ? !node.is_map() : !node.is_scalar()) {
    fault(node.place,
          info.name + ": " + what_is_needed(info) + " is needed, not " + std::string(kind_of_node(node.type)));
    return std::nullopt;
  }
  if (group) {
    const std::size_t faults_before = faults_.size();
    groups_.push_back(info.name);
    Node members = read(node, info.members, info.enter ? info.enter(object) : object);
    groups_.pop_back();
    return faults_.size() == faults_before ? std::optional(std::move(members)) : std::nullopt;
  }
  try {
    Meaning meaning = read_scalar(node, info);
    note_time(node.place, info, meaning.value);
    if (info.file && !node.text.empty()) {
      files_.push_back(path_of(node));
      meaning.value = files_.back();
      meaning.resolved = make_text(name_of(node), node.place);
    }
    if (info.list) meaning.value = list_of(std::vector{meaning.value}, info.type);
    if (info.set) info.set(object, meaning.value);
    return std::move(meaning.resolved);
  } catch (const Error& error) {
    fault(node.place, info.name + ": " + error.what());
    return std::nullopt;
  }
}

std::optional<Node> Reader::list(const Node& node, const ParameterInfo& info, void* object) {
  Node resolved;
  resolved.type = Node::Type::sequence;
  resolved.place = node.place;
  std::vector<ParameterValue> values;
  for (const auto& item : node.items) {
    if (is_reference(item) && repeat_fault_at(item.place)) continue;
    try {
      if (!item.is_scalar()) throw Error("a single value is needed here, not " + std::string(kind_of_node(item.type)));
      Meaning meaning = read_scalar(item, info);
      note_time(item.place, info, meaning.value);
      values.push_back(std::move(meaning.value));
      resolved.items.push_back(std::move(meaning.resolved));
    } catch (const Error& error) {
      fault(item.place, info.name + ": " + error.what());
    }
  }
  if (values.size() != node.items.size()) return std::nullopt;
  if (info.set) info.set(object, list_of(values, info.type));
  return resolved;
}

std::string Reader::path_of(const Node& name) const {
  const auto found = folders_.find(name.place.file);
  return ((found != folders_.end() ? found->second : folder_) / name.text).lexically_normal().string();
}

std::string Reader::name_of(const Node& name) const {
  const auto found = folders_.find(name.place.file);
  if (found == folders_.end() || found->second == folder_ || std::filesystem::path(name.text).is_absolute())
    return name.text;
  return std::filesystem::path(path_of(name)).lexically_proximate(folder_.empty() ? "." : folder_).string();
}

void Reader::note_time(const Place& place, const ParameterInfo& info, const ParameterValue& value) {
  if (info.step_role == StepRole::none) return;
  std::string name;
  for (const auto& group : groups_) name += group + '.';
  timed_values_.push_back({place, name + info.name, info.step_role, std::get<double>(value)});
}

bool Reader::repeat_fault_at(const Place& place) {
  for (const auto& known : faults_)
    if (known.place.file == place.file && known.place.line == place.line && known.place.column == place.column) {
      faults_.push_back(Diagnostic(known));
      return true;
    }
  return false;
}

const ComponentInfo* Reader::find(const Node& name, const Wanted& wanted) {
  if (is_reference(name) && repeat_fault_at(name.place)) return nullptr;
  const std::string kind(to_string(wanted.kind));
  const ComponentInfo* info = components_.find(wanted.kind, name.text);
  if (info != nullptr && (wanted.capability.empty() || info->offers(wanted.capability))) return info;
  std::vector<std::string> fitting;
  for (const auto& known : components_.names(wanted.kind)) {
    const ComponentInfo* candidate = components_.find(wanted.kind, known);
    if (candidate != nullptr && (wanted.capability.empty() || candidate->offers(wanted.capability)))
      fitting.push_back(known);
  }
  if (info != nullptr)
    fault(name.place, "the " + kind + ' ' + quote(name.text) + " is no " + std::string(wanted.capability) + "; " +
                          (fitting.empty() ? "none is known" : "known are " + enumerate(fitting)));
  else if (fitting.empty())
    fault(name.place, "unknown " + kind + ' ' + quote(name.text) + "; no plugin provides any");
  else
    fault(name.place, "unknown " + kind + ' ' + quote(name.text) + suggestion_or_known(name.text, fitting));
  return nullptr;
}

Configured Reader::component(const Node& node, const Wanted& wanted, const std::vector<std::string>& ignored) {
  if (node.is_scalar()) return component(node, make_map(node.place), wanted, ignored);
  const std::string kind(to_string(wanted.kind));
  if (!node.is_map()) {
    fault(node.place, with_article(kind) + " is needed, by its name or as a map with the key " +
                          quote(wanted.type_key) + ", not " + std::string(kind_of_node(node.type)));
    return {};
  }
  const Node* name = node.find(wanted.type_key);
  if (name == nullptr || !name->is_scalar()) {
    fault(name == nullptr ? node.place : name->place, quote(wanted.type_key) +
                                                          (name == nullptr ? " is missing: " : " must be ") +
                                                          "the name of " + with_article(kind));
    return {};
  }
  std::vector<std::string> others = ignored;
  others.emplace_back(wanted.type_key);
  return component(*name, node, wanted, others);
}

Configured Reader::component(const Node& name, const Node& parameters, const Wanted& wanted,
                             const std::vector<std::string>& ignored) {
  Configured made;
  made.place = name.place;
  made.info = find(name, wanted);
  if (made.info != nullptr) make(made, parameters, wanted, ignored);
  return made;
}

void Reader::make(Configured& made, const Node& parameters, const Wanted& wanted,
                  const std::vector<std::string>& ignored) {
  constexpr int deepest = 16;
  if (depth_ >= deepest) {
    fault(made.place, "components are nested too deeply here");
    return;
  }
  ++depth_;
  const std::size_t faults_before = faults_.size();
  try {
    made.info = &components_.load(wanted.kind, made.info->name);
    const ComponentInfo::Instance instance = made.info->make();
    made.resolved = read(parameters, made.info->parameters, instance.storage, ignored);
    made.resolved.entries.insert(made.resolved.entries.begin(),
                                 {std::string(wanted.type_key), made.place, make_text(made.info->name, made.place)});
    if (faults_.size() == faults_before) made.interface = instance.interface;
  } catch (const std::exception& error) {
    fault(made.place, error.what());
  }
  --depth_;
  if (std::find(used_.begin(), used_.end(), made.info) == used_.end()) used_.push_back(made.info);
}

void Reader::finish() const {
  if (faults_.empty()) return;
  // Files come in the order in which they first had a fault; within a file its lines decide.
  std::map<std::string, std::size_t> rank;
  for (const auto& fault : faults_) rank.try_emplace(fault.place.file, rank.size());
  const auto position = [&rank](const Diagnostic& fault) {
    return std::tuple(rank.at(fault.place.file), fault.place.line, fault.place.column);
  };
  std::vector<Diagnostic> sorted = faults_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const auto& a, const auto& b) { return position(a) < position(b); });
  std::set<std::string> seen;
  std::erase_if(sorted, [&seen](const auto& fault) { return !seen.insert(to_string(fault)).second; });
  constexpr std::size_t most = 100;
  if (sorted.size() > most) {
    const std::size_t more = sorted.size() - most;
    sorted.resize(most);
    sorted.push_back({sorted.back().place, "and " + std::to_string(more) + " more faults after this one"});
  }
  throw InvalidInput(std::move(sorted));
}

}  // namespace tyto::spec

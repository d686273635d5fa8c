#include "sweep.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <numeric>

#include <fmt/format.h>

#include "sweep_values.hpp"
#include "words.hpp"

namespace tyto::spec {

namespace {

/// Reads the sweep of one experiment, collecting faults.
class SweepReader {
 public:
  SweepReader(const Node& root, const Overrides& overrides) : root_(root), overrides_(overrides) {}

  void read(const Node& node) {
    if (!node.is_map()) {
      fault(node.place, "sweep: a map of paths and values is needed, as in 'sweep: {model.tau: [1 ms, 2 ms]}'");
      return;
    }
    for (const auto& entry : node.entries) {
      if (entry.value.type == Node::Type::null) continue;  // Taken out of the sweep, as by --set sweep.seed=null.
      if (entry.key == "zip") {
        read_zips(entry);
      } else if (auto swept = read_path(entry)) {
        sweep_.axes.push_back({"", {std::move(*swept)}});
      }
    }
    sweep_.place = node.place;
  }

  Sweep finish() {
    if (!faults_.empty()) throw InvalidInput(faults_);
    std::size_t runs = 1;
    for (const auto& axis : sweep_.axes) {
      runs *= axis.size();
      if (runs > most_runs)
        throw InvalidInput(sweep_.place, fmt::format("this sweep has more than {} runs", most_runs));
    }
    return std::move(sweep_);
  }

 private:
  /// The seed, or that of one purpose, which the experiment has.
  [[nodiscard]] std::uint64_t first_seed(const std::string& path) const {
    if (overrides_.seed) return *overrides_.seed;
    const Node* seed = root_.find("seed");
    if (seed != nullptr && seed->is_map())
      seed = path == "seed" ? nullptr : seed->find(path.substr(path.find('.') + 1));
    std::uint64_t first = 1;
    // A seed that is none is reported when the experiment is loaded.
    if (seed == nullptr ||
        std::from_chars(seed->text.data(), seed->text.data() + seed->text.size(), first).ec != std::errc{})
      return 1;
    return first;
  }
  void fault(const Place& place, std::string message) { faults_.push_back({place, std::move(message)}); }

  std::optional<SweptPath> read_path(const Node::Entry& entry) {
    try {
      check_path(entry);
      SweptPath swept{entry.key,
                      entry.place,
                      swept_values(entry.value, entry.key, is_seed(entry.key) ? first_seed(entry.key) : 1),
                      {},
                      {}};
      describe_values(swept);
      return swept;
    } catch (const InvalidInput& error) {
      for (const auto& diagnostic : error.diagnostics()) fault(diagnostic.place, diagnostic.message);
      return std::nullopt;
    }
  }

  void check_path(const Node::Entry& entry) {
    if (entry.key == "sweep" || entry.key.starts_with("sweep."))
      throw InvalidInput(entry.place, "a sweep cannot vary itself");
    std::string full;
    try {
      full = full_path(root_, entry.key);
    } catch (const InvalidInput&) {
      throw InvalidInput(entry.place, quote(entry.key) + " is not a path; a path is written as a.b");
    }
    if (!paths_.insert(full).second) throw InvalidInput(entry.place, quote(entry.key) + " is swept already");
    for (const auto& setting : overrides_.set)
      if (full_path_of(setting) == full)
        throw InvalidInput(Place{"--set " + setting},
                           quote(entry.key) + " is swept; its values are set by --set sweep." + entry.key + "=[...]");
    if (is_seed(entry.key)) {
      const bool whole = entry.key == "seed";
      if (whole ? purpose_swept_ : seed_swept_)
        throw InvalidInput(entry.place, "'seed' is that of all purposes, one of which is swept as well");
      (whole ? seed_swept_ : purpose_swept_) = true;
    }
    const Node* seed = root_.find("seed");
    if (entry.key == "seed" && !overrides_.seed && seed != nullptr && seed->is_map())
      throw InvalidInput(entry.place,
                         "the experiment has a seed for each purpose; sweep seed.trials, seed.weights or seed.order");
    if (entry.key == "seed" && overrides_.seed && !is_range(entry.value))
      throw InvalidInput(Place{fmt::format("--seed {}", *overrides_.seed)},
                         "the sweep lists its seeds; they are set by --set sweep.seed=[...]");
  }

  [[nodiscard]] std::string full_path_of(const std::string& setting) const {
    try {
      return full_path(root_, setting.substr(0, setting.find('=')));
    } catch (const InvalidInput&) {
      return "";
    }
  }

  /// `zip` holds paths, or names of axes with a map of paths each.
  void read_zips(const Node::Entry& entry) {
    if (!entry.value.is_map() || entry.value.entries.empty()) {
      fault(entry.value.place, "zip: a map of paths and values is needed");
      return;
    }
    SweepAxis unnamed{"zip", {}};
    for (const auto& item : entry.value.entries) {
      if (item.value.is_map() && !is_range(item.value)) {
        read_named_zip(item);
      } else if (item.value.type != Node::Type::null) {
        if (auto swept = read_path(item)) unnamed.paths.push_back(std::move(*swept));
      }
    }
    add_zip(std::move(unnamed));
  }

  void read_named_zip(const Node::Entry& entry) {
    SweepAxis axis{entry.key, {}};
    if (!is_name(entry.key)) fault(entry.place, "a name of letters, digits and underscores is needed for the axis");
    if (!zips_.insert(entry.key).second) fault(entry.place, "another axis is named " + quote(entry.key));
    if (entry.value.entries.empty()) fault(entry.value.place, quote(entry.key) + " names nothing to vary");
    for (const auto& item : entry.value.entries)
      if (auto swept = read_path(item)) axis.paths.push_back(std::move(*swept));
    add_zip(std::move(axis));
  }

  void add_zip(SweepAxis axis) {
    if (axis.paths.empty()) return;
    const auto& first = axis.paths.front();
    for (const auto& path : axis.paths)
      if (path.values.size() != first.values.size())
        fault(path.place, fmt::format("zipped values go together, but {} has {} and {} has {}", quote(first.path),
                                      first.values.size(), quote(path.path), path.values.size()));
    sweep_.axes.push_back(std::move(axis));
  }

  const Node& root_;
  const Overrides& overrides_;
  Sweep sweep_;
  bool seed_swept_ = false;
  bool purpose_swept_ = false;
  std::set<std::string> paths_;
  std::set<std::string> zips_;
  std::vector<Diagnostic> faults_;
};

/// The last `count` keys of a path, joined so that they make a name.
std::string end_of_path(const std::string& path, std::size_t count) {
  std::size_t at = path.size();
  for (; count > 0 && at != std::string::npos && at > 0; --count) at = path.rfind('.', at - 1);
  std::string name = at == std::string::npos || at == 0 ? path : path.substr(at + 1);
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

}  // namespace

std::size_t Sweep::runs() const {
  return std::accumulate(axes.begin(), axes.end(), std::size_t{1},
                         [](std::size_t product, const auto& axis) { return product * axis.size(); });
}

std::vector<std::size_t> Sweep::position(std::size_t run) const {
  std::vector<std::size_t> position(axes.size());
  for (std::size_t axis = axes.size(); axis-- > 0; run /= axes[axis].size()) position[axis] = run % axes[axis].size();
  return position;
}

std::vector<Setting> Sweep::settings(const std::vector<std::size_t>& position) const {
  std::vector<Setting> settings;
  for (std::size_t axis = 0; axis < axes.size(); ++axis)
    for (const auto& swept : axes[axis].paths)
      settings.push_back({swept.path, swept.place, swept.values[position[axis]]});
  return settings;
}

std::string Sweep::text(const std::vector<std::size_t>& position) const {
  std::string text;
  for (std::size_t axis = 0; axis < axes.size(); ++axis)
    for (const auto& swept : axes[axis].paths)
      text += (text.empty() ? "" : ", ") + swept.path + " = " + swept.labels[position[axis]];
  return text;
}

std::optional<Sweep> load_sweep(const Document& document, const Overrides& overrides,
                                const plugin::Components& components) {
  Node root = read_tree(document, components).root;
  if (!root.is_map()) return std::nullopt;
  for (const auto& setting : overrides.set) {
    try {
      static_cast<void>(apply_setting(root, setting));
    } catch (const InvalidInput&) {
      // Reported when the experiment is loaded.
    }
  }
  const Node* node = root.find("sweep");
  if (node == nullptr || node->type == Node::Type::null) return std::nullopt;
  SweepReader reader(root, overrides);
  reader.read(*node);
  Sweep sweep = reader.finish();
  if (sweep.axes.empty()) return std::nullopt;
  return sweep;
}

std::vector<std::vector<std::string>> short_names(const Sweep& sweep, const std::set<std::string>& taken) {
  // Who reads results in Python writes names as attributes.
  std::set<std::string> used{"from", "class", "lambda", "in", "is", "not", "or", "and", "if", "for", "with", "global"};
  used.insert(taken.begin(), taken.end());
  for (const auto& axis : sweep.axes)
    if (!axis.zip.empty()) used.insert(axis.zip);
  std::vector<std::vector<std::string>> names;
  for (const auto& axis : sweep.axes) {
    auto& of_axis = names.emplace_back();
    for (const auto& swept : axis.paths) {
      const auto keys = static_cast<std::size_t>(std::count(swept.path.begin(), swept.path.end(), '.')) + 1;
      std::string name;
      for (std::size_t count = 1; count <= keys; ++count) {
        name = end_of_path(swept.path, count);
        const bool number = std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
        if (!number && !used.contains(name)) break;
      }
      while (used.contains(name)) name += "_swept";
      used.insert(name);
      of_axis.push_back(std::move(name));
    }
  }
  return names;
}

}  // namespace tyto::spec

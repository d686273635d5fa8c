#include "stored_run.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include <tyto/data_file.hpp>
#include <tyto/error.hpp>

#include "../results/sha256.hpp"
#include "../spec/parts.hpp"
#include "../spec/words.hpp"

namespace tyto::stored {

using spec::Node;
using spec::quote;

namespace {

constexpr const char* provenance = "/provenance";

std::string in_provenance(const char* name) { return std::string(provenance) + "/" + name; }

/// The learning rule 'none' on as many test trials.
Node only_asked(const Node& learning) {
  Node asked = spec::make_map(learning.place);
  spec::put(asked, "rule", spec::make_text("none", learning.place));
  for (const auto& entry : learning.entries)
    if (entry.key == "batch_size") asked.entries.push_back(entry);
  const Node* const trials = learning.find("trials");
  if (const Node* const test = trials != nullptr ? trials->find("test") : nullptr) {
    Node count = spec::make_map(learning.place);
    spec::put(count, "test", *test);
    spec::put(asked, "trials", std::move(count));
  }
  return asked;
}

}  // namespace

StoredRun::StoredRun(std::filesystem::path file) : file_(std::move(file)), outline_(results::read_outline(file_)) {
  if (outline_.attribute("/", "tyto_version").empty() || !has_group(provenance))
    throw Error("'" + file_.string() + "' is no results file of Tyto");
}

bool StoredRun::has_group(const std::string& path) const {
  return std::any_of(outline_.groups.begin(), outline_.groups.end(),
                     [&](const auto& group) { return group.path == path; });
}

/// The experiment's, or where that is gone the folder of the results.
std::filesystem::path StoredRun::folder() const {
  const std::filesystem::path known = outline_.attribute(provenance, "experiment_folder");
  std::error_code ignored;
  return !known.empty() && std::filesystem::is_directory(known, ignored) ? known : file_.parent_path();
}

std::vector<std::string> StoredRun::changed(const std::vector<std::string>& files) const {
  if (outline_.find(in_provenance("input_sha256")) == nullptr) return {};
  const auto sums = read_data(file_.string(), in_provenance("input_sha256")).texts();
  std::vector<std::string> changed;
  for (const auto& file : files) {
    std::error_code ignored;
    if (std::filesystem::equivalent(file, file_, ignored)) continue;
    if (std::find(sums.begin(), sums.end(), results::sha256_file(file)) == sums.end()) changed.push_back(file);
  }
  return changed;
}

results::Origin StoredRun::origin() const {
  results::Origin origin;
  origin.experiment_file = outline_.attribute(provenance, "experiment_file");
  origin.folder = folder();
  return origin;
}

spec::Document StoredRun::document() const {
  if (outline_.find("/test/channels") != nullptr || outline_.find("/train/channels") != nullptr)
    throw InvalidInput(Place{file_.string()}, "holds the trials of an experiment, which 'tyto trials' makes again");
  return {file_.string(), results::read_one_text(file_, in_provenance(is_sweep() ? "source_yaml" : "resolved_yaml")),
          folder()};
}

spec::Overrides StoredRun::settings() const {
  spec::Overrides overrides;
  if (!is_sweep()) return overrides;
  if (outline_.find(in_provenance("setting")) == nullptr) return overrides;
  for (const auto& line : read_data(file_.string(), in_provenance("setting")).texts()) {
    const auto value = [&](std::string_view option) {
      return line.starts_with(option) ? std::optional(line.substr(option.size())) : std::nullopt;
    };
    if (const auto set = value("--set ")) overrides.set.push_back(*set);
    if (const auto backend = value("--backend ")) overrides.backend = *backend;
    if (const auto seed = value("--seed ")) {
      std::uint64_t number = 0;
      if (std::from_chars(seed->data(), seed->data() + seed->size(), number).ec != std::errc{})
        throw Error("'" + file_.string() + "' is damaged: it has the seed '" + *seed + "'");
      overrides.seed = number;
    }
  }
  return overrides;
}

spec::Document StoredRun::evaluation(const std::string& stage) const {
  const Place place{file_.string()};
  if (is_sweep())
    throw InvalidInput(place,
                       "has the results of a sweep, in which the weights of many runs lie side by side; keep those "
                       "of each run with 'tyto run --keep-parts' and evaluate one of them");
  Node root = spec::parse(results::read_one_text(file_, in_provenance("resolved_yaml")), file_.string());
  if (Node* const stages = root.find("stages")) {
    std::vector<std::string> names;
    for (const auto& one : stages->items) names.push_back(one.find("name") != nullptr ? one.find("name")->text : "");
    const auto found = std::find(names.begin(), names.end(), stage);
    if (found == names.end())
      throw InvalidInput(place, stage.empty()
                                    ? "this run has stages: " + spec::enumerate(names) + "; name one with --stage"
                                    : "there is no stage " + quote(stage) + spec::suggestion_or_known(stage, names));
    Node one = stages->items[static_cast<std::size_t>(found - names.begin())];
    std::erase_if(one.entries, [](const auto& entry) { return entry.key == "name"; });
    spec::put(one, "tyto", spec::make_scalar("1", root.place));
    root = std::move(one);
  } else if (!stage.empty()) {
    throw InvalidInput(place, "this run has no stages");
  }
  if (root.find("simulation") != nullptr)
    throw InvalidInput(place, "this run is a simulation, which has no trials to be asked; 'tyto rerun' does it again");
  const Node* const learning = root.find("learning");
  if (learning == nullptr) throw InvalidInput(place, "this run has no trials to be asked");
  spec::put(root, "learning", only_asked(*learning));
  Node weights = spec::make_map(root.place);
  spec::put(weights, "from", spec::make_text(std::filesystem::absolute(file_).string(), root.place));
  if (!stage.empty()) spec::put(weights, "stage", spec::make_text(stage, root.place));
  spec::put(root, "weights", std::move(weights));
  return {file_.string(), spec::write(root), folder()};
}

}  // namespace tyto::stored

#include "stored_run.hpp"

#include <algorithm>

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

void StoredRun::check_inputs() const {
  if (outline_.find(in_provenance("input")) == nullptr) return;
  const auto paths = read_data(file_.string(), in_provenance("input")).texts();
  const auto sums = read_data(file_.string(), in_provenance("input_sha256")).texts();
  std::vector<Diagnostic> faults;
  for (std::size_t k = 0; k < paths.size() && k < sums.size(); ++k) {
    std::error_code ignored;
    std::filesystem::path path = folder() / paths[k];  // which is the latter if that is absolute
    // Files may have moved together with the results.
    const auto beside = folder() / path.filename();
    if (!std::filesystem::is_regular_file(path, ignored)) path = beside;
    if (!std::filesystem::is_regular_file(path, ignored))
      faults.push_back({Place{file_.string()}, quote(path.string()) + ", which the run read, is not there any more"});
    else if (results::sha256_file(path.string()) != sums[k])
      faults.push_back({Place{file_.string()}, quote(path.string()) + ", which the run read, has changed since"});
  }
  if (!faults.empty()) throw InvalidInput(std::move(faults));
}

spec::Document StoredRun::document() const {
  check_inputs();
  return {file_.string(), results::read_one_text(file_, in_provenance(is_sweep() ? "source_yaml" : "resolved_yaml")),
          folder()};
}

spec::Overrides StoredRun::settings() const {
  spec::Overrides overrides;
  if (!is_sweep()) return overrides;
  const std::string all = outline_.attribute(provenance, "settings");
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = std::min(all.find('\n', at), all.size());
    const std::string line = all.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("--set ")) overrides.set.push_back(line.substr(6));
    if (line.starts_with("--seed ")) overrides.seed = std::stoull(line.substr(7));
    if (line.starts_with("--backend ")) overrides.backend = line.substr(10);
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

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tyto/data_file.hpp>
#include <tyto/error.hpp>
#include <tyto/plugin.hpp>
#include <tyto/stimulus.hpp>

#include "labels.hpp"
#include "layouts.hpp"

namespace {

using recorded::Layout;
using recorded::Meaning;
using tyto::Problem;
using tyto::Split;

enum class Show { spikes, counts, values };
enum class NoiseFor { all, training };

constexpr std::size_t splits = 3;
constexpr double default_dt_s = 1e-3;

/// A time as a whole number of steps. Rounding errors do not count.
double steps_in(double time_s, double dt_s) { return std::floor(time_s / dt_s + 1e-6); }

/// One of the files, and which of its trials are for what.
struct Part {
  std::string file;
  std::shared_ptr<const recorded::Trials> trials;
  std::optional<Split> all;     ///< all of them are for this
  std::size_t first_label = 0;  ///< of its trials among those of all files
};

/// Where a trial lies.
struct Place {
  std::size_t part = 0, trial = 0;
};
using Places = std::array<std::vector<Place>, splits>;

/// What is in the files.
struct Contents {
  tyto::TrialShape shape;
  std::vector<Part> parts;
  std::vector<recorded::Label> labels;
  double dt_s = default_dt_s;
  double period_s = 0;  ///< of samples
};

class Recorded final : public tyto::Stimulus {
 public:
  static auto parameters();

  [[nodiscard]] tyto::TrialShape shape() const override { return contents_->shape; }
  [[nodiscard]] std::vector<tyto::TargetInfo> targets() const override {
    std::vector<tyto::TargetInfo> infos;
    for (const auto& label : contents_->labels) infos.push_back(label.info);
    return infos;
  }
  [[nodiscard]] std::optional<std::size_t> available(Split split) const override {
    return places_[static_cast<std::size_t>(split)].size();
  }
  [[nodiscard]] std::shared_ptr<const tyto::Stimulus> prepared(std::uint64_t seed) const override {
    auto own = std::make_shared<Recorded>(*this);
    own->places_ = own->sort(*contents_, seed);
    return own;
  }
  void make(const tyto::TrialKey& key, const tyto::MutableSpikes& spikes, std::span<double> targets) const override {
    visit(key, targets, [&](std::size_t step, std::size_t channel, double) { spikes.set(step, channel); });
  }
  void make_values(const tyto::TrialKey& key, std::span<float> values, std::span<double> targets) const override {
    // A step shows the mean of the samples in it, or how many spikes there are.
    const double share = show == Show::values ? contents_->period_s / contents_->dt_s : 1;
    visit(key, targets, [&](std::size_t step, std::size_t channel, double value) {
      float& cell = values[step * contents_->shape.channels + channel];
      cell = static_cast<float>(static_cast<double>(cell) + value * share);
    });
  }

 private:
  std::string file, validation_file, test_file;
  Layout layout = Layout::dense;
  recorded::Arrays arrays;
  std::vector<std::string> target_names, names;
  std::string names_from;
  Meaning meaning = Meaning::by_type;
  recorded::Uses uses;
  Show show = Show::spikes;
  NoiseFor noise_for = NoiseFor::all;
  std::optional<double> given_dt_s;
  double from_s = 0, jitter_s = 0, keep = 1;
  std::optional<double> period_s, duration_s;
  std::optional<int> channels_given;
  int merge = 1;

  // Found when the parameters are checked: what is in the files decides about channels, targets and trials.
  mutable std::shared_ptr<const Contents> contents_;
  mutable Places places_;

  void open() const;
  void open_part(const std::string& path, std::optional<Split> all, const std::string& group, Contents& contents) const;
  void find_shape(Contents& contents) const;
  void read_labels(Contents& contents) const;
  /// Decides what trials are for.
  [[nodiscard]] Places sort(const Contents& contents, std::uint64_t seed) const;
  template <class ShowIt>
  void visit(const tyto::TrialKey& key, std::span<double> targets, ShowIt&& show_it) const;
  [[nodiscard]] std::optional<Problem> fault() const;
};

template <class ShowIt>
void Recorded::visit(const tyto::TrialKey& key, std::span<double> targets, ShowIt&& show_it) const {
  const auto& places = places_[static_cast<std::size_t>(key.split)];
  if (places.empty()) throw tyto::Error("there are no " + std::string(to_string(key.split)) + " trials");
  const Place place = places[key.trial % places.size()];
  const Part& part = contents_->parts[place.part];
  for (std::size_t k = 0; k < targets.size(); ++k)
    targets[k] = contents_->labels[k].values[part.first_label + place.trial];
  constexpr double most_spikes = 1e6;  // of a channel in a sample
  tyto::Random noise = key.random("recorded");
  const bool noisy = noise_for == NoiseFor::all || key.split == Split::train;
  const auto merged = static_cast<std::size_t>(merge);
  part.trials->visit(place.trial, [&](double time_s, std::size_t channel, double value) {
    if (!std::isfinite(value) || (show == Show::spikes && value != 1) ||
        (show == Show::counts && (value < 0 || value > most_spikes || value != std::floor(value))))
      throw tyto::Error("trial " + std::to_string(place.trial) + " of '" + part.file + "' has the value " +
                        std::to_string(value) + " in channel " + std::to_string(channel) +
                        (std::isfinite(value) ? ", which is no spike; write 'show: values' or 'show: counts'" : ""));
    const std::size_t shown_channel = channel / merged;
    const auto show_at = [&](double at_s, double amount) {
      const double step = steps_in(at_s - from_s, contents_->dt_s);
      if (step < 0 || step >= static_cast<double>(contents_->shape.steps)) return;
      show_it(static_cast<std::size_t>(step), shown_channel, amount);
    };
    if (shown_channel >= contents_->shape.channels) throw tyto::Error("a spike has no channel");
    if (!noisy || (keep == 1 && jitter_s == 0)) return show_at(time_s, value);
    // Each spike by itself, also where several are counted.
    for (double k = 0; k < value; ++k) {
      if (keep < 1 && noise.uniform() >= keep) continue;
      show_at(jitter_s > 0 ? time_s + jitter_s * noise.normal() : time_s, 1);
    }
  });
}

void Recorded::open() const {
  Contents contents;
  contents.dt_s = given_dt_s.value_or(default_dt_s);
  contents.period_s = period_s.value_or(contents.dt_s);
  if (layout == Layout::packed)
    for (const Split split : {Split::train, Split::validation, Split::test}) {
      const std::string group(to_string(split));
      if (tyto::has_data(file, group + "/" + (arrays.data.empty() ? "spikes" : arrays.data)))
        open_part(file, split, group, contents);
    }
  else
    open_part(file, std::nullopt, {}, contents);
  const auto same = [](const std::string& a, const std::string& b) {
    std::error_code ignored;
    return !a.empty() && !b.empty() && std::filesystem::equivalent(a, b, ignored);
  };
  if (same(file, test_file) || same(file, validation_file) || same(test_file, validation_file))
    throw tyto::Error("one file has been given for two sets of trials; 'split' divides the trials of a file");
  if (!validation_file.empty()) open_part(validation_file, Split::validation, {}, contents);
  if (!test_file.empty()) open_part(test_file, Split::test, {}, contents);
  if (layout == Layout::packed && !given_dt_s && !contents.parts.empty())
    contents.dt_s = contents.parts.front().trials->period_s;
  if (contents.parts.empty()) throw tyto::Error("'" + file + "' is not what 'tyto trials' writes: it has no trials");
  find_shape(contents);
  read_labels(contents);
  places_ = sort(contents, 0);
  contents_ = std::make_shared<const Contents>(std::move(contents));
}

void Recorded::open_part(const std::string& path, std::optional<Split> all, const std::string& group,
                         Contents& contents) const {
  recorded::Arrays settled = arrays;
  settled.layout = layout;
  if (layout == Layout::events && !target_names.empty())
    settled.least_trials = tyto::read_data(path, target_names.front()).size();
  settled.period_s = layout == Layout::packed ? period_s.value_or(0) : contents.period_s;
  if (channels_given) settled.channels = static_cast<std::size_t>(*channels_given);
  Part part{path, recorded::open_trials(path, settled, group), all};
  if (!contents.parts.empty()) {
    const Part& last = contents.parts.back();
    part.first_label = last.first_label + last.trials->count;
    if (part.trials->samples && part.trials->channels != last.trials->channels)
      throw tyto::Error("'" + path + "' has " + std::to_string(part.trials->channels) + " channels, and '" + last.file +
                        "' has " + std::to_string(last.trials->channels));
  }
  contents.parts.push_back(std::move(part));
}

void Recorded::find_shape(Contents& contents) const {
  std::size_t channels = 0;
  double end_s = 0;
  const bool samples = layout == Layout::dense || layout == Layout::packed;
  for (const auto& part : contents.parts) {
    channels = std::max(channels, part.trials->channels);
    end_s = std::max(end_s, part.trials->duration_s);
  }
  // The last spike lies within the last step; samples end with theirs.
  const double dt_s = contents.dt_s;
  const double last = samples ? std::ceil((end_s - from_s) / dt_s - 1e-6) : steps_in(end_s - from_s, dt_s) + 1;
  const double steps = duration_s ? std::round(*duration_s / dt_s) : last;
  constexpr double most_steps = 1e7;
  if (!(steps >= 1)) throw tyto::Error("nothing is left of the trials from there on");
  if (steps > most_steps) throw tyto::Error("trials of more than 10000000 steps are too long; give a 'duration'");
  const auto merged = static_cast<std::size_t>(merge);
  contents.shape = {static_cast<std::size_t>(steps), (channels + merged - 1) / merged, dt_s, show != Show::spikes};
}

void Recorded::read_labels(Contents& contents) const {
  std::vector<std::string> known = names;
  if (!names_from.empty()) known = tyto::read_data(file, names_from).texts();
  std::vector<std::string> wanted = target_names;
  if (layout == Layout::heidelberg && wanted.empty()) wanted = {"labels"};
  if (layout == Layout::heidelberg && wanted.front() == "labels" && known.empty() && tyto::has_data(file, "extra/keys"))
    known = tyto::read_data(file, "extra/keys").texts();
  std::vector<std::string> files;
  std::vector<std::size_t> counts;
  for (const auto& part : contents.parts) {
    files.push_back(part.file);
    counts.push_back(part.trials->count);
  }
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    std::vector<std::string> paths;
    for (const auto& part : contents.parts)
      paths.push_back(layout == Layout::packed ? std::string(to_string(*part.all)) + "/" + wanted[k] : wanted[k]);
    std::vector<std::string> own = k == 0 ? known : std::vector<std::string>{};
    // Packed trials know the order of their categories.
    if (layout == Layout::packed && own.empty() && tyto::has_data(file, paths.front() + "_names"))
      own = tyto::read_data(file, paths.front() + "_names").texts();
    contents.labels.push_back(recorded::read_label(wanted[k], files, paths, counts, meaning, own));
    for (std::size_t other = 0; other < k; ++other)
      if (contents.labels[other].info.name == contents.labels[k].info.name)
        throw tyto::Error("two targets are named '" + contents.labels[k].info.name + "'");
  }
}

Places Recorded::sort(const Contents& contents, std::uint64_t seed) const {
  Places places;
  for (std::size_t k = 0; k < contents.parts.size(); ++k) {
    const Part& part = contents.parts[k];
    if (part.all) {
      for (std::size_t trial = 0; trial < part.trials->count; ++trial)
        places[static_cast<std::size_t>(*part.all)].push_back({k, trial});
      continue;
    }
    const auto sets = recorded::sort_trials(part.file, part.trials->count, uses, seed);
    for (std::size_t split = 0; split < splits; ++split)
      for (const std::uint32_t trial : sets[split]) places[split].push_back({k, trial});
  }
  return places;
}

std::optional<Problem> Recorded::fault() const {
  const bool dense = layout == Layout::dense, packed = layout == Layout::packed, sonata = layout == Layout::sonata;
  if (period_s && !dense && !packed) return Problem{"period", "is for samples, and this layout has times of spikes"};
  if (channels_given && dense) return Problem{"channels", "is said by the shape of the array; leave it out"};
  const bool of_spikes = !arrays.times.empty() || !arrays.units.empty() || arrays.time_unit_s > 0;
  if ((!arrays.data.empty() && !dense && !packed) || (of_spikes && (dense || packed)) ||
      (!arrays.trials.empty() && layout != Layout::events) || (!arrays.population.empty() && !sonata))
    return Problem{"arrays", "names an array that this layout has not; see 'tyto describe recorded'"};
  if (show == Show::values && !dense)
    return Problem{"show", "values are what 'layout: dense' has; of spikes show 'spikes' or 'counts'"};
  if (show == Show::values && (jitter_s > 0 || keep < 1))
    return Problem{jitter_s > 0 ? "jitter" : "keep", "is for spikes, and values are shown"};
  const double dt_s = given_dt_s.value_or(default_dt_s), period = period_s.value_or(dt_s), ratio = dt_s / period;
  if (show == Show::values && (ratio < 1 - 1e-9 || std::abs(ratio - std::round(ratio)) > 1e-6))
    return Problem{"period", "a step has to be a whole number of samples where values are shown"};
  if (merge > 1 && show == Show::values) return Problem{"merge", "is for spikes, and values are shown"};
  const bool lot = uses.test_part > 0 || uses.validation_part > 0, by = !uses.by.empty(),
             index = !uses.test_index.empty() || !uses.validation_index.empty();
  if (static_cast<int>(lot) + static_cast<int>(by) + static_cast<int>(index) > 1)
    return Problem{"split", "give parts, or 'by', or an index, and not several of them"};
  if (!by && !(uses.test_values.empty() && uses.validation_values.empty()))
    return Problem{"split", "values are those of the array that 'by' names"};
  if (uses.test_part + uses.validation_part > 1 + 1e-9)
    return Problem{"split", "the parts for validation and testing are more than all"};
  if (packed && (lot || by || index || !validation_file.empty() || !test_file.empty()))
    return Problem{"split", "a file of 'tyto trials' says itself which trials are for what"};
  const bool named = !names.empty() || !names_from.empty();
  if (named && meaning == Meaning::numbers)
    return Problem{"names", "are those of categories, and the targets are numbers"};
  if (named && target_names.empty() && layout != Layout::heidelberg)
    return Problem{"names", "are those of the first target, and there are none"};
  if (file.ends_with(".npy") && (layout != Layout::dense || !target_names.empty()))
    return Problem{"file", "a .npy file has but one array; put several into a .npz with np.savez"};
  if (!names.empty() && !names_from.empty()) return Problem{"names_from", "the names are given by 'names' already"};
  return std::nullopt;
}

auto Recorded::parameters() {
  using recorded::Arrays;
  using recorded::Uses;
  constexpr int most_channels = 10'000'000;
  auto parts =
      tyto::parameters<Uses>("Which trials of the file are for what; those that nothing is said of are for training")
          .number("test", &Uses::test_part, "0", "part of all trials, drawn from the seed, for testing")
          .range(0, 1)
          .number("validation", &Uses::validation_part, "0", "part of all trials, drawn likewise, for validation")
          .range(0, 1)
          .text("by", &Uses::by, "",
                "array that says it of each trial: train, validation or test, or a group such as a speaker")
          .texts("test_values", &Uses::test_values, "[]", "groups that are for testing")
          .texts("validation_values", &Uses::validation_values, "[]", "groups that are for validation")
          .text("test_index", &Uses::test_index, "", "array with the numbers of the trials for testing")
          .text("validation_index", &Uses::validation_index, "", "array with the numbers of the trials for validation");
  auto named = tyto::parameters<Arrays>("The names of the file's arrays, where they are not those of the layout")
                   .text("data", &Arrays::data, "", "dense: 'x'; packed: 'spikes'")
                   .text("times", &Arrays::times, "", "when spikes are; events, lists: 'times'")
                   .text("units", &Arrays::units, "", "of which channel; events, lists: 'units'")
                   .text("trials", &Arrays::trials, "", "events: of which trial, in ascending order: 'trials'")
                   .text("population", &Arrays::population, "", "sonata: the population, as in /spikes/<population>")
                   .time("time_unit", &Arrays::time_unit_s, "0 s",
                         "duration of 1 in 'times'; 0: the layout's own, which is 1 ms for sonata and else 1 s")
                   .non_negative();
  return tyto::parameters<Recorded>("Trials out of a file: spikes or values, with what they are to be taken for")
      .details(
          R"(The file is HDF5, or NumPy's `.npz`. It stays on disk and is read trial by trial.

| layout | arrays |
|---|---|
| `dense` | `x` [trial][time][channel]: spikes as 0 and 1, counts, or values, every `period` |
| `events` | `times`, `units`, `trials`: one entry for each spike, those of a trial side by side, trials ascending |
| `lists` | `times`, `units`: HDF5's arrays of lists, one for each trial |
| `heidelberg` | the Heidelberg digits: lists `spikes/times` in s and `spikes/units`, 700 channels, `labels`, their names in `extra/keys` |
| `sonata` | one trial: `/spikes/<population>/timestamps` in ms and `node_ids`, or in the old layout `/spikes/gids` |
| `packed` | what `tyto trials` writes, with its training, validation and test trials |

A spike at the time t falls into step floor((t - from) / dt) of the trial, and one that falls into none is left out. So
bins begin at `from`, not at the first spike. All trials have the same number of steps: `duration`, or as many as the
longest one needs. In this order:

1. `keep`: each spike is kept with this probability.
2. `jitter`: each is moved by a normally distributed time.
3. `merge`: channels c merge to (c + 1) merge - 1 become channel c.
4. `show`: a step shows `spikes` (1 if there is at least one), `counts` (how many there are), or `values` (the mean of the
   samples in it). Counts and values reach the model as numbers.

What is drawn depends on seed, split and the number of the trial; with `learning.trials.fresh` each epoch draws anew.

**Targets** are arrays with a value for each trial. Texts, and whole numbers, are categories, each of which is a class of
the objective; other numbers are values, and their range is that of the file. `names` are the names of 0, 1, ... of the
first target, or the order of its texts. Without targets the trials can be shown to simulations.

If fewer trials of a set are asked for than there are, they are the first of it: of parts that are drawn in an order that is
drawn, too, else in that of the file. A file in HDF5 or `.npz` is unpacked into the folder of temporary files, `TMPDIR`, while it
is used.

**Which trials are for what** says `split`: parts that are drawn from the seed, an array of the file, groups such as
speakers, or arrays with numbers of trials. Or they lie in files of their own.)")
      .file("file", &Recorded::file, "", "the file, relative to the experiment file")
      .required()
      .choice("layout", &Recorded::layout,
              {{"dense", Layout::dense},
               {"events", Layout::events},
               {"lists", Layout::lists},
               {"heidelberg", Layout::heidelberg},
               {"sonata", Layout::sonata},
               {"packed", Layout::packed}},
              "dense", "how trials lie in it")
      .group("arrays", &Recorded::arrays, std::move(named), "names of the file's arrays")
      .texts("targets", &Recorded::target_names, "[]", "arrays with a value for each trial")
      .choice("targets_are", &Recorded::meaning,
              {{"by_type", Meaning::by_type}, {"categories", Meaning::categories}, {"numbers", Meaning::numbers}},
              "by_type", "what they are; by_type: categories if they are texts or whole numbers, else numbers")
      .texts("names", &Recorded::names, "[]", "names of the categories 0, 1, ... of the first target")
      .text("names_from", &Recorded::names_from, "", "array of the file with these names")
      .group("split", &Recorded::uses, std::move(parts), "which trials are for what")
      .file("validation_file", &Recorded::validation_file, "", "a file whose trials are for validation")
      .file("test_file", &Recorded::test_file, "", "a file whose trials are for testing")
      .choice("show", &Recorded::show, {{"spikes", Show::spikes}, {"counts", Show::counts}, {"values", Show::values}},
              "spikes", "what a step shows")
      .time("dt", &Recorded::given_dt_s, "", "duration of a step; default: 1 ms, or that of packed trials")
      .positive()
      .optional()
      .time("period", &Recorded::period_s, "", "from one sample to the next; default: dt, or what packed trials say")
      .positive()
      .optional()
      .time("from", &Recorded::from_s, "0 ms", "where trials begin")
      .non_negative()
      .time("duration", &Recorded::duration_s, "", "how long trials are; default: as long as the longest one")
      .positive()
      .optional()
      .integer("channels", &Recorded::channels_given, "",
               "of spikes: how many channels there are; default: as many as the largest unit asks for")
      .range(1, most_channels)
      .optional()
      .integer("merge", &Recorded::merge, "1", "channels that become one")
      .range(1, most_channels)
      .number("keep", &Recorded::keep, "1", "probability with which a spike is kept")
      .range(0, 1)
      .time("jitter", &Recorded::jitter_s, "0 ms", "standard deviation of what is added to the time of a spike")
      .non_negative()
      .choice("noise_for", &Recorded::noise_for, {{"all", NoiseFor::all}, {"training", NoiseFor::training}}, "all",
              "whether 'keep' and 'jitter' are for all trials or for those of the training alone")
      .check([](const Recorded& own) { return own.fault(); })
      .check([](const Recorded& own) -> std::optional<Problem> {
        if (own.fault()) return std::nullopt;  // said already
        try {
          own.open();
        } catch (const tyto::Error& error) {
          return Problem{"file", error.what()};
        }
        return std::nullopt;
      });
}

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<Recorded>("recorded", {tyto::capability::trials}); }

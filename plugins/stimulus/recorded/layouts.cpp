#include "layouts.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <tyto/data_file.hpp>
#include <tyto/error.hpp>

namespace recorded {

namespace {

using Content = tyto::DataArray::Content;

std::string quoted(const std::string& name) { return "'" + name + "'"; }

tyto::DataArray numbers(const std::string& file, const std::string& path) {
  auto array = tyto::read_data(file, path);
  if (array.content() == Content::text) throw tyto::Error(quoted(path) + " in " + quoted(file) + " holds no numbers");
  return array;
}

/// The one whole number of an array.
std::size_t count_in(const tyto::DataArray& array, const std::string& name) {
  constexpr double most = 1e9;
  const double value = array.size() == 1 ? array.numbers().front() : -1;
  if (!(value >= 0) || value > most || value != std::floor(value))
    throw tyto::Error(quoted(name) + " is not a whole number");
  return static_cast<std::size_t>(value);
}

/// A number of the file, from [trial][time][channel].
class Dense final : public Trials {
 public:
  Dense(const std::string& file, const Arrays& arrays) : period_s_(arrays.period_s), name_(arrays.data) {
    array_ = numbers(file, name_);
    const auto& shape = array_.shape();
    if (shape.size() != 3 || !array_.rows().empty() || array_.size() == 0)
      throw tyto::Error(quoted(name_) + " in " + quoted(file) +
                        " has to be made of [trial][time][channel], and it has " + std::to_string(shape.size()) +
                        (shape.size() == 1 ? " axis" : " axes") + (array_.size() == 0 ? " and nothing in it" : ""));
    count = shape[0];
    steps_ = shape[1];
    channels = shape[2];
    duration_s = static_cast<double>(steps_) * period_s_;
    samples = true;
  }

  void visit(std::size_t trial, const Visit& visit) const override {
    thread_local std::vector<double> values;
    values.resize(steps_ * channels);
    array_.read(trial * values.size(), values);
    for (std::size_t cell = 0; cell < values.size(); ++cell) {
      const std::size_t sample = cell / channels;
      if (values[cell] != 0) visit(static_cast<double>(sample) * period_s_, cell % channels, values[cell]);
    }
  }

 private:
  tyto::DataArray array_;
  std::size_t steps_ = 0;
  double period_s_;
  std::string name_;
};

/// What `tyto trials` writes: a bit for each channel, the first one in the lowest bit of a byte.
class Packed final : public Trials {
 public:
  Packed(const std::string& file, const Arrays& arrays, const std::string& group) {
    period_s = arrays.period_s;
    const std::string path = "/" + group + "/" + (arrays.data.empty() ? "spikes" : arrays.data);
    array_ = numbers(file, path);
    const auto& shape = array_.shape();
    if (shape.size() != 3 || !array_.is_bytes() || array_.size() == 0)
      throw tyto::Error(quoted(path) + " in " + quoted(file) + " is not what 'tyto trials' writes for spikes");
    count = shape[0];
    steps_ = shape[1];
    row_ = shape[2];
    const std::string given = "/" + group + "/channels";
    channels = row_ * bits;
    if (arrays.channels)
      channels = *arrays.channels;
    else if (tyto::has_data(file, given))
      channels = count_in(numbers(file, given), given);
    if (channels == 0 || (channels + bits - 1) / bits != row_)
      throw tyto::Error(quoted(path) + " in " + quoted(file) + " has " + std::to_string(row_) +
                        " bytes in a row, which are not those of " + std::to_string(channels) + " channels");
    // The steps of trials are numbered by their times.
    if (const std::string times = "/" + group + "/time"; period_s == 0 && steps_ > 1 && tyto::has_data(file, times)) {
      const auto begins_s = numbers(file, times).numbers();
      if (begins_s.size() == steps_) period_s = (begins_s[steps_ - 1] - begins_s[0]) / static_cast<double>(steps_ - 1);
    }
    if (!(period_s > 0)) throw tyto::Error(quoted(file) + " does not say how long steps are; give that as 'period'");
    duration_s = static_cast<double>(steps_) * period_s;
  }

  void visit(std::size_t trial, const Visit& visit) const override {
    thread_local std::vector<double> bytes;
    bytes.resize(steps_ * row_);
    array_.read(trial * bytes.size(), bytes);
    for (std::size_t cell = 0; cell < bytes.size(); ++cell) {
      // Of bytes with and without a sign; the array is one of bytes, as its type says.
      const auto byte = static_cast<unsigned>(static_cast<int>(bytes[cell])) & 0xFFU;
      const std::size_t step = cell / row_;
      for (std::size_t bit = 0; bit < bits; ++bit)
        if (const std::size_t channel = cell % row_ * bits + bit; (byte >> bit & 1U) != 0 && channel < channels)
          visit(static_cast<double>(step) * period_s, channel, 1);
    }
  }

 private:
  static constexpr std::size_t bits = 8;
  tyto::DataArray array_;
  std::size_t steps_ = 0, row_ = 0;
};

/// Spikes by their times and units, those of a trial side by side.
class Events final : public Trials {
 public:
  Events(const std::string& file, const Arrays& arrays)
      : name_(quoted(file)),
        time_unit_s_(arrays.time_unit_s),
        times_(numbers(file, arrays.times)),
        units_(numbers(file, arrays.units)) {
    if (times_.size() != units_.size())
      throw tyto::Error(quoted(arrays.times) + " in " + name_ + " has " + std::to_string(times_.size()) +
                        " numbers, and " + quoted(arrays.units) + " has " + std::to_string(units_.size()));
    if (arrays.layout == Layout::lists || arrays.layout == Layout::heidelberg)
      take_rows(arrays);
    else if (arrays.layout == Layout::sonata || arrays.trials.empty())
      begins_ = {0, times_.size()};
    else
      find_trials(numbers(file, arrays.trials), arrays.trials, arrays.least_trials);
    count = begins_.size() - 1;
    look(arrays);
  }

  void visit(std::size_t trial, const Visit& visit) const override {
    thread_local std::vector<double> times, units;
    const std::size_t first = begins_[trial], size = begins_[trial + 1] - first;
    times.resize(size);
    units.resize(size);
    times_.read(first, times);
    units_.read(first, units);
    // Times on a grid lie a rounding error beside it, of half a place at most.
    const double up = 1 + times_.rounding();
    for (std::size_t i = 0; i < size; ++i) visit(times[i] * up * time_unit_s_, static_cast<std::size_t>(units[i]), 1);
  }

 private:
  /// A list for each trial.
  void take_rows(const Arrays& arrays) {
    for (const auto& [array, name] : {std::pair(&times_, arrays.times), std::pair(&units_, arrays.units)})
      if (array->rows().empty())
        throw tyto::Error(quoted(name) + " in " + name_ + " is no array of lists, one for each trial");
    if (!std::equal(times_.rows().begin(), times_.rows().end(), units_.rows().begin(), units_.rows().end()))
      throw tyto::Error("the lists of " + quoted(arrays.times) + " and " + quoted(arrays.units) + " in " + name_ +
                        " have not the same lengths");
    begins_.assign(times_.rows().begin(), times_.rows().end());
  }

  /// From the number of its trial for each spike, which ascend.
  void find_trials(const tyto::DataArray& trials, const std::string& name, std::size_t least) {
    if (trials.size() != times_.size())
      throw tyto::Error(quoted(name) + " in " + name_ + " has " + std::to_string(trials.size()) +
                        " numbers, and there are " + std::to_string(times_.size()) + " spikes");
    constexpr double most_trials = 1e8;
    begins_ = {0};
    for_each(trials, [&](std::size_t i, double trial) {
      if (!(trial >= 0) || trial != std::floor(trial) || trial > most_trials)
        throw tyto::Error(quoted(name) + " in " + name_ + " has no number of a trial at " + std::to_string(i));
      const auto number = static_cast<std::size_t>(trial);
      if (number + 1 < begins_.size())
        throw tyto::Error(quoted(name) + " in " + name_ +
                          " does not ascend; sort the spikes by np.argsort(trials, kind='stable')");
      while (begins_.size() <= number) begins_.push_back(i);
    });
    // The last trials may have no spikes.
    do {
      begins_.push_back(times_.size());
    } while (begins_.size() <= least);
    if (times_.size() == 0) throw tyto::Error("there are no spikes in " + name_);
  }

  /// Finds the duration and the channels, and refuses what is neither a time nor a unit.
  void look(const Arrays& arrays) {
    for_each(times_, [&](std::size_t i, double time) {
      if (!std::isfinite(time) || time < 0)
        throw tyto::Error(quoted(arrays.times) + " in " + name_ + " has no time at " + std::to_string(i) +
                          ": times are finite and begin at 0");
      duration_s = std::max(duration_s, time * (1 + times_.rounding()) * time_unit_s_);
    });
    double largest = -1;
    for_each(units_, [&](std::size_t i, double unit) {
      constexpr double most_units = 1e7;
      if (!(unit >= 0) || unit != std::floor(unit) || unit > most_units)
        throw tyto::Error(quoted(arrays.units) + " in " + name_ + " has no number of a unit at " + std::to_string(i));
      largest = std::max(largest, unit);
    });
    channels = arrays.channels.value_or(static_cast<std::size_t>(largest + 1));
    constexpr std::size_t most_channels = 10'000'000;
    if (channels > most_channels)
      throw tyto::Error(quoted(arrays.units) + " in " + name_ + " has a unit above 9999999");
    if (largest >= static_cast<double>(channels))
      throw tyto::Error(quoted(arrays.units) + " in " + name_ + " has the unit " +
                        std::to_string(static_cast<std::size_t>(largest)) + ", and there are " +
                        std::to_string(channels) + " channels");
  }

  template <class Each>
  static void for_each(const tyto::DataArray& array, Each&& each) {
    constexpr std::size_t at_once = std::size_t{1} << 16U;
    std::vector<double> values;
    for (std::size_t first = 0; first < array.size(); first += at_once) {
      values.resize(std::min(at_once, array.size() - first));
      array.read(first, values);
      for (std::size_t i = 0; i < values.size(); ++i) each(first + i, values[i]);
    }
  }

  std::string name_;
  double time_unit_s_;
  tyto::DataArray times_, units_;
  std::vector<std::size_t> begins_;  ///< of trial i's spikes, and at the end how many there are
};

/// Fills in what a layout knows by itself.
Arrays settled(const std::string& file, Arrays arrays) {
  const auto name = [](std::string& given, const std::string& own) {
    if (given.empty()) given = own;
  };
  constexpr double millisecond = 1e-3;
  double unit_s = 1;
  switch (arrays.layout) {
    case Layout::dense:
      name(arrays.data, "x");
      break;
    case Layout::packed:
      break;
    case Layout::events:
    case Layout::lists:
      name(arrays.times, "times");
      name(arrays.units, "units");
      if (arrays.layout == Layout::events) name(arrays.trials, "trials");
      break;
    case Layout::heidelberg: {
      constexpr std::size_t cochlea_channels = 700;
      name(arrays.times, "spikes/times");
      name(arrays.units, "spikes/units");
      arrays.channels = arrays.channels.value_or(cochlea_channels);
      break;
    }
    case Layout::sonata: {
      const std::string group = "/spikes" + (arrays.population.empty() ? "" : "/" + arrays.population);
      const bool old = tyto::has_data(file, group + "/gids");
      if (!old && arrays.population.empty() && !tyto::has_data(file, group + "/timestamps"))
        throw tyto::Error("the spikes in " + quoted(file) + " belong to populations; name one, as in 'population: v1'");
      name(arrays.times, group + "/timestamps");
      name(arrays.units, group + (old ? "/gids" : "/node_ids"));
      unit_s = millisecond;
    }
  }
  if (arrays.time_unit_s == 0) arrays.time_unit_s = unit_s;
  return arrays;
}

}  // namespace

std::unique_ptr<Trials> open_trials(const std::string& file, const Arrays& given, const std::string& group) {
  const Arrays arrays = settled(file, given);
  std::unique_ptr<Trials> trials;
  if (arrays.layout == Layout::dense)
    trials = std::make_unique<Dense>(file, arrays);
  else if (arrays.layout == Layout::packed)
    trials = std::make_unique<Packed>(file, arrays, group);
  else
    trials = std::make_unique<Events>(file, arrays);
  constexpr std::size_t most_trials = 100'000'000;
  if (trials->count == 0 || trials->count > most_trials)
    throw tyto::Error(quoted(file) + " has " + std::to_string(trials->count) +
                      " trials, and 1 to 100000000 are needed");
  return trials;
}

}  // namespace recorded

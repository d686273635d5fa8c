#include "labels.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include <tyto/data_file.hpp>
#include <tyto/error.hpp>

namespace recorded {

namespace {

using Content = tyto::DataArray::Content;

std::string place(const std::string& path, const std::string& file) { return "'" + path + "' in '" + file + "'"; }

/// Whole numbers beyond 2^53 cannot be told apart here.
void check_whole(const tyto::DataArray& array, const std::string& name) {
  for (const double value : array.numbers())
    if (std::abs(value) >= 0x1p53)
      throw tyto::Error(name +
                        " has numbers beyond 2^53, which cannot be told apart; save them as texts, x.astype(str)");
}

/// An array with one value for each trial.
tyto::DataArray one_each(const std::string& file, const std::string& path, std::size_t count) {
  auto array = tyto::read_data(file, path);
  if (array.shape().size() != 1 || !array.rows().empty())
    throw tyto::Error(place(path, file) + " needs one axis, of the trials, and it has " +
                      std::to_string(array.shape().size()));
  if (array.size() != count)
    throw tyto::Error(place(path, file) + " needs one value for each of the " + std::to_string(count) +
                      " trials, and it has " + std::to_string(array.size()));
  if (array.content() == Content::whole) check_whole(array, place(path, file));
  return array;
}

std::string word_of(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

/// Categories by their names, in the order that is given, or in that of the alphabet, which is NumPy's, too.
Label by_words(std::string name, const std::string& doc, const std::vector<std::string>& words,
               std::vector<std::string> names) {
  if (names.empty()) {
    const std::set<std::string> known(words.begin(), words.end());
    names.assign(known.begin(), known.end());
  }
  std::map<std::string, double> value_of;
  for (std::size_t k = 0; k < names.size(); ++k) value_of[names[k]] = static_cast<double>(k);
  Label label;
  for (const auto& word : words) {
    const auto known = value_of.find(word);
    if (known == value_of.end())
      throw tyto::Error(std::string("'")
                            .append(name)
                            .append("' has the value '")
                            .append(word)
                            .append("', which is none of its names"));
    label.values.push_back(known->second);
  }
  label.info = tyto::TargetInfo::category(std::move(name), doc, std::move(names));
  return label;
}

/// Categories by numbers 0, 1, ... that have names.
Label by_numbers(std::string name, const std::string& doc, std::vector<double> values,
                 const std::vector<std::string>& names) {
  for (const double value : values)
    if (value != std::floor(value) || value < 0 || value >= static_cast<double>(names.size()))
      throw tyto::Error("'" + name + "' has the value " + word_of(value) + ", and there are names for 0 to " +
                        std::to_string(names.size() - 1));
  return {tyto::TargetInfo::category(std::move(name), doc, names), std::move(values)};
}

Label as_number(std::string name, const std::string& doc, std::vector<double> values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  Label label;
  label.info = {std::move(name), doc, tyto::Dimension::none, *low, *high, {}};
  label.values = std::move(values);
  return label;
}

/// The words train, validation and test, or values of groups that are for one of them.
Sets by_array(const std::string& file, std::size_t count, const Uses& uses) {
  const auto words = read_words(file, uses.by, count);
  const auto among = [](const std::vector<std::string>& values, const std::string& word) {
    return std::find(values.begin(), values.end(), word) != values.end();
  };
  for (const auto* const values : {&uses.validation_values, &uses.test_values})
    for (const auto& value : *values)
      if (!among(words, value)) throw tyto::Error("no trial has " + value + " as its " + place(uses.by, file));
  const bool groups = !uses.validation_values.empty() || !uses.test_values.empty();
  Sets sets;
  for (std::uint32_t trial = 0; trial < count; ++trial) {
    const std::string& word = words[trial];
    if (groups && among(uses.validation_values, word) && among(uses.test_values, word))
      throw tyto::Error("trials with " + word + " as their '" + uses.by + "' cannot be for validation and for testing");
    const auto is = [&](const std::vector<std::string>& values, tyto::Split split) {
      return groups ? among(values, word) : word == to_string(split);
    };
    if (is(uses.validation_values, tyto::Split::validation))
      sets[1].push_back(trial);
    else if (is(uses.test_values, tyto::Split::test))
      sets[2].push_back(trial);
    else if (groups || word == to_string(tyto::Split::train))
      sets[0].push_back(trial);
    else
      throw tyto::Error(place(uses.by, file)
                            .append(" says '")
                            .append(word)
                            .append("' of a trial, and neither train nor validation nor test; name the values that are "
                                    "for validation and testing, "
                                    "as in 'test_values: [a]'"));
  }
  return sets;
}

Sets by_index(const std::string& file, std::size_t count, const Uses& uses) {
  std::vector<int> use(count, 0);
  for (const auto& [path, number] : {std::pair(uses.validation_index, 1), std::pair(uses.test_index, 2)}) {
    if (path.empty()) continue;
    for (const double value : tyto::read_data(file, path).numbers()) {
      if (value != std::floor(value) || value < 0 || value >= static_cast<double>(count))
        throw tyto::Error(place(path, file) + " has " + word_of(value) + ", which is the number of no trial");
      int& own = use[static_cast<std::size_t>(value)];
      if (own != 0)
        throw tyto::Error(place(path, file) + " names trial " + word_of(value) + ", which is taken already");
      own = number;
    }
  }
  Sets sets;
  for (std::uint32_t trial = 0; trial < count; ++trial) sets[static_cast<std::size_t>(use[trial])].push_back(trial);
  return sets;
}

/// Parts of the trials, drawn, and each in the order in which it was drawn, so that its first ones are a fair part of
/// it.
Sets by_lot(std::size_t count, const Uses& uses, std::uint64_t seed) {
  const auto part = [&](double share) {
    return static_cast<std::size_t>(std::llround(share * static_cast<double>(count)));
  };
  const std::size_t test = part(uses.test_part), validation = std::min(part(uses.validation_part), count - test);
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  tyto::Random random(tyto::stream_key(seed, "recorded/sets"), 0);
  if (test + validation > 0)
    for (std::size_t i = count; i > 1; --i) std::swap(order[i - 1], order[random.below(static_cast<std::uint32_t>(i))]);
  const auto begin = order.begin(), middle = begin + static_cast<std::ptrdiff_t>(test),
             end = middle + static_cast<std::ptrdiff_t>(validation);
  Sets sets{std::vector(end, order.end()), std::vector(middle, end), std::vector(begin, middle)};
  return sets;
}

}  // namespace

Label read_label(const std::string& name, const std::vector<std::string>& files, const std::vector<std::string>& paths,
                 const std::vector<std::size_t>& counts, Meaning meaning, const std::vector<std::string>& names) {
  std::vector<double> values;
  std::vector<std::string> words;
  bool whole = true, text = false;
  for (std::size_t k = 0; k < files.size(); ++k) {
    const auto array = one_each(files[k], paths[k], counts[k]);
    text = array.content() == Content::text;
    whole = whole && array.content() == Content::whole;
    if (text != !words.empty() && k > 0)
      throw tyto::Error("'" + name + "' has texts in one file and numbers in another");
    if (text) {
      const auto more = array.texts();
      words.insert(words.end(), more.begin(), more.end());
      continue;
    }
    const auto more = array.numbers();
    for (const double value : more)
      if (!std::isfinite(value)) throw tyto::Error(place(paths[k], files[k]) + " has a value that is no finite number");
    values.insert(values.end(), more.begin(), more.end());
  }
  // Names of targets become names in the results.
  std::string target = name.substr(name.find_last_of('/') + 1);
  const std::string doc = "'" + name + "' of the file";
  if (text && meaning == Meaning::numbers) throw tyto::Error("'" + name + "' has texts, which are no numbers");
  for (std::size_t k = 0; k < names.size(); ++k)
    if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(k), names[k]) !=
        names.begin() + static_cast<std::ptrdiff_t>(k))
      throw tyto::Error("two categories of '" + name + "' are named '" + names[k] + "'");
  if (text) return by_words(std::move(target), doc, words, names);
  if (!names.empty()) return by_numbers(std::move(target), doc, std::move(values), names);
  if (meaning == Meaning::numbers || (meaning == Meaning::by_type && !whole))
    return as_number(std::move(target), doc, std::move(values));
  // Numbers are their own names, in their own order.
  std::vector<double> known = values;
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  constexpr std::size_t most = 10'000;
  if (known.size() > most)
    throw tyto::Error("'" + name + "' has " + std::to_string(known.size()) +
                      " different values, too many for categories; write 'targets_are: numbers'");
  std::vector<std::string> own(known.size());
  std::transform(known.begin(), known.end(), own.begin(), word_of);
  for (double& value : values)
    value = static_cast<double>(std::lower_bound(known.begin(), known.end(), value) - known.begin());
  return {tyto::TargetInfo::category(std::move(target), doc, std::move(own)), std::move(values)};
}

std::vector<std::string> read_words(const std::string& file, const std::string& path, std::size_t count) {
  const auto array = one_each(file, path, count);
  if (array.content() == Content::text) return array.texts();
  std::vector<std::string> words;
  for (const double value : array.numbers()) words.push_back(word_of(value));
  return words;
}

Sets sort_trials(const std::string& file, std::size_t count, const Uses& uses, std::uint64_t seed) {
  if (!uses.by.empty()) return by_array(file, count, uses);
  if (!uses.validation_index.empty() || !uses.test_index.empty()) return by_index(file, count, uses);
  return by_lot(count, uses, seed);
}

}  // namespace recorded

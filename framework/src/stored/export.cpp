#include "export.hpp"

#include <algorithm>
#include <fstream>
#include <vector>

#include <fmt/format.h>

#include <tyto/data_file.hpp>
#include <tyto/error.hpp>

#include "../results/outline.hpp"

namespace tyto::stored {

using results::Outline;

namespace {

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + '"';
}

/// All values of a data set as they are written.
std::vector<std::string> values_of(const std::filesystem::path& file, const Outline::Item& item) {
  const auto array = read_data(file.string(), item.path);
  std::vector<std::string> texts;
  if (!item.is_number())
    for (const auto& text : array.texts()) texts.push_back(quoted(text));
  else
    // As many digits as make the number again.
    for (const double value : array.numbers())
      texts.push_back(item.element == "f4" ? fmt::format("{}", static_cast<float>(value)) : fmt::format("{}", value));
  return texts;
}

struct Column {
  std::string name;
  std::vector<std::string> values;
};

/// The axes of a data set, whose values lie beside it or in a group above; else they are numbered.
std::vector<Column> axes_of(const std::filesystem::path& file, const Outline& outline, const Outline::Item& item) {
  std::vector<Column> columns;
  for (std::size_t k = 0; k < item.shape.size(); ++k) {
    Column& column = columns.emplace_back();
    column.name = item.axes[k].empty() ? fmt::format("axis_{}", k) : item.axes[k];
    std::string group = results::group_of(item.path);
    const Outline::Item* scale = nullptr;
    for (;; group = results::group_of(group)) {
      scale = item.axes[k].empty() ? nullptr : outline.find((group == "/" ? "" : group) + "/" + item.axes[k]);
      if (scale != nullptr || group == "/") break;
    }
    if (scale != nullptr && scale->size() == item.shape[k]) column.values = values_of(file, *scale);
    for (std::size_t i = column.values.size(); i < item.shape[k]; ++i) column.values.push_back(std::to_string(i));
  }
  return columns;
}

void write_item(const std::filesystem::path& file, const Outline& outline, const Outline::Item& item,
                std::ostream& out) {
  const auto columns = axes_of(file, outline, item);
  for (const auto& column : columns) out << quoted(column.name) << ',';
  out << quoted(results::name_of(item.path)) << "\r\n";
  const auto values = values_of(file, item);
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::size_t rest = values.size();
    for (std::size_t k = 0, index = i; k < columns.size(); ++k) {
      rest /= item.shape[k];
      out << columns[k].values[index / rest] << ',';
      index %= rest;
    }
    out << values[i] << "\r\n";
  }
}

}  // namespace

void write_csv(const std::filesystem::path& file, const std::string& path, std::ostream& out) {
  const Outline outline = results::read_outline(file);
  const std::string place = path.starts_with('/') ? path : "/" + path;
  const Outline::Item* const item = outline.find(place);
  if (item == nullptr || item->element == "other")
    throw Error("there is no data set '" + place + "' in '" + file.string() + "'; 'tyto show' lists them");
  write_item(file, outline, *item, out);
}

std::size_t write_csv_files(const std::filesystem::path& file, const std::filesystem::path& folder) {
  const Outline outline = results::read_outline(file);
  std::error_code error;
  if (!std::filesystem::create_directory(folder, error))
    throw Error(error ? "cannot make the folder '" + folder.string() + "': " + error.message()
                      : "the folder '" + folder.string() + "' is there already; name another one with --out");
  std::size_t written = 0;
  for (const auto& item : outline.items) {
    if (item.axis || item.element == "other") continue;
    std::string name = item.path.substr(1);
    std::replace(name.begin(), name.end(), '/', '.');
    std::ofstream out(folder / (name + ".csv"), std::ios::binary);
    write_item(file, outline, item, out);
    out.close();
    if (!out) throw Error("cannot write '" + (folder / (name + ".csv")).string() + "'");
    ++written;
  }
  return written;
}

}  // namespace tyto::stored

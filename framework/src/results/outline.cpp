#include "outline.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

#include <tyto/data_file.hpp>
#include <tyto/error.hpp>

#include "read_process.hpp"

namespace tyto::results {

namespace {

bool take(Records& records, Outline::Group& group) {
  std::vector<std::string> names, texts;
  if (!records.text(group.path) || !records.texts(names) || !records.texts(texts) || names.size() != texts.size())
    return false;
  for (std::size_t k = 0; k < names.size(); ++k) group.attributes.emplace_back(names[k], texts[k]);
  return true;
}

bool take(Records& records, Outline::Item& item) {
  std::uint64_t axis = 0;
  if (!records.text(item.path) || !records.text(item.element) || !records.numbers(item.shape) ||
      !records.texts(item.axes) || !records.text(item.units) || !records.text(item.long_name) || !records.number(axis))
    return false;
  item.axis = axis != 0;
  item.axes.resize(item.shape.size());
  return true;
}

}  // namespace

std::size_t Outline::Item::size() const {
  return std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
}

const Outline::Item* Outline::find(const std::string& path) const {
  const auto found = std::find_if(items.begin(), items.end(), [&](const Item& item) { return item.path == path; });
  return found == items.end() ? nullptr : &*found;
}

std::string Outline::attribute(const std::string& group, const std::string& name) const {
  for (const auto& candidate : groups)
    if (candidate.path == group)
      for (const auto& [key, value] : candidate.attributes)
        if (key == name) return value;
  return {};
}

Outline read_outline(const std::filesystem::path& file) {
  Outline outline;
  read_untrusted({file, "/", Extent::outline}, [&](char kind, Records& records) {
    if (kind == 'G') return take(records, outline.groups.emplace_back());
    return kind == 'S' && take(records, outline.items.emplace_back());
  });
  return outline;
}

std::string read_one_text(const std::filesystem::path& file, const std::string& path) {
  const auto texts = read_data(file.string(), path).texts();
  if (texts.size() != 1) throw Error("'" + path + "' in '" + file.string() + "' is not a text");
  return texts.front();
}

std::string group_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace tyto::results

#include "read_table.hpp"

#include <hdf5.h>
#include <hdf5_hl.h>

#include <functional>
#include <numeric>

#include <tyto/error.hpp>

namespace tyto::results {
namespace {

using h5::Handle;

Handle type_of(const Handle& dataset) { return {H5Dget_type(dataset.get()), H5Tclose}; }

template <class T>
std::vector<T> read_as(const Handle& dataset, std::size_t size, h5::Id memory_type, const std::string& name) {
  std::vector<T> values(size);
  if (size > 0 && H5Dread(dataset.get(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
    throw Error("cannot read '" + name + "': it is damaged");
  return values;
}

Values read_values(const Handle& dataset, const h5::Shape& shape, const std::string& name) {
  const std::size_t size = std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
  const Handle type = type_of(dataset);
  const std::size_t bytes = H5Tget_size(type.get());
  switch (H5Tget_class(type.get())) {
    case H5T_STRING:
      return h5::read_texts(dataset);
    case H5T_FLOAT:
      if (bytes == sizeof(float)) return read_as<float>(dataset, size, H5T_NATIVE_FLOAT, name);
      return read_as<double>(dataset, size, H5T_NATIVE_DOUBLE, name);
    case H5T_INTEGER:
      if (bytes == 1) return read_as<std::int8_t>(dataset, size, H5T_NATIVE_INT8, name);
      return read_as<std::int64_t>(dataset, size, H5T_NATIVE_INT64, name);
    default:
      throw Error("cannot read '" + name + "': it holds neither numbers nor texts");
  }
}

void collect_groups(const Handle& file, const std::string& path, std::vector<std::string>& paths) {
  paths.push_back(path);
  const std::string above = path == "/" ? path : path + "/";
  for (const auto& name : h5::members(h5::open_group(file, path))) {
    const std::string below = above + name;
    constexpr std::size_t most_groups = 100'000;
    if (paths.size() > most_groups) throw Error("it has more than 100000 groups, or some within themselves");
    if (h5::exists(file, below) && h5::is_group(file, below)) collect_groups(file, below, paths);
  }
}

}  // namespace

std::vector<std::string> group_paths(const h5::Handle& file) {
  std::vector<std::string> paths;
  collect_groups(file, "/", paths);
  return paths;
}

Table read_table(const h5::Handle& file, const std::string& group) {
  Table table;
  const Handle place = h5::open_group(file, group);
  const std::string above = group == "/" ? group : group + "/";
  for (const auto& name : h5::attribute_names(place)) table.attributes.push_back(h5::read_attribute(place, name));
  for (const auto& name : h5::members(place)) {
    const std::string path = above + name;
    if (h5::is_group(file, path)) continue;
    const Handle dataset = h5::open_dataset(file, path);
    const h5::Shape shape = h5::inspect(dataset).shape;
    Values values = read_values(dataset, shape, path);
    std::string units = h5::read_text_attribute(dataset, "units");
    std::string long_name = h5::read_text_attribute(dataset, "long_name");
    if (H5DSis_scale(dataset.get()) > 0)
      table.axis(name, std::move(values), std::move(units), std::move(long_name));
    else
      table.variable(name, h5::scales_of(dataset), std::move(values), std::move(units), std::move(long_name));
  }
  return table;
}

}  // namespace tyto::results

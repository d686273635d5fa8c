#include "golden.hpp"

#include <cstdlib>
#include <utility>

#include <tyto/error.hpp>

namespace golden {
namespace h5 = tyto::results::h5;
namespace {

/// The object that an attribute's path names, and the attribute's own name.
std::pair<h5::Handle, std::string> owner_of(const h5::Handle& file, const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos || slash == 0) return {h5::open_group(file, "/"), path.substr(slash == 0 ? 1 : 0)};
  const std::string object = path.substr(0, slash);
  auto handle = h5::is_group(file, object) ? h5::open_group(file, object) : h5::open_dataset(file, object);
  return {std::move(handle), path.substr(slash + 1)};
}

}  // namespace

std::filesystem::path folder() {
  const char* chosen = std::getenv("TYTO_GOLDEN_DIR");
  return chosen != nullptr && *chosen != '\0' ? chosen : TYTO_GOLDEN_FOLDER;
}

File::File(const std::string& name) : path_(folder() / (name + ".h5")), file_(h5::open_file(path_)) {}

bool File::has(const std::string& path) const { return h5::exists(file_, path); }

Array File::array(const std::string& path) const {
  if (!has(path)) throw tyto::Error("'" + path_.string() + "' has no data set '" + path + "'");
  const auto dataset = h5::open_dataset(file_, path);
  return {h5::inspect(dataset).shape, h5::read_numbers(dataset)};
}

double File::number(const std::string& path) const {
  const Array found = array(path);
  if (found.values.size() != 1) throw tyto::Error("'" + path + "' in '" + path_.string() + "' is not one number");
  return found.values.front();
}

std::vector<std::string> File::members(const std::string& group) const {
  return h5::members(h5::open_group(file_, group));
}

bool File::has_attribute(const std::string& path) const {
  const auto [object, name] = owner_of(file_, path);
  return h5::has_attribute(object, name);
}

double File::attribute_number(const std::string& path) const {
  const auto [object, name] = owner_of(file_, path);
  return h5::read_number_attribute(object, name);
}

std::string File::attribute_text(const std::string& path) const {
  const auto [object, name] = owner_of(file_, path);
  return h5::read_text_attribute(object, name);
}

}  // namespace golden

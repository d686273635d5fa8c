#include "results_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <map>
#include <numeric>
#include <set>
#include <span>
#include <system_error>
#include <utility>

#include <tyto/error.hpp>

#include "hdf5.hpp"

namespace tyto::results {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& target, int error) {
  throw CannotWrite("cannot write results to '" + target.string() + "': " + std::strerror(error));
}

/// An open file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] bool open() const { return number_ >= 0; }
  /// Closes, and reports a failure that the file system kept back until now.
  [[nodiscard]] bool close() { return ::close(std::exchange(number_, -1)) == 0; }

 private:
  int number_;
};

fs::path folder_of(const fs::path& target) { return target.has_parent_path() ? target.parent_path() : fs::path("."); }

std::string temporary_prefix(const fs::path& target) { return "." + target.filename().string() + "."; }

constexpr std::string_view temporary_suffix = ".tmp";

/// Whether a file name is one that temporary_name() makes for this target.
bool is_temporary_of(const fs::path& target, const std::string& name) {
  const std::string prefix = temporary_prefix(target);
  if (!name.starts_with(prefix) || !name.ends_with(temporary_suffix)) return false;
  if (name.size() < prefix.size() + temporary_suffix.size() + 3) return false;
  const auto middle =
      name.substr(prefix.size(), name.size() - prefix.size() - temporary_suffix.size());  // process "." number
  return std::all_of(middle.begin(), middle.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; }) &&
         std::count(middle.begin(), middle.end(), '.') == 1;
}

fs::path temporary_name(const fs::path& target, int number) {
  return folder_of(target) / (temporary_prefix(target) + std::to_string(::getpid()) + "." + std::to_string(number) +
                              std::string(temporary_suffix));
}

/// Removes temporary files of this target whose process is gone. A living process holds a lock on its file,
/// which, unlike a process number, is never given to somebody else.
void remove_stale(const fs::path& target) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_of(target), ignored)) {
    if (!is_temporary_of(target, entry.path().filename().string())) continue;
    const Descriptor file(::open(entry.path().c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (file.open() && ::flock(file.number(), LOCK_EX | LOCK_NB) == 0) ::unlink(entry.path().c_str());
  }
}

/// Opens a new temporary file beside the target and locks it.
std::pair<fs::path, Descriptor> open_temporary(const fs::path& target) {
  constexpr int attempts = 1000;
  for (int number = 0; number < attempts; ++number) {
    const fs::path path = temporary_name(target, number);
    Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!file.open() && errno == EEXIST) continue;
    if (!file.open()) fail(target, errno);
    // Another process that cleans up may come between opening and locking, and take the file for a stale one.
    struct stat state {};
    const bool taken = ::flock(file.number(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (!taken && ::fstat(file.number(), &state) == 0 && state.st_nlink > 0) return {path, std::move(file)};
  }
  fail(target, EEXIST);
}

void write_all(const fs::path& target, int file, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(target, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

/// Makes the rename itself last. Some file systems cannot sync a folder, and need not.
void sync_folder(const fs::path& target) {
  const Descriptor folder(::open(folder_of(target).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.open()) return;  // A folder may be writable and yet not readable.
  if (::fsync(folder.number()) != 0 && errno != EINVAL && errno != ENOTSUP) fail(target, errno);
}

/// The file to be replaced: what a symbolic link leads to, if it is one. Refuses what no file can replace.
fs::path checked_target(const fs::path& target) {
  std::error_code error;
  if (!target.has_filename()) throw Error("cannot write results to '" + target.string() + "': it names no file");
  if (fs::is_directory(target, error)) throw Error("cannot write results to '" + target.string() + "': it is a folder");
  if (fs::exists(target, error) && !fs::is_regular_file(target, error))
    throw Error("cannot write results to '" + target.string() + "': it is not a regular file");
  if (!fs::is_symlink(target, error)) return target;
  const fs::path resolved = fs::weakly_canonical(target, error);
  return error ? target : resolved;
}

// Checks of a table, before anything of it is written.

std::string full_name(const std::string& group, const std::string& name) {
  return group.ends_with('/') ? group + name : group + "/" + name;
}

std::string quoted(const std::string& group, const std::string& name) { return "'" + full_name(group, name) + "'"; }

void check_name(const std::string& group, const std::string& name) {
  const bool bad = name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos ||
                   name.front() == ' ' || name.back() == ' ' ||
                   std::any_of(name.begin(), name.end(), [](char c) { return (c >= 0 && c < ' ') || c == 127; });
  if (bad) throw Error("results: '" + name + "' in '" + group + "' is not a name that a results file can hold");
}

void check_axis(const std::string& group, const Axis& axis) {
  check_name(group, axis.name);
  const bool has_nan = std::visit(
      []<class T>(const std::vector<T>& values) {
        if constexpr (std::is_floating_point_v<T>)
          return std::any_of(values.begin(), values.end(), [](T value) { return std::isnan(value); });
        else
          return false;
      },
      axis.values);
  if (has_nan) throw Error("results: the axis " + quoted(group, axis.name) + " has a value that is not a number (NaN)");
}

std::string joined(const std::vector<Axis>& axes) {
  std::string text;
  for (const auto& axis : axes) text += (text.empty() ? "" : ", ") + axis.name;
  return text.empty() ? "none" : text;
}

const Axis& find_axis(const std::string& group, const Table& table, const Variable& variable, const std::string& name) {
  const auto found = std::find_if(table.axes.begin(), table.axes.end(), [&](const Axis& a) { return a.name == name; });
  if (found == table.axes.end())
    throw Error("results: " + quoted(group, variable.name) + " lies along '" + name +
                "', which is not an axis of its table (axes: " + joined(table.axes) + ")");
  return *found;
}

h5::Shape shape_of(const std::string& group, const Table& table, const Variable& variable) {
  h5::Shape shape;
  std::size_t size = 1;
  std::string product;
  std::set<std::string> seen;
  for (const auto& name : variable.axes) {
    if (!seen.insert(name).second)
      throw Error("results: " + quoted(group, variable.name) + " lies along '" + name +
                  "' twice, which xarray cannot read; give the second axis a name of its own");
    shape.push_back(size_of(find_axis(group, table, variable, name).values));
    size *= shape.back();
    product += (product.empty() ? "" : " x ") + name + " " + std::to_string(shape.back());
  }
  const std::size_t have = size_of(variable.values);
  if (have != size)
    throw Error(
        "results: " + quoted(group, variable.name) + " has " + std::to_string(have) + " values, but " +
        (product.empty() ? "no axes, so that it needs 1" : "its axes (" + product + ") need " + std::to_string(size)));
  return shape;
}

void check_table(const std::string& group, const Table& table) {
  std::set<std::string> names;
  const auto once = [&](const std::string& name) {
    if (!names.insert(name).second) throw Error("results: " + quoted(group, name) + " is there twice");
  };
  for (const auto& axis : table.axes) {
    check_axis(group, axis);
    once(axis.name);
  }
  for (const auto& variable : table.variables) {
    check_name(group, variable.name);
    once(variable.name);
    static_cast<void>(shape_of(group, table, variable));
  }
  for (const auto& attribute : table.attributes) check_name(group, attribute.name);
}

}  // namespace

struct ResultsFile::Impl {
  Building building = Building::in_memory;
  std::string below;  ///< the group that paths start from
  fs::path target;
  fs::path temporary;
  Descriptor descriptor{-1};
  h5::Handle file;
  bool committed = false;
  std::string given_up;  ///< why; empty as long as it can be written
  /// Digests of the values of axes, by the group that was entered and the axis's name.
  std::map<std::pair<std::string, std::string>, std::size_t> axes;
  bool lines_up = true;

  /// Calls what writes. A file on disk that it cannot write is given up; see h5::abandon().
  template <class Function>
  void attempt(Function&& function) {
    if (!given_up.empty()) throw CannotWrite(given_up);
    try {
      function();
    } catch (const h5::Failure& failure) {
      const std::string sentence = "cannot write results to '" + target.string() + "': " + failure.what();
      if (building == Building::on_disk) {
        given_up = sentence;
        h5::abandon(file.get());
      }
      throw CannotWrite(sentence);
    }
  }

  void discard() {
    if (!temporary.empty() && !committed) ::unlink(temporary.c_str());
  }
};

void ResultsFile::Close::operator()(Impl* impl) const {
  const auto lock = h5::exclusive();
  impl->discard();
  if (!impl->given_up.empty()) impl->file.leak();
  delete impl;
}

ResultsFile::ResultsFile(const fs::path& target, Building building) : impl_(new Impl) {
  impl_->building = building;
  impl_->target = checked_target(target);
  remove_stale(impl_->target);
  auto [path, descriptor] = open_temporary(impl_->target);
  impl_->temporary = std::move(path);
  impl_->descriptor = std::move(descriptor);
  const auto lock = h5::exclusive();
  impl_->attempt([&] {
    impl_->file = building == Building::in_memory ? h5::create_in_memory(impl_->temporary.string())
                                                  : h5::create_on_disk(impl_->temporary);
  });
}

ResultsFile::~ResultsFile() = default;

void ResultsFile::enter(std::string group) { impl_->below = std::move(group); }

namespace {

std::size_t digest(const Values& values) {
  std::size_t sum = values.index();
  const auto add = [&sum](std::size_t part) { sum = sum * 0x100000001B3U ^ part; };
  std::visit(
      [&](const auto& items) {
        using Item = typename std::remove_cvref_t<decltype(items)>::value_type;
        add(items.size());
        for (const auto& item : items) add(std::hash<Item>()(item));
      },
      values);
  return sum;
}

void rename_axis(Table& table, const std::string& from, const std::string& to) {
  for (auto& axis : table.axes)
    if (axis.name == from) axis.name = to;
  for (auto& variable : table.variables) std::replace(variable.axes.begin(), variable.axes.end(), from, to);
}

}  // namespace

void ResultsFile::write(const std::string& path, const Table& table) {
  impl_->attempt([&] { write_table(path, lined_up(path, table)); });
}

void ResultsFile::keep_names_of_axes() { impl_->lines_up = false; }

Table ResultsFile::lined_up(const std::string& path, const Table& table) {
  Table own = table;
  if (!impl_->lines_up) return own;
  const std::string prefix = path.substr(path.rfind('/') + 1) + "_";
  for (const auto& axis : table.axes) {
    const std::size_t values = digest(axis.values);
    std::string name = axis.name;
    const auto has = [&](const auto& all) {
      return std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
    };
    const auto taken = [&] {
      const auto known = impl_->axes.find({impl_->below, name});
      const bool elsewhere = known != impl_->axes.end() && known->second != values;
      return elsewhere || (name != axis.name && (has(own.axes) || has(own.variables)));
    };
    if (taken()) name = prefix + axis.name;
    for (int number = 2; taken(); ++number) name = prefix + axis.name + "_" + std::to_string(number);
    impl_->axes[{impl_->below, name}] = values;
    if (name != axis.name) rename_axis(own, axis.name, name);
  }
  return own;
}

void ResultsFile::write_table(const std::string& path, const Table& table) {
  // The root's attributes are those of the group that was entered.
  const std::string group = path == "/" && !impl_->below.empty() ? impl_->below : impl_->below + path;
  check_table(group, table);
  const auto lock = h5::exclusive();
  const h5::Handle place = h5::create_group(impl_->file, group);
  for (const auto& attribute : table.attributes) h5::write_attribute(place, attribute);
  const auto add = [&](const std::string& name, const h5::Shape& shape, const Values& values) {
    if (h5::exists(place, name)) throw Error("results: " + quoted(group, name) + " is written a second time");
    return h5::write_dataset(place, name, shape, values);
  };
  std::map<std::string, h5::Handle> scales;
  for (const auto& axis : table.axes) {
    h5::Handle dataset = add(axis.name, {size_of(axis.values)}, axis.values);
    h5::describe(dataset, axis.name, axis.units, axis.long_name);
    h5::make_scale(dataset, axis.name);
    scales.emplace(axis.name, std::move(dataset));
  }
  for (const auto& variable : table.variables) {
    const h5::Handle dataset = add(variable.name, shape_of(group, table, variable), variable.values);
    h5::describe(dataset, variable.name, variable.units, variable.long_name);
    for (std::size_t i = 0; i < variable.axes.size(); ++i)
      h5::attach_scale(dataset, scales.at(variable.axes[i]), i, variable.axes[i]);
  }
}

void ResultsFile::commit() {
  Impl& impl = *impl_;
  if (impl.committed) throw Error("the results file '" + impl.target.string() + "' is in place already");
  const auto bytes = [&] {
    const auto lock = h5::exclusive();
    std::vector<std::byte> image;
    if (impl.building == Building::in_memory)
      image = h5::image(impl.file);
    else
      impl.attempt([&] { h5::flush(impl.file); });
    impl.file.reset();
    return image;
  }();
  write_all(impl.target, impl.descriptor.number(), bytes);
  if (::fsync(impl.descriptor.number()) != 0) fail(impl.target, errno);
  // Renamed while still open and locked, so that nobody takes the complete file for a stale one in between.
  if (::rename(impl.temporary.c_str(), impl.target.c_str()) != 0) fail(impl.target, errno);
  impl.committed = true;
  if (!impl.descriptor.close()) fail(impl.target, errno);
  sync_folder(impl.target);
}

struct Series::Impl {
  ResultsFile::Impl* file = nullptr;  ///< which lives longer
  SeriesAxis along;
  h5::Handle group, time, values;
  bool finished = false;
  std::size_t row = 1;            ///< numbers in a sample
  std::size_t rows_at_once = 1;   ///< that are written together
  std::size_t written = 0;        ///< rows in the file
  std::vector<double> new_times;  ///< that wait to be written
  std::vector<double> new_values;
};

Series::Series(ResultsFile& file, const std::string& group, SeriesAxis along, const std::vector<Axis>& given,
               const Variable& variable, bool narrow)
    : impl_(std::make_unique<Impl>()) {
  Table table;
  table.axes = given;
  table = file.lined_up(group, table);
  const auto& axes = table.axes;
  file.write(group, table);
  impl_->along = std::move(along);
  const auto lock = h5::exclusive();
  impl_->group = h5::open_group(file.impl_->file, file.impl_->below + group);
  const h5::Handle& place = impl_->group;
  h5::Shape shape;
  for (const auto& axis : axes) {
    shape.push_back(size_of(axis.values));
    impl_->row *= shape.back();
  }
  constexpr std::size_t numbers_at_once = 8192;
  impl_->rows_at_once = std::max<std::size_t>(1, numbers_at_once / std::max<std::size_t>(1, impl_->row));
  impl_->file = file.impl_.get();
  impl_->file->attempt([&] {
    const std::string time = impl_->along.events ? "time" : impl_->along.name;
    impl_->time = h5::create_series(place, time, {}, false, impl_->rows_at_once);
    h5::describe(impl_->time, time, "s", impl_->along.events ? "end of the step" : "end of the sampled step");
    if (!impl_->along.events) h5::make_scale(impl_->time, time);
    impl_->values = h5::create_series(place, variable.name, shape, narrow, impl_->rows_at_once);
    h5::describe(impl_->values, variable.name, variable.units, variable.long_name);
    if (!impl_->along.events) h5::attach_scale(impl_->values, impl_->time, 0, time);
    for (std::size_t k = 0; k < axes.size(); ++k)
      h5::attach_scale(impl_->values, h5::open_dataset(place, axes[k].name), k + 1, axes[k].name);
  });
}

Series::~Series() {
  const auto lock = h5::exclusive();
  if (impl_ && !impl_->file->given_up.empty()) {
    impl_->group.leak();
    impl_->time.leak();
    impl_->values.leak();
  }
  impl_.reset();
}
Series::Series(Series&&) noexcept = default;
Series& Series::operator=(Series&&) noexcept = default;

void Series::append(double time_s, std::span<const double> sample) {
  impl_->new_times.push_back(time_s);
  impl_->new_values.insert(impl_->new_values.end(), sample.begin(), sample.end());
  if (impl_->new_times.size() >= impl_->rows_at_once) flush();
}

void Series::flush() {
  const auto lock = h5::exclusive();
  const std::size_t rows = impl_->new_times.size();
  impl_->file->attempt([&] {
    h5::append_rows(impl_->time, impl_->written, rows, impl_->new_times);
    h5::append_rows(impl_->values, impl_->written, rows, impl_->new_values);
  });
  impl_->written += rows;
  impl_->new_times.clear();
  impl_->new_values.clear();
}

void Series::finish() {
  flush();
  if (!impl_->along.events || impl_->finished) return;
  impl_->finished = true;
  const auto lock = h5::exclusive();
  impl_->file->attempt([&] {
    std::vector<std::int64_t> numbers(impl_->written);
    std::iota(numbers.begin(), numbers.end(), std::int64_t{0});
    const std::string& name = impl_->along.name;
    const h5::Handle axis = h5::write_dataset(impl_->group, name, {numbers.size()}, numbers);
    h5::describe(axis, name, "1", "number of the event");
    h5::make_scale(axis, name);
    h5::attach_scale(impl_->time, axis, 0, name);
    h5::attach_scale(impl_->values, axis, 0, name);
  });
}

std::size_t Series::samples() const { return impl_->written + impl_->new_times.size(); }

std::pair<std::vector<double>, std::vector<double>> Series::read() {
  flush();
  const auto lock = h5::exclusive();
  return {h5::read_numbers(impl_->time), h5::read_numbers(impl_->values)};
}

}  // namespace tyto::results

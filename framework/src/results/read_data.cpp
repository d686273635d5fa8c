/// The arrays of files in any of the formats that components may be given.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <tyto/data_file.hpp>
#include <tyto/error.hpp>

#include "../files/npy.hpp"
#include "../files/npz.hpp"
#include "read_process.hpp"

namespace tyto {

namespace {

using Source = std::shared_ptr<DataArray::Source>;

std::shared_ptr<files::Descriptor> open(const std::string& file) {
  struct stat state {};
  if (::stat(file.c_str(), &state) == 0 && !S_ISREG(state.st_mode))
    throw Error("'" + file + "' is " + (S_ISDIR(state.st_mode) ? "a folder" : "not a regular file"));
  auto descriptor = std::make_shared<files::Descriptor>(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (descriptor->get() >= 0) return descriptor;
  throw Error(errno == ENOENT ? "there is no file '" + file + "'"
                              : "cannot read '" + file + "': " + std::strerror(errno));
}

/// Sets the rows of a ragged array, which tyto-read has sent and which are not trusted.
void set_rows(DataArray::Source& source, std::vector<std::size_t> rows, const std::string& name) {
  if (rows.empty()) return;
  if (rows.front() != 0 || rows.back() != source.size || !std::is_sorted(rows.begin(), rows.end()))
    throw Error(name + " is damaged: its rows make no sense");
  source.shape = {rows.size() - 1};
  source.rows = std::move(rows);
}

Source read_hdf5(const std::string& file, const std::string& path) {
  const std::string place = results::absolute(path), name = "'" + place + "' in '" + file + "'";
  const auto values = files::temporary_file();
  Source source;
  results::read_untrusted({file, place, results::Extent::array, values->get()}, [&](char kind, auto& records) {
    std::vector<std::size_t> shape, rows;
    if (kind == 'T') {
      std::vector<std::string> texts;
      if (!records.numbers(shape) || !records.texts(texts)) return false;
      source = files::texts_of(std::move(shape), std::move(texts));
      return files::count_of(source->shape, name) == source->size;
    }
    std::string word;
    if (kind != 'D' || !records.text(word) || !records.numbers(shape) || !records.numbers(rows)) return false;
    const auto element = files::element_of(word);
    if (!element) return false;
    source = files::numbers_on_disk(values, name, 0, *element, std::move(shape));
    set_rows(*source, std::move(rows), name);
    return true;
  });
  if (!source) throw Error(name + " holds neither numbers nor texts");
  return source;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "'" : ", '") + name + "'";
  return text.empty() ? "none" : text;
}

}  // namespace

DataArray::Content DataArray::content() const { return source_->content; }
const std::vector<std::size_t>& DataArray::shape() const { return source_->shape; }
std::size_t DataArray::size() const { return source_->size; }
std::span<const std::size_t> DataArray::rows() const { return source_->rows; }

void DataArray::read(std::size_t first, std::span<double> values) const {
  if (first > size() || values.size() > size() - first)
    throw Error("numbers are asked for that lie behind the end of an array");
  source_->read(first, values);
}

std::vector<double> DataArray::numbers() const {
  std::vector<double> values(size());
  read(0, values);
  return values;
}

std::vector<std::string> DataArray::texts() const {
  if (content() != Content::text) throw Error("texts are asked of an array of numbers");
  return source_->texts;
}

double DataArray::rounding() const {
  return content() == Content::real && source_->element_bytes == sizeof(float) ? 0x1p-24 : 0;
}

bool DataArray::is_bytes() const { return content() == Content::whole && source_->element_bytes == 1; }

DataArray read_data(const std::string& file, const std::string& path) {
  const auto descriptor = open(file);
  if (files::is_npy(*descriptor)) return DataArray(files::read_npy(descriptor, "'" + file + "'"));
  if (!files::is_zip(*descriptor)) return DataArray(read_hdf5(file, path));
  const auto names = files::names_in_npz(file);
  if (std::find(names.begin(), names.end(), path) == names.end())
    throw Error("there is no array '" + path + "' in '" + file + "'; it has " + listed(names));
  return DataArray(files::read_npz(file, path));
}

bool has_data(const std::string& file, const std::string& path) {
  const auto descriptor = open(file);
  if (files::is_npy(*descriptor)) return true;
  if (files::is_zip(*descriptor)) {
    const auto names = files::names_in_npz(file);
    return std::find(names.begin(), names.end(), path) != names.end();
  }
  bool there = true;
  results::read_untrusted({file, results::absolute(path), results::Extent::look}, [&](char kind, auto&) {
    there = false;
    return kind == 'N';
  });
  return there;
}

}  // namespace tyto

#include "hdf5_calls.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <hdf5.h>
#include <hdf5_hl.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <memory>
#include <numeric>
#include <type_traits>

#include <tyto/error.hpp>

namespace tyto::results::h5 {
namespace {

static_assert(std::is_same_v<Id, hid_t>, "Id is the library's identifier");
static_assert(std::is_same_v<int, herr_t>, "closing functions return herr_t");

/// The library prints its error stack unless told not to; the sentences reach the user through Error.
/// At the end of the process it would close what is still open, files included that were given up.
void silence() {
  static const bool once = H5dont_atexit() >= 0;
  static_cast<void>(once);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

std::size_t count(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
}

Handle make_space(const Shape& shape) {
  if (shape.empty()) return own(H5Screate(H5S_SCALAR), H5Sclose, "describe one value");
  const std::vector<hsize_t> extent(shape.begin(), shape.end());
  return own(H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr), H5Sclose, "describe a shape");
}

Handle text_type() {
  Handle type = own(H5Tcopy(H5T_C_S1), H5Tclose, "describe texts");
  check(H5Tset_size(type.get(), H5T_VARIABLE), "describe texts");
  check(H5Tset_cset(type.get(), H5T_CSET_UTF8), "describe texts");
  return type;
}

struct NumberTypes {
  hid_t memory;
  hid_t file;
};
NumberTypes types_of(double) { return {H5T_NATIVE_DOUBLE, H5T_IEEE_F64LE}; }
NumberTypes types_of(float) { return {H5T_NATIVE_FLOAT, H5T_IEEE_F32LE}; }
NumberTypes types_of(std::int64_t) { return {H5T_NATIVE_INT64, H5T_STD_I64LE}; }
NumberTypes types_of(std::int8_t) { return {H5T_NATIVE_INT8, H5T_STD_I8LE}; }

/// Length of the UTF-8 sequence at the start of `text`, or 0 if the bytes are not UTF-8.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0U) != 0x80) return 0;
  const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  const bool surrogate = first == 0xED && byte(1) >= 0xA0;
  const bool beyond = first == 0xF4 && byte(1) >= 0x90;
  return overlong || surrogate || beyond ? 0 : length;
}

/// The text with every byte that is not UTF-8, and every zero byte, replaced by U+FFFD: one file name in
/// another encoding must not make the whole group unreadable for netCDF4.
std::string as_utf8(std::string_view text) {
  std::string clean;
  while (!text.empty()) {
    const std::size_t length = text.front() == '\0' ? 0 : sequence_length(text);
    clean += length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return clean;
}

/// Halves the longest axis until a chunk holds at most 1 MiB.
std::vector<hsize_t> chunk_shape(const Shape& shape, std::size_t item_bytes) {
  constexpr std::size_t limit = std::size_t{1} << 20U;
  Shape chunk = shape;
  while (count(chunk) * item_bytes > limit) {
    auto longest = std::max_element(chunk.begin(), chunk.end());
    *longest = (*longest + 1) / 2;
  }
  return {chunk.begin(), chunk.end()};
}

Handle dataset_properties(const std::string& what) {
  Handle list = own(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, what);
  check(H5Pset_attr_creation_order(list.get(), H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED), what);
  check(H5Pset_obj_track_times(list.get(), 0), what);
  return list;
}

void add_filters(const Handle& list, const std::string& what) {
  constexpr unsigned effort = 1;
  check(H5Pset_shuffle(list.get()), what);
  check(H5Pset_deflate(list.get(), effort), what);
  check(H5Pset_fletcher32(list.get()), what);
}

Handle creation_properties(const Shape& shape, std::size_t item_bytes, bool text) {
  const std::string what = "prepare a data set";
  Handle list = dataset_properties(what);
  if (shape.empty() && !text) {
    check(H5Pset_layout(list.get(), H5D_COMPACT), what);
  } else if (!text && count(shape) > 0) {
    // Filters would see only the addresses of texts, and an empty array has no chunks.
    const auto chunk = chunk_shape(shape, item_bytes);
    check(H5Pset_chunk(list.get(), static_cast<int>(chunk.size()), chunk.data()), what);
    add_filters(list, what);
  }
  return list;
}

std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (end > begin) parts.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::vector<std::string> copy_texts(hid_t type, const Handle& space, const std::function<herr_t(hid_t, void*)>& read) {
  const auto size = static_cast<std::size_t>(check(H5Sget_simple_extent_npoints(space.get()), "count texts"));
  std::vector<std::string> texts;
  if (check(H5Tis_variable_str(type), "read texts") > 0) {
    std::vector<char*> pointers(size, nullptr);
    const Handle memory = text_type();
    check(H5Tset_cset(memory.get(), H5Tget_cset(type)), "read texts");
    check(read(memory.get(), pointers.data()), "read texts");
    for (const char* pointer : pointers) texts.emplace_back(pointer == nullptr ? "" : pointer);
    check(H5Dvlen_reclaim(memory.get(), space.get(), H5P_DEFAULT, pointers.data()), "read texts");
    return texts;
  }
  const std::size_t width = H5Tget_size(type);
  std::vector<char> characters(size * width);
  check(read(type, characters.data()), "read texts");
  for (std::size_t i = 0; i < size; ++i) {
    const std::string_view field(characters.data() + i * width, width);
    texts.emplace_back(field.substr(0, field.find('\0')));
  }
  return texts;
}

std::vector<std::string> filters_of(const Handle& properties) {
  std::vector<std::string> names;
  const int filters = check(H5Pget_nfilters(properties.get()), "read the filters");
  for (int i = 0; i < filters; ++i) {
    unsigned flags = 0;
    unsigned config = 0;
    std::size_t values = 0;
    std::array<char, 64> name{};
    const auto filter = H5Pget_filter2(properties.get(), static_cast<unsigned>(i), &flags, &values, nullptr,
                                       name.size() - 1, name.data(), &config);
    names.emplace_back(filter == H5Z_FILTER_SHUFFLE      ? "shuffle"
                       : filter == H5Z_FILTER_DEFLATE    ? "deflate"
                       : filter == H5Z_FILTER_FLETCHER32 ? "fletcher32"
                                                         : name.data());
  }
  return names;
}

/// The name of the dimension scale of an axis; empty if it has none.
std::string scale_of(const Handle& dataset, unsigned axis) {
  if (H5DSget_num_scales(dataset.get(), axis) < 1) return {};
  std::string name;
  check(H5DSiterate_scales(
            dataset.get(), axis, nullptr,
            [](hid_t, unsigned, hid_t scale, void* out) -> herr_t {
              std::array<char, 256> buffer{};
              if (H5DSget_scale_name(scale, buffer.data(), buffer.size()) < 0) return -1;
              *static_cast<std::string*>(out) = buffer.data();
              return 1;
            },
            &name),
        "read the dimension scales");
  return name;
}

}  // namespace

std::string reason() {
  std::string text;
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned, const H5E_error2_t* error, void* out) -> herr_t {
        auto& first = *static_cast<std::string*>(out);
        if (first.empty() && error->desc != nullptr) first = error->desc;
        return 0;
      },
      &text);
  constexpr std::string_view mark = "error message = '";
  if (const auto at = text.find(mark); at != std::string::npos) {
    const auto begin = at + mark.size();
    return text.substr(begin, text.find('\'', begin) - begin);
  }
  return text.empty() ? "the HDF5 library gives no reason" : text;
}

std::unique_lock<std::mutex> exclusive() {
  // As global as the library that it guards.
  static std::mutex library;
  return std::unique_lock(library);
}

namespace {

/// A new file by a driver that has been chosen in `access`.
Handle create_file(const std::string& name, const Handle& access) {
  const std::string what = "prepare a results file";
  check(H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG), what);
  const Handle creation = own(H5Pcreate(H5P_FILE_CREATE), H5Pclose, what);
  constexpr unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
  check(H5Pset_link_creation_order(creation.get(), order), what);
  check(H5Pset_attr_creation_order(creation.get(), order), what);
  check(H5Pset_obj_track_times(creation.get(), 0), what);
  Handle file = own(H5Fcreate(name.c_str(), H5F_ACC_TRUNC, creation.get(), access.get()), H5Fclose, what);
  // From here on, objects are of the newest version, which has checksums on all of its records, chunk indexes included.
  // The superblock has the oldest one, since H5Fget_file_image() gives the newer ones a checksum that is wrong.
  check(H5Fset_libver_bounds(file.get(), H5F_LIBVER_V110, H5F_LIBVER_V110), what);
  return file;
}

}  // namespace

Handle create_in_memory(const std::string& name) {
  silence();
  const std::string what = "prepare a results file";
  const Handle access = own(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, what);
  constexpr std::size_t growth = std::size_t{4} << 20U;
  check(H5Pset_fapl_core(access.get(), growth, 0), what);
  return create_file(name, access);
}

Handle create_on_disk(const std::filesystem::path& file) {
  silence();
  const Handle access = own(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "prepare a results file");
  check(H5Pset_file_locking(access.get(), 0, 1), "prepare a results file");
  return create_file(file.string(), access);
}

void flush(const Handle& file) { check(H5Fflush(file.get(), H5F_SCOPE_GLOBAL), "complete the results file"); }

void abandon(Id file) noexcept {
  void* descriptor = nullptr;
  if (H5Fget_vfd_handle(file, H5P_DEFAULT, &descriptor) < 0 || descriptor == nullptr) return;
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nothing < 0) return;
  ::dup3(nothing, *static_cast<const int*>(descriptor), O_CLOEXEC);
  ::close(nothing);
}

std::vector<std::byte> image(const Handle& file) {
  const std::string what = "complete the results file";
  check(H5Fflush(file.get(), H5F_SCOPE_GLOBAL), what);
  const auto size = check(H5Fget_file_image(file.get(), nullptr, 0), what);
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  check(H5Fget_file_image(file.get(), bytes.data(), bytes.size()), what);
  return bytes;
}

Handle open_file(const std::filesystem::path& file) {
  silence();
  const std::string what = "open '" + file.string() + "'";
  const Handle access = own(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, what);
  check(H5Pset_file_locking(access.get(), 0, 1), what);
  check(H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG), what);
  return own(H5Fopen(file.c_str(), H5F_ACC_RDONLY, access.get()), H5Fclose, what);
}

Handle create_group(const Handle& file, const std::string& path) {
  const std::string what = "make the group '" + path + "'";
  const Handle creation = own(H5Pcreate(H5P_GROUP_CREATE), H5Pclose, what);
  constexpr unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
  check(H5Pset_link_creation_order(creation.get(), order), what);
  check(H5Pset_attr_creation_order(creation.get(), order), what);
  check(H5Pset_obj_track_times(creation.get(), 0), what);
  Handle group = own(H5Gopen2(file.get(), "/", H5P_DEFAULT), H5Gclose, what);
  for (const auto& part : parts_of(path)) {
    const bool there = check(H5Lexists(group.get(), part.c_str(), H5P_DEFAULT), what) > 0;
    group = own(there ? H5Gopen2(group.get(), part.c_str(), H5P_DEFAULT)
                      : H5Gcreate2(group.get(), part.c_str(), H5P_DEFAULT, creation.get(), H5P_DEFAULT),
                H5Gclose, what);
  }
  return group;
}

bool exists(const Handle& at, const std::string& path) {
  std::string walked = path.starts_with('/') ? "/" : "./";
  for (const auto& part : parts_of(path)) {
    walked += part;
    H5L_info_t link{};
    if (H5Lexists(at.get(), walked.c_str(), H5P_DEFAULT) <= 0) return false;
    if (H5Lget_info(at.get(), walked.c_str(), &link, H5P_DEFAULT) < 0 || link.type != H5L_TYPE_HARD) return false;
    walked += '/';
  }
  return true;
}

bool is_group(const Handle& at, const std::string& path) {
  const Handle object(H5Oopen(at.get(), path.c_str(), H5P_DEFAULT), H5Oclose);
  return object && H5Iget_type(object.get()) == H5I_GROUP;
}

Handle open_group(const Handle& at, const std::string& path) {
  return own(H5Gopen2(at.get(), path.c_str(), H5P_DEFAULT), H5Gclose, "open the group '" + path + "'");
}

Handle open_dataset(const Handle& at, const std::string& path) {
  return own(H5Dopen2(at.get(), path.c_str(), H5P_DEFAULT), H5Dclose, "open the data set '" + path + "'");
}

std::vector<std::string> members(const Handle& group) {
  std::vector<std::string> names;
  const auto collect = [](hid_t, const char* name, const H5L_info_t*, void* out) -> herr_t {
    static_cast<std::vector<std::string>*>(out)->emplace_back(name);
    return 0;
  };
  const Handle creation = own(H5Gget_create_plist(group.get()), H5Pclose, "list a group");
  unsigned order = 0;
  check(H5Pget_link_creation_order(creation.get(), &order), "list a group");
  const auto index = (order & H5P_CRT_ORDER_TRACKED) != 0 ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
  check(H5Literate(group.get(), index, H5_ITER_INC, nullptr, collect, &names), "list a group");
  return names;
}

// From 1.12 on, HDF5 tells of objects in another struct; the older call is not there in every build of it.
#if H5_VERSION_GE(1, 12, 0)
using ObjectInfo = H5O_info2_t;
constexpr auto* visit_objects = &H5Ovisit3;
#else
using ObjectInfo = H5O_info_t;
constexpr auto* visit_objects = &H5Ovisit2;
#endif

std::vector<std::string> datasets_below(const Handle& group, std::size_t limit) {
  struct Found {
    std::vector<std::string> paths;
    std::size_t limit;
  } found{{}, limit};
  const auto collect = [](hid_t, const char* name, const ObjectInfo* info, void* out) -> herr_t {
    auto& list = *static_cast<Found*>(out);
    if (info->type != H5O_TYPE_DATASET) return 0;
    list.paths.emplace_back(name);
    return list.paths.size() > list.limit ? 1 : 0;
  };
  check(visit_objects(group.get(), H5_INDEX_NAME, H5_ITER_INC, collect, &found, H5O_INFO_BASIC), "list a group");
  if (found.paths.size() > limit) throw Error("there are more than " + std::to_string(limit) + " data sets");
  std::sort(found.paths.begin(), found.paths.end());
  return found.paths;
}

Handle write_dataset(const Handle& group, const std::string& name, const Shape& shape, const Values& values) {
  const std::string what = "write '" + name + "'";
  const Handle space = make_space(shape);
  const auto create = [&](hid_t type, const Handle& properties) {
    return own(H5Dcreate2(group.get(), name.c_str(), type, space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT),
               H5Dclose, what);
  };
  const auto write = [&](const Handle& dataset, hid_t type, const void* data) {
    if (count(shape) > 0) check(H5Dwrite(dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), what);
  };
  if (const auto* texts = std::get_if<std::vector<std::string>>(&values)) {
    std::vector<std::string> clean;
    std::transform(texts->begin(), texts->end(), std::back_inserter(clean), as_utf8);
    std::vector<const char*> pointers;
    std::transform(clean.begin(), clean.end(), std::back_inserter(pointers), [](const auto& t) { return t.c_str(); });
    const Handle type = text_type();
    Handle dataset = create(type.get(), creation_properties(shape, sizeof(char*), true));
    write(dataset, type.get(), pointers.data());
    return dataset;
  }
  return std::visit(
      [&]<class T>(const std::vector<T>& numbers) -> Handle {
        if constexpr (std::is_same_v<T, std::string>) {
          throw Error("cannot " + what + ": texts are no numbers");
        } else {
          const NumberTypes types = types_of(T{});
          Handle dataset = create(types.file, creation_properties(shape, sizeof(T), false));
          write(dataset, types.memory, numbers.data());
          return dataset;
        }
      },
      values);
}

Handle create_series(const Handle& group, const std::string& name, const Shape& row, bool narrow,
                     std::size_t rows_at_once) {
  const std::string what = "make '" + name + "'";
  std::vector<hsize_t> extent{0}, limit{H5S_UNLIMITED}, chunk{rows_at_once};
  for (const std::size_t size : row) {
    extent.push_back(size);
    limit.push_back(size);
    chunk.push_back(size);
  }
  const auto rank = static_cast<int>(extent.size());
  const Handle space = own(H5Screate_simple(rank, extent.data(), limit.data()), H5Sclose, what);
  const Handle properties = dataset_properties(what);
  check(H5Pset_chunk(properties.get(), rank, chunk.data()), what);
  add_filters(properties, what);
  return own(H5Dcreate2(group.get(), name.c_str(), narrow ? H5T_IEEE_F32LE : H5T_IEEE_F64LE, space.get(), H5P_DEFAULT,
                        properties.get(), H5P_DEFAULT),
             H5Dclose, what);
}

/// The rows first .. first+count-1 of a series, as a place in the file.
Handle rows_of(const Handle& series, std::size_t first, std::size_t count, const std::string& what) {
  Handle space = own(H5Dget_space(series.get()), H5Sclose, what);
  const auto rank = static_cast<std::size_t>(check(H5Sget_simple_extent_ndims(space.get()), what));
  std::vector<hsize_t> extent(rank), start(rank, 0);
  check(H5Sget_simple_extent_dims(space.get(), extent.data(), nullptr), what);
  start[0] = first;
  extent[0] = count;
  check(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, extent.data(), nullptr), what);
  return space;
}

void append_rows(const Handle& series, std::size_t rows_before, std::size_t rows, std::span<const double> values) {
  if (rows == 0) return;
  const std::string what = "write a series";
  {
    const Handle space = own(H5Dget_space(series.get()), H5Sclose, what);
    std::vector<hsize_t> extent(static_cast<std::size_t>(check(H5Sget_simple_extent_ndims(space.get()), what)));
    check(H5Sget_simple_extent_dims(space.get(), extent.data(), nullptr), what);
    extent[0] = rows_before + rows;
    check(H5Dset_extent(series.get(), extent.data()), what);
  }
  const Handle place = rows_of(series, rows_before, rows, what);
  const hsize_t size = values.size();
  const Handle memory = own(H5Screate_simple(1, &size, nullptr), H5Sclose, what);
  check(H5Dwrite(series.get(), H5T_NATIVE_DOUBLE, memory.get(), place.get(), H5P_DEFAULT, values.data()), what);
}

void make_scale(const Handle& dataset, const std::string& name) {
  check(H5DSset_scale(dataset.get(), name.c_str()), "make the axis '" + name + "'");
}

void attach_scale(const Handle& dataset, const Handle& scale, std::size_t axis, const std::string& label) {
  const std::string what = "attach the axis '" + label + "'";
  check(H5DSattach_scale(dataset.get(), scale.get(), static_cast<unsigned>(axis)), what);
  check(H5DSset_label(dataset.get(), static_cast<unsigned>(axis), label.c_str()), what);
}

namespace {

bool is_number(const Handle& type) {
  const H5T_class_t kind = H5Tget_class(type.get());
  return kind == H5T_INTEGER || kind == H5T_FLOAT || kind == H5T_ENUM;
}

}  // namespace

DatasetInfo inspect(const Handle& dataset) {
  const std::string what = "read the shape of a data set";
  DatasetInfo info;
  const Handle space = own(H5Dget_space(dataset.get()), H5Sclose, what);
  const auto rank = static_cast<std::size_t>(check(H5Sget_simple_extent_ndims(space.get()), what));
  std::vector<hsize_t> extent(rank);
  check(H5Sget_simple_extent_dims(space.get(), extent.data(), nullptr), what);
  // A null data space has rank 0 and yet no value; to a reader it is an empty array.
  if (check(H5Sget_simple_extent_npoints(space.get()), what) == 0 && rank == 0) extent.push_back(0);
  info.shape.assign(extent.begin(), extent.end());
  const Handle type = own(H5Dget_type(dataset.get()), H5Tclose, what);
  const H5T_class_t kind = H5Tget_class(type.get());
  if (is_number(type)) info.content = Content::number;
  if (kind == H5T_STRING) info.content = Content::text;
  if (kind == H5T_VLEN && is_number(own(H5Tget_super(type.get()), H5Tclose, what))) info.content = Content::lists;
  const Handle properties = own(H5Dget_create_plist(dataset.get()), H5Pclose, what);
  const H5D_layout_t layout = H5Pget_layout(properties.get());
  info.chunked = layout == H5D_CHUNKED;
  info.stored_elsewhere = layout == H5D_VIRTUAL || H5Pget_external_count(properties.get()) > 0;
  info.filters = filters_of(properties);
  return info;
}

std::vector<std::string> scales_of(const Handle& dataset) {
  const std::size_t rank = inspect(dataset).shape.size();
  std::vector<std::string> names;
  for (unsigned axis = 0; axis < rank; ++axis) names.push_back(scale_of(dataset, axis));
  return names;
}

std::vector<double> read_numbers(const Handle& dataset) {
  const Handle space = own(H5Dget_space(dataset.get()), H5Sclose, "read numbers");
  std::vector<double> values(static_cast<std::size_t>(check(H5Sget_simple_extent_npoints(space.get()), "count")));
  check(H5Dread(dataset.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), "read numbers");
  return values;
}

std::vector<std::string> read_texts(const Handle& dataset) {
  const Handle space = own(H5Dget_space(dataset.get()), H5Sclose, "read texts");
  const Handle type = own(H5Dget_type(dataset.get()), H5Tclose, "read texts");
  return copy_texts(type.get(), space, [&](hid_t memory, void* data) {
    return H5Dread(dataset.get(), memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
  });
}

void write_attribute(const Handle& object, const Attribute& attribute) {
  const std::string what = "write the attribute '" + attribute.name + "'";
  const char* name = attribute.name.c_str();
  if (has_attribute(object, attribute.name)) check(H5Adelete(object.get(), name), what);
  const Handle space = make_space({});
  const auto write = [&](hid_t file_type, hid_t memory_type, const void* data) {
    const Handle made =
        own(H5Acreate2(object.get(), name, file_type, space.get(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose, what);
    check(H5Awrite(made.get(), memory_type, data), what);
  };
  if (const auto* text = std::get_if<std::string>(&attribute.value)) {
    const Handle type = text_type();
    const std::string clean = as_utf8(*text);
    const char* pointer = clean.c_str();
    write(type.get(), type.get(), &pointer);
  } else if (const auto* real = std::get_if<double>(&attribute.value)) {
    write(H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, real);
  } else {
    write(H5T_STD_I64LE, H5T_NATIVE_INT64, &std::get<std::int64_t>(attribute.value));
  }
}

void describe(const Handle& dataset, const std::string& name, const std::string& units, const std::string& long_name) {
  write_attribute(dataset, {"units", units.empty() ? "1" : units});
  write_attribute(dataset, {"long_name", long_name.empty() ? name : long_name});
}

bool has_attribute(const Handle& object, const std::string& name) {
  return check(H5Aexists(object.get(), name.c_str()), "look for the attribute '" + name + "'") > 0;
}

double read_number_attribute(const Handle& object, const std::string& name) {
  const std::string what = "read the attribute '" + name + "' as a number";
  const Handle attribute = own(H5Aopen(object.get(), name.c_str(), H5P_DEFAULT), H5Aclose, what);
  const Handle space = own(H5Aget_space(attribute.get()), H5Sclose, what);
  if (H5Sget_simple_extent_npoints(space.get()) != 1) throw Error("cannot " + what + ": it is not one value");
  double value = 0;
  check(H5Aread(attribute.get(), H5T_NATIVE_DOUBLE, &value), what);
  return value;
}

std::string read_text_attribute(const Handle& object, const std::string& name) {
  const std::string what = "read the attribute '" + name + "' as text";
  const Handle attribute = own(H5Aopen(object.get(), name.c_str(), H5P_DEFAULT), H5Aclose, what);
  const Handle space = own(H5Aget_space(attribute.get()), H5Sclose, what);
  const Handle type = own(H5Aget_type(attribute.get()), H5Tclose, what);
  if (H5Tget_class(type.get()) != H5T_STRING) throw Error("cannot " + what + ": it is not a text");
  const auto texts =
      copy_texts(type.get(), space, [&](hid_t memory, void* data) { return H5Aread(attribute.get(), memory, data); });
  if (texts.size() != 1) throw Error("cannot " + what + ": it is not one value");
  return texts.front();
}

}  // namespace tyto::results::h5

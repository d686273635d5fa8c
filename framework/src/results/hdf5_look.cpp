/// What is in a file that is read: how numbers are kept, data sets piece by piece, attributes.
#include <hdf5_hl.h>

#include <algorithm>

#include "hdf5_calls.hpp"

namespace tyto::results::h5 {

namespace {

/// In memory; numbers that are truth values to h5py are listed in the file, and read as what they are listed by.
hid_t native_type(const std::string& element) {
  if (element == "f4") return H5T_NATIVE_FLOAT;
  if (element == "i1") return H5T_NATIVE_INT8;
  if (element == "i2") return H5T_NATIVE_INT16;
  if (element == "i4") return H5T_NATIVE_INT32;
  if (element == "i8") return H5T_NATIVE_INT64;
  if (element == "u1") return H5T_NATIVE_UINT8;
  if (element == "u2") return H5T_NATIVE_UINT16;
  if (element == "u4") return H5T_NATIVE_UINT32;
  if (element == "u8") return H5T_NATIVE_UINT64;
  return H5T_NATIVE_DOUBLE;
}

}  // namespace

std::string element_of(const Handle& dataset) {
  const std::string what = "read the type of a data set";
  Handle type = own(H5Dget_type(dataset.get()), H5Tclose, what);
  if (H5Tget_class(type.get()) == H5T_VLEN) type = own(H5Tget_super(type.get()), H5Tclose, what);
  if (H5Tget_class(type.get()) == H5T_ENUM) type = own(H5Tget_super(type.get()), H5Tclose, what);
  const std::size_t bytes = H5Tget_size(type.get());
  if (H5Tget_class(type.get()) == H5T_FLOAT) return bytes <= sizeof(float) ? "f4" : "f8";
  const std::string kind = H5Tget_sign(type.get()) == H5T_SGN_NONE ? "u" : "i";
  for (const std::size_t wide : {1U, 2U, 4U})
    if (bytes <= wide) return kind + std::to_string(wide);
  return kind + "8";
}

Handle open_for_pieces(const Handle& at, const std::string& path) {
  const std::string what = "open the data set '" + path + "'";
  constexpr std::size_t cache_slots = 12421, cache_bytes = std::size_t{64} << 20U;
  const Handle list = own(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose, what);
  check(H5Pset_chunk_cache(list.get(), cache_slots, cache_bytes, 1), what);
  return own(H5Dopen2(at.get(), path.c_str(), list.get()), H5Dclose, what);
}

void read_rows(const Handle& dataset, std::size_t first, std::size_t rows, const std::string& element, void* out) {
  const std::string what = "read numbers";
  const Handle place = rows_of(dataset, first, rows, what);
  const auto size = static_cast<hsize_t>(check(H5Sget_select_npoints(place.get()), what));
  const Handle memory = own(H5Screate_simple(1, &size, nullptr), H5Sclose, what);
  check(H5Dread(dataset.get(), native_type(element), memory.get(), place.get(), H5P_DEFAULT, out), what);
}

std::vector<std::byte> read_lists(const Handle& dataset, std::size_t first, std::size_t lists,
                                  const std::string& element, std::vector<std::size_t>& ends) {
  const std::string what = "read lists of numbers";
  const hid_t native = native_type(element);
  const std::size_t bytes = H5Tget_size(native);
  const Handle type = own(H5Tvlen_create(native), H5Tclose, what);
  const Handle place = rows_of(dataset, first, lists, what);
  const hsize_t size = lists;
  const Handle memory = own(H5Screate_simple(1, &size, nullptr), H5Sclose, what);
  std::vector<hvl_t> found(lists);
  check(H5Dread(dataset.get(), type.get(), memory.get(), place.get(), H5P_DEFAULT, found.data()), what);
  std::vector<std::byte> all;
  for (const hvl_t& list : found) {
    const auto* const begin = static_cast<const std::byte*>(list.p);
    if (list.len > 0) all.insert(all.end(), begin, begin + list.len * bytes);
    ends.push_back((ends.empty() ? 0 : ends.back()) + list.len);
  }
  check(H5Dvlen_reclaim(type.get(), memory.get(), H5P_DEFAULT, found.data()), what);
  return all;
}

bool is_scale(const Handle& dataset) { return H5DSis_scale(dataset.get()) > 0; }

std::vector<std::string> attribute_names(const Handle& object) {
  std::vector<std::string> names;
  const auto collect = [](hid_t, const char* name, const H5A_info_t*, void* out) -> herr_t {
    static_cast<std::vector<std::string>*>(out)->emplace_back(name);
    return 0;
  };
  // By name where the order of creation is not kept.
  hsize_t next = 0;
  if (H5Aiterate2(object.get(), H5_INDEX_CRT_ORDER, H5_ITER_INC, &next, collect, &names) < 0) {
    names.clear();
    next = 0;
    H5Aiterate2(object.get(), H5_INDEX_NAME, H5_ITER_INC, &next, collect, &names);
  }
  return names;
}

Attribute read_attribute(const Handle& object, const std::string& name) {
  const Handle attribute(H5Aopen(object.get(), name.c_str(), H5P_DEFAULT), H5Aclose);
  const Handle type(H5Aget_type(attribute.get()), H5Tclose);
  const Handle space(H5Aget_space(attribute.get()), H5Sclose);
  if (H5Sget_simple_extent_npoints(space.get()) != 1)
    throw Error("the attribute '" + name + "' has more than one value");
  switch (H5Tget_class(type.get())) {
    case H5T_STRING:
      return {name, read_text_attribute(object, name)};
    case H5T_INTEGER: {
      std::int64_t value = 0;
      if (H5Aread(attribute.get(), H5T_NATIVE_INT64, &value) < 0)
        throw Error("cannot read the attribute '" + name + "'");
      return {name, value};
    }
    default:
      return {name, read_number_attribute(object, name)};
  }
}

}  // namespace tyto::results::h5

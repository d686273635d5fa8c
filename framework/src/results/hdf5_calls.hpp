/// How the library is called: failures become exceptions, identifiers close themselves. For the sources of hdf5.hpp.
#pragma once

#include <hdf5.h>

#include <string>

#include "hdf5.hpp"

namespace tyto::results::h5 {

/// The innermost sentence of the library's error stack; the operating system's message where it holds one.
[[nodiscard]] std::string reason();

template <class Result>
Result check(Result result, const std::string& what) {
  if (result < 0) throw Failure("cannot " + what + ": " + reason());
  return result;
}

inline Handle own(hid_t id, Handle::Close close, const std::string& what) { return {check(id, what), close}; }

/// The rows first .. first+count-1 of a data set, as a place in the file.
[[nodiscard]] Handle rows_of(const Handle& dataset, std::size_t first, std::size_t count, const std::string& what);

}  // namespace tyto::results::h5

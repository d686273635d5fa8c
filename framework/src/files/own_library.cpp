#include "own_library.hpp"

#include <dlfcn.h>

#include <system_error>

namespace tyto {

std::filesystem::path own_library() {
  Dl_info info{};
  const auto address = reinterpret_cast<const void*>(&own_library);
  if (::dladdr(address, &info) == 0 || info.dli_fname == nullptr) return {};
  std::error_code error;
  auto path = std::filesystem::absolute(info.dli_fname, error);
  return error ? std::filesystem::path{} : path;
}

}  // namespace tyto
